#!/usr/bin/env bash
# One hash from every build: g++ unoptimised for any x86-64 and under the sanitizers (scripts/asan.sh), g++ for this
# processor (the preset cpu; in CI for x86-64-v3), and clang where it is installed.
# Compares the hash of each functor (metavox selfcheck) and the final hash of configs/smoke.yaml.
#
#   scripts/same-bits.sh [FOLDER...]    programs that were built already are compared as well
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${METAVOX_JOBS:-$(nproc)}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

# The program of folder $1 on small inputs; fails where a functor of it has no hash.
run_program() {
  local program=$1/metavox to=$runs/${1//\//-} result=0
  "$program" selfcheck >"$to.selfcheck" || result=$?
  { grep -v '^#' "$to.selfcheck"
    "$program" run configs/smoke.yaml -o "$to" --force --quiet \
      --set 'output.frames=0 min' --set 'output.checkpoints=0 min' 2>"$to.log" | grep 'final hash'
  } >"$to.hashes" || true
  return "$result"
}

builds=() running=()
build() { # folder, command that makes its program
  local log
  if ! log=$("${@:2}" 2>&1); then
    tail -n 60 <<<"$log" >&2
    exit 1
  fi
  builds+=("$1")
  run_program "$1" & # while the next one is built
  running+=($!)
}
for folder in "$@"; do build "$folder" test -x "$folder/metavox"; done
build build/asan-smoke scripts/asan.sh --build
[[ -f build/cpu/build.ninja ]] || cmake --preset cpu >/dev/null
build build/cpu cmake --build build/cpu --parallel "$jobs" --target metavox_cli
if command -v clang++ >/dev/null && cmake -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=Release -DMETAVOX_PRECOMPILED=ON \
  -DMETAVOX_UNITY=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DMETAVOX_CUDA=OFF -DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF \
  -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=OFF >/dev/null 2>&1; then
  build build/clang cmake --build build/clang --parallel "$jobs" --target metavox_cli
else
  echo "same-bits.sh: no clang with OpenMP here, left out"
fi

reference="" code=0
for k in "${!builds[@]}"; do
  build=${builds[k]}
  to=$runs/${build//\//-}
  if ! wait "${running[k]}"; then
    echo "same-bits.sh: selfcheck of $build failed" >&2
    code=1
  fi
  result=$(<"$to.hashes")
  count=$(grep -c . <<<"$result" || true)
  hash=$(grep 'final hash' <<<"$result" || echo 'no final hash')
  echo "$build: $count hashes, $hash"
  if [[ -z $reference ]]; then reference=$result; fi
  if [[ $hash == no* ]]; then
    echo "same-bits.sh: $build did not finish configs/smoke.yaml:" >&2
    cat "$to.log" >&2
    code=1
  elif [[ $result != "$reference" ]]; then
    echo "same-bits.sh: $build differs from ${builds[0]}; the first lines that do:" >&2
    diff <(echo "$reference") <(echo "$result") | head -6 >&2 || true
    code=1
  fi
done
exit "$code"
