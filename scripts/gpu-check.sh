#!/usr/bin/env bash
# Checks the CUDA back end on a machine with a GPU, in two steps: a kit of programs is built where the libraries are, then
# carried to the GPU machine (which needs no packages but a driver) and run there.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/gpu-check.sh --prepare            build the kit here: build/gpu-kit, below 64 MB
scripts/gpu-check.sh [options]            run the kit on this machine's GPU

  --only LIST     stages, by commas: info,selfcheck,tests,run,bench,sanitizer (default: all, in this order)
  --sizes LIST    edges of the benchmark's box, by commas (default: 256,512,1024)

Results go to $OUT (default: gpu-check-out): summary.txt, a log per stage, bench-*.json. METAVOX_KIT names another kit.
Exit codes: 0 all passed, 1 something failed, 2 usage, 4 no GPU or no kit.
TEXT
}

kit=${METAVOX_KIT:-build/gpu-kit}

# ---- here -------------------------------------------------------------------------------------------------------
prepare() {
  scripts/setup.sh --no-viz
  local build=build/gpu
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMETAVOX_CUDA=ON "-DCMAKE_CUDA_ARCHITECTURES=80;90" \
    -DMETAVOX_STATIC=ON -DMETAVOX_VTK=OFF -DMETAVOX_HDF5=OFF -DMETAVOX_BENCH=OFF -DMETAVOX_TESTS=ON \
    -DMETAVOX_MARCH=x86-64-v3
  cmake --build "$build" --parallel "${METAVOX_JOBS:-$(nproc)}"

  rm -rf "$kit"
  mkdir -p "$kit/lib"
  local program name
  cp "$build/metavox" "$kit/"
  for program in "$build"/tests/test_*; do
    if [[ -f $program && -x $program ]]; then cp "$program" "$kit/"; fi
  done
  strip "$kit"/metavox "$kit"/test_*
  # Whatever is still linked dynamically travels along; the C library is the machine's own.
  for program in "$kit"/metavox "$kit"/test_*; do ldd "$program"; done |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    while read -r library; do
      name=$(basename "$library")
      case $name in
        libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | ld-linux*) ;;
        *) cp -L "$library" "$kit/lib/" ;;
      esac
    done

  local bytes needs
  bytes=$(du -sb "$kit" | cut -f1)
  needs=$(for program in "$kit"/metavox "$kit"/test_*; do objdump -T "$program"; done |
    grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
  echo "kit       $kit: $(find "$kit" -maxdepth 1 -name 'test_*' | wc -l) test programs, needs $needs"
  echo "libraries $(find "$kit/lib" -type f -printf '%f ')"
  printf 'size      %d.%d MB\n' $((bytes / 1000000)) $((bytes / 100000 % 10))
  if ((bytes > 64 * 1000 * 1000)); then
    echo "gpu-check.sh: the kit is larger than 64 MB" >&2
    return 1
  fi
}

# ---- on the GPU machine -----------------------------------------------------------------------------------------
only=info,selfcheck,tests,run,bench,sanitizer
sizes=256,512,1024
while (($# > 0)); do
  case $1 in
    --prepare) prepare; exit ;;
    --only) only=${2:?--only needs a list}; shift ;;
    --sizes) sizes=${2:?--sizes needs a list}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "gpu-check.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

out=${OUT:-gpu-check-out}
mkdir -p "$out"
summary=$out/summary.txt
: >"$summary"
export LD_LIBRARY_PATH=$PWD/$kit/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
metavox=$kit/metavox
[[ -x $metavox ]] || {
  echo "gpu-check.sh: there is no $metavox; run 'scripts/gpu-check.sh --prepare' where the libraries are" >&2
  exit 4
}
# Permissions may get lost on the way.
chmod +x "$kit"/metavox "$kit"/test_* 2>/dev/null || true
if ! "$metavox" info >"$out/info.log" 2>&1; then
  cat "$out/info.log" >&2
  exit 4
fi
if grep -q 'cuda: not usable' "$out/info.log"; then
  echo "gpu-check.sh: no GPU here: $(sed -n 's/.*cuda: not usable: //p' "$out/info.log")" >&2
  exit 4
