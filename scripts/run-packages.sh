#!/usr/bin/env bash
# The distribution's packages that a built program needs to run: those of the libraries it is linked with.
set -euo pipefail
[[ $# == 1 && -x $1 ]] || { echo "usage: scripts/run-packages.sh PROGRAM" >&2; exit 2; }
missing=$(ldd "$1" | grep 'not found' || true)
if [[ -n $missing ]]; then
  echo "run-packages.sh: $1 does not start here: $missing" >&2
  exit 1
fi
# Where /lib is a link to /usr/lib, packages may know a file by either name; those that nobody knows are no matter.
mapfile -t libraries <<<"$(ldd "$1" | grep -o '/[^ ]*')"
names=()
for library in "${libraries[@]}"; do
  names+=("$library" "$(realpath "$library")" "${library#/usr}" "/usr$library")
done
{ dpkg-query -S "${names[@]}" 2>/dev/null || true; } | sed '/^diversion /d; s/[:,].*//' | sort -u
