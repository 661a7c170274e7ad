#!/usr/bin/env bash
# Builds the libFuzzer programs (clang) and runs each for a while over the corpus in tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/fuzz.sh [SECONDS] [TARGET ...]

  SECONDS   how long each target runs; default 60
  TARGET    config, overrides, quantity, expression, sweep, cells, swc, image, polylines, checkpoint, state;
            default: all but state

`state` hands HDF5 a checkpoint whose checksums were all made to fit. HDF5 1.10.8 (Debian 12) does not stand that:
it reads beyond its buffers (H5Aexists, H5O__attr_exists). Damage by accident never gets that far, as the file's
checksum is looked at first; whoever makes a file by intent does. Continue only from checkpoints you trust.

Inputs that fail are left in build/fuzz/findings, and the script ends with code 1. What the
targets discover on their way stays in build/fuzz/corpus for the next time and is not part of the tree.
TEXT
}

seconds=60
targets=()
for argument in "$@"; do
  case $argument in
    -h | --help) usage; exit 0 ;;
    *[!0-9]*) targets+=("$argument") ;;
    *) seconds=$argument ;;
  esac
done
if ((${#targets[@]} == 0)); then
  targets=(config overrides quantity expression sweep cells swc image polylines checkpoint)
fi
if ! command -v clang++ >/dev/null; then
  echo "fuzz.sh: clang++ was not found; on Debian and Ubuntu, install clang and libclang-rt-dev" >&2
  exit 2
fi

build=build/fuzz
cmake --preset fuzz >/dev/null
cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" --target "${targets[@]/#/fuzz_}"
export OMP_NUM_THREADS=1 ASAN_OPTIONS="${ASAN_OPTIONS:-}:allocator_may_return_null=1:quarantine_size_mb=32"

code=0
for target in "${targets[@]}"; do
  grown=$build/corpus/$target findings=$build/findings/$target log=$build/fuzz_$target.log
  mkdir -p "$grown" "$findings"
  seeds=(tests/fuzz/corpus/"$target")
  length=4096
  case $target in
    config) seeds+=(configs) length=16384 ;;
    checkpoint | state) length=65536 ;;
  esac
  options=$ASAN_OPTIONS
  # HDF5 1.10.8 itself loses some hundred bytes when it refuses a damaged file.
  if [[ $target == state ]]; then options+=:detect_leaks=0; fi
  words=()
  if [[ -f tests/fuzz/$target.dict ]]; then words=(-dict="tests/fuzz/$target.dict"); fi
  if ASAN_OPTIONS=$options "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -rss_limit_mb=512 -timeout=10 \
    -max_len=$length "${words[@]}" -artifact_prefix="$findings/" -print_final_stats=1 \
    "$grown" "${seeds[@]}" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz.sh: $target: ${runs:-?} inputs, nothing found"
  else
    code=1
    echo "fuzz.sh: $target failed; see $log and $findings" >&2
    tail -n 40 "$log" >&2
  fi
done
exit "$code"
