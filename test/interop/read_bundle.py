"""Checks a modelpack bundle, written from docs/bundle-format.md alone.

usage: read_bundle.py FILE

Reads the index, checks its spelling and id, lays the bundle out again, finds every file by its offset and
compares its sha256, lists the tar with `tarfile`, and writes all bytes of the bundle anew to compare them with
the file's. Prints "ok <id> <n> files" and exits 0 when everything agrees. Otherwise one line on stderr, and 1.

Python 3.9 or later, standard library only. Numbers in comments are sections of docs/bundle-format.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tarfile
from typing import Any, BinaryIO, Iterator, NamedTuple

BLOCK = 512
CHUNK = 1 << 20
INDEX_NAME = "modelpack.json"
INDEX_LIMIT = 64 << 20
FORMAT = "modelpack/1"
MTIME = 315_532_800
PLAIN_SIZE_MAX = 8**11 - 1
INTEGER_MAX = 2**53 - 1
END = bytes(2 * BLOCK)


class Wrong(Exception):
    """The bundle does not follow the format."""


class Member(NamedTuple):
    path: str
    header: bytes
    offset: int
    size: int
    sha256: str


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as file:
            bundle_id, count = check(file)
    except (Wrong, OSError, tarfile.TarError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    print(f"ok {bundle_id} {count} files")
    return 0


def check(file: BinaryIO) -> tuple[str, int]:
    index_bytes = read_index(file)
    index = decode(index_bytes)
    check_paths(index["models"])
    members, laid_out = lay_out(index["models"])
    expect("the index after laying it out again", laid_out, index_bytes)
    expect("the size of the file", os.fstat(file.fileno()).st_size, index["size"])
    check_data(file, index["models"])
    check_tar(file, members, index_bytes)
    check_every_byte(file, members, index_bytes, index["size"])
    return hashlib.sha256(index_bytes).hexdigest(), len(members) - 1


# 2. Paths


def check_paths(models: list[dict[str, Any]]) -> None:
    paths = [INDEX_NAME]
    for model in models:
        check_path(model["name"])
        for file in model["files"]:
            check_path(file["path"])
            paths.append(f"{model['name']}/{file['path']}")
            check_path(paths[-1])
    seen = set(paths)
    if len(seen) != len(paths):
        raise Wrong("two files have one path")
    for path in paths:
        above = path.split("/")[:-1]
        if any("/".join(above[:depth]) in seen for depth in range(1, len(above) + 1)):
            raise Wrong(f"{path!r} lies in a file")


def check_path(path: str) -> None:
    segments = path.split("/")
    broken = (
        path == ""
        or re.search("[\ud800-\udfff]", path)
        or re.search("[\x00-\x1f\x7f-\x9f]", path)
        or "\\" in path
        or path.startswith("/")
        or re.match("[A-Za-z]:", path)
        or any(segment in ("", ".", "..") for segment in segments)
        or any(len(segment.encode()) > 255 for segment in segments)
        or len(path.encode()) > 4095
    )
    if broken:
        raise Wrong(f"the path {path[:100]!r} is not allowed")


# 3. The index


def decode(index_bytes: bytes) -> dict[str, Any]:
    try:
        index = json.loads(index_bytes.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Wrong(f"the index is no JSON: {error}") from None
    if isinstance(index, dict) and index.get("format") != FORMAT:
        raise Wrong(f"the format is {index.get('format')!r}, not {FORMAT!r}")
    form(index, {"format": str, "size": int, "models": list})
    for model in index["models"]:
        form(model, {"name": str, "source": str, "files": list}, optional=("revision", "ref", "license"))
        for file in model["files"]:
            form(file, {"path": str, "offset": int, "size": int, "sha256": str})
            if not re.fullmatch("[0-9a-f]{64}", file["sha256"]):
                raise Wrong("a sha256 is not 64 hexadecimal digits")
    expect("the index in its one spelling", encode(index), index_bytes)
    return index


def form(value: Any, keys: dict[str, type], optional: tuple[str, ...] = ()) -> None:
    if type(value) is not dict:
        raise Wrong("the index has something else where an object should be")
    for key, kind in {**keys, **{key: str for key in optional if key in value}}.items():
        if type(value.get(key)) is not kind:
            raise Wrong(f"{key!r} in the index is missing or no {kind.__name__}")
        if kind is int and not 0 <= value[key] <= INTEGER_MAX:
            raise Wrong(f"{key!r} in the index is out of range")


def encode(index: dict[str, Any]) -> bytes:
    models = [
        {
            **{key: model[key] for key in ("name", "source", "revision", "ref", "license") if key in model},
            "files": [
                {key: file[key] for key in ("path", "offset", "size", "sha256")} for file in model["files"]
            ],
        }
        for model in index["models"]
    ]
    whole = {"format": index["format"], "size": index["size"], "models": models}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    # Python leaves lone surrogates as they are.
    text = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)
    return f"{text}\n".encode()


# 4. Headers


def header_of(path: str, size: int) -> bytes:
    place = split(path)
    if place is not None and size <= PLAIN_SIZE_MAX:
        prefix, name = place
        return block(name, prefix, size, b"0")
    records = record("path", path)
    if size > PLAIN_SIZE_MAX:
        records += record("size", str(size))
    return (
        block("PaxHeader", "", len(records), b"x")
        + records
        + bytes(-len(records) % BLOCK)
        + block("PaxHeader", "", size, b"0")
    )


def split(path: str) -> tuple[str, str] | None:
    if not path.isascii():
        return None
    prefix, name = "", path
    while len(name) > 100:
        first, slash, rest = name.partition("/")
        if slash == "":
            return None
        prefix = first if prefix == "" else f"{prefix}/{first}"
        name = rest
    return None if len(prefix) > 155 else (prefix, name)


def record(key: str, value: str) -> bytes:
    rest = f" {key}={value}\n".encode()
    length = len(rest)
    while length != len(str(length)) + len(rest):
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def block(name: str, prefix: str, size: int, kind: bytes) -> bytes:
    small = b"000000 \0"
    fields = (
        (100, name.encode()),
        (8, b"000644 \0"),
        (8, small),
        (8, small),
        (12, b"%011o " % size if size <= PLAIN_SIZE_MAX else b"\x80" + size.to_bytes(11, "big")),
        (12, b"%011o " % MTIME),
        (8, b" " * 8),
        (1, kind),
        (100, b""),
        (6, b"ustar\0"),
        (2, b"00"),
        (32, b""),
        (32, b""),
        (8, small),
        (8, small),
        (155, prefix.encode()),
        (12, b""),
    )
    blank = b"".join(content.ljust(length, b"\0") for length, content in fields)
    return blank[:148] + b"%06o \0" % sum(blank) + blank[156:]


# 5. Layout


def lay_out(models: list[dict[str, Any]]) -> tuple[list[Member], bytes]:
    """All members, the index first, and the index that says where they are."""
    files = [
        (file["size"], f"{model['name']}/{file['path']}", file["sha256"], number, file["path"])
        for number, model in enumerate(models)
        for file in model["files"]
    ]
    files.sort(key=lambda file: (file[0], file[1].encode()))
    headers = [header_of(path, size) for size, path, *_ in files]
    length = 0
    while True:
        members = [Member(INDEX_NAME, header_of(INDEX_NAME, length), BLOCK, length, "")]
        position = whole_block(BLOCK + length)
        placed: list[list[dict[str, Any]]] = [[] for _ in models]
        for (size, full, sha256, number, path), header in zip(files, headers):
            offset = position + len(header)
            members.append(Member(full, header, offset, size, sha256))
            placed[number].append({"path": path, "offset": offset, "size": size, "sha256": sha256})
            position = whole_block(offset + size)
        with_files = [{**model, "files": own} for model, own in zip(models, placed)]
        with_files.sort(
            key=lambda model: (
                model["name"].encode(),
                model["source"].encode("utf-8", "surrogatepass"),
                model.get("revision", "").encode("utf-8", "surrogatepass"),
                model["files"][0]["offset"] if model["files"] else 0,
            )
        )
        index = encode({"format": FORMAT, "size": position + len(END), "models": with_files})
        if len(index) == length:
            return members, index
        length = len(index)


def whole_block(position: int) -> int:
    return position + -position % BLOCK


# 7. Reading


def read_index(file: BinaryIO) -> bytes:
    first = file.read(BLOCK)
    size = re.fullmatch(rb"([0-7]{11}) ", first[124:136])
    if len(first) != BLOCK or size is None or first != header_of(INDEX_NAME, int(size[1], 8)):
        raise Wrong("the first header is not that of an index: no bundle")
    length = int(size[1], 8)
    if not 0 < length <= INDEX_LIMIT:
        raise Wrong(f"an index of {length} bytes")
    index_bytes = file.read(length)
    expect("the length of the index", len(index_bytes), length)
    return index_bytes


def check_data(file: BinaryIO, models: list[dict[str, Any]]) -> None:
    """Every file by its offset in the index, without a look at the tar."""
    for model in models:
        for entry in model["files"]:
            found = hash_of(read(file, entry["offset"], entry["size"]))
            expect(f"the sha256 of {model['name']}/{entry['path']}", found, entry["sha256"])


def check_tar(file: BinaryIO, members: list[Member], index_bytes: bytes) -> None:
    """The same files as Python's tar reader sees them."""
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:", encoding="utf-8") as tar:
        found = tar.getmembers()
        expect("the paths in the tar", [each.name for each in found], [each.path for each in members])
        for each, member in zip(found, members):
            fields = (each.type, each.mode, each.uid, each.gid, each.uname, each.gname, each.mtime, each.linkname)
            expect(f"the header of {each.name}", fields, (tarfile.REGTYPE, 0o644, 0, 0, "", "", MTIME, ""))
            expect(f"offset and size of {each.name}", (each.offset_data, each.size), (member.offset, member.size))
            content = tar.extractfile(each)
            if content is None:
                raise Wrong(f"{each.name} has no data")
            sha256 = member.sha256 or hashlib.sha256(index_bytes).hexdigest()
            expect(f"the sha256 of {each.name} as unpacked", hash_of(chunks(content)), sha256)


