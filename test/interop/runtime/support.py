"""Bundles made by docs/bundle-format.md's own reader and writer, an S3 that exists, and a proxy in front of it that
breaks what passes through."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "python"), str(HERE.parent)]

import modelpack_runtime as modelpack  # noqa: E402, F401  the tests take it from here
import read_bundle  # noqa: E402

MB = 1024**2
BUCKET = "models"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(b"%d" % seed).digest(size)


def model(name: str, files: dict[str, bytes], source: str = "", **facts: str) -> dict[str, Any]:
    return {"name": name, "source": source or f"./{name}", **facts, "contents": files}


def bundle_of(*models: dict[str, Any]) -> bytes:
    data = {f"{each['name']}/{path}": content for each in models for path, content in each["contents"].items()}
    described = [
        {
            **{key: value for key, value in each.items() if key != "contents"},
            "files": [
                {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for path, content in each["contents"].items()
            ],
        }
        for each in models
    ]
    members, index = read_bundle.lay_out(described)
    parts = []
    for number, member in enumerate(members):
        content = index if number == 0 else data[member.path]
        parts += [member.header, content, bytes(-len(content) % 512)]
    return b"".join([*parts, read_bundle.END])


def respelled(bundle: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A bundle whose index says something else, in the right spelling and of the same length."""
    size = int(bundle[124:135], 8)
    index = json.loads(bundle[512 : 512 + size])
    change(index)
    changed = read_bundle.encode(index)
    assert len(changed) == size, (len(changed), size)
    return bundle[:512] + changed + bundle[512 + size :]


def s3_client() -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}))


class Answer:
    """What the server answered, which a fault may change."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body
        #: Sent before the connection is cut; None for all.
        self.cut: int | None = None
        #: Bytes a second; 0 for as fast as possible.
        self.speed = 0
        self.stall = 0.0


class Request:
    def __init__(self, number: int, path: str, range_header: str) -> None:
        self.number = number  # of the GETs, from 1
        self.path = path
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", range_header)
        self.start, self.end = (int(found[1]), int(found[2]) + 1) if found else (0, 0)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """The client went away: that is what many tests make it do."""


class Proxy:
    """In front of the S3 of AWS_ENDPOINT_URL. ``fault`` is called for each answer, and may do something first."""

    def __init__(
        self,
        fault: Callable[[Request, Answer], None] = lambda request, answer: None,
        certificate: str | None = None,
    ) -> None:
        upstream = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
        proxy = self
        self.fault = fault
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                proxy._sockets.add(self.request)
                super().setup()

            def finish(self) -> None:
                proxy._sockets.discard(self.request)
                with contextlib.suppress(OSError):
                    super().finish()

            def do_GET(self) -> None:
                address = urlsplit(self.path)  # whole, where it is asked as a proxy
                self.path = address._replace(scheme="", netloc="").geturl()
                with proxy._lock:
                    number = len(proxy.requests) + 1
                    request = Request(number, self.path, self.headers.get("Range", ""))
                    proxy.requests.append(request)
                connection = http.client.HTTPConnection(upstream)
                connection.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
                response = connection.getresponse()
                answer = Answer(response.status, response.getheaders(), response.read())
                connection.close()
                proxy.fault(request, answer)
                self.reply(answer)

            def reply(self, answer: Answer) -> None:
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers:
                        if name.lower() not in ("date", "server", "connection", "transfer-encoding"):
                            self.send_header(name, value)
                    if not any(name.lower() == "content-length" for name, _ in answer.headers):
                        self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    body = answer.body if answer.cut is None else answer.body[: answer.cut]
                    time.sleep(answer.stall)
                    step = answer.speed // 20 or len(body) or 1
                    for at in range(0, len(body), step):
                        self.wfile.write(body[at : at + step])
                        if answer.speed:
                            time.sleep(1 / 20)
                    if answer.cut is not None:
                        self.close_connection = True
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.endpoint = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def drop_connections(self) -> None:
        """By RST, as when nobody knows of them any more."""
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
                each.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def refuse(answer: Answer, status: int, code: str) -> None:
    answer.status, answer.body = status, f"<Error><Code>{code}</Code></Error>".encode()
    answer.headers = [("Content-Type", "application/xml")]


class S3Case(unittest.TestCase):
    """With a bucket, and objects that are put into it."""

    def setUp(self) -> None:
        self.s3 = s3_client()
        if BUCKET not in [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]:
            self.s3.create_bucket(Bucket=BUCKET)

    def put(self, data: bytes, key: str = "") -> str:
        key = key or f"{self.id()}.tar"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return f"s3://{BUCKET}/{key}"

    def proxy(self, fault: Callable[[Request, Answer], None] = lambda request, answer: None) -> Proxy:
        proxy = Proxy(fault)
        self.addCleanup(proxy.close)
        return proxy


def descriptors() -> set[str]:
    """Memfds of this process."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("/memfd:"):
            found.add(name)
    return found
