#!/usr/bin/env bash
# Installs what is missing, configures where something changed, and builds a preset into build/PRESET.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/build.sh [PRESET] [--target NAME] [--no-viz | --minimal] [-DNAME=VALUE ...]

  PRESET      cpu, cuda, debug, asan, tsan, standin or standin-tsan; default: cuda where nvcc is found, else cpu
  --target    build only this, e.g. metavox_cli; may be given several times
  --no-viz    as for setup.sh; also switches METAVOX_VTK off
  --minimal   as for setup.sh; also switches METAVOX_VTK, _HDF5, _TESTS and _BENCH off

METAVOX_JOBS sets the number of compilers that run at the same time (default: all cores), METAVOX_OPTIONS further options of
CMake's, by spaces, for scripts that call this one.
TEXT
}

find_nvcc() { command -v nvcc >/dev/null || [[ -x /usr/local/cuda/bin/nvcc ]]; }

preset=
target=()
setup=()
read -ra defines <<<"${METAVOX_OPTIONS:-}"
while (($# > 0)); do
  case $1 in
    --target) target+=(--target "${2:?--target needs a name}"); shift ;;
    --no-viz) setup=("$1"); defines+=(-DMETAVOX_VTK=OFF) ;;
    --minimal)
      setup=("$1")
      defines+=(-DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=OFF) ;;
    -D*) defines+=("$1") ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "build.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
    *) [[ -z $preset ]] || { usage >&2; exit 2; }; preset=$1 ;;
  esac
  shift
done
if [[ -z $preset ]]; then
  if find_nvcc; then preset=cuda; else preset=cpu; fi
fi

scripts/setup.sh "${setup[@]}"

build=build/$preset
cache=$build/CMakeCache.txt
stamp=$build/.configured
arguments="${defines[*]}"
# The commit is compiled in, so that provenance.json can name it.
commit=$(git rev-parse HEAD 2>/dev/null || echo none)
if [[ -f $cache ]]; then
  if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
    rm -f "$cache" # the folder was moved
  elif [[ -f $stamp && $(sed -n 1p "$stamp") != "options $arguments" ]]; then
    rm -f "$cache" # options that were taken back would stay in it
  fi
fi
if [[ ! -f $cache || ! -f $build/build.ninja ||
      $(cat "$stamp" 2>/dev/null) != "options $arguments"$'\n'"commit $commit" ]]; then
  rm -f "$stamp"
  cmake --preset "$preset" "${defines[@]}"
  printf 'options %s\ncommit %s\n' "$arguments" "$commit" >"$stamp"
fi
cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" "${target[@]}"
