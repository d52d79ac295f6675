"""Folders of links into RAM: the same files as unpacked ones, and nothing large on a disk."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from support import COMMIT, MB, ROOT, S3Case, bundle_of, model, modelpack, noise

HUB = {
    "config.json": b"{}",
    "nested/tokenizer.json": noise(200_000, 1),
    "model.safetensors": noise(9 * MB, 2),
    "empty.txt": b"",
}
OTHER = "f" * 40
MODELS = (
    model("acme/tiny", HUB, "hf:acme/tiny", revision=COMMIT, ref="v1/beta", license="mit"),
    model("acme/alone", {"a": b"1"}, "hf:acme/alone", revision=COMMIT),
    model("two-a", {"a": b"2"}, "hf:acme/two", revision=COMMIT, ref="main"),
    model("two-b", {"a": b"3"}, "hf:acme/two", revision=OTHER, ref="old"),
    model("clip", {"ViT-B-32.pt": noise(3 * MB, 3)}, "clip:ViT-B/32"),
    model("whisper", {"tiny.pt": noise(2 * MB, 4)}, "whisper:tiny"),
    model("easyocr", {"craft_mlt_25k.pth": noise(4 * MB, 5), "english_g2.pth": noise(MB, 6)}, "easyocr:en"),
    model("own", {"lexicon.txt": b"x"}, "./own"),
)
WHOLE = bundle_of(*MODELS)


def tree(folder: str) -> dict[str, bytes]:
    """What can be read below a folder, links followed."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            found[os.path.relpath(path, folder)] = Path(path).read_bytes()
    return found


def taken(folder: str) -> int:
    """Bytes on disk."""
    return sum(
        os.lstat(os.path.join(place, name)).st_blocks * 512 for place, _, names in os.walk(folder) for name in names
    )


