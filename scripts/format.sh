#!/usr/bin/env bash
# Brings every C++ file into the form of .clang-format; --check only says which are not, and fails if there are any.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  "") mode=(-i) ;;
  --check) mode=(--dry-run -Werror) ;;
  *) echo "scripts/format.sh [--check]    needs: apt-get install clang-format"; [[ $1 == -h || $1 == --help ]]; exit ;;
esac
command -v clang-format >/dev/null || { echo "format.sh: clang-format is not installed (apt-get install clang-format)" >&2; exit 3; }
list() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' '*.cu' '*.cuh'
  else
    find src cuda viz include tests bench -name '*.[ch]pp' -o -name '*.cu' -o -name '*.cuh'
  fi
}
list | sort -u | while read -r file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done | xargs -0 clang-format "${mode[@]}"
