#!/usr/bin/env bash
# The CUDA back end without a GPU: its kernels run on the CPU, in two orders of blocks and threads, and must give the bits
# of the CPU back end each time. Minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/standin.sh [--tsan]

  --tsan    under the thread sanitizer, with two host threads over the threads of each kernel: a race that no order of
            theirs shows. Takes about half an hour; tests run it under the label `long`

Exit codes: 0 all passed, 1 something failed or the build did, 2 usage.
TEXT
}

tsan=no
while (($# > 0)); do
  case $1 in
    --tsan) tsan=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "standin.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

scripts/setup.sh --checks
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
code=0
report() { # name, log, code
  if (($3 == 0)); then
    echo "pass  $1"
  else
    echo "FAIL  $1 (code $3)"
    # Of a sanitizer's report the beginning matters.
    { grep -m 1 -A 25 'WARNING: ThreadSanitizer' "$2" || tail -n 30 "$2"; } | sed 's/^/      /'
    code=1
  fi
}

if [[ $tsan == yes ]]; then
  cmake --preset standin-tsan >/dev/null
  cmake --build build/standin-tsan --parallel "${METAVOX_JOBS:-$(nproc)}" --target metavox_cli test_standin_race
  # The sanitizer must see a race that is there before its silence says anything.
  if METAVOX_STANDIN_THREADS=2 build/standin-tsan/tests/test_standin_race >"$logs/race" 2>&1 ||
    ! grep -q 'ThreadSanitizer: data race' "$logs/race"; then
    report "a race put in on purpose is seen" "$logs/race" 1
  else
    report "a race put in on purpose is seen" "$logs/race" 0
  fi
  result=0
  METAVOX_STANDIN_THREADS=2 OMP_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1 \
    build/standin-tsan/metavox selfcheck --backend cuda >"$logs/selfcheck" 2>&1 || result=$?
  report "selfcheck, two threads over each kernel" "$logs/selfcheck" "$result"
  exit "$code"
fi

cmake --preset standin >/dev/null
cmake --build build/standin --parallel "${METAVOX_JOBS:-$(nproc)}" \
  --target metavox_cli test_core test_bits test_standin test_traffic
in_order() { # order: everything in it, on one thread
  export METAVOX_STANDIN_ORDER=$1 OMP_NUM_THREADS=1
  local name result
  # Of test_bits what launches on cuda; the rest is the CPU's, and tested there. What restarts and milestones copy to the
  # host does not know an order: each of them once.
  local once='TakenSnapshot.*:Milestones.*'
  if [[ $1 == shuffled ]]; then once='*RestartHalfWay*'; fi
  for name in "metavox selfcheck" "tests/test_core --gtest_filter=-Long*" \
    "tests/test_bits --gtest_filter=*CudaGives*:$once"; do
    result=0
    # shellcheck disable=SC2086 # program and argument
    build/standin/$name >"$logs/$1" 2>&1 || result=$?
    report "${name%% *}, $1" "$logs/$1" "$result"
  done
  # A body, whose windows are sites on the same back end.
  result=0
  build/standin/metavox run tests/body_picture.yaml --until '4 h' --backend cuda -o "$logs/body-$1" --quiet >"$logs/$1" 2>&1 || result=$?
  grep '^final hash' "$logs/$1" >"$logs/$1-hash" && cmp -s "$logs/$1-hash" "$logs/body-hash" || result=1
  report "a body with windows, $1" "$logs/$1" "$result"
  return "$code"
}
build/standin/metavox run tests/body_picture.yaml --until '4 h' --backend cpu -o "$logs/body" --quiet | grep '^final hash' >"$logs/body-hash"
in_order shuffled &
shuffled=$!
in_order reversed || code=1
for name in test_standin test_traffic; do
  result=0
  build/standin/tests/$name >"$logs/$name" 2>&1 || result=$?
  report "$name" "$logs/$name" "$result"
done
wait "$shuffled" || code=1
exit "$code"
