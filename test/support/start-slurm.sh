#!/usr/bin/env bash
# Starts SLURM on this one machine, in a folder of its own, and prints the path of its slurm.conf.
# Usage: start-slurm.sh FOLDER     (as root; Debian: slurmctld slurmd slurm-client munge)
# Stop:  start-slurm.sh FOLDER stop
set -euo pipefail
folder=$1
# The daemons write into the folder until their last moment, so stopping waits until they are gone.
running() { [ -r "/proc/$1/status" ] && ! grep -q "^State:.Z" "/proc/$1/status"; }
stop() {
  pids=()
  for name in slurmd slurmctld munged; do
    if [ -f "$folder/$name.pid" ]; then pids+=("$(cat "$folder/$name.pid")"); fi
  done
  for signal in TERM KILL; do
    for pid in "${pids[@]}"; do kill "-$signal" "$pid" 2>/dev/null || true; done
    for _ in $(seq 100); do
      left=0
      for pid in "${pids[@]}"; do if running "$pid"; then left=1; fi; done
      if [ "$left" = 0 ]; then return; fi
      sleep 0.1
    done
  done
  echo "SLURM's daemons in $folder do not end" >&2
}
if [ "${2:-}" = stop ]; then stop; exit 0; fi

mkdir -p "$folder/state" "$folder/spool" "$folder/munge"
chmod 755 "$folder"
chown munge: "$folder/munge"
chmod 700 "$folder/munge"
if [ ! -S "$folder/munge/socket" ]; then
  head -c 1024 /dev/urandom >"$folder/munge/key"
  chown munge: "$folder/munge/key"
  chmod 400 "$folder/munge/key"
  chmod 755 "$folder/munge"
  runuser -u munge -- munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/munged.pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" --force
  cp "$folder/munge/munged.pid" "$folder/munged.pid"
fi
host=$(hostname -s)
cpus=$(nproc)
free_port() { node -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
cat >"$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=1
MinJobAge=300
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF="$folder/slurm.conf"
slurmctld -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF"
for _ in $(seq 60); do
  state=$(sinfo -h -o %T 2>/dev/null || true)
  if [ "$state" = idle ]; then echo "$SLURM_CONF"; exit 0; fi
  sleep 0.5
done
echo "SLURM did not come up (state: ${state:-none}); see $folder/slurmctld.log" >&2
tail -5 "$folder/slurmctld.log" "$folder/slurmd.log" >&2
exit 1
