#!/usr/bin/env bash
# Builds the preset cpu and runs the tests. Says so and stops when nothing changed since they last passed.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/test.sh [--all | --long] [--again] [arguments of ctest, e.g. -R test_bits]

  (default)   all tests but those that take minutes
  --long      only those
  --all       both
  --again     also when nothing changed since they last passed (as with CI=true in the environment)

METAVOX_PRESET chooses another build: asan, tsan, debug, cuda.
TEXT
}

choice=(-LE '^long$')
again=${CI:-false}
extra=()
for argument in "$@"; do
  case $argument in
    --all) choice=() ;;
    --long) choice=(-L '^long$') ;;
    --again) again=true ;;
    -h | --help) usage; exit 0 ;;
    *) extra+=("$argument") ;;
  esac
done
preset=${METAVOX_PRESET:-cpu}
build=build/$preset

scripts/build.sh "$preset"

# Contents of every file that is not ignored, the compiler's output, and what was asked for.
state_of_tree() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard
  else
    find . \( -path ./build -o -path './build-*' -o -path ./runs \) -prune -o -type f -print0
  fi | LC_ALL=C sort -zu | xargs -0 sha256sum 2>/dev/null || true
}
key=$(printf '%s\n' "${choice[*]} ${extra[*]}" | sha256sum | cut -c1-16)
stamp=$build/.passed-$key
now=$({ state_of_tree; sha256sum "$build/metavox"; } | sha256sum | cut -d' ' -f1)
if [[ $again != true && $again != 1 && $(cat "$stamp" 2>/dev/null) == "$now" ]]; then
  echo "test.sh: nothing changed since these tests passed ($(date -r "$stamp" '+%Y-%m-%d %H:%M')); --again runs them anyway"
  exit 0
fi
rm -f "$stamp"

log=$build/tests.log
code=0
ctest --test-dir "$build" --output-on-failure --parallel "${METAVOX_JOBS:-$(nproc)}" \
  "${choice[@]}" "${extra[@]}" 2>&1 | tee "$log" || code=$?
summary=$(grep -E '^[0-9]+% tests passed' "$log" || true)
if ((code == 0)) && [[ -z $summary ]]; then
  echo "test.sh: no test was run" >&2
  code=1
fi
skipped=$(grep -cE '\*\*\*Skipped' "$log" || true)
echo
echo "test.sh: ${summary:-no summary}, $skipped of them skipped (log: $log)"
if ((code == 0)); then echo "$now" >"$stamp"; fi
exit "$code"
