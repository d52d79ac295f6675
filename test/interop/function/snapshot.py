"""Freezes a process that has a bundle in memory into a snapshot on disk, and brings it back, as SnapStart does.

usage: snapshot.py BUNDLE, by snapshot.sh

frozen.py is the process, and CRIU takes the snapshot. Prints JSON: what the process said, with the seconds that it took
to freeze and to restore it, and the bytes of the snapshot.
"""

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path

ctypes.CDLL(None).umount2(b"/old", 2)  # MNT_DETACH: nothing of the machine is left in here
folder = Path("/tmp/folder")
images = folder / "images"
images.mkdir()


def criu(command: str, *options: str) -> float:
    clock = time.perf_counter()
    run = ["criu", command, "-D", str(images), "-o", f"{command}.log", "--shell-job", *options]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stderr}\n{(images / f'{command}.log').read_text()[-2000:]}")
    return time.perf_counter() - clock


def wait_for(path: Path) -> str:
    limit = time.monotonic() + 120
    while not path.exists():
        if time.monotonic() > limit:
            sys.exit(f"{path.name} was not written: {(folder / 'log').read_text()}")
        time.sleep(0.005)
    return path.read_text()


process = subprocess.Popen([sys.executable, "/tmp/scripts/frozen.py", sys.argv[1]])
opened = json.loads(wait_for(folder / "opened"))
frozen = criu("dump", "-t", str(process.pid))
process.wait()
size = sum(path.stat().st_size for path in images.iterdir())
(folder / "go").touch()
clock = time.perf_counter()
restored = criu("restore", "--restore-detached")
used = json.loads(wait_for(folder / "used"))
whole = time.perf_counter() - clock
print(
    json.dumps({**opened, **used, "freeze": frozen, "restore": restored, "restored_and_used": whole, "snapshot": size})
)
