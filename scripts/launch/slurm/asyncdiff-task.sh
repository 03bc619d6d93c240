#!/bin/bash
# One task of `srun`: one worker on one device. asyncdiff.sbatch runs it; by hand:
#   srun --ntasks-per-node=4 --gpus-per-node=4 asyncdiff-task.sh COORDINATOR_HOST:PORT [worker options]
# With --dry-run as the first argument it prints the command and runs nothing.
# The process becomes the worker itself, so that Slurm's SIGTERM reaches it once: a second one would end it at once.
set -u

dry_run=''
[ "${1:-}" = --dry-run ] && { dry_run=yes; shift; }
if [ $# -lt 1 ]; then
  echo 'usage: asyncdiff-task.sh [--dry-run] COORDINATOR_HOST:PORT [worker options]' >&2
  exit 2
fi
coordinator=$1
shift

home="${ASYNCDIFF_HOME:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)}"
read -r -a asyncdiff <<<"${ASYNCDIFF_BIN:-$home/dist/cli/main.js}"
local_id="${SLURM_LOCALID:-0}"

# Slurm lists the GPUs that a task may use in CUDA_VISIBLE_DEVICES: all of the node's share with --gpus-per-node, the
# task's own with --gpus-per-task, where each task then counts from 0.
device="${ASYNCDIFF_SLURM_DEVICE:-}"
if [ -z "$device" ]; then
  visible="${CUDA_VISIBLE_DEVICES:-${SLURM_STEP_GPUS:-}}"
  if [ -z "$visible" ] || [ "$visible" = NoDevFiles ]; then
    device=cpu
  else
    IFS=, read -r -a gpus <<<"$visible"
    device="cuda:$((local_id % ${#gpus[@]}))"
  fi
fi

options=(--join "$coordinator" --name "${SLURMD_NODENAME:-$(hostname)}-$local_id" --device "$device")
# Without --cpus-per-task every worker would take all cores of the node but one.
threads="${ASYNCDIFF_THREADS:-${SLURM_CPUS_PER_TASK:-}}"
if [ -z "$threads" ] && [ -n "${SLURM_NTASKS:-}" ]; then
  tasks_here="${SLURM_STEP_TASKS_PER_NODE:-${SLURM_TASKS_PER_NODE:-1}}"
  tasks_here="${tasks_here%%[!0-9]*}"
  threads=$((${SLURM_CPUS_ON_NODE:-1} / ${tasks_here:-1}))
  [ "$threads" -ge 1 ] || threads=1
fi
[ -n "$threads" ] && options+=(--threads "$threads")
# As the coordinator of asyncdiff.sbatch: ASYNCDIFF_TLS_* protects it all the same.
options+=(--insecure)

unset ASYNCDIFF_LISTEN ASYNCDIFF_ADVERTISE ASYNCDIFF_JOIN ASYNCDIFF_NAME ASYNCDIFF_DEVICE ASYNCDIFF_THREADS
if [ -n "$dry_run" ]; then
  echo "${asyncdiff[*]} worker ${options[*]}${*:+ $*}"
  exit 0
fi
exec "${asyncdiff[@]}" worker "${options[@]}" "$@"