def check_every_byte(file: BinaryIO, members: list[Member], index_bytes: bytes, size: int) -> None:
    """Writes the bundle anew from the index and the files' data, and compares it with the file from end to end."""
    position = 0
    for expected in write(file, members, index_bytes):
        file.seek(position)
        if file.read(len(expected)) != expected:
            raise Wrong(f"bytes {position} to {position + len(expected)} are not those of the format")
        position += len(expected)
    expect("the end of the bundle", position, size)


def write(file: BinaryIO, members: list[Member], index_bytes: bytes) -> Iterator[bytes]:
    for number, member in enumerate(members):
        yield member.header
        yield from [index_bytes] if number == 0 else read(file, member.offset, member.size)
        yield bytes(-member.size % BLOCK)
    yield END


def read(file: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    end = offset + size
    while offset < end:
        file.seek(offset)
        chunk = file.read(min(CHUNK, end - offset))
        if chunk == b"":
            raise Wrong(f"the file ends at {offset}")
        yield chunk
        offset += len(chunk)


def chunks(content: Any) -> Iterator[bytes]:
    return iter(lambda: content.read(CHUNK), b"")


def hash_of(parts: Iterator[bytes]) -> str:
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part)
    return sha256.hexdigest()


def expect(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {str(found)[:200]}, expected {str(wanted)[:200]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