class Mount(S3Case):
    def setUp(self) -> None:
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "cache")

    def open(self, **options: object) -> modelpack.Bundle:
        bundle = modelpack.open(self.put(WHOLE), **options)
        self.addCleanup(bundle.close)
        return bundle

    def test_a_folder_of_a_model(self) -> None:
        bundle = self.open()
        folder = bundle.mount("acme/tiny", self.root)
        self.assertEqual(folder, self.root)
        self.assertEqual(tree(folder), HUB)
        self.assertEqual(os.readlink(os.path.join(folder, "model.safetensors"))[:14], "/proc/self/fd/")
        self.assertLess(taken(folder), MB)

    def test_only_what_was_opened_is_mounted(self) -> None:
        bundle = self.open(only=["acme/tiny/*.json", "clip/*"])
        self.assertEqual(sorted(tree(bundle.mount("acme/tiny", self.root))), ["config.json", "nested/tokenizer.json"])
        with self.assertRaisesRegex(modelpack.NotFound, "own was left out by only="):
            bundle.mount("own", self.root)

    def test_without_a_name_it_is_always_the_same_folder(self) -> None:
        bundle = self.open()
        with mock.patch.dict(os.environ, TMPDIR=self.folder), mock.patch.object(tempfile, "tempdir", None):
            folder = bundle.mount("acme/tiny")
            self.assertEqual(bundle.mount("acme/tiny"), folder)
        self.assertTrue(folder.startswith(self.folder))
        self.assertEqual(tree(folder), HUB)
        above = os.path.join(self.folder, f"modelpack-{os.getuid()}")
        self.assertEqual(stat.S_IMODE(os.stat(above).st_mode), 0o700)

    def test_the_cache_is_what_unpack_makes(self) -> None:
        archive = os.path.join(self.folder, "models.tar")
        Path(archive).write_bytes(WHOLE)
        unpacked = os.path.join(self.folder, "unpacked")
        command = ["node", str(ROOT / "bin" / "modelpack.js"), "unpack", archive, unpacked, "--layout", "cache"]
        subprocess.run([*command, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.open().mount_cache(self.root), self.root)
        self.assertEqual(tree(self.root), tree(unpacked))
        folders = [{os.path.relpath(place, top) for place, _, _ in os.walk(top)} for top in (self.root, unpacked)]
        self.assertEqual(*folders)
        self.assertLess(taken(self.root), 2 * MB)

    def test_the_variables(self) -> None:
        self.assertEqual(modelpack.environment("/tmp/x")["HF_HUB_CACHE"], "/tmp/x")
        self.assertEqual(modelpack.environment("/tmp/x")["HF_HUB_OFFLINE"], "1")
        with mock.patch.dict(os.environ, MODEL_CACHE_FS_PATH=self.root):
            self.assertEqual(modelpack.environment()["HF_HOME"], self.root)
            self.assertEqual(self.open().mount_cache(), self.root)

    def test_again_changes_nothing(self) -> None:
        bundle = self.open()

        def state() -> dict[str, tuple[int, int]]:
            return {
                os.path.join(place, name): (found.st_ino, found.st_mtime_ns)
                for place, _, names in os.walk(self.root)
                for name in names
                for found in [os.lstat(os.path.join(place, name))]
            }

        bundle.mount_cache(self.root)
        before = state()
        bundle.mount_cache(self.root)
        self.assertEqual(state(), before)

    def test_what_a_crashed_process_left_is_put_right(self) -> None:
        home = os.path.join(self.root, "models--acme--tiny/snapshots", COMMIT)
        os.makedirs(home)
        Path(home, "config.json").write_bytes(b"{")
        os.symlink("/proc/self/fd/0", os.path.join(home, "model.safetensors"))
        dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
        Path(home, f".modelpack-{dead}-1.part").write_bytes(noise(1000))
        Path(home, "of-somebody-else").write_bytes(b"kept")
        self.open().mount_cache(self.root)
        self.assertEqual(tree(home), {**HUB, "of-somebody-else": b"kept"})

    def test_two_processes_use_one_folder(self) -> None:
        """Each has memory of its own, under the same number: so the links of one are those of the other."""
        location = self.put(WHOLE)
        script = (
            "import sys, os; sys.path.insert(0, sys.argv[1]); import modelpack_runtime as m\n"
            "held = [os.open('/dev/null', 0) for _ in range(int(sys.argv[4]))]\n"
            "b = m.open(sys.argv[2]); b.mount_cache(sys.argv[3]); print('ready', flush=True); sys.stdin.readline()\n"
            f"p = sys.argv[3] + '/models--acme--tiny/snapshots/{COMMIT}/model.safetensors'\n"
            "print(open(p, 'rb').read() == bytes(b['acme/tiny/model.safetensors']), os.readlink(p))\n"
        )
        where = os.path.dirname(modelpack.__file__)
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, where, location, self.root, held],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for held in ("0", "40")
        ]
        for process in processes:
            assert process.stdout
            self.assertEqual(process.stdout.readline(), "ready\n")
        said = [process.communicate("\n")[0].split() for process in processes]
        self.assertEqual([good for good, _ in said], ["True", "True"])
        self.assertEqual(said[0], said[1])

    def test_two_processes_open_two_bundles_in_another_order(self) -> None:
        """The links of one would lead to the other bundle in the other process."""
        one, two = (self.put(bundle_of(model("m", {"w": noise(2 * MB, seed)})), f"order-{seed}") for seed in (1, 2))
        script = (
            "import sys; sys.path.insert(0, sys.argv[1]); import modelpack_runtime as m\n"
            "two = m.open(sys.argv[3]); one = m.open(sys.argv[2]); one.mount('m', sys.argv[4])\n"
            "assert open(sys.argv[4] + '/w', 'rb').read() == bytes(one['m/w'])\n"
        )
        with modelpack.open(one) as bundle, modelpack.open(two):
            bundle.mount("m", self.root)
            command = [sys.executable, "-c", script, os.path.dirname(modelpack.__file__), one, two, self.root]
            subprocess.run(command, check=True)
            self.assertTrue(tree(self.root) == {"w": noise(2 * MB, 1)})  # the difference of others takes a minute

    def test_a_number_that_another_process_gave_is_taken(self) -> None:
        home = os.path.join(self.root, "models--acme--tiny/snapshots", COMMIT)
        os.makedirs(home)
        link = os.path.join(home, "model.safetensors")
        os.symlink("/proc/self/fd/777", link)
        self.open().mount_cache(self.root)
        self.assertEqual(os.readlink(link), "/proc/self/fd/777")
        self.assertEqual(tree(home), HUB)

    def test_children(self) -> None:
        bundle = self.open(inheritable=True)
        bundle.mount("acme/tiny", self.root)
        path = os.path.join(self.root, "model.safetensors")
        child = os.fork()
        if child == 0:
            os._exit(0 if Path(path).read_bytes() == HUB["model.safetensors"] else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        read = ["sha256sum", path, bundle.path("acme/tiny/config.json")]
        found = subprocess.run(read, close_fds=False, capture_output=True, text=True, check=True)
        self.assertEqual(len(found.stdout.splitlines()), 2)
        self.assertNotEqual(subprocess.run(read, close_fds=True, capture_output=True, check=False).returncode, 0)
        alone = modelpack.open(self.put(WHOLE))
        self.addCleanup(alone.close)
        read = ["sha256sum", alone.path("clip/ViT-B-32.pt")]
        self.assertNotEqual(subprocess.run(read, close_fds=False, capture_output=True, check=False).returncode, 0)

    def test_from_a_bundle_on_disk(self) -> None:
        archive = os.path.join(self.folder, "models.tar")
        Path(archive).write_bytes(WHOLE)
        with modelpack.open(archive) as bundle:
            self.assertEqual(tree(bundle.mount("acme/tiny", self.root)), HUB)

    def test_a_bundle_that_is_closed_is_not_mounted(self) -> None:
        bundle = self.open()
        bundle.close()
        for use in (lambda: bundle.mount("acme/tiny", self.root), lambda: bundle.mount_cache(self.root)):
            with self.assertRaisesRegex(modelpack.ModelpackError, "is closed"):
                use()
        self.assertFalse(os.path.exists(self.root))

    def test_what_cannot_be_mounted(self) -> None:
        bundle = self.open()
        with self.assertRaisesRegex(modelpack.NotFound, "there is no model 'nope', but 'acme/alone'"):
            bundle.mount("nope")
        blocked = os.path.join(self.folder, "file")
        Path(blocked).write_bytes(b"")
        with self.assertRaisesRegex(modelpack.NoRoom, "cannot be made: (Not a directory|File exists)"):
            bundle.mount("acme/tiny", blocked)
        os.makedirs(os.path.join(self.root, "config.json"))
        with self.assertRaisesRegex(modelpack.NoRoom, "config.json.* cannot be written"):
            bundle.mount("acme/tiny", self.root)

    def test_two_files_at_one_place(self) -> None:
        data = bundle_of(
            model("a", {"x.pt": b"1"}, "clip:A"), model("b", {"x.pt": b"2"}, "whisper:B"), model("c", {"y": b""}, "./c")
        )
        with (
            modelpack.open(self.put(data)) as bundle,
            self.assertRaisesRegex(modelpack.ModelpackError, "would both be"),
        ):
            bundle.mount_cache(self.root)

    def test_a_folder_of_somebody_else_is_not_used(self) -> None:
        elsewhere = os.path.join(self.folder, "elsewhere")
        os.mkdir(elsewhere)
        os.symlink(elsewhere, os.path.join(self.folder, f"modelpack-{os.getuid()}"))
        bundle = self.open()
        with (
            mock.patch.object(tempfile, "tempdir", self.folder),
            self.assertRaisesRegex(modelpack.ModelpackError, "belongs to somebody else"),
        ):
            bundle.mount("acme/tiny")
        self.assertEqual(os.listdir(elsewhere), [])


class WithoutMemfd(S3Case):
    def test_the_system_call_itself(self) -> None:
        """Amazon Linux 2 has a glibc without memfd_create, but a kernel with it."""
        script = (
            "import sys, os; del os.memfd_create; sys.path.insert(0, sys.argv[1]); import modelpack_runtime as m\n"
            "b = m.open(sys.argv[2], verify=True); p = b.path('acme/tiny/model.safetensors')\n"
            "assert os.readlink(p).startswith('/memfd:'), p; assert not os.get_inheritable(int(p.split('/')[-1]))\n"
            "assert open(p, 'rb').read() == bytes(b['acme/tiny/model.safetensors'])\n"
            "open(p, 'r+b', buffering=0).write(b'x')\n"
        )
        command = [sys.executable, "-c", script, os.path.dirname(modelpack.__file__), self.put(WHOLE)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertRegex(found.stderr.splitlines()[-1], "PermissionError")

    def test_memory_without_a_name(self) -> None:
        none = mock.patch.object(modelpack, "_memfd_create", side_effect=OSError(38, "Function not implemented"))
        with none, modelpack.open(self.put(WHOLE), verify=True) as bundle, tempfile.TemporaryDirectory() as folder:
            self.assertEqual(bytes(bundle["acme/tiny/model.safetensors"]), HUB["model.safetensors"])
            with bundle.file("acme/tiny/model.safetensors") as file:
                self.assertEqual(file.read(), HUB["model.safetensors"])
            for use in (lambda: bundle.path("acme/tiny/config.json"), lambda: bundle.mount("acme/tiny", folder)):
                with self.assertRaisesRegex(modelpack.Unsupported, "needs memfd_create of Linux"):
                    use()


if __name__ == "__main__":
    unittest.main()
