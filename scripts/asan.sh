#!/usr/bin/env bash
# A short run, a run that continues it, and reading it all back, under the address and undefined-behaviour sanitizers: minutes,
# where the tests under them (METAVOX_PRESET=asan scripts/test.sh) take much longer.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/asan.sh [--build | CONFIG]

  CONFIG     what is run; default: configs/smoke.yaml
  --build    only makes the program, build/asan-smoke/metavox
TEXT
}

config=configs/smoke.yaml run=yes
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  --build) run=no ;;
  -*) echo "asan.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  ?*) config=$1 ;;
esac

# Not optimised and for any x86-64: compiles in half the time, and scripts/same-bits.sh compares its bits with those of
# optimising compilers. Lines and names stay in the reports.
build=build/asan-smoke
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O0 -g1" -DMETAVOX_MARCH= \
  -DMETAVOX_SANITIZE=address,undefined -DMETAVOX_PRECOMPILED=ON -DMETAVOX_UNITY=ON -DMETAVOX_CUDA=OFF -DMETAVOX_TESTS=OFF \
  -DMETAVOX_BENCH=OFF >/dev/null
cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" --target metavox_cli
if [[ $run == no ]]; then exit 0; fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
checked() {
  echo "== metavox $*"
  "$build/metavox" "$@"
}
checked run "$config" -o "$folder/run" --quiet --until '1 h'
checked run "$config" -o "$folder/run" --quiet --restart "$folder/run" --until '2 h'
checked verify "$folder/run"
checked hash "$folder/run"
echo "asan.sh: nothing found"