fi

failures=0
report() { # verdict, what, seconds
  printf '%-4s  %-34s %5d s\n' "$1" "$2" "$3" | tee -a "$summary"
  if [[ $1 == FAIL ]]; then failures=$((failures + 1)); fi
}
check() { # name, limit in seconds, command ...: passes if the command does
  local name=$1 limit=$2 begin=$SECONDS log
  log=$out/${name//[^A-Za-z0-9_.-]/_}.log
  shift 2
  if timeout "$limit" "$@" >"$log" 2>&1; then
    report pass "$name" $((SECONDS - begin))
  else
    report FAIL "$name" $((SECONDS - begin))
    tail -n 15 "$log" | sed 's/^/      /'
  fi
}

stage_info() {
  { nvidia-smi || true; nvcc --version || true; } >>"$out/info.log" 2>&1
  sed -n 1,8p "$out/info.log"
}

# Every functor on both back ends; the program compares and exits with 5 where they differ.
stage_selfcheck() {
  check selfcheck 300 "$metavox" selfcheck
  if ! grep -q '^# CUDA' "$out/selfcheck.log"; then report FAIL "selfcheck ran on CUDA" 0; fi
}

# Tests visit every back end there is; test_bits compares with the stored hashes.
stage_tests() {
  local program
  for program in "$kit"/test_*; do
    check "$(basename "$program")" 400 "$program" '--gtest_filter=-Long*'
  done
}

# Two configurations from start to end on both back ends: one hash.
run_both() { # config, until
  local name hashes backend
  name=$(basename "$1" .yaml)
  for backend in cpu cuda; do
    check "run $name on $backend" 300 "$metavox" run "$1" --until "$2" --backend "$backend" -o "$out/run-$name-$backend" \
      --force --quiet
  done
  hashes=$(cat "$out/run_${name}_on_cpu.log" "$out/run_${name}_on_cuda.log" | grep '^final hash' | sort | uniq -c)
  echo "$hashes" >"$out/hash-$name.txt"
  if [[ $(awk '{ print $1 }' <<<"$hashes") == 2 ]]; then
    report pass "$name: same hash" 0
  else
    report FAIL "$name: same hash" 0
    echo "$hashes"
  fi
}
stage_run() {
  run_both configs/smoke.yaml '2 h'
  run_both configs/primary_tumour.yaml '2 day'
}

bench_on() { # back end, size
  local json=$out/bench-$1-$2.json
  rm -f "$json" # of an earlier check
  check "bench $1 $2" 240 "$metavox" bench --backend "$1" --size "$2" --json "$json"
  if grep -qs "\"device\": \"${1^^}," "$json" && grep -qs "\"size\": $2," "$json"; then
    report pass "$(basename "$json")" 0
  else
    report FAIL "$(basename "$json")" 0
  fi
}
stage_bench() {
  local size
  for size in ${sizes//,/ }; do bench_on cuda "$size"; done
  bench_on cpu "${sizes%%,*}"
  cat "$out"/bench_*.log
}

stage_sanitizer() {
  local sanitizer tool
  sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
  if [[ ! -x $sanitizer ]]; then
    report FAIL "compute-sanitizer was not found" 0
    return
  fi
  for tool in memcheck racecheck initcheck synccheck; do
    check "$tool" 400 "$sanitizer" --tool "$tool" --error-exitcode 9 "$metavox" run configs/smoke.yaml --until '18 min' \
      --backend cuda -o "$out/run-$tool" --force --quiet
  done
}

for stage in ${only//,/ }; do
  if ! declare -F "stage_$stage" >/dev/null; then
    echo "gpu-check.sh: there is no stage $stage" >&2
    exit 2
  fi
  "stage_$stage"
done
if ((failures > 0)); then
  echo "gpu-check.sh: $failures failed; logs are in $out" | tee -a "$summary"
  exit 1
fi
echo "gpu-check.sh: all passed on $(sed -n 's/.*cuda: //p' "$out/info.log" | head -n 1)" | tee -a "$summary"
