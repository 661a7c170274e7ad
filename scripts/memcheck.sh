#!/usr/bin/env bash
# A short run, a run that continues it, and reading it all back, under valgrind's memcheck: finds the use of values that were
# never set, which the address sanitizer does not.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  -h | --help)
    echo "scripts/memcheck.sh [CONFIG]    default: configs/smoke.yaml; needs: apt-get install valgrind"
    exit 0
    ;;
esac
config=${1:-configs/smoke.yaml}
command -v valgrind >/dev/null || { echo "memcheck.sh: valgrind is not installed (apt-get install valgrind)" >&2; exit 3; }

# valgrind knows no AVX-512.
build=build/memcheck
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMETAVOX_MARCH=x86-64-v2 -DMETAVOX_CUDA=OFF \
  -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=OFF >/dev/null
cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" --target metavox_cli

export GOMP_SPINCOUNT=0 # where it is not set, the program starts itself once more, which valgrind does not follow
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
checked() {
  echo "== metavox $*"
  # OpenMP's team and the tables of libraries live until the process ends: reachable, not lost.
  valgrind --tool=memcheck --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite --track-origins=yes --quiet "$build/metavox" "$@"
}
checked run "$config" -o "$folder/run" --quiet --threads 2 --until '1 h'
checked run "$config" -o "$folder/run" --quiet --threads 2 --restart "$folder/run"
checked verify "$folder/run"
checked hash "$folder/run"
echo "memcheck.sh: nothing found"
