#!/bin/bash
# A comparison on four nodes of a Slurm cluster: sbatch slurm.sh
# Stopped at its time limit, submit it again: it goes on where it was.
#SBATCH --job-name=limbeck
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-task=1
#SBATCH --time=12:00:00
#SBATCH --signal=INT@300
set -euo pipefail

data=/shared/VGGSound  # both on a disk that all nodes see under the same path
runs=/shared/runs
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(getent hosts "$head" | awk '{ print $1; exit }'):6379

# Ray starts on every node; on the first one, once all are there, what follows -- is run, and then Ray ends everywhere.
on_all() {
    srun --nodes="$SLURM_NNODES" --ntasks="$SLURM_NNODES" ray symmetric-run --address "$address" \
        --min-nodes "$SLURM_NNODES" --num-cpus="$SLURM_CPUS_PER_TASK" -- "$@"
}

on_all limbeck cluster --folder "$runs"
on_all limbeck benchmark vggsound --data "$data" --out "$runs" --ray auto --gpus-per-job 0.5 --quiet
