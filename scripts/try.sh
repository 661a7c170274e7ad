#!/usr/bin/env bash
# Builds one test program and runs the tests in it that a filter names: seconds where scripts/test.sh takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/try.sh NAME [FILTER] [--gdb] [--watch] [-- arguments of the program]

  NAME      a program of tests/, with or without test_: cells, bits, fields ...
  FILTER    suite and test with * and ?, as for --gtest_filter; a word without them stands for *word*
  --gdb     in gdb, from the preset debug; stops where a test fails or throws
  --watch   again whenever a source changes, until Ctrl-C

METAVOX_PRESET chooses another build: cpu (default), debug, asan, tsan, cuda. METAVOX_JOBS as for scripts/build.sh.
TEXT
}

name='' filter='' gdb=no watch=no
more=()
while (($# > 0)); do
  case $1 in
    --gdb) gdb=yes ;;
    --watch) watch=yes ;;
    -h | --help) usage; exit 0 ;;
    --) shift; more=("$@"); break ;;
    -*) echo "try.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
    *)
      if [[ -z $name ]]; then name=$1
      elif [[ -z $filter ]]; then filter=$1
      else usage >&2; exit 2; fi ;;
  esac
  shift
done

name=${name##*/} name=${name%.cpp}
program=test_${name#test_}
if [[ -z $name || ! -f tests/$program.cpp ]]; then
  [[ -z $name ]] || echo "try.sh: there is no tests/$program.cpp" >&2
  echo "try.sh: NAME is one of" $(cd tests && printf '%s\n' test_*.cpp | sed 's/^test_//; s/\.cpp$//') >&2
  exit 2
fi
if [[ -n $filter && $filter != *[*?.:-]* ]]; then filter="*$filter*"; fi
preset=${METAVOX_PRESET:-cpu}
command=()
if [[ $gdb == yes ]]; then
  command -v gdb >/dev/null || { echo "try.sh: gdb is not installed (apt-get install gdb)" >&2; exit 3; }
  preset=${METAVOX_PRESET:-debug}
  command=(gdb -q -ex run --args)
  more+=(--gtest_break_on_failure --gtest_catch_exceptions=0)
fi
command+=("build/$preset/tests/$program" --gtest_brief=1 ${filter:+"--gtest_filter=$filter"} "${more[@]}")

once() {
  scripts/build.sh "$preset" --target "$program" || return
  if [[ -n $filter && $gdb == no ]] && ! "build/$preset/tests/$program" --gtest_filter="$filter" --gtest_list_tests | grep -q '^  '; then
    echo "try.sh: no test of $program is called $filter; it has" >&2
    "build/$preset/tests/$program" --gtest_list_tests | grep -v '^Running' >&2
    return 2
  fi
  OMP_WAIT_POLICY=passive "${command[@]}"
}
state() { # names, sizes and times of everything that a build reads
  find CMakeLists.txt cmake include src cuda viz tests -type f -printf '%p %s %T@\n' | LC_ALL=C sort | sha256sum
}

if [[ $watch == no ]]; then
  once
  exit
fi
while true; do
  now=$(state)
  once || true
  echo "== $(date +%H:%M:%S), waiting for a change"
  while [[ $(state) == "$now" ]]; do sleep 1; done
done
