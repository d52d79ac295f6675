#!/usr/bin/env bash
# build.sh TREE: the file system of a function, made of packages of Debian and PyPI. It is unpacked, not installed, so
# nothing else of this machine changes. Needs apt, and pip in PYTHON.
set -euo pipefail
tree=$1
here=$(dirname "${BASH_SOURCE[0]}")
suite=trixie version=3.13 # Debian 13, and its Python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The mirror that this machine uses.
sources=/etc/apt/sources.list.d/debian.sources
field() { awk -v name="$1:" '$1 == name { print $2; exit }' "$sources"; }
echo "deb [signed-by=$(field Signed-By)] $(field URIs) $suite main" >"$work/sources.list"
mkdir -p "$work/lists/partial" "$work/archives/partial"
: >"$work/status"
cat >"$work/apt.conf" <<CONF
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/nonexistent";
Dir::State::Lists "$work/lists";
Dir::State::Status "$work/status";
Dir::Cache "$work";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Debug::NoLocking "true";
CONF
export APT_CONFIG=$work/apt.conf
apt-get update -qq
sed '/^#/d' "$here/packages.txt" | xargs apt-get install -y -qq --download-only >/dev/null

mkdir -p "$tree"
for package in "$work"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$tree" --keep-directory-symlink
done
for name in bin lib lib64 sbin; do ln -sfn "usr/$name" "$tree/$name"; done
mkdir -p "$tree"/{dev,proc,tmp,var/task}
echo '127.0.0.1 localhost' >"$tree/etc/hosts"

pip=("${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --no-compile --target "$tree/opt/python"
  --python-version "$version" --implementation cp --only-binary :all:
  --platform manylinux_2_28_"$(uname -m)" --platform manylinux2014_"$(uname -m)")
"${pip[@]}" -r "$here/requirements.txt"
# It asks for torch, which is there.
"${pip[@]}" --no-deps --upgrade clip-anytorch==2.6.0
