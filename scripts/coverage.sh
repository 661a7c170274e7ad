#!/usr/bin/env bash
# Lines of src/ and include/ that the tests reach, file by file and in sum. Fails below 90 %.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  -h | --help)
    echo "scripts/coverage.sh [arguments of ctest]    needs: apt-get install gcovr"
    exit 0
    ;;
esac
command -v gcovr >/dev/null || { echo "coverage.sh: gcovr is not installed (apt-get install gcovr)" >&2; exit 3; }

build=build/coverage
scripts/build.sh coverage
find "$build" -name '*.gcda' -delete
# Threads that count the same lines take turns at a cache line: one thread to a test where it does not ask for more.
export OMP_NUM_THREADS=1
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" -LE '^long$' "$@"
# Lines that only a GPU reaches are compiled out of this build. Programs that a test kills leave no counts. Threads may lose
# counts to each other, which leaves a line that was reached above zero all the same.
gcovr --root . --filter 'src/' --filter 'include/' --object-directory "$build" --exclude-throw-branches \
  --exclude-directories '.*CompilerId.*' \
  --gcov-ignore-parse-errors --print-summary --fail-under-line 90 \
  --xml "$build/coverage.xml" --txt -
