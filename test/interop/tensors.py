"""Opens the weights of a bundle with the real safetensors, where they stand, without unpacking anything.

usage: tensors.py FILE

Prints "ok N tensors" and exits 0 when every *.safetensors of the bundle is well formed.
"""

import json
import mmap
import sys
import tarfile

from safetensors import deserialize

if len(sys.argv) != 2:
    sys.exit(__doc__)
with open(sys.argv[1], "rb") as file, tarfile.open(fileobj=file) as tar:
    index = json.load(tar.extractfile("modelpack.json"))
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
count = 0
for entry in (entry for model in index["models"] for entry in model["files"]):
    if entry["path"].endswith(".safetensors"):
        start = entry["offset"]
        count += len(deserialize(memory[start : start + entry["size"]]))
if count == 0:
    sys.exit("no tensors at all")
print(f"ok {count} tensors")
