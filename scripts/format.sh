#!/usr/bin/env bash
# Brings every C++ file into the form that clang-format 14 gives it by .clang-format; --check only says which are not, and fails
# if there are any.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  "") mode=(-i) ;;
  --check) mode=(--dry-run -Werror) ;;
  *) echo "scripts/format.sh [--check]    needs: scripts/setup.sh --checks"; [[ $1 == -h || $1 == --help ]]; exit ;;
esac
for tool in clang-format-14 clang-format ''; do
  if "${tool:-false}" --version 2>/dev/null | grep -q 'version 14\.'; then break; fi
done
[[ -n $tool ]] || { echo "format.sh: clang-format 14 is not installed (scripts/setup.sh --checks)" >&2; exit 3; }
list() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' '*.cu' '*.cuh'
  else
    find src cuda viz include tests bench \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.cuh' \) -print 2>/dev/null || true
  fi
}
list | sort -u | while read -r file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done | xargs -0 "$tool" "${mode[@]}"
