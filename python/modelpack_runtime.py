"""Loads modelpack bundles from S3 straight into RAM, for AWS Lambda functions and other Linux programs.

    import modelpack_runtime as modelpack

    bundle = modelpack.open("s3://models-bucket/models.tar")
    state = bundle.tensors("google-bert/bert-base-cased")              # torch tensors, no copy
    folder = bundle.mount("google-bert/bert-base-cased")               # from_pretrained(folder) works unchanged

One request brings the index and the small files, parallel ranges bring the rest, and every large file is put into a
memfd: a file that exists in RAM only, but has a path. So libraries that insist on a path, or map their files, read it
without a disk, and /tmp holds no weights.

Needs Python 3.9 or later and, for ``s3://``, botocore (it comes with boto3, which Lambda has). A bundle is what
docs/bundle-format.md of modelpack says. Sizes are in bytes, times in seconds; MB in messages means 1024² bytes, as it
does for Lambda.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import errno
import fnmatch
import hashlib
import http.client
import importlib.util
import io
import json
import logging
import mmap
import os
import platform
import random
import re
import shutil
import socket
import ssl
import stat
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

__version__ = "0.1.0"
__all__ = [
    "AccessDenied",
    "Bundle",
    "Changed",
    "Corrupt",
    "Model",
    "ModelpackError",
    "NetworkError",
    "NoRoom",
    "NotFound",
    "Unsupported",
    "environment",
    "open",
    "prefetch",
]

MB = 1024**2

#: What the first request asks for. The index and the small files stand at a bundle's beginning.
HEAD_SIZE = MB
#: The largest range of one request: what modelpack uploads as one part.
PART_SIZE = 16 * MB
#: The smallest one worth a request of its own, when a bundle is cut so that all connections have something to do.
LEAST_PART_SIZE = 4 * MB
#: How much is read at once. Larger steps were not faster, and each connection holds one.
STEP = 512 * 1024
#: Two files nearer than this in a bundle are one range: a request takes longer than reading what is between.
NEAR = 256 * 1024
#: Files up to this size are written as real files by ``mount``; larger ones stay in RAM and get a link.
SMALL_SIZE = MB
#: Each takes a descriptor, and before Python 3.13 a second one when it is mapped. Lambda allows 1,024
#: (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
MOST_MEMFDS = 256
#: Descriptors of memfds are numbered from here on, so that every process of a function gives them the same numbers
#: whatever else it has open, and a folder of links serves all of them.
FIRST_FD = 300
#: Each bundle begins somewhere in so many numbers, by its id: a link into one does not lead into another that was
#: opened before it, or after it was closed.
FD_SPREAD = 600

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0
#: How often a range is asked for again without a new byte. With the delays below that is about 12 seconds.
RETRIES = 8
FIRST_DELAY = 0.1
LONGEST_DELAY = 5.0

INDEX_NAME = "modelpack.json"
FORMAT = "modelpack/1"
BLOCK = 512
#: As the command line reads it: an index is a few MB at most.
INDEX_LIMIT = 64 * MB
INTEGER_MAX = 2**53 - 1

logger = logging.getLogger("modelpack")
if logger.level == logging.NOTSET:
    # So that the line of each open appears in the log of a function, whose root logger lets warnings pass only.
    # It is shown by handlers of the application; where there are none, as in a script, it is not.
    logger.setLevel(logging.INFO)


class ModelpackError(Exception):
    """The base of all errors that this module raises by itself. The message is one line."""


class NotFound(ModelpackError):
    """There is no such bucket, object or file, or the bundle has no such model or file."""


class AccessDenied(ModelpackError):
    """S3 refused the credentials, or there are none."""


class NetworkError(ModelpackError):
    """S3 could not be reached or kept failing, also after retries."""


class Changed(ModelpackError):
    """The object was replaced while it was read."""


class Corrupt(ModelpackError):
    """The bundle is truncated or damaged, or it is no bundle."""


class NoRoom(ModelpackError):
    """The memory or the disk is too small; told before the first byte."""


class Unsupported(ModelpackError):
    """This machine, framework or file type cannot do what was asked for."""


# ---------------------------------------------------------------------------------------------------------------------
# The index


class Entry(NamedTuple):
    """A file of a bundle: its path in the tar, where its data stands, and what its sha256 has to be."""

    path: str
    offset: int
    size: int
    sha256: str


class Model(NamedTuple):
    """A model of a bundle. ``revision``, ``ref`` and ``license`` are None where they are not known."""

    name: str
    source: str
    revision: str | None
    ref: str | None
    license: str | None
    #: Paths of its files, in the model.
    files: tuple[str, ...]


class Index(NamedTuple):
    id: str
    #: Of the whole tar.
    size: int
    models: tuple[Model, ...]
    #: In the order of their offsets.
    entries: tuple[Entry, ...]


def _index_size(head: bytes, where: str) -> int:
    """Bytes of the index, from the tar header in front of it."""
    name = head[:100].rstrip(b"\0")
    digits = head[124:136].rstrip(b" \0")
    if len(head) < BLOCK or name != INDEX_NAME.encode() or head[257:262] != b"ustar" or not digits.isdigit():
        raise Corrupt(f"{where} is no bundle: it does not begin with {INDEX_NAME}; make one with modelpack fetch")
    try:
        size = int(digits, 8)
    except ValueError:
        size = 0
    if not 0 < size <= INDEX_LIMIT:
        raise _corrupt(where, f"its index has {size} bytes")
    return size


def _decode_index(data: bytes, total: int, where: str) -> Index:
    """Reads an index that comes from outside. docs/bundle-format.md: there is one spelling, and the id is its hash."""
    try:
        index = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _corrupt(where, "its index is no JSON") from None
    if isinstance(index, dict) and isinstance(index.get("format"), str) and index["format"] != FORMAT:
        raise Unsupported(f"{where} has format {index['format'][:40]!r}, and this loader reads {FORMAT}: update it")
    spelled = json.dumps(index, ensure_ascii=False, separators=(",", ":")) + "\n"
    # A lone surrogate is spelled \udxxx, as JSON.stringify does.
    if not _is_index(index) or spelled.encode("utf-8", "backslashreplace") != data:
        raise _corrupt(where, "its index is not well formed")
    if index["size"] != total:
        raise _corrupt(where, f"it has {total} bytes, and by its index {index['size']}")
    models = tuple(
        Model(
            model["name"],
            model["source"],
            model.get("revision"),
            model.get("ref"),
            model.get("license"),
            tuple(file["path"] for file in model["files"]),
        )
        for model in index["models"]
    )
    entries = sorted(
        (
            Entry(f"{model['name']}/{file['path']}", file["offset"], file["size"], file["sha256"])
            for model in index["models"]
            for file in model["files"]
        ),
        key=lambda entry: (entry.offset, entry.size),
    )
    _check_entries(entries, BLOCK + len(data), total, where)
    return Index(hashlib.sha256(data).hexdigest(), total, models, tuple(entries))


def _is_index(value: Any) -> bool:
    return _has(value, {"format": str, "size": int, "models": list}) and all(
        _has(model, {"name": str, "source": str, "revision": None, "ref": None, "license": None, "files": list})
        and all(
            _has(file, {"path": str, "offset": int, "size": int, "sha256": str})
            and re.fullmatch("[0-9a-f]{64}", file["sha256"])
            for file in model["files"]
        )
        for model in value["models"]
    )


def _has(value: Any, keys: Mapping[str, type | None]) -> bool:
    """Whether a value is an object of these keys, in this order. None stands for a text that may be missing."""
    if type(value) is not dict or list(value) != [key for key in keys if key in value]:
        return False
    for key, kind in keys.items():
        if key not in value:
            if kind is not None:
                return False
        elif type(value[key]) is not (kind or str) or (kind is int and not 0 <= value[key] <= INTEGER_MAX):
            return False
    return True


def _check_entries(entries: Sequence[Entry], start: int, total: int, where: str) -> None:
    seen: set[str] = {INDEX_NAME}
    for entry in entries:
        if not _is_path(entry.path):
            raise _corrupt(where, f"the path {entry.path[:100]!r} is not allowed")
        if entry.path in seen:
            raise _corrupt(where, f"two files have the path {entry.path[:100]!r}")
        seen.add(entry.path)
        # Each file has a header block in front of it, and the tar ends with two blocks of zeros.
        if entry.offset < start + BLOCK or entry.offset % BLOCK or entry.offset + entry.size > total - 2 * BLOCK:
            raise _corrupt(where, f"{entry.path[:100]!r} lies outside of it or in another file")
        start = entry.offset + entry.size
    for path in seen:
        above = path.split("/")[:-1]
        if any("/".join(above[:depth]) in seen for depth in range(1, len(above) + 1)):
            raise _corrupt(where, f"{path[:100]!r} lies in a file")


def _is_path(path: str) -> bool:
    """docs/bundle-format.md, section 2."""
    segments = path.split("/")
    return not (
        re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff\\\\]", path)
        or re.match("[A-Za-z]:", path)
        or any(segment in ("", ".", "..") or len(segment.encode()) > 255 for segment in segments)
        or len(path.encode()) > 4095
    )


def _corrupt(where: str, what: str) -> Corrupt:
    return Corrupt(f"{where} is a corrupt bundle: {what}; look at it with modelpack verify")


# ---------------------------------------------------------------------------------------------------------------------
# Memory


class Region(Protocol):
    """A piece of memory that is written once and then only read."""

    #: Of the memfd or file; None for memory without one.
    fd: int | None
    size: int

    def write(self, data: memoryview, at: int) -> None: ...

    def view(self) -> memoryview:
        """All of it. Writable, because torch wants that, but what is written is seen by nobody else."""

    def seal(self) -> None:
        """Nothing is written any more."""

    def close(self) -> None:
        """Gives the descriptor back. Views stay valid."""


#: A mapping keeps what it maps by itself, so that it needs no descriptor of its own, where that can be said.
_MAPPING: dict[str, Any] = {"access": mmap.ACCESS_COPY, **({"trackfd": False} if sys.version_info >= (3, 13) else {})}


class _Descriptor:
    """A memfd, or a file on disk: mapped when somebody looks at it, and not before.

    Its bytes are written by pwrite and not through a mapping: that spares a page fault for every 4,096 bytes, and
    took 0.75 s of CPU for 1 GiB instead of 1.0.
    """

    def __init__(self, fd: int, size: int, in_memory: bool = True) -> None:
        self.fd: int | None = fd
        self.size = size
        self._in_memory = in_memory
        if in_memory:
            _memfds.add(self)
        self._view: memoryview | None = None
        self._lock = threading.Lock()

    def write(self, data: memoryview, at: int) -> None:
        while len(data) > 0:
            written = os.pwrite(cast("int", self.fd), data, at)
            data, at = data[written:], at + written

    def view(self) -> memoryview:
        with self._lock:
            if self._view is None:
                if self.size == 0:
                    self._view = memoryview(bytearray())
                else:
                    # Private: pages are shared with all that read them until somebody writes into a tensor.
                    self._view = memoryview(mmap.mmap(cast("int", self.fd), self.size, **_MAPPING))
            return self._view

    def seal(self) -> None:
        if self._in_memory:
            import fcntl

            # F_SEAL_SEAL, SHRINK, GROW, WRITE (fcntl.h of Linux): no process can change the weights by their path.
            with contextlib.suppress(OSError):
                fcntl.fcntl(cast("int", self.fd), 1033, 1 | 2 | 4 | 8)

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
            _memfds.discard(self)


#: Those that are open.
_memfds: weakref.WeakSet[_Descriptor] = weakref.WeakSet()


class _Anonymous:
    """Memory without a descriptor, where there is no memfd."""

    fd: int | None = None

    def __init__(self, size: int) -> None:
        self.size = size
        self._view = memoryview(mmap.mmap(-1, size)) if size else memoryview(bytearray())

    def write(self, data: memoryview, at: int) -> None:
        self._view[at : at + len(data)] = data

    def view(self) -> memoryview:
        return self._view

    def seal(self) -> None:
        pass

    def close(self) -> None:
        pass


#: memfd_create in /usr/include/asm/unistd_64.h and asm-generic/unistd.h.
_SYSTEM_CALL = {"x86_64": 319, "aarch64": 279}


def _memfd_create(name: str) -> int:
    """A new memfd that can be sealed and is closed on exec. OSError where the system has none."""
    flags = 1 | 2  # MFD_CLOEXEC, MFD_ALLOW_SEALING
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, flags)
    # Python was built against a glibc before 2.27, as on Amazon Linux 2. The kernel has it since 3.17.
    number = _SYSTEM_CALL.get(platform.machine())
    if not sys.platform.startswith("linux") or number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    fd = int(ctypes.CDLL(None, use_errno=True).syscall(number, name.encode(), flags))
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return fd


def _first_fd(bundle_id: str) -> int:
    return FIRST_FD + int(bundle_id[:8], 16) % FD_SPREAD


def _memfd(name: str, size: int, first: int) -> _Descriptor:
    # At most 249 bytes, https://man7.org/linux/man-pages/man2/memfd_create.2.html
    shown = name.replace("/", "_").encode()[-200:].decode("utf-8", "ignore")
    fd = _renumber(_memfd_create(shown), first)
    try:
        os.ftruncate(fd, size)
    except BaseException:
        os.close(fd)
        raise
    return _Descriptor(fd, size)


def _renumber(fd: int, least: int) -> int:
    import fcntl

    for number in (least, FIRST_FD):
        with contextlib.suppress(OSError):  # the process may not have that many
            higher = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, number)
            os.close(fd)
            return higher
    return fd


def _region(name: str, size: int, first: int) -> Region:
    try:
        return _memfd(name, size, first)
    except OSError as error:
        if error.errno == errno.EMFILE:
            raise NoRoom(f"no descriptor is left for {name}: close files, or raise the limit (ulimit -n)") from None
        if error.errno == errno.ENOMEM:
            raise NoRoom(f"no memory is left for {name}, {_mb(size)}") from None
        return _Anonymous(size)


class Slot(NamedTuple):
    """Where the data of a file is."""

    region: Region
    offset: int


class _Plan(NamedTuple):
    """How files are put into memory: a memfd for each large one, and one for all the others, each at its own page."""

    #: Names and sizes.
    regions: tuple[tuple[str, int], ...]
    #: By path: the number of its region, and where it begins in it.
    places: Mapping[str, tuple[int, int]]

    def slots(self, regions: Sequence[Region]) -> dict[str, Slot]:
        return {path: Slot(regions[number], offset) for path, (number, offset) in self.places.items()}


def _plan_memory(entries: Sequence[Entry], bundle_id: str) -> _Plan:
    large = sorted((entry for entry in entries if entry.size > SMALL_SIZE), key=lambda entry: -entry.size)
    own = {entry.path: number for number, entry in enumerate(large[:MOST_MEMFDS], start=1)}
    places: dict[str, tuple[int, int]] = {}
    end = 0
    for entry in entries:
        if entry.path in own:
            places[entry.path] = (own[entry.path], 0)
        else:
            places[entry.path] = (0, end)
            end = _pages(end + entry.size)
    pack = (f"modelpack-{bundle_id[:16]}", end)
    return _Plan((pack, *((entry.path, entry.size) for entry in large[:MOST_MEMFDS])), places)


def _allocate(plan: _Plan, first: int) -> list[Region]:
    regions: list[Region] = []
    try:
        for name, size in plan.regions:
            regions.append(_region(name, size, first))
    except BaseException:
        _close(regions)
        raise
    return regions


def _close(regions: Iterable[Region]) -> None:
    for region in regions:
        region.close()


def _pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


# ---------------------------------------------------------------------------------------------------------------------
# Room


class _Limit(NamedTuple):
    what: str
    limit: int
    free: int


def _check_room(need: int, what: str) -> None:
    """Raises NoRoom if the memory that is free is less than ``need`` bytes, by the tightest limit that is known."""
    tightest = min(_limits(), key=lambda limit: limit.free, default=None)
    if tightest is None or tightest.free >= need:
        return
    missing = need - tightest.free
    advice = ""
    if "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" in os.environ:
        least = -(-(tightest.limit + missing) // MB)
        advice = f"; set MemorySize to at least {least} MB, and add what the model needs to compute"
    raise NoRoom(
        f"{what} needs {_mb(need)} of memory, and {_mb(max(0, tightest.free))} are free of the "
        f"{_mb(tightest.limit)} of {tightest.what}: {_mb(missing)} ({missing} bytes) are missing{advice}"
    )


def _limits() -> Iterator[_Limit]:
    configured = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    if configured.isdigit():
        limit = int(configured) * MB
        # What is in a memfd counts as resident only where it is mapped and was looked at.
        mapped = _status("RssShmem")
        held = sum(memory.size for memory in _memfds)
        yield _Limit("the function's memory", limit, limit - _status("VmRSS") + mapped - max(held, mapped))
    yield from _cgroup_limits()
    available = _field("/proc/meminfo", "MemAvailable")
    if available is not None:
        yield _Limit("the machine", _field("/proc/meminfo", "MemTotal") or available, available)
    with contextlib.suppress(ImportError, OSError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            yield _Limit("the address space (ulimit -v)", limit, limit - _status("VmSize"))


def _cgroup_limits() -> Iterator[_Limit]:
    """https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html."""
    for line in (_text("/proc/self/cgroup") or "").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers == "":
            root, names = "/sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = "/sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        segments = [segment for segment in path.split("/") if segment not in ("", "..")]
        # A limit holds for all groups below. In a container the path may be of the host, and its own group the root.
        for depth in range(len(segments), -1, -1):
            folder = "/".join([root, *segments[:depth]])
            limit, used = (_text(f"{folder}/{name}") for name in names[:2])
            if limit and used and limit.strip().isdigit() and used.strip().isdigit() and int(limit) < 2**60:
                cached = re.search(rf"^{names[2]} (\d+)$", _text(f"{folder}/memory.stat") or "", re.MULTILINE)
                free = int(limit) - int(used) + (int(cached[1]) if cached else 0)
                yield _Limit("the control group", int(limit), free)


def _status(name: str) -> int:
    return _field("/proc/self/status", name) or 0


def _field(file: str, name: str) -> int | None:
    """A line like ``MemTotal:  1234 kB``, in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", _text(file) or "", re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _text(file: str) -> str | None:
    try:
        with io.open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def _mb(size: int) -> str:
    return f"{size / MB:,.1f} MB"


