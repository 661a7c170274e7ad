#!/usr/bin/env bash
# Checks the CUDA back end on a machine with a GPU, in two steps: a kit of programs, configurations and the hashes that
# the CPU gives is packed where the libraries are, then carried to the GPU machine (which needs no packages but a driver)
# and run there.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/gpu-check.sh --prepare [--standin]  build the kit here: build/gpu-kit.tar.xz, below 64 MB
scripts/gpu-check.sh [options]              run the kit on this machine's GPU

  --budget S      seconds for everything; what does not fit is told and left out (default: 480)
  --only LIST     stages, by commas: info,selfcheck,bits,hashes,bench,profile,memory,tests (default: all, in this order)
  --sizes LIST    edges of the benchmark's box, by commas (default: 256,512,1024)
  --standin       a rehearsal on the CPU's stand-in for a GPU, with what passes in a minute

Results go to $OUT (default: gpu-check-out): summary.txt, bench-SIZE.json, kernels.csv, logs.tar.xz; each is there as soon
as its stage is done. METAVOX_KIT names another kit.
Exit codes: 0 all passed, 1 something failed, 2 usage, 4 no GPU or no kit.
TEXT
}

standin=no prepare=no budget=480 only="" sizes=""
while (($# > 0)); do
  case $1 in
    --prepare) prepare=yes ;;
    --standin) standin=yes ;;
    --budget) budget=${2:?--budget needs seconds}; shift ;;
    --only) only=${2:?--only needs a list}; shift ;;
    --sizes) sizes=${2:?--sizes needs a list}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "gpu-check.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
kit=build/gpu-kit.tar.xz
stages=info,selfcheck,bits,hashes,bench,profile,memory,tests
if [[ $standin == yes ]]; then # tools for GPUs know nothing of it
  kit=build/standin-kit.tar.xz stages=info,selfcheck,bits,hashes,bench,tests sizes=${sizes:-24}
fi
only=${only:-$stages} sizes=${sizes:-256,512,1024}
kit=${METAVOX_KIT:-$kit}

# ---- here -------------------------------------------------------------------------------------------------------
# Tests that ask for no file of the source tree; the others are in the tree's own test run.
in_kit=(test_bits test_core test_fields test_cells test_vessels test_validation_fields test_blood_flow test_profile)
# Configurations whose last hash the CPU tells beforehand, and how far they run.
run_to=("configs/smoke 2 h" "configs/primary_tumour 1 day" "configs/spheroid_hypoxia 3 h" "tests/body_picture 12 h")
if [[ $standin == yes ]]; then # what passes in a minute
  in_kit=(test_core test_traffic)
  run_to=("configs/smoke 1 h" "tests/body_picture 4 h")
fi

build_kit() {
  local build=build/gpu
  if [[ $standin == yes ]]; then
    build=build/standin
    cmake --preset standin
  else
    cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMETAVOX_CUDA=ON \
      "-DCMAKE_CUDA_ARCHITECTURES=${METAVOX_ARCHITECTURES:-90}" -DMETAVOX_STATIC=ON -DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF \
      -DMETAVOX_BENCH=OFF -DMETAVOX_TESTS=ON -DMETAVOX_MARCH=x86-64-v3
  fi
  cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}" --target metavox_cli "${in_kit[@]}"

  local folder=${kit%.tar.xz} program library name
  rm -rf "$folder"
  mkdir -p "$folder/lib" "$folder/configs"
  cp "$build/metavox" "${in_kit[@]/#/$build/tests/}" "$folder/"
  strip "$folder"/metavox "$folder"/test_*
  # Whatever is still linked dynamically travels along; the C library is the machine's own.
  for program in "$folder"/metavox "$folder"/test_*; do ldd "$program"; done |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    while read -r library; do
      name=$(basename "$library")
      case $name in
        libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | ld-linux*) ;;
        *) cp -L "$library" "$folder/lib/" ;;
      esac
    done
  hashes_here "$folder"
  tar -C "$folder" -cJf "$kit.part" .
  mv "$kit.part" "$kit"

  local bytes needs
  bytes=$(stat -c %s "$kit")
  needs=$(for program in "$folder"/metavox "$folder"/test_*; do objdump -T "$program"; done |
    grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
  echo "kit       $kit: ${#in_kit[@]} test programs, needs $needs"
  echo "libraries $(find "$folder/lib" -type f -printf '%f ')"
  printf 'size      %d.%d MB\n' $((bytes / 1000000)) $((bytes / 100000 % 10))
  if ((bytes > 64 * 1000 * 1000)); then
    echo "gpu-check.sh: the kit is larger than 64 MB" >&2
    return 1
  fi
}

