"""One copy in memory for several processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from support import MB, S3Case, bundle_of, descriptors, model, modelpack, noise

WHOLE = bundle_of(model("m", {"config.json": b"{}", "model.safetensors": noise(12 * MB, 1)}))

SCRIPT = """
import sys, os, json, hashlib
sys.path.insert(0, sys.argv[1])
import modelpack_runtime as m
b = m.open(sys.argv[2], endpoint_url=sys.argv[3], shared=True, verify=True)
path = b.path("m/model.safetensors")
print(json.dumps({"inode": os.stat(path).st_ino, "shared": b.stats["shared"], "requests": b.stats["requests"],
                  "sha256": hashlib.sha256(b["m/model.safetensors"]).hexdigest(), "path": path}), flush=True)
sys.stdin.readline()
"""


class Shared(S3Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.gate = self.proxy()

    def begin(self, location: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, os.path.dirname(modelpack.__file__), location, self.gate.endpoint],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": self.folder},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def said(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout
        return json.loads(process.stdout.readline())

    def test_who_comes_later_has_the_memory_of_the_first(self) -> None:
        location = self.put(WHOLE)
        processes = [self.begin(location) for _ in range(4)]
        found = [self.said(process) for process in processes]
        self.assertEqual(len({each["inode"] for each in found}), 1)
        self.assertEqual(len({each["sha256"] for each in found}), 1)
        self.assertEqual(len({each["path"] for each in found}), 1)
        self.assertEqual(sorted(each["shared"] for each in found), [False, True, True, True])
        whole = max(each["requests"] for each in found)
        self.assertEqual(len(self.gate.requests), whole + 3)

    def test_it_outlives_the_first(self) -> None:
        location = self.put(WHOLE)
        first = self.begin(location)
        inode = self.said(first)["inode"]
        second = self.begin(location)
        self.assertEqual(self.said(second)["inode"], inode)
        first.kill()
        first.communicate()
        third = self.begin(location)
        self.assertEqual(self.said(third)["inode"], inode)
        for process in (second, third):
            process.kill()
            process.communicate()
        fourth = self.said(self.begin(location))
        self.assertFalse(fourth["shared"])

    def test_another_object_is_not_taken_for_it(self) -> None:
        location = self.put(WHOLE)
        first = self.said(self.begin(location))
        self.put(bundle_of(model("m", {"config.json": b"{}", "model.safetensors": noise(12 * MB, 2)})))
        second = self.said(self.begin(location))
        self.assertFalse(second["shared"])
        self.assertNotEqual(first["sha256"], second["sha256"])

    def test_a_note_that_lies_is_not_believed(self) -> None:
        location = self.put(WHOLE)
        self.said(self.begin(location))
        (note,) = Path(self.folder).glob("modelpack-*/*.json")
        right = json.loads(note.read_text())
        for change in (
            lambda lie: lie["holders"][0]["regions"].pop(),
            lambda lie: lie["holders"][0]["regions"][1].__setitem__(1, 1),
            lambda lie: lie["holders"][0]["regions"][1].__setitem__(0, 0),
            lambda lie: lie["holders"][0].__setitem__("pid", "../../x"),
            lambda lie: lie["holders"][0].__setitem__("started", "1"),
            lambda lie: lie.__setitem__("holders", None),
        ):
            lie = json.loads(json.dumps(right))
            change(lie)
            note.write_text(json.dumps(lie))
            with self.subTest(str(lie["holders"])[:100]):
                process = self.begin(location)
                self.assertFalse(self.said(process)["shared"])
                process.kill()
        note.write_text("{")
        self.assertFalse(self.said(self.begin(location))["shared"])

    def test_what_was_read_is_let_go_when_it_cannot_be_noted(self) -> None:
        location = self.put(WHOLE)
        before = descriptors()
        full = mock.patch.object(modelpack, "_write_whole", side_effect=modelpack.NoRoom("full"))
        with mock.patch.object(tempfile, "tempdir", self.folder), full, self.assertRaises(modelpack.NoRoom):
            modelpack.open(location, shared=True)
        self.assertEqual(descriptors(), before)

    def test_a_child_that_is_forked_meanwhile_waits_for_its_parent(self) -> None:
        location = self.put(WHOLE)
        gate = threading.Event()
        proxy = self.proxy(lambda request, answer: (request.number > 1 and gate.wait(20)) and None)
        options = {"endpoint_url": proxy.endpoint, "shared": True}
        with mock.patch.object(tempfile, "tempdir", self.folder):
            modelpack.prefetch(location, **options)
            while len(proxy.requests) < 2:
                time.sleep(0.01)
            child = os.fork()
            if child == 0:
                shared = False
                signal.alarm(20)
                try:
                    shared = modelpack.open(location, **options).stats["shared"]
                finally:
                    os._exit(0 if shared else 1)
            gate.set()
            bundle = modelpack.open(location, **options)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            bundle.close()


if __name__ == "__main__":
    unittest.main()