# ---------------------------------------------------------------------------------------------------------------------
# S3


class _Retryable(Exception):
    """May pass when it is tried again."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Body(Protocol):
    def readinto(self, into: memoryview, /) -> int: ...


class _Connection(Protocol):
    def open(self, start: int, end: int) -> Body: ...

    def abort(self) -> None:
        """Called by another thread: ends a read that waits, where that can be done."""

    def close(self) -> None: ...


class _ClientBody:
    """The body of an answer that botocore gave, with the errors of a socket."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readinto(self, into: memoryview, /) -> int:
        import botocore.exceptions as failures

        try:
            data = self._body.read(len(into))
        except failures.BotoCoreError as error:
            raise OSError(_brief(error)) from None
        into[: len(data)] = data
        return len(data)


class Counters:
    """What an open has done so far. Threads add to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        self.retries = 0
        self.bytes = 0

    def add(self, requests: int = 0, retries: int = 0, size: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.retries += retries
            self.bytes += size


class S3Object:
    """An object of S3, pinned to the ETag that the first request saw."""

    def __init__(self, location: str, client: Any, counters: Counters, direct: bool) -> None:
        self.location = location
        self.bucket, _, self.key = location[len("s3://") :].partition("/")
        if not self.bucket or not self.key or re.search("[\ud800-\udfff]", location):
            raise ModelpackError(f"{location!r} is no address of an object: write s3://bucket/key")
        self.client = client
        self.counters = counters
        self.etag = ""
        self.size = 0
        self._direct = direct
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = threading.Lock()

    def tls(self) -> ssl.SSLContext:
        """One for all connections: to read the certificates takes longer than to connect."""
        with self._tls_lock:
            self._tls = self._tls or _tls_context()
            return self._tls

    def head(self, into: memoryview) -> int:
        """Reads the beginning of the object, and learns its size and its ETag. Returns how many bytes that is."""
        response = self.get(Range=f"bytes=0-{len(into) - 1}")
        # The one thing that this client repeats is a request to the bucket's region, which it learned from the first
        # answer. It goes there from now on, but the addresses that it signs are those of its own region.
        if response.get("ResponseMetadata", {}).get("RetryAttempts"):
            self._direct = False
        found = re.fullmatch(r"bytes 0-(\d+)/(\d+)", response.get("ContentRange") or "")
        if found:
            end, self.size = int(found[1]) + 1, int(found[2])
        else:  # a server without ranges, or one that sends a small object whole
            self.size = int(response.get("ContentLength") or 0)
            end = min(self.size, len(into))
        self.etag = response.get("ETag") or ""
        if not 0 < end <= len(into) or end > self.size:
            raise NetworkError(f"{self.location}: S3 answered with a range that was not asked for")
        body, filled = _ClientBody(response["Body"]), 0
        with contextlib.closing(response["Body"]):
            while filled < end:
                filled += _read(body, into[filled:end])
        return end

    def connection(self) -> _Connection:
        """For one thread: opens ranges, one after the other."""
        return _Direct(self) if self._direct else _ByClient(self)

    def check_range(self, header: str | None, etag: str | None, start: int, end: int) -> None:
        """Raises if an answer is another range than was asked for, or of another object."""
        if self.etag and etag != self.etag:  # some servers do not know If-Match
            raise self.changed()
        if header == f"bytes {start}-{end - 1}/{self.size}":
            return
        if header is None:
            raise Unsupported(f"{self.location}: the server does not answer ranges")
        if header.endswith(f"/{self.size}"):
            raise NetworkError(f"{self.location}: S3 answered with a range that was not asked for")
        raise self.changed()

    def changed(self) -> Changed:
        return Changed(f"{self.location} was replaced while it was read; open it again")

    def get(self, **parameters: Any) -> dict[str, Any]:
        import botocore.exceptions as failures

        self.counters.add(requests=1)
        try:
            return cast("dict[str, Any]", self.client.get_object(Bucket=self.bucket, Key=self.key, **parameters))
        except failures.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            response = error.response.get("ResponseMetadata", {})
            after = response.get("HTTPHeaders", {}).get("retry-after")
            raise self.failure(int(response.get("HTTPStatusCode") or 0), code, after) from None
        except (failures.NoCredentialsError, failures.PartialCredentialsError, failures.CredentialRetrievalError):
            raise AccessDenied(
                f"{self.location}: there are no AWS credentials; a function has those of its role"
            ) from None
        except (failures.ParamValidationError, failures.InvalidRegionError) as error:
            raise ModelpackError(f"{self.location}: {_brief(error)}") from None
        except (failures.HTTPClientError, failures.ConnectionError) as error:
            raise self.unreachable(error) from None
        except failures.BotoCoreError as error:
            raise ModelpackError(f"{self.location}: {_brief(error)}") from None

    def address(self) -> str:
        """The object's, signed for an hour."""
        import botocore.exceptions as failures

        try:
            parameters = {"Bucket": self.bucket, "Key": self.key}
            return str(self.client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=3600))
        except failures.BotoCoreError as error:  # credentials that ran out and could not be had again
            raise AccessDenied(f"{self.location}: {_brief(error)}") from None

    def unreachable(self, error: Exception) -> Exception:
        """What it means that no answer came."""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return NetworkError(
                f"{self.location}: the certificate of the server is not trusted; AWS_CA_BUNDLE names others to trust"
            )
        return _Retryable(_brief(error))

    def failure(self, status: int, code: str, after: str | None) -> Exception:
        """What an answer means that is not the object. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""
        name = code or str(status)
        if status in (408, 429) or status >= 500 or code in ("SlowDown", "RequestTimeout", "Throttling"):
            seconds = float(after) if after and after.isdigit() else 0.0
            return _Retryable(f"S3 answered {status} {code}".rstrip(), min(seconds, 30.0))
        if code in ("RequestTimeTooSkewed", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
            return AccessDenied(f"{self.location}: S3 does not accept the credentials ({code})")
        if code == "InvalidObjectState":
            return AccessDenied(f"{self.location}: it is archived; restore it, or keep it in another storage class")
        if status in (401, 403):
            return AccessDenied(
                f"{self.location}: access denied ({name}); the role needs s3:GetObject on it, and kms:Decrypt if it is "
                "encrypted with a key of KMS. Without s3:ListBucket S3 says the same of an object that is not there"
            )
        if code == "NoSuchBucket":
            return NotFound(f"{self.location}: there is no bucket {self.bucket!r}")
        if self.etag and status in (404, 412, 416):
            return self.changed()
        if status == 404:
            return NotFound(f"{self.location}: there is no such object")
        if status == 416:
            return Corrupt(f"{self.location} is no bundle: it is empty")
        return NetworkError(f"{self.location}: S3 answered {name}")


class _ByClient:
    """Ranges by a client of botocore, for what only it knows how to reach."""

    def __init__(self, target: S3Object) -> None:
        self._target = target

    def open(self, start: int, end: int) -> Body:
        target = self._target
        pinned = {"IfMatch": target.etag} if target.etag else {}
        response = target.get(Range=f"bytes={start}-{end - 1}", **pinned)
        target.check_range(response.get("ContentRange"), response.get("ETag"), start, end)
        return _ClientBody(response["Body"])

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


_AGENT = f"modelpack-runtime/{__version__} python/{platform.python_version()}"


class _Direct:
    """A connection of one thread, without the layers of botocore between socket and memory.

    botocore signs the address; http.client reads from the socket into the buffer that it is given. Reading through
    botocore and urllib3 copies every byte once or twice more, and took 1.7 times the CPU for 1 GiB.
    """

    def __init__(self, target: S3Object) -> None:
        self._target = target
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._path = ""

    def open(self, start: int, end: int) -> Body:
        target = self._target
        try:
            connection = self._connection or self._connect()
            headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity", "User-Agent": _AGENT}
            if target.etag:
                headers["If-Match"] = target.etag
            target.counters.add(requests=1)
            connection.request("GET", self._path, headers=headers)
            response = connection.getresponse()
            if response.status == 206:
                target.check_range(response.getheader("Content-Range"), response.getheader("ETag"), start, end)
                return cast("Body", response)
            if response.status == 200:
                raise Unsupported(f"{target.location}: the server does not answer ranges")
            text = response.read(64 * 1024).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise target.unreachable(error) from None
        self.close()
        code = re.search("<Code>([A-Za-z0-9.]{1,100})</Code>", text)
        raise target.failure(response.status, code[1] if code else "", response.getheader("Retry-After"))

    def _connect(self) -> http.client.HTTPConnection:
        target = self._target
        parts = urllib.parse.urlsplit(target.address())
        self._path = f"{parts.path}?{parts.query}"
        host = cast("str", parts.hostname)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, parts.port, timeout=CONNECT_TIMEOUT, context=target.tls())
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=CONNECT_TIMEOUT)
        connection.connect()
        connection.sock.settimeout(READ_TIMEOUT)
        self._connection, self._socket = connection, connection.sock
        return connection

    def abort(self) -> None:
        if own := self._socket:
            with contextlib.suppress(OSError):
                # Not that of SSLSocket, after which the other thread would read on without TLS.
                socket.socket.shutdown(own, socket.SHUT_RDWR)

    def close(self) -> None:
        """The next range gets a new connection, and an address that is signed anew."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._socket = None


