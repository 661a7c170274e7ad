#!/usr/bin/env bash
# Static checks: cppcheck over everything, clang-tidy by .clang-tidy over what changed. Fails on any finding.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/lint.sh [--since REV | --all | --quick | FILE...] [--minutes N]

  (default)    cppcheck, and clang-tidy over what differs from the base: where the branch left origin's main branch,
               else the commit before the last; in a clone without earlier commits, over everything
  --since REV  another base
  --all        clang-tidy over every source of src, viz, bench and tests; half an hour the first time on two cores
  --quick      cppcheck only
  FILE...      clang-tidy over these only
  --minutes N  clang-tidy begins no file after N minutes; those left are counted, and no fault

A changed header is read through a source that includes it. What passed is not read again until it changes.
Needs: scripts/setup.sh --checks. METAVOX_JOBS sets how many run at the same time (default: all cores).
TEXT
}

quick=no all=no since='' minutes=0
files=()
while (($# > 0)); do
  case $1 in
    --quick) quick=yes ;;
    --all) all=yes ;;
    --since) since=${2:?--since needs a revision}; shift ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "lint.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
    *) files+=("$1") ;;
  esac
  shift
done

clang_tidy=$(command -v clang-tidy-14 || command -v clang-tidy || true)
if ! command -v cppcheck >/dev/null || [[ $quick == no && -z $clang_tidy ]]; then
  echo "lint.sh: cppcheck or clang-tidy is not installed (scripts/setup.sh --checks)" >&2
  exit 3
fi
jobs=${METAVOX_JOBS:-$(nproc)}
build=build/cpu
[[ -f $build/compile_commands.json ]] || cmake --preset cpu >/dev/null
seen=$build/lint
mkdir -p "$seen/cppcheck" "$seen/tidy"
# Without the precompiled headers of a METAVOX_PRECOMPILED build: clang cannot read gcc's, and a file that forgets an include of
# its own is found here.
commands=$seen/compile_commands.json
sed -E 's/ -Winvalid-pch -include [^ "]+//' "$build/compile_commands.json" >"$commands"
code=0

if ((${#files[@]} == 0)); then
  echo "== cppcheck"
  # What it says of the tests' macros and of other people's headers is not about this program.
  cppcheck --project="$commands" --cppcheck-build-dir="$seen/cppcheck" -j "$jobs" \
    --enable=warning,performance,portability --library=googletest --inline-suppr --quiet --error-exitcode=1 \
    --suppressions-list=scripts/cppcheck.suppressions --template='{file}:{line}: {message} [{id}]' || code=$?
fi

base() {
  local main there
  if [[ -n $since ]]; then git rev-parse --verify --quiet "$since^{commit}"; return; fi
  for main in origin/HEAD origin/main origin/master; do
    there=$(git merge-base HEAD "$main" 2>/dev/null) || continue
    [[ $there != "$(git rev-parse HEAD)" ]] || continue
    echo "$there"
    return
  done
  git rev-parse --verify --quiet HEAD~1
}

if [[ $quick == no ]]; then
  if [[ $all == no ]] && ((${#files[@]} == 0)); then
    if from=$(base); then
      echo "== clang-tidy, what changed since $(git log -1 --format='%h %s' "$from")"
      mapfile -t files < <({ git diff --name-only "$from"; git ls-files --others --exclude-standard; } | sort -u)
      # lint_files.py wants a name: one that is no source asks for nothing.
      ((${#files[@]})) || files=(README.md)
    elif [[ -n $since ]]; then
      echo "lint.sh: no commit $since here" >&2
      exit 2
    else
      all=yes
    fi
  fi
  if [[ $all == yes ]]; then
    echo "== clang-tidy, everything"
    files=(--all)
  fi
  deadline=$((minutes > 0 ? $(date +%s) + 60 * minutes : 0))
  lists=$(mktemp -d) # of this run: another may go on beside it
  trap 'rm -rf "$lists"' EXIT
  left=$lists/left
  : >"$left"
  tidy() { # key and source
    local stamp
    stamp=$seen/tidy/$(printf '%s' "$2" | tr / _)-$1
    [[ ! -f $stamp ]] || return 0
    if ((deadline > 0 && $(date +%s) >= deadline)); then
      echo "$2" >>"$left"
      return 0
    fi
    "$clang_tidy" -p "$seen" --quiet "$2" 2>/dev/null || return 1
    rm -f "${stamp%-*}"-*
    touch "$stamp"
  }
  export -f tidy
  export seen build deadline left clang_tidy
  python3 scripts/lint_files.py "${files[@]}" >"$lists/chosen"
  xargs -r -L 1 -P "$jobs" bash -c 'tidy "$@"' tidy <"$lists/chosen" || code=1
  unread=$(wc -l <"$left")
  echo "lint.sh: $(wc -l <"$lists/chosen") sources$( ((unread == 0)) || echo ", of which $unread were left unread after $minutes minutes")"
fi
((code != 0)) || echo "lint.sh: nothing found"
exit "$code"
