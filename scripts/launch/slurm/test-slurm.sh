#!/bin/bash
# Runs asyncdiff.sbatch on a real Slurm (Debian's slurm-wlm and munge): one node, three tasks, CPU, the bundled model.
# Needs root, to install the packages (if they are missing) and to run slurmd. Everything else, configuration, keys, ports,
# state and logs, lives in a folder of its own under $TMPDIR, and is stopped and removed at the end, also after Ctrl-C.
#
#   sudo npm run test:slurm            (--keep leaves the folder, for its logs)
set -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$here/../../.." && pwd)
keep=''
case "${1:-}" in
  '') ;;
  --keep) keep=yes ;;
  *) echo "usage: test-slurm.sh [--keep]" >&2; exit 2 ;;
esac

passed=0 failed=0
check() { # DESCRIPTION COMMAND...
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    passed=$((passed + 1)); echo "ok      $what"
  else
    failed=$((failed + 1)); echo "FAILED  $what"
  fi
}
stop_here() { echo "error: $1" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || stop_here 'needs root, for apt-get and slurmd: sudo npm run test:slurm'
[ -f "$home/dist/cli/main.js" ] || stop_here 'dist/ is missing: npm run build'
if ! { command -v slurmctld && command -v slurmd && command -v sbatch && command -v munged; } >/dev/null; then
  command -v apt-get >/dev/null || stop_here 'no Slurm here, and no apt-get to install it with'
  echo 'installing slurm-wlm and munge ...'
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1 ||
    stop_here 'apt-get install slurm-wlm munge failed'
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/asyncdiff-slurm-XXXXXX")
export SLURM_CONF="$scratch/slurm.conf"
pid_of() { cat "$scratch/$1.pid" 2>/dev/null; }
# Processes that were started with our SLURM_CONF: everything that a job of ours runs.
job_processes() { grep -lazxF "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
cleanup() {
  trap - EXIT INT TERM
  local name pid tries
  if [ -n "$(pid_of slurmctld)" ]; then
    scancel --quiet --user=root 2>/dev/null
    # Jobs end by themselves, as a rule; one that was interrupted while it started may not.
    for ((tries = 0; tries < 100; tries++)); do [ -z "$(squeue --noheader 2>/dev/null)" ] && break; sleep 0.1; done
  fi
  for name in slurmd slurmctld munged; do
    pid=$(pid_of "$name")
    [ -n "$pid" ] || continue
    kill -TERM "$pid" 2>/dev/null
    for ((tries = 0; tries < 100; tries++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null
  done
  for pid in $(job_processes); do kill -KILL "$pid" 2>/dev/null; done
  if [ -n "$keep" ]; then echo "kept $scratch"; else rm -rf "$scratch"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- a Slurm of our own -----------------------------------------------------------------------------------------------
free_port() {
  node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}
host=$(hostname)
mkdir -p "$scratch"/{munge,state,spool,jobs}
# munged insists on folders that only its user can write to.
chmod 755 "$scratch"
chmod 700 "$scratch/munge"
head -c 1024 /dev/urandom >"$scratch/munge/key"
chmod 600 "$scratch/munge/key"
cat >"$SLURM_CONF" <<CONF
ClusterName=asyncdiff
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$scratch/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
# More tasks than this machine may have cores.
SlurmdParameters=config_overrides
KillWait=30
ReturnToService=2
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd.log
GresTypes=gpu
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=4 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes=node1 Default=YES MaxTime=INFINITE State=UP
CONF
# Two stand-ins for GPU device files: what Slurm tells tasks about GPUs is real, the GPUs are not, and nothing opens them.
echo 'NodeName=node1 Name=gpu File=/dev/null,/dev/zero' >"$scratch/gres.conf"
echo 'ConstrainDevices=no' >"$scratch/cgroup.conf"

munged --force --socket="$scratch/munge.socket" --key-file="$scratch/munge/key" --pid-file="$scratch/munged.pid" \
  --log-file="$scratch/munge/log" --seed-file="$scratch/munge/seed" >"$scratch/munged.out" 2>&1 ||
  { cat "$scratch/munged.out" >&2; stop_here 'munged did not start'; }
slurmctld >"$scratch/slurmctld.out" 2>&1 || { tail "$scratch/slurmctld.out" >&2; stop_here 'slurmctld did not start'; }
slurmd -N node1 >"$scratch/slurmd.out" 2>&1 || { tail "$scratch/slurmd.out" >&2; stop_here 'slurmd did not start'; }
for ((tries = 0; tries < 300; tries++)); do
  sinfo --noheader --format=%t 2>/dev/null | grep -qx idle && break
  sleep 0.1
done
if ! sinfo --noheader --format=%t 2>/dev/null | grep -qx idle; then
  sinfo >&2
  tail -n 20 "$scratch/slurmctld.log" "$scratch/slurmd.log" >&2
  stop_here 'the node did not become idle'
fi
echo "Slurm $(sinfo --version | cut -d' ' -f2), $(sinfo --noheader --format='%D node, %c CPUs')"

# --- helpers ----------------------------------------------------------------------------------------------------------
export ASYNCDIFF_CACHE="$scratch/cache" ASYNCDIFF_THREADS=1
# Names that do not resolve are common in containers.
getent hosts "$host" >/dev/null || export ASYNCDIFF_SLURM_HOST=127.0.0.1
submit() { sbatch --parsable --ntasks-per-node=3 --chdir="$scratch/jobs" "$here/asyncdiff.sbatch" "$@"; }
state() { scontrol show job -o "$1" | sed -n 's/.* JobState=\([A-Z]*\).*/\1/p'; }
exit_code() { scontrol show job -o "$1" | sed -n 's/.* ExitCode=\([0-9:]*\).*/\1/p'; }
log() { cat "$scratch/jobs/asyncdiff-$1.log" 2>/dev/null; }
wait_until() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$deadline" ] || return 1; sleep 0.2; done
}
ended() { case $(state "$1") in PENDING | RUNNING | COMPLETING) return 1 ;; esac; }
said() { log "$1" | grep -q -- "$2"; }
is_png() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]; }
none_left() { # JOB
  local pid
  pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$scratch/jobs/asyncdiff-$1/coordinator.json" 2>/dev/null)
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then return 1; fi
  ! pgrep -f -- '--join [^ ]* --name node1-[0-9]'
}
exited_clean() { [ "$(exit_code "$1")" = 0:0 ]; }
in_order() { ! log "$1" | grep -qE 'a worker ended with|the coordinator ended with'; }
picture='a red apple'
# With a warm-up of all steps the picture does not depend on where the measured cuts fall, which differs between jobs.
draw=(generate "$picture" --seed 7 --num-inference-steps 60 --warm-up 60 --components 3)

# --- 1. one picture -----------------------------------------------------------------------------------------------------
job=$(submit "${draw[@]}" --out "$scratch/jobs/first.png" --json) || stop_here 'sbatch failed'
wait_until 600 ended "$job"
check 'a job of 3 tasks completes' test "$(state "$job")" = COMPLETED
check 'its exit code is 0' exited_clean "$job"
check 'it waited for 3 workers' said "$job" '3 workers have joined'
check 'a picture came out' is_png "$scratch/jobs/first.png"
check 'it ran as 3 components' said "$job" '"components":3'
check 'its processes are gone' wait_until 10 none_left "$job"
[ "$failed" -eq 0 ] || { log "$job" >&2; tail -n 5 "$scratch/jobs/asyncdiff-$job"/* >&2; }

job=$(submit bench --configs n1s1,n2s1 --repeats 1 --num-inference-steps 10 --out "$scratch/jobs/bench")
wait_until 600 ended "$job"
check 'a bench completes' test "$(state "$job")" = COMPLETED
check 'and leaves its report' test -s "$scratch/jobs/bench/bench.md"

# --- 2. SIGTERM to the batch shell in the middle of a job, as --signal=B:SIGTERM@120 sends it -------------------------
job=$(submit "${draw[@]}" --out "$scratch/jobs/drained.png" --json)
wait_until 300 said "$job" 'generating [1-9]'
scancel --batch --signal=TERM "$job"
wait_until 300 ended "$job"
check 'after SIGTERM the script drains' said "$job" 'SIGTERM: draining'
check 'the job in progress is finished' is_png "$scratch/jobs/drained.png"
check 'with every worker in its report' test "$(log "$job" | grep -o '"name":"node1-' | wc -l)" -eq 3
check 'and is the same picture, bit for bit' cmp "$scratch/jobs/first.png" "$scratch/jobs/drained.png"
check 'its exit code is 0' exited_clean "$job"
check 'coordinator and workers ended in order' in_order "$job"
check 'its processes are gone' wait_until 10 none_left "$job"

# --- 3. scancel ---------------------------------------------------------------------------------------------------------
job=$(submit -- sleep 600)
wait_until 300 said "$job" '3 workers have joined'
began=$SECONDS
scancel "$job"
wait_until 60 none_left "$job"
took=$((SECONDS - began))
check 'scancel ends a waiting job before KillWait (30 s)' test "$took" -lt 25
check 'its processes are gone' none_left "$job"
wait_until 30 ended "$job"
check 'the job counts as cancelled' test "$(state "$job")" = CANCELLED

# --- 4. the real time limit: 60 s, signal 45 s before, then a command that would run on --------------------------------
job=$(sbatch --parsable --ntasks-per-node=2 --time=1 --signal=B:SIGTERM@45 --chdir="$scratch/jobs" "$here/asyncdiff.sbatch" -- sleep 600)
wait_until 120 ended "$job"
check 'the signal before the time limit drains' said "$job" 'SIGTERM: draining'
check 'the job ends by itself, not by the limit' test "$(state "$job")" != TIMEOUT
check 'its processes are gone' wait_until 10 none_left "$job"

# --- 5. what goes wrong ---------------------------------------------------------------------------------------------------
job=$(ASYNCDIFF_MODEL=$scratch/no-such-model submit)
wait_until 120 ended "$job"
check 'an unknown model folder is named in the log' said "$job" 'no-such-model'
check 'and fails the job' test "$(state "$job")" = FAILED
job=$(ASYNCDIFF_SLURM_DEVICE=nonsense submit)
wait_until 120 ended "$job"
check 'workers that cannot start fail the job at once' said "$job" 'the workers have ended'
check 'with what they said' said "$job" 'nonsense'

# --- 6. GPUs: what each task makes of what Slurm says ---------------------------------------------------------------------
devices() { srun --quiet "$@" bash "$here/asyncdiff-task.sh" --dry-run c:1 | sed 's/.*--device \([^ ]*\).*/\1/' | sort | tr '\n' ' '; }
check 'tasks of --gpus-per-node=2 take cuda:0 and cuda:1' test "$(devices --ntasks=2 --gpus-per-node=2)" = 'cuda:0 cuda:1 '
check 'a task of --gpus-per-task=1 takes the one it sees' test "$(devices --ntasks=1 --gpus-per-task=1)" = 'cuda:0 '
check 'without GPUs they take the CPU' test "$(devices --ntasks=2)" = 'cpu cpu '

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
