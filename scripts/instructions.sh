#!/usr/bin/env bash
# Counts the instructions of small, fixed pieces of work and compares them with bench/instructions.json. Unlike times, counts
# do not depend on how busy the machine is.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/instructions.sh [--update]

  --update   write the counts of this build into bench/instructions.json instead

A part that takes over 10 % more instructions than committed fails. Counts belong to one compiler: with another one, or
without valgrind, the check is skipped. Exit codes: 0 passed or skipped, 1 more instructions or an error, 2 usage.
TEXT
}

update=()
case ${1:-} in
  "") ;;
  --update) update=(--update) ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

if ! command -v valgrind >/dev/null; then
  echo "instructions.sh: skipped, there is no valgrind"
  exit 0
fi
# valgrind knows no AVX-512, and a fixed instruction set is part of the comparison.
flags="-O3 x86-64-v3"
compiler="$(c++ --version | head -n 1)"
if ((${#update[@]} == 0)) && ! python3 scripts/instructions.py --compiler "$compiler" --flags "$flags" --same; then
  exit 0
fi

# The preset cpu where it is built for this instruction set, as in CI; else a build of its own.
build=build/cpu
if ! grep -qsx 'METAVOX_MARCH:STRING=x86-64-v3' "$build/CMakeCache.txt" || [[ ! -f $build/build.ninja ]]; then
  build=build/instructions
  mkdir -p "$build"
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMETAVOX_MARCH=x86-64-v3 -DMETAVOX_PRECOMPILED=ON -DMETAVOX_CUDA=OFF \
    -DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=ON >"$build/configure.log" 2>&1 || {
    tail -n 20 "$build/configure.log" >&2
    exit 1
  }
fi
dumps=$build/callgrind
mkdir -p "$dumps"
if ! cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" --target bench_instructions >"$dumps/build.log" 2>&1; then
  tail -n 20 "$dumps/build.log" >&2
  exit 1
fi
rm -f "$dumps"/callgrind.out*
# The C library chooses its copy loops by processor and cache; here it must not.
export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX512VL,-ERMS,-FSRM:glibc.cpu.x86_non_temporal_threshold=0xc0000
if ! OMP_NUM_THREADS=1 valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$dumps/callgrind.out" \
  "$build/bench/bench_instructions" configs/smoke.yaml >"$dumps/run.log" 2>&1; then
  tail -n 20 "$dumps/run.log" >&2
  exit 1
fi
python3 scripts/instructions.py --compiler "$compiler" --flags "$flags" "${update[@]}" "$dumps"/callgrind.out.*
