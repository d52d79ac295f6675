"""The process of snapshot.py: opens a bundle, is frozen while it waits, and uses it afterwards."""

import json
import os
import sys
import time
from pathlib import Path

os.setsid()
os.closerange(3, 256)  # what it inherited cannot be restored
with open("/tmp/folder/log", "wb", buffering=0) as log, open(os.devnull, "rb") as nothing:
    os.dup2(nothing.fileno(), 0)
    for number in (1, 2):
        os.dup2(log.fileno(), number)

import modelpack_runtime as modelpack  # noqa: E402

folder = Path("/tmp/folder")


def write(name: str, **said: object) -> None:
    (folder / f"{name}.part").write_text(json.dumps(said))
    (folder / f"{name}.part").rename(folder / name)


clock = time.perf_counter()
bundle = modelpack.open(sys.argv[1])
root = bundle.mount_cache("/tmp/models")
large = max(bundle.files(), key=lambda path: len(bundle[path]))
write("opened", bytes=bundle.size, open=time.perf_counter() - clock)
while not (folder / "go").exists():
    time.sleep(0.005)

clock = time.perf_counter()
with open(bundle.path(large), "rb") as file:
    file.read(1)
first = time.perf_counter() - clock
bundle.verify()
links = [path for path in Path(root).rglob("*") if path.is_symlink()]
same = all(path.stat().st_size > 0 for path in links)
again = modelpack.open(sys.argv[1])  # by new connections
write("used", first=first, links=len(links), same=same, again=again.id == bundle.id)
