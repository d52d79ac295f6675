#!/usr/bin/env bash
# snapshot.sh TREE FOLDER LOADER ARGUMENT...: runs snapshot.py in the tree, as root of Linux, with processes and mounts of
# its own: so that a process has the same number when it is restored. FOLDER is where it writes.
set -euo pipefail
if [[ $1 != --inside ]]; then
  exec unshare --mount --pid --fork bash "${BASH_SOURCE[0]}" --inside "$@"
fi
shift
tree=$(realpath "$1") folder=$(realpath "$2") loader=$(realpath "$3")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
shift 3

mount --make-rprivate /
mount --bind "$tree" "$tree"
mkdir -p "$tree"/{old,run,sys}
mount -t proc proc "$tree/proc"
mount -t sysfs sys "$tree/sys"
mount --rbind /dev "$tree/dev"
mount -t tmpfs tmp "$tree/tmp"
mount -t tmpfs run "$tree/run"
mkdir "$tree/tmp/folder"
mount --bind "$folder" "$tree/tmp/folder"
mkdir "$tree/tmp/scripts"
cp "$here/snapshot.py" "$here/frozen.py" "$loader" "$tree/tmp/scripts"
cd "$tree"
pivot_root . old
# The name of the program is looked up in the tree now.
PATH=/usr/sbin:/usr/bin PYTHONPATH=/tmp/scripts:/opt/python exec /usr/bin/python3 /tmp/scripts/snapshot.py "$@"
