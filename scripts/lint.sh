#!/usr/bin/env bash
# Static checks: clang-tidy by .clang-tidy over the program, cppcheck over the program and its tests. Fails on any finding.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/lint.sh [--quick] [FILE...]

  (default)   clang-tidy and cppcheck on everything; some minutes, less where nothing changed since
  --quick     cppcheck only
  FILE...     clang-tidy on these sources only

Needs: apt-get install clang-tidy cppcheck
TEXT
}

quick=no
files=()
for argument in "$@"; do
  case $argument in
    --quick) quick=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "lint.sh: unknown option $argument" >&2; usage >&2; exit 2 ;;
    *) files+=("$argument") ;;
  esac
done

needed=(cppcheck)
[[ $quick == yes ]] || needed+=(clang-tidy)
for tool in "${needed[@]}"; do
  command -v "$tool" >/dev/null || { echo "lint.sh: $tool is not installed (apt-get install $tool)" >&2; exit 3; }
done

build=build/cpu
[[ -f $build/compile_commands.json ]] || cmake --preset cpu >/dev/null
seen=$build/lint
mkdir -p "$seen/cppcheck" "$seen/tidy"
code=0

if ((${#files[@]} == 0)); then
  echo "== cppcheck"
  # What it says of the tests' macros and of other people's headers is not about this program.
  cppcheck --project="$build/compile_commands.json" --cppcheck-build-dir="$seen/cppcheck" -j "$(nproc)" \
    --enable=warning,performance,portability --library=googletest --inline-suppr --quiet --error-exitcode=1 \
    --suppressions-list=scripts/cppcheck.suppressions --template='{file}:{line}: {message} [{id}]' || code=$?
fi

if [[ $quick == no ]]; then
  echo "== clang-tidy"
  ((${#files[@]})) || mapfile -t files < <(ls src/*.cpp viz/*.cpp bench/*.cpp)
  headers=$(cat .clang-tidy include/metavox/*.hpp include/metavox/core/*.hpp src/*.hpp | sha256sum)
  # A file that passed is not read again until it, a header or the rules change.
  tidy() {
    local stamp
    stamp=$seen/tidy/$(printf '%s' "$1" | tr / _)-$({ cat "$1"; echo "$headers"; } | sha256sum | cut -c1-16)
    [[ -f $stamp ]] && return
    if clang-tidy -p "$build" --quiet "$1" 2>/dev/null; then
      rm -f "${stamp%-*}"-*
      touch "$stamp"
    else
      return 1
    fi
  }
  export -f tidy
  export seen build headers
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'tidy "$1"' tidy || code=1
fi
((code == 0)) && echo "lint.sh: nothing found"
exit "$code"
