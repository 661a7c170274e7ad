#!/usr/bin/env bash
# Registers, stack and spills of every CUDA kernel, as ptxas reports them. Needs nvcc, but no GPU.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/registers.sh [--update] [--log FILE] [ARCHITECTURES]

  ARCHITECTURES   as CMake has them; default: "80;90"
  --update        also put the table into docs/performance.md
  --log FILE      read the output of an earlier build instead of building (build/registers/ptxas.log is the last one's)

Exit codes: 0 done, 1 a kernel spills more than 64 bytes or the build failed, 2 usage, 3 no nvcc.
TEXT
}

update=()
architectures="80;90"
log=""
while (($# > 0)); do
  case $1 in
    --update) update=(--update docs/performance.md) ;;
    --log) log=${2:?--log needs a file}; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "registers.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
    *) architectures=$1 ;;
  esac
  shift
done

if [[ -z $log ]]; then
  if ! command -v nvcc >/dev/null && [[ ! -x /usr/local/cuda/bin/nvcc ]]; then
    echo "registers.sh: there is no nvcc here" >&2
    exit 3
  fi
  build=build/registers
  log=$build/ptxas.log
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMETAVOX_CUDA=ON "-DCMAKE_CUDA_ARCHITECTURES=$architectures" \
    -DCMAKE_CUDA_FLAGS=-Xptxas=-v -DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF -DMETAVOX_BENCH=OFF -DMETAVOX_TESTS=OFF >/dev/null
  # What is compiled already would say nothing.
  if ! cmake --build "$build" --clean-first --parallel "${METAVOX_JOBS:-$(nproc)}" --target metavox >"$log.part" 2>&1; then
    tail -n 30 "$log.part" >&2
    exit 1
  fi
  mv "$log.part" "$log"
fi
python3 scripts/registers.py "$log" "${update[@]}"
