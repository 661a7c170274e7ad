#!/usr/bin/env bash
# Installs what metavox needs from the distribution: Debian 12, Ubuntu 22.04 or 24.04.
set -euo pipefail

usage() {
  cat <<'TEXT'
scripts/setup.sh [--no-viz | --minimal | --checks] [--list]

  --no-viz    without VTK, matplotlib, the virtual display and valgrind: no frames, no pictures
  --minimal   only what compiles the program: no frames, checkpoints, tests or benchmarks either
  --checks    only what .ci/run needs besides: clang-format, clang-tidy, cppcheck, clang, Boost.Context
  --list      print the packages and stop

Never removes a package; where the distribution's ParaView is installed, the VTK in it is taken.
Ends at once when everything is there. CUDA is not installed: where nvcc is found it is used.
TEXT
}

extent=all
list=no
for argument in "$@"; do
  case $argument in
    --no-viz) extent=no-viz ;;
    --minimal) extent=minimal ;;
    --checks) extent=checks ;;
    --list) list=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "setup.sh: unknown option $argument" >&2; usage >&2; exit 2 ;;
  esac
done

packages=(g++ cmake ninja-build git libyaml-cpp-dev libcli11-dev zlib1g-dev nlohmann-json3-dev)
if [[ $extent == checks ]]; then
  # Other versions format differently and find other things. libomp-dev: OpenMP of clang.
  packages=(clang-format-14 clang-tidy-14 cppcheck clang libomp-dev libboost-context-dev git python3)
elif [[ $extent != minimal ]]; then
  packages+=(libhdf5-dev libgtest-dev libbenchmark-dev python3 python3-numpy python3-h5py python3-yaml python3-jsonschema)
fi
here() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true) == installed ]]; }
if [[ $extent == all ]]; then
  # The distribution's ParaView cannot stand beside its VTK, but brings one of its own that does as well.
  vtk=(libvtk9-dev python3-vtk9)
  if ! { here libvtk9-dev && here python3-vtk9; } && { here paraview || here python3-paraview || here paraview-dev; }; then
    vtk=(paraview-dev python3-paraview)
  fi
  packages+=("${vtk[@]}" python3-matplotlib xvfb xauth valgrind)
fi
if [[ $list == yes ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup.sh: this system has no apt-get; install the counterparts of: ${packages[*]}" >&2
  exit 0 # CMake names what it misses
fi

missing=()
for package in "${packages[@]}"; do
  here "$package" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

become=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: neither root nor sudo; as root, type: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  become=(sudo)
fi
echo "setup.sh: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Old lists may still do; if they do not, the installation says so.
"${become[@]}" apt-get update || echo "setup.sh: package lists could not be refreshed" >&2
# What somebody installed stays: rather nothing is done.
if ! "${become[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y --no-install-recommends --no-remove "${missing[@]}"; then
  echo "setup.sh: nothing was removed, so what conflicts with your packages was not installed; see above for which." >&2
  echo "setup.sh: --no-viz does without VTK; README, 'ParaView beside VTK', says how to have both." >&2
  exit 1
fi
