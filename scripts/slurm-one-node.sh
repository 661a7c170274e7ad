#!/usr/bin/env bash
# A Slurm whose only node is this machine, for tests: everything lies in one folder, nothing is asked of the system's services.
set -euo pipefail

usage() {
  cat <<'TEXT'
scripts/slurm-one-node.sh start FOLDER    prints what the shell needs: eval "$(scripts/slurm-one-node.sh start FOLDER)"
scripts/slurm-one-node.sh stop FOLDER
scripts/slurm-one-node.sh check           can it be started here? Says what is missing.

For root, with the packages slurm-wlm and munge. METAVOX_SLURM_PORT: the first of two free ports, 26817 if not set.
TEXT
}

check() {
  local tool missing=()
  for tool in munged slurmctld slurmd sbatch scontrol; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if ((EUID != 0)); then echo "slurm-one-node.sh: only root may start a node" >&2; return 1; fi
  if ((${#missing[@]} > 0)); then
    echo "slurm-one-node.sh: no ${missing[*]} here; type: apt-get install slurm-wlm munge" >&2
    return 1
  fi
}

# Jobs of the node find no other one's files: state, keys and sockets are all below the folder.
configuration() {
  local memory name
  memory=$(awk '/^MemTotal:/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
  name=$(hostname -s)
  cat <<CONF
ClusterName=metavox-test
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
AuthType=auth/munge
# A requeued job waits until its old credential has run out.
AuthInfo=socket=$folder/munge/socket,cred_expire=3
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,batch_sched_delay=0,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=5
MaxArraySize=100001
MaxJobCount=200000
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

start() {
  check
  mkdir -p "$folder"/{munge,state,spool}
  # munge looks at who may read its key, and at every folder above its socket.
  chmod 711 "$folder" "$folder/munge"
  (umask 077 && head -c 128 /dev/urandom >"$folder/munge/key")
  munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --seed-file="$folder/munge/seed" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munge/log" >&2
  configuration >"$folder/slurm.conf"
  export SLURM_CONF=$folder/slurm.conf
  slurmctld -c >&2
  slurmd >&2
  for ((waited = 0; waited < 150; ++waited)); do
    if [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]]; then
      echo "export SLURM_CONF=$folder/slurm.conf"
      return
    fi
    sleep 0.2
  done
  echo "slurm-one-node.sh: the node did not come up within 30 s; its logs are $folder/*.log" >&2
  stop
  return 1
}

stop() {
  local daemon
  for daemon in slurmd slurmctld munged; do
    if [[ -f $folder/$daemon.pid ]]; then kill "$(<"$folder/$daemon.pid")" 2>/dev/null || true; fi
  done
  for ((waited = 0; waited < 50; ++waited)); do
    compgen -G "$folder/slurm*.pid" >/dev/null || return 0
    sleep 0.2
  done
}

PATH=$PATH:/usr/sbin:/sbin
port=${METAVOX_SLURM_PORT:-26817}
case ${1:-} in
  check) check ;;
  start | stop)
    [[ -n ${2:-} ]] || { usage >&2; exit 2; }
    mkdir -p "$2"
    folder=$(cd "$2" && pwd)
    "$1" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