# What the CPU says, so that no time of the GPU machine is spent on it.
hashes_here() {
  local folder=$1 config run
  for run in "${run_to[@]}"; do
    config=$(basename "${run%% *}")
    cp "${run%% *}.yaml" "$folder/configs/"
    "$folder/metavox" run "${run%% *}.yaml" --until "${run#* }" --backend cpu -o "$folder-run" --force --quiet |
      awk -v name="$config" '/^final hash/ { print name, $NF }'
    rm -rf "$folder-run"
  done >"$folder/hashes.txt"
}

if [[ $prepare == yes ]]; then build_kit; exit; fi

# ---- on the GPU machine -----------------------------------------------------------------------------------------
out=${OUT:-gpu-check-out}
mkdir -p "$out"
summary=$out/summary.txt
: >"$summary"
[[ -f $kit ]] || {
  echo "gpu-check.sh: there is no $kit; run 'scripts/gpu-check.sh --prepare' where the libraries are" >&2
  exit 4
}
work=$(mktemp -d)
logs=$work/logs
mkdir "$logs"
keep_logs() { tar -C "$work" -cJf "$out/logs.tar.xz" logs || true; }
trap 'keep_logs; rm -rf "$work"' EXIT
tar -C "$work" -xJf "$kit"
export LD_LIBRARY_PATH=$work/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
metavox=$work/metavox
if ! "$metavox" info >"$logs/info" 2>&1; then
  cat "$logs/info" >&2
  exit 4
fi
if grep -q 'cuda: not usable' "$logs/info"; then
  echo "gpu-check.sh: no GPU here: $(sed -n 's/.*cuda: not usable: //p' "$logs/info")" >&2
  exit 4
fi

