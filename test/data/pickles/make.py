"""How the files beside this one were made. The tests do not run it.

    pip install torch numpy joblib safetensors
    python make.py

torch-1.7.* come from torch 1.7.1 on Python 3.8, the version that wrote CLIP's files: python make.py torch-1.7
"""

import collections
import pickle
import struct
import sys
import zipfile

import torch

prefix = sys.argv[1] if len(sys.argv) > 1 else "torch"


def without_debug(path):
    """Takes the members out that name the folders of this machine; all other records stay as PyTorch wrote them."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        start = archive.start_dir
    data = open(path, "rb").read()
    ends = [member.header_offset for member in members[1:]] + [start]
    body, directory, at, kept = b"", b"", start, 0
    for member, end in zip(members, ends):
        name, extra, comment = struct.unpack("<HHH", data[at + 28 : at + 34])
        entry = data[at : at + 46 + name + extra + comment]
        at += len(entry)
        if member.filename.endswith(".debug_pkl"):
            continue
        directory += entry[:42] + struct.pack("<L", len(body)) + entry[46:]
        body += data[member.header_offset : end]
        kept += 1
    record, locator, last = data[at : at + 56], data[at + 56 : at + 76], data[at + 76 :]
    record = record[:24] + struct.pack("<QQQQ", kept, kept, len(directory), len(body))
    locator = locator[:8] + struct.pack("<Q", len(body + directory)) + locator[16:]
    last = last[:8] + struct.pack("<HHLL", kept, kept, len(directory), len(body)) + last[20:]
    open(path, "wb").write(body + directory + record + locator + last)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.linear(x)


state = collections.OrderedDict(a=torch.zeros(2, 3), b=torch.ones(4, dtype=torch.float16), c=torch.arange(3))
torch.save(state, f"{prefix}.zip.pt")
torch.save(state, f"{prefix}.legacy.pt", _use_new_zipfile_serialization=False)
torch.save(Net(), f"{prefix}.module.pt")
torch.jit.trace(Net().eval(), torch.zeros(1, 2)).save(f"{prefix}.script.pt")
without_debug(f"{prefix}.script.pt")

if prefix == "torch":
    import joblib
    import numpy
    import safetensors.torch

    values = {
        "list": [1, 2**70, -1.5, None, True, "text", b"bytes", ("tuple",), {"set"}],
        "shared": [[]] * 3,
        "ordered": collections.OrderedDict(a=1),
        "array": numpy.arange(5, dtype="f4"),
        "scalar": numpy.float64(1.5),
        "long": "x" * 1000,
    }
    for protocol in range(6):
        with open(f"protocol-{protocol}.pkl", "wb") as file:
            pickle.dump(values, file, protocol)
    with open("state.pkl", "wb") as file:
        pickle.dump(state, file)
    with open("state-2.pkl", "wb") as file:
        pickle.dump(state, file, 2)
    numpy.save("objects.npy", numpy.array([collections.OrderedDict(a=1), None], dtype=object))
    numpy.save("numbers.npy", numpy.arange(3.0))
    numpy.savez("numbers.npz", a=numpy.arange(3), b=numpy.zeros(2))
    numpy.savez_compressed("objects.npz", a=numpy.arange(3), b=numpy.array([collections.Counter("ab")], dtype=object))
    joblib.dump({"weights": numpy.arange(300.0)}, "arrays.joblib")
    joblib.dump({"weights": [1, 2, 3]}, "compressed.joblib", compress=3)
    tensors = {"a": torch.zeros(2, 3), "b": torch.ones(4, dtype=torch.bfloat16), "none": torch.zeros(0, 4)}
    safetensors.torch.save_file(tensors, "three.safetensors", metadata={"format": "pt"})
