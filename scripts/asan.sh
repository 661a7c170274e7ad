#!/usr/bin/env bash
# A short run, a run that continues it, and reading it all back, under the address and undefined-behaviour sanitizers: minutes,
# where the tests under them (METAVOX_PRESET=asan scripts/test.sh) take much longer.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  -h | --help) echo "scripts/asan.sh [CONFIG]    default: configs/smoke.yaml"; exit 0 ;;
esac
config=${1:-configs/smoke.yaml}

# -O1 compiles in half the time; lines and names stay in the reports.
build=build/asan-smoke
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" \
  -DMETAVOX_SANITIZE=address,undefined -DMETAVOX_CUDA=OFF -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=OFF >/dev/null
cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" --target metavox_cli

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