def _tls_context() -> ssl.SSLContext:
    """Trusts whom botocore trusts."""
    import botocore.httpsession
    import botocore.session

    bundle = botocore.session.get_session().get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    return ssl.create_default_context(cafile=bundle or botocore.httpsession.where())


def _has_proxy(client: Any) -> bool:
    """Whether requests have to go through a proxy: then botocore, which knows how, makes them all."""
    address = urllib.parse.urlsplit(client.meta.endpoint_url)
    configured = getattr(client.meta.config, "proxies", None)
    proxies = configured or urllib.request.getproxies()
    return address.scheme in proxies and (bool(configured) or not urllib.request.proxy_bypass(address.hostname or ""))


def _s3_client(options: _Options) -> Any:
    try:
        import botocore.config
        import botocore.session
    except ImportError:
        raise Unsupported("s3:// needs boto3: pip install boto3") from None
    import botocore.exceptions as failures

    endpoint = options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    settings: dict[str, Any] = {
        "signature_version": "s3v4",
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": READ_TIMEOUT,
        "max_pool_connections": options.connections,
        # Each range is retried here, from the byte reached. Twice would be no better, only longer.
        "retries": {"total_max_attempts": 1},
        "user_agent_extra": _AGENT,
        # As the command line does: other servers than AWS rarely have a name for each bucket.
        **({"s3": {"addressing_style": "path"}} if endpoint else {}),
    }
    try:
        # A range has no checksum of its own; asking for it costs a layer.
        config = botocore.config.Config(response_checksum_validation="when_required", **settings)
    except TypeError:  # before botocore 1.36
        config = botocore.config.Config(**settings)
    try:
        return botocore.session.get_session().create_client(
            "s3", region_name=options.region, endpoint_url=endpoint, config=config
        )
    except (failures.BotoCoreError, ValueError) as error:
        raise ModelpackError(f"no client for S3 could be made: {_brief(error)}") from None


