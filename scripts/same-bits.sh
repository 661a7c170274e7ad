#!/usr/bin/env bash
# One hash from every build: g++ unoptimised for any x86-64, g++ for this processor, and clang where it is installed.
# Compares the hash of each functor (metavox selfcheck) and the final hash of configs/smoke.yaml.
set -euo pipefail
cd "$(dirname "$0")/.."

common=(-S . -G Ninja -DMETAVOX_CUDA=OFF -DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=OFF)
builds=(gcc-O0 gcc-native)
cmake -B build/bits/gcc-O0 "${common[@]}" -DCMAKE_BUILD_TYPE=Debug -DMETAVOX_MARCH= >/dev/null
cmake -B build/bits/gcc-native "${common[@]}" -DCMAKE_BUILD_TYPE=Release >/dev/null
if command -v clang++ >/dev/null && cmake -B build/bits/clang "${common[@]}" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ >/dev/null 2>&1; then
  builds+=(clang)
else
  echo "same-bits.sh: no clang with OpenMP here, left out"
fi

reference=""
code=0
for build in "${builds[@]}"; do
  if ! log=$(cmake --build "build/bits/$build" --target metavox_cli 2>&1); then
    echo "$log" >&2
    exit 1
  fi
  program=build/bits/$build/metavox
  # Fails where a functor of the program has no hash.
  if ! hashes=$("$program" selfcheck); then
    echo "same-bits.sh: selfcheck of $build failed" >&2
    code=1
  fi
  result=$({
    grep -v '^#' <<<"$hashes"
    "$program" run configs/smoke.yaml -o "build/bits/$build/smoke" --force --quiet \
      --set 'output.frames=0 min' --set 'output.checkpoints=0 min' 2>"build/bits/$build/smoke.log" | grep 'final hash'
  } || true)
  count=$(grep -c . <<<"$result" || true)
  hash=$(grep 'final hash' <<<"$result" || echo 'no final hash')
  echo "$build: $count hashes, $hash"
  if [[ -z $reference ]]; then reference=$result; fi
  if [[ $hash == no* ]]; then
    echo "same-bits.sh: $build did not finish configs/smoke.yaml:" >&2
    cat "build/bits/$build/smoke.log" >&2
    code=1
  elif [[ $result != "$reference" ]]; then
    echo "same-bits.sh: $build differs from ${builds[0]}; the first lines that do:" >&2
    diff <(echo "$reference") <(echo "$result") | head -6 >&2 || true
    code=1
  fi
done
exit "$code"
