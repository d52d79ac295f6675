"""What Python's own unpickler imports of made and damaged pickles, without importing anything.

usage: unpickler.py SEED COUNT FOLDER

Prints a line of JSON for each: {"pickle": base64, "imports": [[module, name], ...], "whole": whether it reached STOP}.
The pickles of FOLDER stand among them, as they are and damaged. Always the same for the same arguments.
"""

import base64
import collections
import copyreg
import io
import json
import pathlib
import pickle
import random
import re
import resource
import struct
import sys


class Thing:
    """Stands for whatever is imported: takes all that a pickle does with an object."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def nothing(self, *args, **kwargs):
        pass

    __setstate__ = append = extend = add = __setitem__ = nothing

    def __call__(self, *args, **kwargs):
        return Thing()


class Recorder(pickle.Unpickler):
    """The one that is written in C, as every loader has it."""

    def find_class(self, module, name):
        # No file system holds such a module.
        if not re.fullmatch(r"[\w.-]{,256}", module):
            raise ModuleNotFoundError(module)
        self.imports.append([module, name])
        return Thing

    def persistent_load(self, pid):
        return Thing()


for code in range(1, 6):
    copyreg.add_extension("copyreg", f"extension {code}", code)

names = ["torch.storage", "_load_from_bytes", "os", "system", "builtins", "eval", "collections", "OrderedDict", "a", "é", "os.path", "x" * 300]


def text(value):
    return value.encode()


def push():
    """A value, most often a name, in one of the many ways of saying it."""
    name = text(random.choice(names))
    ways = [
        b"X" + struct.pack("<I", len(name)) + name,
        b"\x8d" + struct.pack("<Q", len(name)) + name,
        b"V" + name + b"\n",
        b"S'" + name + b"'\n",
        b'S"o\\x73"\n',
        b"T" + struct.pack("<i", len(name)) + name,
        b"C\x02os",
        b"N",
        b"]",
        b"}",
        b")",
        b"\x8f",
        b"K\x01",
        b"I01\n",
        b"L12L\n",
        b"F1.5\n",
        b"G" + bytes(8),
        b"\x8a\x01\x05",
        b"\x96" + struct.pack("<Q", 3) + b"abc",
        b"Pid\n",
        b"cos\nsystem\n",
        b"ccollections\nOrderedDict\n",
        b"\x82" + bytes([random.randint(1, 5)]),
    ]
    if len(name) < 256:
        ways += [b"\x8c" + bytes([len(name)]) + name, b"U" + bytes([len(name)]) + name]
    return random.choice(ways)


def step():
    key = random.randint(0, 3)
    put = [b"q" + bytes([key]), b"p%d\n" % key, b"r" + struct.pack("<I", key), b"\x94"]
    get = [b"h" + bytes([key]), b"g%d\n" % key, b"j" + struct.pack("<I", key)]
    use = [b"\x93", b"\x93", b"0", b"2", b"R", b"\x81", b"b", b"\x85", b"\x86", b"\x87", b"a", b"s", b"Q", b"\x92"]
    marked = [b"(", b"(", b"t", b"l", b"d", b"1", b"o", b"e", b"u", b"\x90", b"\x91", b"ios\nsystem\n"]
    frame = [b"\x95" + bytes(8), b"\x80\x04"]
    ways = [[push()], put, get, use, marked, frame]
    return random.choice(random.choices(ways, weights=[10, 4, 4, 6, 3, 1])[0])


def made():
    """Mostly whole: what has just been pushed and remembered is there to be used."""
    some = [push() + random.choice([b"\x94", b"q\x00", b"p1\n", b""]) for _ in range(random.randint(2, 6))]
    rest = [step() if random.random() < 0.4 else push() + push() + b"\x93" for _ in range(random.randint(0, 8))]
    return b"\x80\x04" + b"".join(some + rest) + b"."


def damaged(data):
    data = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(data))
        if random.random() < 0.5:
            data[at] = random.randrange(256)
        else:
            data[at:at] = step()
    return bytes(data)


def load(data):
    copyreg.clear_extension_cache()
    # Of a file that can be peeked into, as open files can, it reads ahead.
    file = io.BytesIO(data)
    recorder = Recorder(io.BufferedReader(file) if random.random() < 0.5 else file)
    recorder.imports = []
    try:
        recorder.load()
        whole = True
    except Exception:
        whole = False
    line = {"pickle": base64.b64encode(data).decode(), "imports": recorder.imports, "whole": whole}
    print(json.dumps(line))


# A damaged length or memo number may ask for gigabytes.
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
random.seed(int(sys.argv[1]))
count, folder = int(sys.argv[2]), pathlib.Path(sys.argv[3])
real = [path.read_bytes() for path in sorted(folder.glob("*.pkl"))]
real += [pickle.dumps(collections.OrderedDict(a={1, "os"}, b=("system", "os")), protocol) for protocol in range(6)]
for data in real:
    load(data)
for number in range(count):
    data = made() if number % 2 else damaged(random.choice(real))
    load(data)
