"""What goes wrong on the way ends in the right bytes, or in one clear error and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Callable
from unittest import mock

from support import (
    BUCKET,
    MB,
    Answer,
    Request,
    S3Case,
    bundle_of,
    descriptors,
    model,
    modelpack,
    noise,
    refuse,
    respelled,
)

SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
LARGE = noise(40 * MB, 1)
WHOLE = bundle_of(model("m", {"config.json": b"{}", "model.safetensors": LARGE}))


class Once:
    """Does something at the first answer that it is for."""

    def __init__(self, which: Callable[[Request], bool], action: Callable[[Answer], None]) -> None:
        self._which, self._action, self._lock, self.times = which, action, threading.Lock(), 0

    def __call__(self, request: Request, answer: Answer) -> None:
        with self._lock:
            if self.times or not self._which(request):
                return
            self.times += 1
        self._action(answer)


def parts(request: Request) -> bool:
    return request.number > 1


def cut(answer: Answer) -> None:
    answer.cut = 2 * MB + 17


def empty(answer: Answer) -> None:
    answer.cut = 0


def status(code: int, name: str = "") -> Callable[[Answer], None]:
    return lambda answer: refuse(answer, code, name)


class Passing(S3Case):
    """Failures that pass."""

    def loads(self, fault: Callable[[Request, Answer], None]) -> None:
        proxy = self.proxy(fault)
        with modelpack.open(self.put(WHOLE), endpoint_url=proxy.endpoint, verify=True) as bundle:
            self.assertEqual(bytes(bundle["m/model.safetensors"]), LARGE)
            self.stats = bundle.stats

    def test_a_part_is_cut(self) -> None:
        self.loads(Once(parts, cut))
        self.assertEqual(self.stats["retries"], 1)
        self.assertEqual(self.stats["bytes"], len(WHOLE) - 1024)  # none twice, and not the tar's end

    def test_the_head_is_cut(self) -> None:
        self.loads(Once(lambda request: True, lambda answer: setattr(answer, "cut", 1000)))
        self.assertEqual(self.stats["retries"], 1)

    def test_a_connection_is_closed_before_the_answer(self) -> None:
        self.loads(Once(parts, empty))

    def test_every_answer_is_cut_once(self) -> None:
        seen: set[str] = set()

        def fault(request: Request, answer: Answer) -> None:
            key = str(request.end)
            if key not in seen:
                seen.add(key)
                answer.cut = len(answer.body) // 3

        self.loads(fault)

    def test_slow_down(self) -> None:
        for code, name in ((503, "SlowDown"), (500, "InternalError"), (429, ""), (400, "RequestTimeout")):
            with self.subTest(code):
                self.loads(Once(parts, status(code, name)))
                self.loads(Once(lambda request: True, status(code, name)))

    def test_every_second_request_is_refused(self) -> None:
        def fault(request: Request, answer: Answer) -> None:
            if request.number % 2:
                refuse(answer, 503, "SlowDown")

        self.loads(fault)

    def test_a_part_stands_still(self) -> None:
        def stall(answer: Answer) -> None:
            answer.stall = 3

        with mock.patch.object(modelpack, "READ_TIMEOUT", 0.5):
            self.loads(Once(parts, stall))
        self.assertGreaterEqual(self.stats["retries"], 1)

    def test_a_slow_server_is_waited_for(self) -> None:
        def slow(request: Request, answer: Answer) -> None:
            answer.speed = 12 * MB

        with mock.patch.object(modelpack, "READ_TIMEOUT", 0.5):
            self.loads(slow)
        self.assertEqual(self.stats["retries"], 0)

    def test_a_process_that_was_frozen(self) -> None:
        """As Lambda does between init and the first call, and before a snapshot: all connections are gone then."""
        proxy = self.proxy(lambda request, answer: setattr(answer, "speed", 8 * MB))
        location = self.put(WHOLE)
        script = (
            "import sys; sys.path.insert(0, sys.argv[1]); import modelpack_runtime as m\n"
            "m.prefetch(sys.argv[2], endpoint_url=sys.argv[3]); print('begun', flush=True)\n"
            "b = m.open(sys.argv[2], endpoint_url=sys.argv[3]); b.verify(); print(b.stats['retries'])\n"
        )
        command = [sys.executable, "-c", script, os.path.dirname(modelpack.__file__), location, proxy.endpoint]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            self.assertEqual(process.stdout.readline(), "begun\n")
            while len(proxy.requests) < 4:
                time.sleep(0.05)
            process.send_signal(signal.SIGSTOP)
            proxy.drop_connections()
            time.sleep(1)
            process.send_signal(signal.SIGCONT)
            out = process.communicate(timeout=60)[0]
            self.assertEqual(process.returncode, 0)
            self.assertGreaterEqual(int(out), 1)


class Lasting(S3Case):
    """Failures that do not pass: one line, and nothing half open."""

    def fails(
        self,
        error: type[Exception],
        pattern: str,
        fault: Callable[[Request, Answer], None] | None = None,
        location: str = "",
        **options: object,
    ) -> str:
        before = descriptors()
        if fault:
            options["endpoint_url"] = self.proxy(fault).endpoint
        with mock.patch.object(modelpack, "FIRST_DELAY", 0.001), self.assertRaises(error) as caught:
            modelpack.open(location or self.put(WHOLE), **options)
        self.assertIs(type(caught.exception), error)
        text = str(caught.exception)
        self.assertRegex(text, pattern)
        self.assertNotIn("\n", text)
        for secret in ("X-Amz-Signature", SECRET):
            self.assertNotIn(secret, text)
        self.assertEqual(descriptors(), before)
        self.assertNotIn("modelpack", [thread.name for thread in threading.enumerate()])
        return text

    def test_replaced_while_it_is_read(self) -> None:
        location = self.put(WHOLE)
        other = bundle_of(model("m", {"config.json": b"{}", "model.safetensors": noise(40 * MB, 2)}))
        for same_size in (True, False):
            with self.subTest(same_size=same_size):
                self.put(WHOLE)
                data = other if same_size else bundle_of(model("m", {"x": noise(20 * MB, 2)}))
                replace = Once(lambda request: True, lambda answer, data=data: self.put(data) and None)
                self.fails(modelpack.Changed, "was replaced while it was read", replace, location)

    def test_replaced_on_a_server_that_does_not_know_if_match(self) -> None:
        def other(request: Request, answer: Answer) -> None:
            if request.number > 1:
                answer.headers = [
                    (name, '"other"' if name.lower() == "etag" else value) for name, value in answer.headers
                ]

        self.fails(modelpack.Changed, "was replaced", other)

    def test_removed_while_it_is_read(self) -> None:
        location = self.put(WHOLE)
        key = location.partition(f"{BUCKET}/")[2]
        remove = Once(lambda request: True, lambda answer: self.s3.delete_object(Bucket=BUCKET, Key=key) and None)
        self.fails(modelpack.Changed, "was replaced", remove, location)

    def test_truncated(self) -> None:
        self.fails(modelpack.Corrupt, "it has 1000000 bytes, and by its index", location=self.put(WHOLE[:1_000_000]))
        self.fails(modelpack.Corrupt, "it ends in its index", location=self.put(WHOLE[:600]))
        self.fails(modelpack.Corrupt, "is no bundle", location=self.put(WHOLE[:100]))
        self.fails(modelpack.Corrupt, "is no bundle", location=self.put(b""))

    def test_a_flipped_byte(self) -> None:
        for at in (WHOLE.index(b"{}"), len(WHOLE) - 5000, WHOLE.index(LARGE[:100]) + 20 * MB):
            damaged = bytearray(WHOLE)
            damaged[at] ^= 1
            with self.subTest(at):
                self.fails(
                    modelpack.Corrupt, "does not have the sha256", location=self.put(bytes(damaged)), verify=True
                )

    def test_a_flipped_byte_is_found_later(self) -> None:
        damaged = bytearray(WHOLE)
        damaged[-5000] ^= 1
        with modelpack.open(self.put(bytes(damaged))) as bundle, self.assertRaises(modelpack.Corrupt):
            bundle.verify()

    def test_refused_for_good(self) -> None:
        text = self.fails(
            modelpack.NetworkError,
            "gave up after 8 retries: S3 answered 503 SlowDown",
            lambda request, answer: refuse(answer, 503, "SlowDown") if request.number > 2 else None,
        )
        self.assertIn("s3://", text)

    def test_no_answer(self) -> None:
        self.fails(modelpack.NetworkError, "gave up after 8 retries: .*", endpoint_url="http://127.0.0.1:9")

    def test_access_denied(self) -> None:
        denied = lambda request, answer: refuse(answer, 403, "AccessDenied")  # noqa: E731
        self.fails(modelpack.AccessDenied, "the role needs s3:GetObject", denied)
        later = lambda request, answer: refuse(answer, 403, "AccessDenied") if request.number > 2 else None  # noqa: E731
        self.fails(modelpack.AccessDenied, "the role needs s3:GetObject", later)

    def test_wrong_credentials(self) -> None:
        with mock.patch.dict(os.environ, AWS_SECRET_ACCESS_KEY="another-one"):
            self.fails(modelpack.AccessDenied, "does not accept the credentials")
        gone = {key: value for key, value in os.environ.items() if not key.startswith("AWS_") or "ENDPOINT" in key}
        gone.update(HOME="/nonexistent", AWS_EC2_METADATA_DISABLED="true")
        with mock.patch.dict(os.environ, gone, clear=True):
            self.fails(
                modelpack.AccessDenied, "there are no AWS credentials", location="s3://models/x", region="us-east-1"
            )

    def test_nothing_there(self) -> None:
        self.fails(modelpack.NotFound, "there is no such object", location="s3://models/nothing")
        self.fails(modelpack.NotFound, "there is no bucket 'nowhere-at-all'", location="s3://nowhere-at-all/x")
        self.fails(modelpack.NotFound, "No such file", location="/nonexistent/models.tar")
        self.fails(modelpack.NotFound, "no file has such a name", location="models\0.tar")
        self.fails(modelpack.ModelpackError, "Invalid bucket name", location="s3://[bucket/x")
        for wrong in ("s3://", "s3://bucket", "s3://bucket/", "s3://bucket/\ud800"):
            self.fails(modelpack.ModelpackError, "write s3://bucket/key", location=wrong)

    def test_no_bundle(self) -> None:
        self.fails(modelpack.Corrupt, "does not begin with modelpack.json", location=self.put(noise(3 * MB)))
        with tempfile.TemporaryDirectory() as folder:
            self.fails(modelpack.Corrupt, "is no file", location=folder)

    def test_a_server_without_ranges(self) -> None:
        def whole(request: Request, answer: Answer) -> None:
            if request.number > 1:
                answer.status = 200

        self.fails(modelpack.Unsupported, "does not answer ranges", whole)

    def test_a_server_that_answers_another_range(self) -> None:
        def other(request: Request, answer: Answer) -> None:
            if request.number > 1:
                answer.headers = [
                    (name, f"bytes 0-{len(answer.body) - 1}/{len(WHOLE)}" if name.lower() == "content-range" else value)
                    for name, value in answer.headers
                ]

        self.fails(modelpack.NetworkError, "not asked for", other)

    def test_no_thread_can_be_started(self) -> None:
        really = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if thread.name == "modelpack" and [each.name for each in threading.enumerate()].count("modelpack") == 2:
                raise RuntimeError("can't start new thread")
            really(thread)

        def slow(request: Request, answer: Answer) -> None:
            answer.speed = 20 * MB if request.number > 1 else 0

        with mock.patch.object(threading.Thread, "start", start):
            self.fails(modelpack.NoRoom, "no thread can be started", slow)

    def test_a_connection_that_stands_still_is_not_waited_for(self) -> None:
        gate, released = threading.Event(), []

        def fault(request: Request, answer: Answer) -> None:
            if request.number == 2:
                released.append(gate.wait(15))
            elif request.number > 2:
                refuse(answer, 403, "AccessDenied")

        self.fails(modelpack.AccessDenied, "s3:GetObject", fault)
        gate.set()
        while not released:
            time.sleep(0.01)
        self.assertEqual(released, [True])

    def test_too_little_memory_is_told_before_the_weights(self) -> None:
        proxy = self.proxy()
        with mock.patch.dict(os.environ, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="70"):
            text = self.fails(
                modelpack.NoRoom,
                r"needs 4\d\.\d MB of memory, and \d+\.\d MB are free of the 70\.0 MB of the function's memory: "
                r"\d+\.\d MB \(\d+ bytes\) are missing; set MemorySize to at least \d+ MB",
                endpoint_url=proxy.endpoint,
            )
        self.assertEqual(len(proxy.requests), 1)
        least = text.rpartition("at least ")[2].partition(" MB")[0]
        with mock.patch.dict(os.environ, AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(int(least) + 5)):
            modelpack.open(self.put(WHOLE)).close()

    def test_the_address_space_is_a_limit_too(self) -> None:
        script = (
            "import sys, resource; sys.path.insert(0, sys.argv[1]); import modelpack_runtime as m, botocore.session\n"
            "size = m._status('VmSize') + (30 << 20); resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
            "m.open(sys.argv[2])"
        )
        command = [sys.executable, "-c", script, os.path.dirname(modelpack.__file__), self.put(WHOLE)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertRegex(found.stderr.splitlines()[-1], "NoRoom: .* of the address space")

    def test_hostile_indexes(self) -> None:
        small = bundle_of(model("mm", {"a.json": noise(1000), "b.json": noise(1001)}))

        def set_file(number: int, key: str, value: object) -> Callable[[dict], None]:  # type: ignore[type-arg]
            return lambda index: index["models"][0]["files"][number].__setitem__(key, value)

        first = 0
        many = bundle_of(model("many", {f"{number}": b"" for number in range(2000)}))
        length = int(many[124:135], 8)
        for name, data in {
            "outside": respelled(small, set_file(1, "offset", 9999)),
            "overlap": respelled(small, set_file(0, "size", 1999)),
            "in the index": respelled(small, set_file(0, "offset", 1000)),
            "upwards": respelled(small, set_file(first, "path", "../a.j"[:6])),
            "absolute": respelled(small, set_file(first, "path", "/a.jso")),
            "backslash": respelled(small, set_file(first, "path", "a\\.js"[:5])),
            "twice": respelled(small, set_file(first, "path", "b.json")),
            "hash": respelled(small, set_file(first, "sha256", "G" * 64)),
            "format": small.replace(b'"format":"modelpack/1"', b'"format":"modelpack/9"'),
            "spelling": small.replace(b'"format":"modelpack/1"', b'"format": "modelpack/"'),
            "json": small.replace(b'{"format"', b'["format"'),
            "deep": many[:512] + b"[" * length + many[512 + length :],
            "octal": small[:124] + b"99999999999 " + small[136:],
            "huge": small[:124] + b"77777777777 " + small[136:],
        }.items():
            with self.subTest(name), tempfile.NamedTemporaryFile() as file:
                file.write(data)
                file.flush()
                with self.assertRaises((modelpack.Corrupt, modelpack.Unsupported)) as caught:
                    modelpack.open(file.name)
                self.assertNotIn("\n", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