def _read(body: Body, into: memoryview) -> int:
    """How many bytes came, at least one."""
    try:
        count = body.readinto(into)
    except (OSError, http.client.HTTPException) as error:
        raise _Retryable(_brief(error)) from None
    if count == 0:
        raise _Retryable("the connection was closed in the middle of an answer")
    return count


def _brief(error: BaseException) -> str:
    """One line, without the query of an address: it is signed."""
    text = str(error) or type(error).__name__
    return re.sub(r"\?[^\s\"']*", "?…", " ".join(text.split()))[:300]


# ---------------------------------------------------------------------------------------------------------------------
# The transfer


class Span(NamedTuple):
    """A range of the bundle, from ``start`` up to ``end``."""

    start: int
    end: int


def _spans(entries: Sequence[Entry], start: int, connections: int) -> list[Span]:
    """What has to be asked for, given that everything before ``start`` is there: in ranges of about a part."""
    wanted: list[Span] = []
    for entry in entries:
        begin, end = max(entry.offset, start), entry.offset + entry.size
        if begin >= end:
            continue
        if wanted and begin - wanted[-1].end <= NEAR:
            wanted[-1] = Span(wanted[-1].start, end)
        else:
            wanted.append(Span(begin, end))
    total = sum(span.end - span.start for span in wanted)
    size = min(PART_SIZE, max(LEAST_PART_SIZE, -(-total // connections)))
    # On a grid, so that a range lies within one part of the upload: S3 reads that fastest.
    size = max(LEAST_PART_SIZE, 1 << (size - 1).bit_length()) if size < PART_SIZE else PART_SIZE
    return [
        Span(begin, min(span.end, (begin // size + 1) * size))
        for span in wanted
        for begin in [span.start, *range((span.start // size + 1) * size, span.end, size)]
    ]


class _Sink(Protocol):
    def write(self, data: memoryview, at: int) -> None: ...


class _Scatter:
    """Takes the bytes of the bundle in any order, and puts those of files where they belong."""

    def __init__(self, entries: Sequence[Entry], slots: Mapping[str, Slot]) -> None:
        self._entries = [entry for entry in entries if entry.size > 0]
        self._starts = [entry.offset for entry in self._entries]
        self._slots = slots

    def pieces(self, start: int, end: int) -> Iterator[tuple[Entry, int, int]]:
        """Files with bytes between ``start`` and ``end``, and which: from, to, in the bundle."""
        at = max(0, bisect.bisect_right(self._starts, start) - 1)
        for entry in self._entries[at:]:
            if entry.offset >= end:
                break
            begin, stop = max(start, entry.offset), min(end, entry.offset + entry.size)
            if begin < stop:
                yield entry, begin, stop

    def write(self, data: memoryview, at: int) -> None:
        for entry, begin, stop in self.pieces(at, at + len(data)):
            slot = self._slots[entry.path]
            slot.region.write(data[begin - at : stop - at], slot.offset + begin - entry.offset)


class _Transfer:
    """Brings all spans, several at once, and stops everything at the first failure."""

    def __init__(self, target: S3Object, spans: Sequence[Span], sink: _Sink, hashes: _Hashes | None) -> None:
        self._target = target
        self._spans = spans
        self._sink = sink
        self._hashes = hashes
        self._next = iter(range(len(spans)))
        self._done = [False] * len(spans)
        self._changed = threading.Condition()
        self._connections: list[_Connection] = []
        self._failure: BaseException | None = None

    def run(self, connections: int) -> None:
        """Brings everything, or raises the first failure when all threads have stopped."""
        works: list[Callable[[], None]] = [self._work] * min(connections, len(self._spans))
        if self._hashes:
            works.append(self._follow)
        threads = [threading.Thread(target=self._guard, args=(work,), name="modelpack", daemon=True) for work in works]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException as error:
            self._fail(error)
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            if isinstance(error, RuntimeError):
                raise NoRoom(f"{self._target.location}: no thread can be started; ask for fewer connections") from None
            raise
        if self._failure:
            raise self._failure

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()
            for connection in self._connections:
                connection.abort()

    def _work(self) -> None:
        buffer = memoryview(bytearray(STEP))
        with contextlib.closing(self._target.connection()) as connection:
            with self._changed:
                self._connections.append(connection)
            while not self._failure:
                with self._changed:
                    number = next(self._next, None)
                if number is None:
                    return
                self._bring(self._spans[number], connection, buffer)
                with self._changed:
                    self._done[number] = True
                    self._changed.notify_all()

    def _bring(self, span: Span, connection: _Connection, buffer: memoryview) -> None:
        reached = span.start

        def attempt() -> None:
            nonlocal reached
            body = connection.open(reached, span.end)
            while reached < span.end and not self._failure:
                count = _read(body, buffer[: span.end - reached])
                self._sink.write(buffer[:count], reached)
                reached += count
                self._target.counters.add(size=count)

        def wait(seconds: float) -> bool:
            connection.close()  # the rest of an answer would be taken for the next one
            return self._wait(seconds)

        _retry(attempt, lambda: reached, self._target, wait)

    def _wait(self, seconds: float) -> bool:
        """Whether to go on after that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None, seconds)
            return self._failure is None

    def _follow(self) -> None:
        """Hashes what has arrived, in the order of the bundle."""
        hashes = cast("_Hashes", self._hashes)
        for number, span in enumerate(self._spans):
            with self._changed:
                while not self._done[number] and self._failure is None:
                    self._changed.wait()
            if self._failure:
                return
            hashes.update(span.start, span.end)


def _retry(
    attempt: Callable[[], None], reached: Callable[[], int], target: S3Object, wait: Callable[[float], bool]
) -> None:
    """Tries until it works, or until it failed too often without a new byte."""
    failures, best = 0, reached()
    while True:
        try:
            return attempt()
        except _Retryable as failure:
            if reached() > best:
                failures, best = 0, reached()
            failures += 1
            if failures > RETRIES:
                raise NetworkError(f"{target.location}: gave up after {RETRIES} retries: {failure}") from None
            target.counters.add(retries=1)
            delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1)) * random.uniform(0.5, 1)
            if not wait(max(delay, failure.after)):
                return None


class _Hashes:
    """Checks the sha256 of every file in passing. Has to be given the bundle's bytes in their order."""

    def __init__(self, scatter: _Scatter, slots: Mapping[str, Slot], entries: Iterable[Entry], where: str) -> None:
        self._scatter = scatter
        self._slots = slots
        self._where = where
        self._open = {}
        for entry in entries:
            self._open[entry.path] = hashlib.sha256()
            if entry.size == 0:
                self._finish(entry)

    def update(self, start: int, end: int) -> None:
        for entry, begin, stop in self._scatter.pieces(start, end):
            slot = self._slots[entry.path]
            view = slot.region.view()
            at = slot.offset + begin - entry.offset
            self._open[entry.path].update(view[at : at + stop - begin])
            if stop == entry.offset + entry.size:
                self._finish(entry)

    def _finish(self, entry: Entry) -> None:
        if self._open.pop(entry.path).hexdigest() != entry.sha256:
            raise Corrupt(f"{self._where}: {entry.path} does not have the sha256 of the index; upload it again")


# ---------------------------------------------------------------------------------------------------------------------
# One copy for several processes


class _Shared:
    """What one process of this user brought into memory, for the others.

    A note in a folder of the user's own says which descriptors hold it. Another process opens them through
    /proc/<pid>/fd and so holds the same memory, also when the first one has ended. They are sealed, so nobody can
    change what all of them read. Used under a lock: who comes second waits until the first one is done.
    """

    def __init__(self, file: str) -> None:
        self._file = file

    def adopt(self, index: Index, etag: str, plan: _Plan) -> list[Region] | None:
        for holder in self._holders(index, etag):
            regions = _adopt(holder, plan)
            if regions is not None:
                return regions
        return None

    def announce(self, index: Index, etag: str, regions: Sequence[Region]) -> None:
        """Notes that this process has it too."""
        holders = [holder for holder in self._holders(index, etag) if holder["pid"] != os.getpid()]
        own = [[region.fd, os.fstat(cast("int", region.fd)).st_ino] for region in regions]
        holders.append({"pid": os.getpid(), "started": _started(os.getpid()), "regions": own})
        note = {"id": index.id, "etag": etag, "holders": holders}
        _write_whole(self._file, json.dumps(note).encode())

    def _holders(self, index: Index, etag: str) -> list[dict[str, Any]]:
        try:
            note = json.loads(_text(self._file) or "null")
            if note["id"] != index.id or note["etag"] != etag:
                return []
            return [holder for holder in note["holders"] if holder["started"] == _started(int(holder["pid"]))]
        except (ValueError, TypeError, KeyError):
            return []


@contextlib.contextmanager
def _shared(key: str) -> Iterator[_Shared]:
    import fcntl

    file = os.path.join(_own_folder(), hashlib.sha256(key.encode()).hexdigest()[:16])
    try:
        lock = os.open(f"{file}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NoRoom(f"{file}.lock cannot be made: {error.strerror}") from None
    _locks.add(lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _Shared(f"{file}.json")
    finally:
        _locks.discard(lock)
        os.close(lock)


#: Descriptors of the locks that this process holds or waits for.
_locks: set[int] = set()


def _leave_locks() -> None:
    """In a child that was forked: a lock lasts until all who hold it close it, and the child would wait for itself."""
    while _locks:
        os.close(_locks.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_locks)


def _adopt(holder: Mapping[str, Any], plan: _Plan) -> list[Region] | None:
    """The memory of another process; None if it is not there any more or not what was noted."""
    import fcntl

    regions: list[Region] = []
    try:
        for (_, size), (number, inode) in zip(plan.regions, holder["regions"]):
            fd = os.open(f"/proc/{int(holder['pid'])}/fd/{int(number)}", os.O_RDONLY | os.O_CLOEXEC)
            regions.append(_Descriptor(_renumber(fd, int(number)), size))
            found = os.fstat(cast("int", regions[-1].fd))
            sealed = fcntl.fcntl(cast("int", regions[-1].fd), 1034) & 8  # F_GET_SEALS, F_SEAL_WRITE
            if found.st_ino != inode or found.st_size != size or not sealed:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        if len(regions) != len(plan.regions):
            raise ValueError
    except (OSError, ValueError, TypeError):
        _close(regions)
        return None
    return regions


def _started(pid: int) -> str | None:
    """When a process began, in ticks since the machine did: a number of a process is used again, not both."""
    text = _text(f"/proc/{pid}/stat")
    return text.rpartition(")")[2].split()[19] if text else None


def _own_folder() -> str:
    """A folder for temporary files that no other user can write to."""
    folder = os.path.join(tempfile.gettempdir(), f"modelpack-{os.getuid()}")
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise ModelpackError(f"{folder} belongs to somebody else: remove it, or set TMPDIR") from None
    except OSError as error:
        raise NoRoom(f"{folder} cannot be made: {error.strerror}; set TMPDIR to a folder that can be written") from None
    return folder


# ---------------------------------------------------------------------------------------------------------------------
# Tensors


#: https://github.com/huggingface/safetensors (safetensors/src/tensor.rs): bytes of an element, and how it is called by
#: torch and by numpy; None where numpy needs ml_dtypes for it.
_DTYPES: Mapping[str, tuple[int, str, str | None]] = {
    "BOOL": (1, "bool", "?"),
    "U8": (1, "uint8", "u1"),
    "I8": (1, "int8", "i1"),
    "U16": (2, "uint16", "<u2"),
    "I16": (2, "int16", "<i2"),
    "U32": (4, "uint32", "<u4"),
    "I32": (4, "int32", "<i4"),
    "U64": (8, "uint64", "<u8"),
    "I64": (8, "int64", "<i8"),
    "F16": (2, "float16", "<f2"),
    "F32": (4, "float32", "<f4"),
    "F64": (8, "float64", "<f8"),
    "C64": (8, "complex64", "<c8"),
    "BF16": (2, "bfloat16", None),
    "F8_E4M3": (1, "float8_e4m3fn", None),
    "F8_E5M2": (1, "float8_e5m2", None),
    "F8_E4M3FNUZ": (1, "float8_e4m3fnuz", None),
    "F8_E5M2FNUZ": (1, "float8_e5m2fnuz", None),
    "F8_E8M0": (1, "float8_e8m0fnu", None),
}
#: The format's own limit (safetensors/src/tensor.rs).
_HEADER_LIMIT = 100_000_000


class _Tensor(NamedTuple):
    name: str
    dtype: str
    shape: tuple[int, ...]
    #: In the file.
    start: int
    end: int


def _read_header(view: memoryview, where: str) -> list[_Tensor]:
    """The header of a safetensors file, checked as hostile input."""
    length = int.from_bytes(view[:8], "little")
    if len(view) < 8 or length > min(_HEADER_LIMIT, len(view) - 8):
        raise Corrupt(f"{where} is no safetensors file: its header has {length} bytes")
    try:
        header = json.loads(bytes(view[8 : 8 + length]).decode("utf-8"))
        header.pop("__metadata__", None)
        tensors = [
            _Tensor(name, value["dtype"], _extents(value["shape"]), *_extents(value["data_offsets"]))
            for name, value in header.items()
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Corrupt(f"{where} is no safetensors file: its header is not well formed") from None
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    begin = 8 + length
    end = 0
    for tensor in tensors:
        if not isinstance(tensor.dtype, str) or tensor.dtype not in _DTYPES:
            raise Unsupported(f"{where}: the tensor {tensor.name[:100]!r} has the type {str(tensor.dtype)[:20]!r}")
        size = _DTYPES[tensor.dtype][0]
        for extent in tensor.shape:
            size *= extent
        if tensor.start != end or tensor.end != end + size:
            raise Corrupt(f"{where}: the tensor {tensor.name[:100]!r} does not lie where the header says")
        end = tensor.end
    if begin + end != len(view):
        raise Corrupt(f"{where}: {len(view) - begin - end} bytes belong to no tensor")
    return [tensor._replace(start=begin + tensor.start, end=begin + tensor.end) for tensor in tensors]


def _extents(value: Any) -> tuple[int, ...]:
    if type(value) is not list or not all(type(each) is int and 0 <= each < 2**63 for each in value):
        raise ValueError(value)
    return tuple(value)


def _torch_tensors(tensors: Sequence[_Tensor], view: memoryview, where: str) -> dict[str, Any]:
    import torch

    state = {}
    for name, dtype, shape, start, end in tensors:
        size, kind, _ = _DTYPES[dtype]
        if not hasattr(torch, kind):
            raise Unsupported(f"{where}: torch {torch.__version__} has no {kind}, which {name!r} needs")
        if start == end:
            state[name] = torch.empty(shape, dtype=getattr(torch, kind))
            continue
        # Where a header was not padded, what follows is not aligned, and kernels may not take that.
        data = view[start:end] if start % size == 0 else bytearray(view[start:end])
        state[name] = torch.frombuffer(data, dtype=getattr(torch, kind)).reshape(shape)
    return state


def _numpy_arrays(tensors: Sequence[_Tensor], view: memoryview, where: str) -> dict[str, Any]:
    import numpy

    state = {}
    for name, dtype, shape, start, end in tensors:
        _, kind, code = _DTYPES[dtype]
        if code is None:
            try:
                import ml_dtypes
            except ImportError:
                raise Unsupported(
                    f"{where}: numpy has no {kind}, which {name!r} needs: add torch or ml_dtypes"
                ) from None
            if not hasattr(ml_dtypes, kind):
                raise Unsupported(f"{where}: ml_dtypes {ml_dtypes.__version__} has no {kind}, which {name!r} needs")
        element = numpy.dtype(code) if code else numpy.dtype(getattr(ml_dtypes, kind))
        state[name] = numpy.frombuffer(view[start:end], dtype=element).reshape(shape)
    return state


# ---------------------------------------------------------------------------------------------------------------------
# Folders


_REPOSITORY = re.compile(r"hf:[\w.-]+(/[\w.-]+)?", re.ASCII)


def _home(model: Model, where: str) -> str:
    """Where a library looks for a model's files below its cache path, as ``modelpack unpack --layout cache`` knows."""
    scheme = model.source.partition(":")[0]
    if scheme == "hf":
        if not _REPOSITORY.fullmatch(model.source) or not re.fullmatch("[0-9a-f]{40}", model.revision or ""):
            raise _corrupt(where, f"{model.source[:100]!r} is no repository at a commit")
        return f"{_repository(model)}/snapshots/{model.revision}"
    return {"clip": "", "whisper": "", "easyocr": "model"}.get(scheme, model.name)


def _repository(model: Model) -> str:
    return "models--" + model.source[len("hf:") :].replace("/", "--")


def _references(models: Sequence[Model]) -> Iterator[tuple[str, str]]:
    """Paths and contents of the branches and tags of the Hub's cache. A loader that is told none looks for main."""
    hub = [model for model in models if model.source.startswith("hf:")]
    for model in hub:
        if model.ref is not None:
            yield f"{_repository(model)}/refs/{model.ref}", cast("str", model.revision)
    for model in hub:
        if all(other.source != model.source or other.revision == model.revision for other in hub):
            yield f"{_repository(model)}/refs/main", cast("str", model.revision)


def _write_whole(path: str, data: bytes | memoryview) -> None:
    """Writes a file that is there whole or not at all. Leaves an equal one as it is."""
    try:
        with io.open(path, "rb") as present:
            if not os.path.islink(path) and present.read(len(data) + 1) == data:
                return
    except OSError:
        pass
    temporary = _temporary(path)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # what was left there may be a link
        with io.open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise NoRoom(f"{path} ({_mb(len(data))}) cannot be written: {error.strerror}") from None


def _link(path: str, target: str) -> None:
    temporary = _temporary(path)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        os.symlink(target, temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise NoRoom(f"{path} cannot be made: {error.strerror}") from None


def _temporary(path: str) -> str:
    """Beside it. A process that died in the middle leaves it to the next one that has its number, or to the sweep."""
    return os.path.join(os.path.dirname(path), f".modelpack-{os.getpid()}-{threading.get_ident()}.part")


def _make_folder(folder: str) -> None:
    """Makes it, and clears away what a crashed process left in it."""
    try:
        os.makedirs(folder, exist_ok=True)
        names = os.listdir(folder)
    except OSError as error:
        raise NoRoom(f"{folder} cannot be made: {error.strerror}") from None
    for name in names:
        found = re.fullmatch(r"\.modelpack-(\d+)-\d+\.part", name)
        if found and not os.path.exists(f"/proc/{found[1]}"):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))


# ---------------------------------------------------------------------------------------------------------------------
# The bundle


class Bundle:
    """An open bundle. Made by ``open``; every file of it is in memory, or in a file that is mapped.

    Looking at a file takes no copy of it. Threads may share a bundle, and children that were forked too.
    """

    def __init__(self, location: str, opened: _Opened, stats: dict[str, Any], inheritable: bool) -> None:
        index = opened.contents
        #: Where it was opened.
        self.location = location
        #: sha256 of the index, hex: equal ids, equal bytes.
        self.id = index.id
        #: Bytes of the whole tar.
        self.size = index.size
        #: By name.
        self.models: dict[str, Model] = {model.name: model for model in index.models}
        #: What the open took: bytes, seconds, megabytes_per_second, requests, retries, and whether it was shared.
        self.stats = stats
        self._models = index.models
        self._entries = {entry.path: entry for entry in index.entries}
        self._slots = opened.slots
        self._regions = opened.regions
        #: Memfds for the paths of files that have none of their own.
        self._copies: dict[str, _Descriptor] = {}
        #: The same memory under the numbers that other processes gave it.
        self._aliases: list[_Descriptor] = []
        self._inheritable = inheritable
        self._lock = threading.RLock()
        self._closed = False
        if inheritable:
            for region in opened.regions:
                if region.fd is not None:
                    os.set_inheritable(region.fd, True)

    def files(self, model: str | None = None) -> list[str]:
        """Paths of all files that were opened, or of those of one model, in the order of the bundle."""
        opened = [path for path in self._entries if path in self._slots]
        if model is None:
            return opened
        own = {f"{model}/{path}" for path in self._model(model).files}
        return [path for path in opened if path in own]

    def __iter__(self) -> Iterator[str]:
        return iter(self.files())

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, path: object) -> bool:
        return path in self._slots

    def __repr__(self) -> str:
        return f"<Bundle {self.location} {self.id[:16]}: {len(self)} files, {_mb(self.size)}>"

    def __getitem__(self, path: str) -> memoryview:
        """The bytes of a file, read-only. Raises NotFound."""
        return self._view(path).toreadonly()

    def text(self, path: str) -> str:
        """A file as text in UTF-8."""
        return str(self._view(path), "utf-8")

    def json(self, path: str) -> Any:
        """What a JSON file says."""
        return json.loads(self.text(path))

    def file(self, path: str) -> BinaryIO:
        """A binary file object over the same memory, with a position of its own."""
        entry, slot = self._find(path)
        if self._is_own(entry, slot):
            return io.open(self.path(path), "rb")
        return cast("BinaryIO", io.BufferedReader(_Reader(self[path])))

    def path(self, path: str) -> str:
        """A path to the file in RAM, for libraries that insist on one: /proc/self/fd/N.

        Valid in this process and in children that were forked. A program that is started anew sees it if the bundle
        was opened with ``inheritable=True`` and it is given the descriptors (``subprocess.run(…, close_fds=False)``).
        The file is copied once if it is small or comes from a bundle on disk; large ones of S3 have a memfd already.

        Raises NotFound; Unsupported where there is no memfd, as on macOS.
        """
        entry, slot = self._find(path)
        with self._lock:
            _kept.add(self)
            if self._is_own(entry, slot):
                return f"/proc/self/fd/{slot.region.fd}"
            if path not in self._copies:
                self._copies[path] = self._copy(entry)
            return f"/proc/self/fd/{self._copies[path].fd}"

    def tensors(self, path: str, framework: str | None = None) -> dict[str, Any]:
        """The tensors of a file by their names, on the same memory: nothing is copied, and nothing is unpickled.

        ``path`` is a ``.safetensors`` file, an ``….index.json`` that names several of them, or a model: then its
        safetensors weights are found. A file of ``torch.save`` (.bin, .pt, .pth, .ckpt) is loaded by
        ``torch.load(mmap=True, weights_only=True)``, which copies nothing either.

        ``framework`` is "torch" or "numpy"; torch if it is installed. What is written into a tensor is seen by nobody
        else, and takes memory then.

        Raises NotFound, Corrupt, and Unsupported for types that the framework does not have.
        """
        framework = framework or ("torch" if importlib.util.find_spec("torch") else "numpy")
        if framework not in ("torch", "numpy"):
            raise ModelpackError(f"the framework {framework!r} is not known: torch or numpy")
        if path in self.models:
            path = self._weights(path)
        if path.endswith(".index.json"):
            state: dict[str, Any] = {}
            for shard in self._shards(path):
                state.update(self.tensors(shard, framework))
            return state
        if path.endswith((".bin", ".pt", ".pth", ".ckpt")):
            if framework != "torch":
                raise Unsupported(f"{path} can be read by torch only")
            import torch

            return cast("dict[str, Any]", torch.load(self.path(path), map_location="cpu", mmap=True, weights_only=True))
        view = self._view(path)
        where = f"{self.location}: {path}"
        found = _read_header(view, where)
        return _torch_tensors(found, view, where) if framework == "torch" else _numpy_arrays(found, view, where)

    def mount(self, model: str, folder: str | None = None) -> str:
        """Makes a folder of a model's files, for code that takes one: ``from_pretrained(bundle.mount(name))``.

        Files up to 1 MB are real, larger ones are links into RAM. Without ``folder`` it is one below the temporary
        folder, the same one for every call. What is there already is used again, and what a crashed process left is
        put right. Valid as long as this process, or until ``close``.

        Returns the folder. Raises NotFound, Unsupported (no memfd) and NoRoom.
        """
        found = self._model(model)
        if folder is None:
            folder = os.path.join(_own_folder(), self.id[:16], found.name)
        opened = {path: member for path in found.files for member in [f"{found.name}/{path}"] if member in self._slots}
        self._check_open()
        if found.files and not opened:
            raise NotFound(f"{self.location}: {found.name} was left out by only=")
        self._put({os.path.join(folder, path): member for path, member in opened.items()})
        return folder

    def mount_cache(self, root: str | None = None) -> str:
        """Makes what each library expects below its cache path, with links into RAM for files over 1 MB.

        The Hub's cache (``refs``, ``snapshots``), and the folders of CLIP, EasyOCR and Whisper, as ``modelpack unpack
        --layout cache`` does it. ``environment(root)`` gives the variables that make libraries look there. ``root`` is
        by default ``MODEL_CACHE_FS_PATH``, or else /tmp/models.

        Returns the folder. Raises as ``mount`` does.
        """
        self._check_open()
        root = _cache_root(root)
        targets: dict[str, str] = {}
        for model in self._models:
            home = _home(model, self.location)
            for path in model.files:
                target = os.path.normpath(os.path.join(root, home, path))
                member = f"{model.name}/{path}"
                other = targets.setdefault(target, member)
                if self._entries[other].sha256 != self._entries[member].sha256:
                    raise ModelpackError(f"{other} and {member} would both be {target}: mount them one by one")
        self._put({target: member for target, member in targets.items() if member in self._slots})
        if any(model.source.startswith("easyocr:") for model in self._models):
            _make_folder(os.path.join(root, "user_network"))
        for path, commit in _references(self._models):
            if not _is_path(path):
                raise _corrupt(self.location, f"the reference {path[:100]!r} is not allowed")
            target = os.path.join(root, path)
            _make_folder(os.path.dirname(target))
            _write_whole(target, commit.encode())
        return root

    def verify(self) -> None:
        """Compares the sha256 of every file that was opened with the index. Raises Corrupt."""
        _verify([self._entries[path] for path in self.files()], self._slots, self.location)

    def metrics(self, namespace: str = "modelpack") -> dict[str, Any]:
        """What the open took, as a line for CloudWatch: ``print(json.dumps(bundle.metrics()))``.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
        """
        units = {
            "Bytes": "Bytes",
            "Seconds": "Seconds",
            "MegabytesPerSecond": "Megabytes/Second",
            "Requests": "Count",
            "Retries": "Count",
        }
        keys = ("bytes", "seconds", "megabytes_per_second", "requests", "retries")
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        return {
            "_aws": {
                "Timestamp": int(self.stats["opened"] * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": namespace,
                        "Dimensions": [["FunctionName"] if function else []],
                        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
                    }
                ],
            },
            **({"FunctionName": function} if function else {}),
            "Bundle": self.location,
            "BundleId": self.id,
            **{name: self.stats[key] for name, key in zip(units, keys)},
        }

    def close(self) -> None:
        """Gives the memory back as soon as nothing looks at it any more. Paths and folders lose what they lead to."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            _kept.discard(self)
            _close([*self._regions, *self._copies.values(), *self._aliases])
            # A closed bundle may be held for long, and each of these holds a mapping.
            self._slots, self._regions, self._copies, self._aliases = {}, (), {}, []

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _find(self, path: str) -> tuple[Entry, Slot]:
        slot = self._slots.get(path)
        if slot is None:
            self._check_open()
            if path in self._entries:
                raise NotFound(f"{self.location}: {path} was left out by only=")
            raise NotFound(f"{self.location}: there is no file {path!r}; files() lists them")
        return self._entries[path], slot

    def _check_open(self) -> None:
        if self._closed:
            raise ModelpackError(f"{self.location} is closed")

    def _model(self, name: str) -> Model:
        model = self.models.get(name)
        if model is None:
            raise NotFound(f"{self.location}: there is no model {name!r}, but {', '.join(map(repr, self.models))}")
        return model

    def _view(self, path: str) -> memoryview:
        entry, slot = self._find(path)
        return slot.region.view()[slot.offset : slot.offset + entry.size]

    @staticmethod
    def _is_own(entry: Entry, slot: Slot) -> bool:
        """Whether a file is alone in a memfd."""
        region = slot.region
        return region.fd is not None and region.size == entry.size and entry.size > SMALL_SIZE

    def _copy(self, entry: Entry) -> _Descriptor:
        view = self._view(entry.path)
        _check_room(entry.size, f"{self.location}: {entry.path}, in memory,")
        try:
            copy = _memfd(entry.path, entry.size, _first_fd(self.id))
        except OSError as error:
            raise Unsupported(
                f"a path into RAM needs memfd_create of Linux ({error.strerror}); use file(), tensors() or []"
            ) from None
        copy.write(view, 0)
        copy.seal()
        if self._inheritable:
            os.set_inheritable(cast("int", copy.fd), True)
        return copy

    def _put(self, targets: Mapping[str, str]) -> None:
        """Real files and links; by their places, the paths in the bundle."""
        with self._lock:
            real = [path for path in targets.values() if not self._is_linked(path)]
            missing = [target for target in targets if not os.path.lexists(target)]
            for folder in {os.path.dirname(target) for target in targets}:
                _make_folder(folder)
            if missing:
                need = sum(_pages(self._entries[path].size) for path in real)
                free = shutil.disk_usage(os.path.dirname(missing[0])).free
                if need > free:
                    raise NoRoom(
                        f"{os.path.dirname(missing[0])} has {_mb(free)} free, the small files take {_mb(need)}"
                    )
            for target, path in targets.items():
                if self._is_linked(path):
                    self._put_link(target, path)
                else:
                    _write_whole(target, self._view(path))

    def _is_linked(self, path: str) -> bool:
        entry, slot = self._find(path)
        if entry.size <= SMALL_SIZE:
            return False
        return self._is_own(entry, slot) or path in self._copies or len(self._copies) < MOST_MEMFDS

    def _put_link(self, target: str, path: str) -> None:
        own = self.path(path)
        try:
            present = os.readlink(target)
        except OSError:
            present = ""
        if present == own or (present and _is_same(present, own)):
            return
        found = re.fullmatch(r"/proc/self/fd/(\d+)", present)
        if found and int(found[1]) >= FIRST_FD and self._take_number(own, int(found[1])):
            return
        _link(target, own)

    def _take_number(self, own: str, number: int) -> bool:
        """Whether this process can have the file under the number that another one gave it: then both use the link."""
        import fcntl

        try:
            fd = fcntl.fcntl(int(own.rpartition("/")[2]), fcntl.F_DUPFD_CLOEXEC, number)
        except OSError:
            return False
        if fd != number:
            os.close(fd)
            return False
        self._aliases.append(_Descriptor(fd, 0, in_memory=False))
        if self._inheritable:
            os.set_inheritable(fd, True)
        return True

    def _weights(self, name: str) -> str:
        """The safetensors weights of a model: the index of several files, or the only file."""
        found = [path for path in self.files(name) if path.endswith((".safetensors", ".safetensors.index.json"))]
        indexes = [path for path in found if path.endswith(".json")]
        chosen = indexes or found
        if len(chosen) != 1:
            what = f"{len(chosen)} of them: {', '.join(chosen[:5])}" if chosen else "none"
            raise NotFound(f"{self.location}: {name} should have one file of safetensors weights, and has {what}")
        return chosen[0]

    def _shards(self, path: str) -> list[str]:
        folder = path.rpartition("/")[0]
        try:
            names = sorted(set(self.json(path)["weight_map"].values()))
            shards = [f"{folder}/{name}" for name in names if not name.endswith(".json")]
        except (ValueError, TypeError, KeyError, AttributeError):
            shards = []
        if not shards:
            raise Corrupt(f"{self.location}: {path} is no index of weights")
        return shards


class _Reader(io.RawIOBase):
    """A file over memory that has no descriptor of its own."""

    def __init__(self, view: memoryview) -> None:
        self._bytes = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:
        target = memoryview(into).cast("B")
        data = self._bytes[self._at : self._at + len(target)]
        target[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._bytes)}[whence]
        if start + offset < 0:
            raise ValueError(f"negative seek position {start + offset}")
        self._at = start + offset
        return self._at


def _is_same(one: str, other: str) -> bool:
    """Whether two paths lead to the same file in this process."""
    try:
        return os.path.samestat(os.stat(one), os.stat(other))
    except OSError:
        return False


def _verify(entries: Sequence[Entry], slots: Mapping[str, Slot], where: str) -> None:
    hashes = _Hashes(_Scatter(entries, slots), slots, entries, where)
    for entry in entries:
        for start in range(entry.offset, entry.offset + entry.size, PART_SIZE):
            hashes.update(start, min(start + PART_SIZE, entry.offset + entry.size))


#: Bundles that gave a path away: it leads nowhere when they are collected, so they stay until they are closed.
_kept: set[Bundle] = set()


# ---------------------------------------------------------------------------------------------------------------------
# Opening


class _Options(NamedTuple):
    verify: bool
    shared: bool
    inheritable: bool
    only: tuple[str, ...]
    connections: int
    endpoint_url: str | None
    region: str | None


class _Background:
    """A bundle that is being opened by a thread, and everybody who asks for it waits for the same one."""

    def __init__(self, location: str, options: _Options, client: Any) -> None:
        self.process = os.getpid()
        self._result: Bundle | BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(location, options, client), daemon=True)
        self._thread.start()

    def _run(self, location: str, options: _Options, client: Any) -> None:
        try:
            self._result = _open(location, options, client)
        except BaseException as error:
            self._result = error

    def wait(self) -> Bundle | BaseException | None:
        self._thread.join()
        return self._result


_prefetched: dict[tuple[str, _Options], _Background] = {}
_prefetch_lock = threading.Lock()


def open(
    location: str | os.PathLike[str] | None = None,
    *,
    verify: bool = False,
    shared: bool = False,
    inheritable: bool = False,
    only: str | Sequence[str] = (),
    connections: int = 16,
    endpoint_url: str | None = None,
    region: str | None = None,
    client: Any = None,
) -> Bundle:
    """Reads a bundle into RAM.

    ``location`` is ``s3://bucket/key`` or a file; by default what ``MODELPACK_BUNDLE`` says. A file on disk is mapped,
    not read.

    ``verify`` compares the sha256 of every file while it arrives. ``shared`` keeps one copy for all processes of this
    user on this machine, as on Lambda Managed Instances. ``inheritable`` lets programs that are started by this
    process use its paths. ``only`` are glob patterns of paths in the bundle (``"clip/*"``): the rest is not read.
    ``connections`` is how many requests are made at once. ``endpoint_url`` and ``region`` are those of S3, by default
    as botocore finds them (``AWS_ENDPOINT_URL_S3``, ``AWS_REGION``); or ``client`` is a boto3 client that makes all
    requests, which takes about twice the CPU.

    Raises NotFound, AccessDenied, NetworkError, Changed, Corrupt, NoRoom, Unsupported, all of them ModelpackError. It
    returns the whole bundle or nothing.
    """
    options = _options(verify, shared, inheritable, only, connections, endpoint_url, region)
    where = _location(location)
    with _prefetch_lock:
        background = _prefetched.get((where, options))
    # A thread does not live on in a child that was forked.
    if background and background.process == os.getpid():
        result = background.wait()
        if isinstance(result, BaseException):
            with _prefetch_lock:
                _prefetched.pop((where, options), None)
            raise result
        if result is not None and not result._closed:
            return result
    return _open(where, options, client)


def prefetch(
    location: str | os.PathLike[str] | None = None,
    *,
    verify: bool = False,
    shared: bool = False,
    inheritable: bool = False,
    only: str | Sequence[str] = (),
    connections: int = 16,
    endpoint_url: str | None = None,
    region: str | None = None,
    client: Any = None,
) -> None:
    """Begins to open a bundle in the background, and returns at once: so that it arrives while torch is imported.

    ``open`` with the same arguments waits for it, gives the same bundle every time, and raises what went wrong. With
    SnapStart, the snapshot waits for it too.
    """
    options = _options(verify, shared, inheritable, only, connections, endpoint_url, region)
    where = _location(location)
    with _prefetch_lock:
        present = _prefetched.get((where, options))
        if present and present.process == os.getpid():
            return
        background = _prefetched[where, options] = _Background(where, options, client)
    try:
        # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
        from snapshot_restore_py import register_before_snapshot
    except ImportError:
        return
    register_before_snapshot(background.wait)


def environment(root: str | None = None) -> dict[str, str]:
    """The variables that make libraries find what ``mount_cache(root)`` made, offline.

    ``os.environ.update(modelpack.environment())`` before they are imported. ``clip.load`` and ``whisper.load_model``
    have no variable: give them ``download_root=root``.
    """
    root = _cache_root(root)
    return {
        "MODEL_CACHE_FS_PATH": root,
        "HF_HOME": root,
        "HF_HUB_CACHE": root,
        "HF_HUB_OFFLINE": "1",
        "EASYOCR_MODULE_PATH": root,
    }


def _cache_root(root: str | None) -> str:
    return root or os.environ.get("MODEL_CACHE_FS_PATH") or "/tmp/models"


def _location(location: str | os.PathLike[str] | None) -> str:
    where = os.fspath(location) if location is not None else os.environ.get("MODELPACK_BUNDLE", "")
    if not where:
        raise ModelpackError("no bundle was named: give open() a location, or set MODELPACK_BUNDLE")
    return where


def _options(
    verify: bool,
    shared: bool,
    inheritable: bool,
    only: str | Sequence[str],
    connections: int,
    endpoint_url: str | None,
    region: str | None,
) -> _Options:
    if not 1 <= connections <= 256:
        raise ModelpackError(f"connections={connections!r}: a number from 1 to 256")
    patterns = (only,) if isinstance(only, str) else tuple(only)
    return _Options(bool(verify), bool(shared), bool(inheritable), patterns, connections, endpoint_url, region)


def _open(location: str, options: _Options, client: Any) -> Bundle:
    began, clock = time.time(), time.monotonic()
    counters = Counters()
    if location.startswith("s3://"):
        opened = _open_object(location, options, client, counters)
    else:
        opened = _open_file(location, options)
    seconds = time.monotonic() - clock
    stats = {
        "opened": began,
        "bytes": counters.bytes,
        "seconds": round(seconds, 3),
        "megabytes_per_second": round(counters.bytes / MB / max(seconds, 1e-6), 1),
        "requests": counters.requests,
        "retries": counters.retries,
        "shared": opened.adopted,
    }
    logger.info(
        "modelpack: opened %s: %s in %.2f s, %.0f MB/s, %d requests, %d retries%s",
        location,
        _mb(counters.bytes),
        seconds,
        stats["megabytes_per_second"],
        counters.requests,
        counters.retries,
        ", the memory of another process" if opened.adopted else "",
    )
    return Bundle(location, opened, stats, options.inheritable)


class _Opened(NamedTuple):
    contents: Index
    regions: Sequence[Region]
    slots: dict[str, Slot]
    #: Whether another process had it in memory already.
    adopted: bool = False


def _open_file(location: str, options: _Options) -> _Opened:
    try:
        fd = os.open(location, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        kind = NotFound if isinstance(error, (FileNotFoundError, NotADirectoryError)) else AccessDenied
        raise kind(f"{location}: {error.strerror}") from None
    except ValueError:  # a zero byte, or half a character
        raise NotFound(f"{location!r}: no file has such a name") from None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Corrupt(f"{location} is no file")
        size = _index_size(os.pread(fd, BLOCK, 0), location)
        index = _decode_index(os.pread(fd, size, BLOCK), found.st_size, location)
        entries = _chosen(index, options.only, location)
        region = _Descriptor(fd, found.st_size, in_memory=False)
        slots = {entry.path: Slot(region, entry.offset) for entry in entries}
        if options.verify:
            _verify(entries, slots, location)
    except BaseException:
        os.close(fd)
        raise
    return _Opened(index, [region], slots)


def _open_object(location: str, options: _Options, client: Any, counters: Counters) -> _Opened:
    own = client or _s3_client(options)
    # What a client of the caller's is set up for is known to that client only; so is the way through a proxy.
    target = S3Object(location, own, counters, direct=client is None and not _has_proxy(own))
    head = _read_head(target)
    size = _index_size(bytes(head[:BLOCK]), location)
    if BLOCK + size > target.size:
        raise _corrupt(location, "it ends in its index")
    if BLOCK + size > len(head):
        head = _read_more(target, head, BLOCK + size)
    index = _decode_index(bytes(head[BLOCK : BLOCK + size]), target.size, location)
    entries = _chosen(index, options.only, location)
    plan = _plan_memory(entries, index.id)
    if not options.shared:
        regions = _bring(target, entries, plan, head, index.id, options)
        return _Opened(index, regions, plan.slots(regions))
    with _shared(f"{location}\0{options.endpoint_url}\0{options.only}") as others:
        adopted = others.adopt(index, target.etag, plan)
        regions = adopted or _bring(target, entries, plan, head, index.id, options)
        try:
            slots = plan.slots(regions)
            if adopted and options.verify:
                _verify(entries, slots, location)
            if all(region.fd is not None for region in regions):
                others.announce(index, target.etag, regions)
        except BaseException:
            _close(regions)
            raise
    return _Opened(index, regions, slots, adopted is not None)


def _read_head(target: S3Object) -> memoryview:
    buffer = memoryview(bytearray(HEAD_SIZE))
    size = 0

    def attempt() -> None:
        nonlocal size
        size = target.head(buffer)

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return True

    _retry(attempt, lambda: 0, target, wait)
    target.counters.add(size=size)
    return buffer[:size]


def _read_more(target: S3Object, head: memoryview, size: int) -> memoryview:
    """The first ``size`` bytes, of which ``head`` is the beginning. Only an index of many thousand files needs it."""
    whole = _Anonymous(size)
    whole.write(head, 0)
    _Transfer(target, [Span(len(head), size)], whole, None).run(1)
    return whole.view()


def _chosen(index: Index, only: Sequence[str], where: str) -> list[Entry]:
    """The files that were asked for. Patterns are those of fnmatch: * and ? also match a slash."""
    if not only:
        return list(index.entries)
    chosen = [entry for entry in index.entries if any(fnmatch.fnmatchcase(entry.path, each) for each in only)]
    if not chosen:
        raise NotFound(f"{where}: no file matches {', '.join(map(repr, only))}")
    return chosen


def _bring(
    target: S3Object, entries: Sequence[Entry], plan: _Plan, head: memoryview, bundle_id: str, options: _Options
) -> list[Region]:
    """Everything of ``entries`` into memory, or an error and nothing."""
    spans = _spans(entries, len(head), options.connections)
    buffers = min(len(spans), options.connections) * STEP
    _check_room(sum(_pages(size) for _, size in plan.regions) + buffers, target.location)
    regions = _allocate(plan, _first_fd(bundle_id))
    try:
        slots = plan.slots(regions)
        scatter = _Scatter(entries, slots)
        scatter.write(head, 0)
        hashes = _Hashes(scatter, slots, entries, target.location) if options.verify else None
        if hashes:
            hashes.update(0, len(head))
        _Transfer(target, spans, scatter, hashes).run(options.connections)
        for region in regions:
            region.seal()
    except BaseException:
        _close(regions)
        raise
    return regions
