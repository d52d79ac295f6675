"""Downloads repositories from the Hub fixture with the real huggingface_hub and checks every file.

usage: hub_fixture_check.py ENDPOINT [REPO ...]        (default: acme/tiny-bert)

Prints "ok N files" and exits 0 when the bytes of every file have the hash the tree promises: sha256 for
LFS and Xet files, the git blob sha1 for the others. Prints one line per wrong file and exits 1 otherwise.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

endpoint, *repos = sys.argv[1:] or sys.exit(__doc__)
home = tempfile.TemporaryDirectory(prefix="hub-fixture-")

# huggingface_hub reads its environment once, when it is imported.
os.environ["HF_ENDPOINT"] = endpoint
os.environ["HF_HOME"] = home.name
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # the fixture has no Xet storage behind it
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE"):
    os.environ.pop(name, None)

from huggingface_hub import HfApi, snapshot_download  # noqa: E402
from huggingface_hub.hf_api import RepoFile  # noqa: E402


def main() -> int:
    count, wrong = 0, []
    for repo in repos or ["acme/tiny-bert"]:
        files, complaints = check(repo)
        count += files
        wrong += complaints
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    print(f"ok {count} files")
    return 0


def check(repo: str) -> tuple[int, list[str]]:
    folder = Path(snapshot_download(repo))
    entries = HfApi().list_repo_tree(repo, revision=folder.name, recursive=True)
    promised = {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wrong = [f"{repo}/{path}: not downloaded" for path in sorted(promised.keys() - found)]
    wrong += [f"{repo}/{path}: not in the tree" for path in sorted(found - promised.keys())]
    wrong += [
        f"{repo}/{path}: bytes differ from the tree"
        for path in sorted(found & promised.keys())
        if not matches((folder / path).read_bytes(), promised[path])
    ]
    return len(promised), wrong


def matches(content: bytes, entry: RepoFile) -> bool:
    if len(content) != entry.size:
        return False
    if entry.lfs is not None:
        return hashlib.sha256(content).hexdigest() == entry.lfs.sha256
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == entry.blob_id


if __name__ == "__main__":
    sys.exit(main())
