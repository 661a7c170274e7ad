#!/usr/bin/env bash
# Tries the README on a system that has nothing yet: a fresh root of Debian or Ubuntu, a clone of the last commit, an
# ordinary user who may use sudo, and every command of README.md as it stands there.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
scripts/clean-room.sh [--suite NAME] [--mirror URL] [--root DIR] [--keep] [--until STAGE] [--tests] [--unsigned]

  --suite     bookworm (default), jammy or noble
  --mirror    archive of the distribution; default: its public one
  --root      where the system goes (about 3 GB); default: /tmp/metavox-clean-room-SUITE
  --keep      leave the root in place; started again with it, only what changed is done again
  --until     root, setup, build or readme (default): the last stage to do
  --tests     scripts/test.sh as well, another half an hour
  --unsigned  accept an archive whose keyring is not installed here (ubuntu-keyring on Debian)

Needs root and debootstrap. METAVOX_JOBS as for scripts/build.sh. Takes 15 minutes on two idle cores.
TEXT
}

suite=bookworm mirror='' root='' keep=no last=readme unsigned=no tests=''
while (($# > 0)); do
  case $1 in
    --suite | --mirror | --root | --until)
      [[ -n ${2:-} ]] || { echo "clean-room.sh: $1 needs a value" >&2; exit 2; }
      case $1 in
        --suite) suite=$2 ;;
        --mirror) mirror=$2 ;;
        --root) root=$2 ;;
        --until) last=$2 ;;
      esac
      shift ;;
    --keep) keep=yes ;;
    --tests) tests=--tests ;;
    --unsigned) unsigned=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "clean-room.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
case $suite in
  bookworm)
    public=http://deb.debian.org/debian components=main
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
  jammy | noble)
    public=http://archive.ubuntu.com/ubuntu components="main universe"
    keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg ;;
  *) echo "clean-room.sh: --suite is bookworm, jammy or noble" >&2; exit 2 ;;
esac
case $last in root | setup | build | readme) ;; *) usage >&2; exit 2 ;; esac
mirror=${mirror:-$public}
root=$(realpath -m "${root:-/tmp/metavox-clean-room-$suite}")
((EUID == 0)) || { echo "clean-room.sh: only root may make a root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "clean-room.sh: install debootstrap first" >&2; exit 2; }
if [[ -e $root && ! -e $root/.metavox-clean-room ]]; then
  echo "clean-room.sh: $root exists and is not a clean room" >&2
  exit 2
fi
if [[ $keep == no ]]; then rm -rf --one-file-system "$root"; fi
clean_up() { if [[ $keep == no ]]; then rm -rf --one-file-system "$root"; fi; }
trap clean_up EXIT

# Mounts live in a namespace of their own and go with it. The first argument is the user.
inside() {
  unshare --mount --pid --fork --kill-child -- bash -euc '
    root=$1 user=$2; shift 2
    mount -t proc proc "$root/proc"
    mount -t devpts devpts "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    exec chroot "$root" su -s /bin/bash "$user" -c "$*"' clean-room "$root" "$@"
}
stage() { # name and function
  echo "== $suite: $1"
  "$2"
  if [[ $last == "$1" ]]; then
    echo "== $suite: done"
    exit 0
  fi
}

make_root() {
  if [[ -e $root/.metavox-clean-room/made ]]; then return 0; fi
  local trust=(--keyring="$keyring") apt='' script=()
  if [[ ! -e $keyring ]]; then
    if [[ $unsigned == no ]]; then
      echo "clean-room.sh: $keyring is missing; install it or give --unsigned" >&2
      exit 2
    fi
    trust=(--no-check-gpg)
    apt='[trusted=yes]'
  fi
  # An older debootstrap does not know newer names; all Ubuntus since 2007 share one script.
  if [[ $suite != bookworm ]]; then script=(/usr/share/debootstrap/scripts/gutsy); fi
  mkdir -p "$root/.metavox-clean-room"
  debootstrap --variant=minbase "${trust[@]}" "$suite" "$root" "$mirror" "${script[@]}" >/dev/null
  {
    echo "deb $apt $mirror $suite $components"
    echo "deb $apt $mirror $suite-updates $components"
  } >"$root/etc/apt/sources.list"
  # What a minimal root lacks and every installed system has: a network, an ordinary user, sudo, git.
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  inside root "apt-get -qq update && apt-get -qq install -y --no-install-recommends sudo git ca-certificates >/dev/null"
  inside root "useradd -m -s /bin/bash newcomer && echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/newcomer"
  : >"$root/.metavox-clean-room/made"
}
set_up() {
  git bundle create --quiet "$root/tmp/metavox.bundle" HEAD
  inside newcomer "if [ -d ~/metavox ]; then cd ~/metavox && git fetch -q /tmp/metavox.bundle HEAD && git reset -q --hard FETCH_HEAD
    else git clone -q /tmp/metavox.bundle ~/metavox; fi"
  inside newcomer "cd ~/metavox && scripts/setup.sh"
  inside newcomer "cd ~/metavox && test -z \"\$(scripts/setup.sh)\"" # nothing left to install
}
build() {
  inside newcomer "cd ~/metavox && export METAVOX_JOBS=${METAVOX_JOBS:-$(nproc)} &&
    cmake --preset cpu && cmake --build --preset cpu --parallel \$METAVOX_JOBS --target metavox_cli &&
    cmake --install build/cpu --prefix ~/installed >/dev/null && ~/installed/bin/metavox --version"
}
readme() {
  inside newcomer "cd ~/metavox && export METAVOX_JOBS=${METAVOX_JOBS:-$(nproc)} &&
    /usr/bin/python3 tests/try_readme.py --build build/cpu $tests"
}

stage root make_root
stage setup set_up
stage build build
stage readme readme