failures=0
report() { # verdict, what, seconds
  printf '%-4s  %-38s %5d s\n' "$1" "$2" "$3" | tee -a "$summary"
  if [[ $1 == FAIL ]]; then failures=$((failures + 1)); fi
}
left() { echo $((budget - SECONDS)); }
# name, limit in seconds, least seconds for which it is worth a try, command ...: passes if the command does. 1: it did
# not; 2: no time was left for it.
check() {
  local name=$1 limit=$2 least=$3 begin=$SECONDS log code=0
  log=$logs/${name//[^A-Za-z0-9_.-]/_}
  shift 3
  if (($(left) < least)); then
    report skip "$name: no time left" 0
    return 2
  fi
  if ((limit > $(left))); then limit=$(left); fi
  timeout "$limit" "$@" >"$log" 2>&1 || code=$?
  if ((code == 0)); then
    report pass "$name" $((SECONDS - begin))
  else
    report FAIL "$name (code $code)" $((SECONDS - begin))
    tail -n 15 "$log" | sed 's/^/      /' | tee -a "$summary"
    return 1
  fi
}

stage_info() {
  { date; nvidia-smi || true; nproc; free -g || true; } >>"$logs/info" 2>&1
  sed -n 1,8p "$logs/info"
}

# Every functor; the program stops at the first launch after which a byte differs from the CPU's.
stage_selfcheck() { check selfcheck 120 10 "$metavox" selfcheck || true; }

# Tests visit every back end there is; test_bits compares with the stored hashes.
stage_bits() {
  local program
  for program in test_core test_bits; do
    [[ -x $work/$program ]] || continue
    check "$program" 120 10 "$work/$program" '--gtest_filter=-Long*' || true
  done
}

stage_hashes() {
  local run config expected found
  for run in "${run_to[@]}"; do
    config=$(basename "${run%% *}")
    check "run $config" 120 10 "$metavox" run "$work/configs/$config.yaml" --until "${run#* }" --backend cuda \
      -o "$work/run" --force --quiet || continue
    expected=$(awk -v name="$config" '$1 == name { print $2 }' "$work/hashes.txt")
    found=$(awk '/^final hash/ { print $NF }' "$logs/run_$config")
    if [[ -n $expected && $expected == "$found" ]]; then
      report pass "$config: the CPU's hash $expected" 0
    else
      report FAIL "$config: $found, on the CPU $expected" 0
    fi
  done
}

stage_bench() {
  local size json
  for size in ${sizes//,/ }; do
    json=$out/bench-$size.json
    rm -f "$json" # of an earlier check
    check "bench $size" $((size < 600 ? 90 : 150)) 20 "$metavox" bench --backend cuda --size "$size" --json "$json" || true
    cat "$logs/bench_$size" 2>/dev/null || true
    if grep -qs '"device": "CUDA,' "$json" && grep -qs "\"size\": $size," "$json" && grep -qs '"step_ms"' "$json"; then
      report pass "bench-$size.json" 0
    else
      report FAIL "bench-$size.json" 0
    fi
  done
}

nvidia_tool() { # name: its path, or nothing
  command -v "$1" || { [[ -x /usr/local/cuda/bin/$1 ]] && echo "/usr/local/cuda/bin/$1"; }
}

# Time, bytes and occupancy of every kernel of some steps.
stage_profile() {
  local ncu
  ncu=$(nvidia_tool ncu) || { report skip "ncu was not found" 0; return; }
  check "kernels of a step" 120 40 "$ncu" --csv --clock-control none --launch-skip 1500 --launch-count 420 --metrics \
gpu__time_duration.sum,dram__bytes.sum,dram__throughput.avg.pct_of_peak_sustained_elapsed,sm__throughput.avg.pct_of_peak_sustained_elapsed,sm__warps_active.avg.pct_of_peak_sustained_active,launch__registers_per_thread,launch__grid_size \
    "$metavox" bench --backend cuda --size 256 --only step || return 0
  sed -n '/^"ID"/,$p' "$logs/kernels_of_a_step" >"$out/kernels.csv"
}

stage_memory() {
  local sanitizer tool
  sanitizer=$(nvidia_tool compute-sanitizer) || { report skip "compute-sanitizer was not found" 0; return; }
  for tool in memcheck racecheck synccheck; do
    check "$tool" 120 30 "$sanitizer" --tool "$tool" --error-exitcode 9 "$metavox" run "$work/configs/smoke.yaml" \
      --until '12 min' --backend cuda -o "$work/run" --force --quiet || true
  done
}

stage_tests() {
  local program
  for program in "$work"/test_*; do
    case $(basename "$program") in test_core | test_bits) continue ;; esac
    check "$(basename "$program")" 240 20 "$program" '--gtest_filter=-Long*' || true
  done
}

for stage in ${only//,/ }; do
  if ! declare -F "stage_$stage" >/dev/null; then
    echo "gpu-check.sh: there is no stage $stage" >&2
    exit 2
  fi
  "stage_$stage"
  keep_logs
done
device=$(sed -n 's/.*cuda: //p' "$logs/info" | head -n 1)
if ((failures > 0)); then
  echo "gpu-check.sh: $failures failed on $device, $SECONDS s; logs are in $out" | tee -a "$summary"
  exit 1
fi
echo "gpu-check.sh: all passed on $device, $SECONDS s" | tee -a "$summary"
