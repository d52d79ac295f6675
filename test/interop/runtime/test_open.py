"""What open() gives: the bytes of the bundle, however they are asked for."""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import subprocess
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

from support import MB, Proxy, S3Case, Server, bundle_of, descriptors, model, modelpack, noise

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "empty.txt": b"",
    "vocab.txt": noise(300_000, 1),
    "middle.bin": noise(MB - 5, 2),
    "model.safetensors": noise(37 * MB + 11, 3),
    "other/big.bin": noise(5 * MB, 4),
}
WHOLE = bundle_of(model("acme/tiny", FILES), model("clip", {"ViT-B-32.pt": noise(3 * MB, 5)}))


class Open(S3Case):
    def test_every_byte_arrives(self) -> None:
        with modelpack.open(self.put(WHOLE)) as bundle:
            self.assertEqual(len(bundle), 7)
            self.assertEqual(set(bundle.files("acme/tiny")), {f"acme/tiny/{path}" for path in FILES})
            for path, content in FILES.items():
                self.assertEqual(bytes(bundle[f"acme/tiny/{path}"]), content)
                with bundle.file(f"acme/tiny/{path}") as file:
                    self.assertEqual(file.read(), content)
                with open(bundle.path(f"acme/tiny/{path}"), "rb") as file:
                    self.assertEqual(file.read(), content)
            self.assertEqual(bundle.json("acme/tiny/config.json"), {"model_type": "bert"})
            self.assertEqual(bundle.models["clip"].files, ("ViT-B-32.pt",))

    def test_a_file_on_disk_gives_the_same(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(WHOLE)
            file.flush()
            with modelpack.open(file.name, verify=True) as bundle, modelpack.open(self.put(WHOLE)) as streamed:
                self.assertEqual(bundle.id, streamed.id)
                for path in bundle:
                    self.assertEqual(bundle[path], streamed[path])
                    with open(bundle.path(path), "rb") as copy:
                        self.assertEqual(copy.read(), bytes(streamed[path]))

    def test_one_request_for_the_head_and_one_for_each_part(self) -> None:
        proxy = self.proxy()
        with modelpack.open(self.put(WHOLE), endpoint_url=proxy.endpoint) as bundle:
            starts = sorted(request.start for request in proxy.requests)
            self.assertEqual(bundle.stats["requests"], len(starts))
            self.assertEqual(starts[:2], [0, MB])
            self.assertEqual(len({request.start for request in proxy.requests}), len(starts))
            self.assertLess(bundle.stats["bytes"], len(WHOLE) + 1)

    def test_a_small_bundle_is_one_request(self) -> None:
        with modelpack.open(self.put(bundle_of(model("a", {"x": b"y"}))), verify=True) as bundle:
            self.assertEqual(bundle.stats["requests"], 1)
            self.assertEqual(bytes(bundle["a/x"]), b"y")

    def test_a_bundle_without_files(self) -> None:
        with modelpack.open(self.put(bundle_of()), verify=True) as bundle:
            self.assertEqual(bundle.files(), [])

    def test_an_index_larger_than_the_first_request(self) -> None:
        files = {f"{number:05}/{'x' * 120}": b"%d" % number for number in range(5000)}
        data = bundle_of(model("many", files))
        self.assertGreater(int(data[124:135], 8), MB)
        with modelpack.open(self.put(data), verify=True) as bundle:
            for path, content in files.items():
                self.assertEqual(bytes(bundle[f"many/{path}"]), content)

    def test_more_large_files_than_descriptors(self) -> None:
        files = {f"{number:03}": noise(MB + 1, number) for number in range(modelpack.MOST_MEMFDS + 5)}
        before = len(descriptors())
        with modelpack.open(self.put(bundle_of(model("many", files))), verify=True) as bundle:
            # Each is mapped for its hash: that is a second descriptor until Python 3.13.
            self.assertLessEqual(len(descriptors()) - before, 2 * (modelpack.MOST_MEMFDS + 1))
            for path in (*list(files)[:3], *list(files)[-5:]):
                self.assertEqual(bytes(bundle[f"many/{path}"]), files[path])
                with bundle.file(f"many/{path}") as file:
                    self.assertEqual(file.read(), files[path])

    def test_long_names_that_are_not_ascii(self) -> None:
        """A memfd has a name of 249 bytes at most."""
        name = f"{'模' * 80}/{'型' * 80}.bin"
        with modelpack.open(self.put(bundle_of(model("m", {name: noise(MB + 5)})))) as bundle:
            self.assertEqual(Path(bundle.path(f"m/{name}")).read_bytes(), noise(MB + 5))

    def test_a_model_whose_name_begins_with_that_of_another(self) -> None:
        with modelpack.open(self.put(bundle_of(model("a", {"x": b"1"}), model("a/b", {"y": b"2"})))) as bundle:
            self.assertEqual(bundle.files("a"), ["a/x"])
            self.assertEqual(bundle.files("a/b"), ["a/b/y"])

    def test_only_some_files(self) -> None:
        proxy = self.proxy()
        with modelpack.open(self.put(WHOLE), only="clip/*", endpoint_url=proxy.endpoint) as bundle:
            self.assertEqual(bundle.files(), ["clip/ViT-B-32.pt"])
            self.assertEqual(bytes(bundle["clip/ViT-B-32.pt"]), noise(3 * MB, 5))
            self.assertLess(bundle.stats["bytes"], 5 * MB)
            with self.assertRaisesRegex(modelpack.NotFound, "only="):
                bundle["acme/tiny/config.json"]
        with self.assertRaisesRegex(modelpack.NotFound, "no file matches 'whisper/"):
            modelpack.open(self.put(WHOLE), only=["whisper/*"])

    def test_in_the_background(self) -> None:
        location = self.put(WHOLE)
        modelpack.prefetch(location)
        first, second = modelpack.open(location), modelpack.open(location)
        self.assertIs(first, second)
        self.assertEqual(bytes(first["acme/tiny/vocab.txt"]), FILES["vocab.txt"])
        first.close()
        again = modelpack.open(location)
        self.assertEqual(bytes(again["acme/tiny/vocab.txt"]), FILES["vocab.txt"])
        again.close()

    def test_in_the_background_of_a_parent(self) -> None:
        location = self.put(WHOLE)
        gate = threading.Event()
        proxy = self.proxy(lambda request, answer: gate.wait(20) and None)
        modelpack.prefetch(location, endpoint_url=proxy.endpoint)
        child = os.fork()
        if child == 0:
            good = False
            try:
                gate.set()
                with modelpack.open(location) as bundle:
                    good = bytes(bundle["acme/tiny/vocab.txt"]) == FILES["vocab.txt"]
            finally:
                os._exit(0 if good else 1)
        gate.set()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        modelpack.open(location, endpoint_url=proxy.endpoint).close()

    def test_what_went_wrong_in_the_background_is_raised_by_open(self) -> None:
        modelpack.prefetch("s3://models/nothing-there.tar")
        with self.assertRaises(modelpack.NotFound):
            modelpack.open("s3://models/nothing-there.tar")

    def test_what_open_says(self) -> None:
        with self.assertLogs("modelpack", logging.INFO) as logs, modelpack.open(self.put(WHOLE)) as bundle:
            pass
        self.assertEqual(len(logs.output), 1)
        self.assertRegex(
            logs.output[0],
            r"modelpack: opened s3://models/\S+: 46\.\d MB in [\d.]+ s, \d+ MB/s, \d+ requests, 0 retries$",
        )
        line = json.loads(json.dumps(bundle.metrics("mine")))
        named = [each["Name"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
        self.assertEqual({type(line[name]) for name in named} - {int, float}, set())
        self.assertEqual(line["Bytes"], bundle.stats["bytes"])

    def test_the_location_from_the_environment(self) -> None:
        os.environ["MODELPACK_BUNDLE"] = self.put(WHOLE)
        self.addCleanup(os.environ.pop, "MODELPACK_BUNDLE")
        with modelpack.open() as bundle:
            self.assertEqual(len(bundle), 7)
        del os.environ["MODELPACK_BUNDLE"]
        with self.assertRaisesRegex(modelpack.ModelpackError, "MODELPACK_BUNDLE"):
            modelpack.open()
        os.environ["MODELPACK_BUNDLE"] = ""

    def test_a_client_of_ones_own(self) -> None:
        with modelpack.open(self.put(WHOLE), client=self.s3, verify=True) as bundle:
            self.assertEqual(len(bundle), 7)

    def test_through_a_proxy_of_the_environment(self) -> None:
        location = self.put(WHOLE)
        proxy = self.proxy()
        os.environ["http_proxy"] = proxy.endpoint
        self.addCleanup(os.environ.pop, "http_proxy")
        with modelpack.open(location, verify=True) as bundle:
            self.assertEqual(bytes(bundle["acme/tiny/vocab.txt"]), FILES["vocab.txt"])
            self.assertEqual(bundle.stats["requests"], len(proxy.requests))


class Region(unittest.TestCase):
    def test_a_bucket_in_another_region(self) -> None:
        """S3 names the region, and botocore goes there."""
        requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                signed_for_it = "eu-west-1" in unquote(self.path) + self.headers.get("Authorization", "")
                requests.append(signed_for_it)
                if not signed_for_it:
                    self.send_response(301)
                    self.send_header("x-amz-bucket-region", "eu-west-1")
                    self.end_headers()
                    self.wfile.write(b"<Error><Code>PermanentRedirect</Code><Bucket>models</Bucket></Error>")
                    return
                start, end = map(int, self.headers["Range"][len("bytes=") :].split("-"))
                part = WHOLE[start : end + 1]
                self.send_response(206)
                self.send_header("ETag", '"whole"')
                self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(WHOLE)}")
                self.send_header("Content-Length", str(len(part)))
                self.end_headers()
                self.wfile.write(part)

            def log_message(self, *_: object) -> None:
                pass

        server = Server(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        location, endpoint = "s3://models/models.tar", f"http://127.0.0.1:{server.server_port}"
        with modelpack.open(location, endpoint_url=endpoint, verify=True) as bundle:
            self.assertEqual(len(bundle), 7)
        self.assertEqual(requests.count(False), 1)


class Tls(S3Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.certificate = os.path.join(folder.name, "server.pem")
        subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
        files = ["-keyout", self.certificate, "-out", f"{self.certificate}.crt"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject, *files], check=True, capture_output=True
        )
        with open(self.certificate, "a") as key, open(f"{self.certificate}.crt") as public:
            key.write(public.read())
        self.server = Proxy(certificate=self.certificate)
        self.addCleanup(self.server.close)

    def test_a_server_that_is_trusted(self) -> None:
        location = self.put(WHOLE)
        with mock.patch.dict(os.environ, AWS_CA_BUNDLE=self.certificate):
            with modelpack.open(location, endpoint_url=self.server.endpoint, verify=True) as bundle:
                self.assertEqual(bytes(bundle["acme/tiny/vocab.txt"]), FILES["vocab.txt"])
            self.assertEqual(bundle.stats["requests"], len(self.server.requests))

    def test_a_server_that_is_not(self) -> None:
        with self.assertRaisesRegex(modelpack.NetworkError, "is not trusted; AWS_CA_BUNDLE"):
            modelpack.open(self.put(WHOLE), endpoint_url=self.server.endpoint)
        self.assertEqual(self.server.requests, [])


class Memory(S3Case):
    def test_views_outlive_the_bundle_and_descriptors_do_not(self) -> None:
        before = descriptors()
        bundle = modelpack.open(self.put(WHOLE))
        self.assertGreater(len(descriptors()), len(before))
        view = bundle["acme/tiny/model.safetensors"]
        del bundle
        gc.collect()
        self.assertEqual(bytes(view), FILES["model.safetensors"])
        del view
        gc.collect()
        self.assertEqual(descriptors(), before)

    def test_what_is_closed_gives_its_memory_back(self) -> None:
        location = self.put(WHOLE)
        modelpack.prefetch(location)
        bundle = modelpack.open(location)
        before = modelpack._status("RssShmem")
        sum(bundle["acme/tiny/model.safetensors"][::4096])
        self.assertGreaterEqual(modelpack._status("RssShmem") - before, 37 * MB)
        bundle.close()
        self.assertEqual(modelpack._status("RssShmem"), before)

    def test_a_path_keeps_the_bundle(self) -> None:
        path = modelpack.open(self.put(WHOLE)).path("acme/tiny/model.safetensors")
        gc.collect()
        with open(path, "rb") as file:
            self.assertEqual(file.read(), FILES["model.safetensors"])

    def test_nobody_can_change_it(self) -> None:
        with modelpack.open(self.put(WHOLE)) as bundle:
            path = bundle.path("acme/tiny/model.safetensors")
            with self.assertRaises(TypeError):
                bundle["acme/tiny/model.safetensors"][0] = 0
            with self.assertRaises(PermissionError), open(path, "r+b", buffering=0) as file:
                file.write(b"x")

    def test_what_is_closed_says_so(self) -> None:
        bundle = modelpack.open(self.put(WHOLE))
        bundle.close()
        bundle.close()
        with self.assertRaisesRegex(modelpack.ModelpackError, "is closed"):
            bundle["acme/tiny/config.json"]

    def test_what_is_open_counts_when_the_next_one_is_to_fit(self) -> None:
        location = self.put(WHOLE)
        free = [self.free()]
        for_one = self.function(90)
        with modelpack.open(location):
            free.append(self.free())
            with self.assertRaises(modelpack.NoRoom), mock.patch.dict(os.environ, for_one):
                modelpack.open(location)
        free.append(self.free())
        self.assertGreater(free[0] - free[1], 40 * MB)
        self.assertLess(abs(free[0] - free[2]), 20 * MB)
        with mock.patch.dict(os.environ, for_one):
            modelpack.open(location).close()

    def function(self, megabytes: int) -> dict[str, str]:
        """With so much more than is used now."""
        return {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(10240 - self.free() // MB + megabytes)}

    @staticmethod
    def free() -> int:
        with mock.patch.dict(os.environ, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="10240"):
            return next(modelpack._limits()).free

    def test_a_file_object_seeks(self) -> None:
        content = FILES["vocab.txt"]
        with modelpack.open(self.put(WHOLE)) as bundle:
            for path, data in (("vocab.txt", content), ("model.safetensors", FILES["model.safetensors"])):
                with bundle.file(f"acme/tiny/{path}") as file:
                    self.assertEqual(file.seek(-10, io.SEEK_END), len(data) - 10)
                    self.assertEqual(file.read(), data[-10:])
                    file.seek(5)
                    self.assertEqual(file.read(4), data[5:9])
                    self.assertEqual(file.seek(2, io.SEEK_CUR), 11)
                    self.assertEqual(file.read(2), data[11:13])
                    self.assertEqual(file.seek(len(data) + 5), len(data) + 5)
                    self.assertEqual(file.read(), b"")


if __name__ == "__main__":
    unittest.main()
