"""Finds models in a cache that modelpack unpacked, with the real huggingface_hub and no Hub.

usage: hub_cache_check.py FOLDER EXPECTED

EXPECTED is JSON: [{"repo", "revisions": [null or a name, ...], "files": {path: sha256}}, ...]

Prints "ok ..." and exits 0 when every file is found at every revision with its sha256, by both ways of asking: the
argument and the variable. Raises otherwise.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

os.environ["HF_ENDPOINT"] = "http://127.0.0.1:1"  # nobody there, should it be asked
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache  # noqa: E402


def check(repo: str, revision: str | None, files: dict[str, str], **where) -> None:
    snapshot = Path(snapshot_download(repo, revision=revision, **where))
    found = {path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()}
    assert found == files.keys(), f"{repo}@{revision} has {sorted(found)}"
    for path, sha256 in files.items():
        file = Path(hf_hub_download(repo, path, revision=revision, **where))
        assert file == snapshot / path, f"{repo}@{revision}: {path} is found at {file}"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256, f"{repo}@{revision}: {path} differs"
        assert try_to_load_from_cache(repo, path, revision=revision, cache_dir=where.get("cache_dir")) == str(file)


def main() -> None:
    folder, expected = sys.argv[1], json.loads(sys.argv[2])
    offline = os.environ.get("HF_HUB_OFFLINE") == "1"
    where = {} if offline else {"cache_dir": folder, "local_files_only": True}
    for model in expected:
        for revision in model["revisions"]:
            check(model["repo"], revision, model["files"], **where)
    if offline:
        return
    # It reads the variables once, when it is imported.
    variables = {**os.environ, "HF_HUB_CACHE": folder, "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, *sys.argv], env=variables, check=True)
    scan = scan_cache_dir(folder)
    assert not scan.warnings, scan.warnings
    assert {repo.repo_id for repo in scan.repos} == {model["repo"] for model in expected}
    files = sum(len(model["files"]) for model in expected)
    revisions = sum(len(model["revisions"]) for model in expected)
    print(f"ok {files} files of {len(expected)} repositories found offline, at {revisions} revisions in all")


if __name__ == "__main__":
    main()
