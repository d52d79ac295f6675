#!/usr/bin/env bash
# run.sh TREE TASK MEMORY [-b FOLDER]... COMMAND...: a process as Lambda runs it. Needs root on Linux.
#
#   TREE is all that it sees, with TASK at /var/task, read-only; each FOLDER is in it at its own place, and can be written
#   /tmp has 512 MB; there is no /dev/shm, and a home directory only in name
#   a user without rights; 1,024 descriptors; a control group with MEMORY bytes
#
# Variables whose names begin with AWS_, MODELPACK_ or TASK_ are handed on, and no others. At the end a line on stderr
# says how many bytes of memory the group had at most.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
tree=$(realpath "$1") task=$(realpath "$2") memory=$3
shift 3

# Version 1 of control groups, or 2: whichever this machine has.
group=
for kind in memory/:memory.limit_in_bytes:memory.max_usage_in_bytes :memory.max:memory.peak; do
  IFS=: read -r folder limit peak <<<"$kind"
  group=/sys/fs/cgroup/${folder}modelpack-$$
  if mkdir "$group" 2>/dev/null && [[ -e $group/$limit ]]; then break; fi
  rmdir "$group" 2>/dev/null || true
  group=
done
if [[ -z $group ]]; then
  echo "no control group for memory can be made here" >&2
  exit 1
fi
trap 'rmdir "$group"' EXIT
echo "$memory" >"$group/$limit"

status=0
unshare --mount bash "$here/inside.sh" "$tree" "$task" "$group" "$@" || status=$?
echo "peak $(<"$group/$peak")" >&2
exit "$status"
