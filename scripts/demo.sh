#!/usr/bin/env bash
# Builds metavox, grows the tumour of configs/primary_tumour.yaml and draws it. Repeats only what something changed for.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<'TEXT'
scripts/demo.sh

Run folder: runs/primary_tumour (METAVOX_DEMO names another). METAVOX_PRESET chooses the build: cpu or cuda.
An interrupted demo goes on from its last checkpoint when started again.
TEXT
  exit 0
fi

config=configs/primary_tumour.yaml
run=${METAVOX_DEMO:-runs/primary_tumour}
stamp=$(dirname "$run")/.$(basename "$run").demo
started=$SECONDS

# ---- build: both back ends where there is a CUDA compiler -------------------------------------------------------
preset=${METAVOX_PRESET:-}
if [[ -z $preset ]]; then
  preset=cpu
  if command -v nvcc >/dev/null || [[ -x /usr/local/cuda/bin/nvcc ]]; then preset=cuda; fi
fi
if [[ $preset == cuda ]]; then
  architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null |
    sed -n '1s/[^0-9]//gp' || true)
  if ! scripts/build.sh cuda --target metavox_cli "-DCMAKE_CUDA_ARCHITECTURES=${architecture:-90}"; then
    echo "demo.sh: the CUDA build failed (see above); going on with the CPU build" >&2
    preset=cpu
  fi
fi
if [[ $preset != cuda ]]; then scripts/build.sh "$preset" --target metavox_cli; fi
metavox=build/$preset/metavox

# ---- run --------------------------------------------------------------------------------------------------------
sum_of() { sha256sum "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }
entry() { sed -n "s/^$1 //p" "$stamp" 2>/dev/null || true; }
program=$(sum_of "$metavox" "$config")
note() { # program, state and identity of the run in the folder
  mkdir -p "$(dirname "$run")"
  printf 'program %s\nstate %s\nprovenance %s\n' "$program" "$1" "$(sum_of "$run/provenance.json")" >"$stamp"
}

ours=no
if [[ -f $stamp ]]; then
  if [[ $(entry state) == started || $(entry provenance) == "$(sum_of "$run/provenance.json")" ]]; then ours=yes; fi
fi
if [[ -e $run/provenance.json && $ours == no ]]; then
  echo "demo.sh: $run holds a run that this script did not make; move it away or set METAVOX_DEMO to another folder" >&2
  exit 2
fi

if [[ $ours == yes && $(entry program) == "$program" && $(entry state) == "done" ]]; then
  echo "demo.sh: $run is up to date"
else
  how=()
  if [[ $ours == yes ]]; then
    last=$(find "$run/checkpoints" -name 'step_*.h5' 2>/dev/null | sort | tail -n 1)
    if [[ $(entry program) == "$program" && -n $last ]]; then
      how=(--restart "$last")
    else
      how=(--force)
    fi
  fi
  rm -f "$run/picture.png"
  note started
  code=0
  "$metavox" run "$config" -o "$run" "${how[@]}" || code=$?
  if ((code != 0 && code != 130)) && [[ ${how[0]:-} == --restart ]]; then
    echo "demo.sh: the checkpoint cannot be continued; starting again" >&2
    code=0
    "$metavox" run "$config" -o "$run" --force || code=$?
  fi
  if ((code != 0)); then
    ((code == 130)) && note interrupted
    exit "$code"
  fi
  note "done"
fi

# ---- picture ----------------------------------------------------------------------------------------------------
picture=$run/picture.png
drawn=$(sum_of viz/quicklook.py viz/headline.py viz/palette.py viz/metavox_tables.py "$run/provenance.json")
if [[ ! -f $picture || $(cat "$stamp.picture" 2>/dev/null) != "$drawn" ]]; then
  display=()
  if [[ -z ${DISPLAY:-} ]]; then display=(xvfb-run -a); fi
  "${display[@]}" /usr/bin/python3 viz/quicklook.py "$run" -o "$picture"
  echo "$drawn" >"$stamp.picture"
fi

cat <<TEXT

frames    $run/scene.pvsm   (open it in ParaView)
picture   $picture
metrics   $run/metrics.csv, $run/events.csv
hash      $("$metavox" hash "$run")
time      $((SECONDS - started)) s
TEXT
