#!/usr/bin/env bash
# The second half of run.sh, where mounts are its own: inside.sh TREE TASK GROUP [-b FOLDER]... COMMAND...
set -euo pipefail
tree=$1
echo $$ >"$3/cgroup.procs"
task=$2
shift 3

mount --make-rprivate /
mount --bind "$tree" "$tree"
mount -t proc -o nosuid,nodev,noexec proc "$tree/proc"
mount -t tmpfs -o size=512m,mode=1777 tmp "$tree/tmp"
mount -t tmpfs -o size=64k,mode=755 dev "$tree/dev"
for device in null:3 zero:5 random:8 urandom:9; do mknod -m 666 "$tree/dev/${device%:*}" c 1 "${device#*:}"; done
ln -s /proc/self/fd "$tree/dev/fd"
mount --bind -o ro "$task" "$tree/var/task"
while [[ $1 == -b ]]; do
  mkdir -p "$tree$2"
  mount --bind "$2" "$tree$2"
  shift 2
done
mount -o remount,bind,ro "$tree"

handed_on=()
while IFS= read -r -d '' each; do
  if [[ $each =~ ^(AWS_|MODELPACK_|TASK_) ]]; then handed_on+=("$each"); fi
done </proc/self/environ

# The last two are where Debian keeps what it would have linked on installation.
libraries=/usr/lib/$(uname -m)-linux-gnu
ulimit -n 1024
cd "$tree"
exec env -i PATH=/usr/bin HOME=/home/sbx_user1051 LANG=en_US.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
  PYTHONPATH=/var/task:/opt/python LD_LIBRARY_PATH="$libraries/blas:$libraries/lapack" "${handed_on[@]}" \
  "$(command -v chroot)" --userspec=993:990 "$tree" "$@"
