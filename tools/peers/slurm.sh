#!/usr/bin/env bash
# A real Slurm on this machine: a controller and four nodes, Debian's packages, in a folder of their own. Two plans are submitted
# to 1, 2 and 4 of the nodes: the bundled model, which shares the machine's processors, and a server that answers after a while,
# which shares nothing. Then the first again, and a node dies in the middle of a shard, its slurmd and its job with it, until
# Slurm has given it up. Scores are compared with those of one process, byte by byte. ACBENCH names the binary. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
fi
[ -n "${ACBENCH:-}" ] || { cargo build --release --quiet; ACBENCH=${CARGO_TARGET_DIR:-target}/release/acbench; }
ACBENCH=$(realpath "$ACBENCH")
nodes="n1 n2 n3 n4"
out=$(mktemp -d)
chmod 755 "$out"
declare -A slurmd
munged=
slurmctld=
mock=
end() {
    for pid in "${slurmd[@]}" $slurmctld $munged $mock; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    if [ -n "${KEEP:-}" ]; then echo "kept: $out"; else rm -rf "$out"; fi
}
trap end EXIT

mkdir "$out/state" "$out/munge"
head -c 128 /dev/urandom >"$out/munge/key"
chmod 700 "$out/munge"
chmod 600 "$out/munge/key"
munged --foreground --force --key-file="$out/munge/key" --socket="$out/munge.socket" --pid-file="$out/munge/pid" \
    --log-file="$out/munge/log" --seed-file="$out/munge/seed" >"$out/munge.out" 2>&1 &
munged=$!
host=$(hostname)
port=$((20000 + RANDOM % 20000))
{
    cat <<CONF
ClusterName=acbench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$out/munge.socket
CredType=cred/munge
StateSaveLocation=$out/state
SlurmdSpoolDir=$out/spool-%n
SlurmctldPidFile=$out/slurmctld.pid
SlurmdPidFile=$out/slurmd-%n.pid
SlurmctldLogFile=$out/slurmctld.log
SlurmdLogFile=$out/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MinJobAge=3600
SchedulerParameters=sched_interval=5,batch_sched_delay=1
CONF
    at=0
    for node in $nodes; do
        at=$((at + 1))
        echo "NodeName=$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + at)) CPUs=1 RealMemory=1000 State=UNKNOWN"
    done
    echo "PartitionName=all Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP"
} >"$out/slurm.conf"
export SLURM_CONF=$out/slurm.conf
sleep 1
slurmctld -D -f "$SLURM_CONF" >"$out/slurmctld.out" 2>&1 &
slurmctld=$!
node() {
    mkdir -p "$out/spool-$1"
    slurmd -D -f "$SLURM_CONF" -N "$1" >"$out/slurmd-$1.out" 2>&1 &
    slurmd[$1]=$!
}
for node in $nodes; do node "$node"; done
for _ in $(seq 60); do
    [ "$(sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l)" = 4 ] && break
    sleep 1
done
sinfo --Node

# A plan with a folder of its name: of the bundled model, or of the server.
plan() {
    cat >"$out/$1.toml" <<PLAN
output_path = "$out/$1"
[each]
tasks = ["worfbench", "teval_instruct", "needle", "pddl"]
batch_size = 4
PLAN
    case $1 in
    local*) printf 'limit = %s\ncompression_method = ["rtn", "magnitude"]\n' "${LIMIT:-96}" ;;
    served*) printf 'limit = 24\nmodel_name = "%s"\nvariant = "dense=%s#m"\n' "$PWD/crates/model/pico" "$address" ;;
    esac >>"$out/$1.toml"
}
scores() { (cd "$out/$1/run" && find . -path '*/scores/*.jsonl' -type f -exec sha256sum {} + | sort -k 2); }
# Submits a plan to so many nodes, as many workers, and prints the jobs.
submit() {
    plan "$1"
    "$ACBENCH" submit "$out/$1.toml" --executor slurm --workers "$2" --shard_size 4 --lease_timeout 6 \
        --sbatch=--cpus-per-task=1 ${3:+--sbatch=--exclude="$3"} --sbatch=--time=60 2>/dev/null | cut -d ' ' -f 2
}
# Waits for a job that waits for all others.
ended() {
    for _ in $(seq 1800); do
        [ -z "$(squeue --noheader --jobs="$1" 2>/dev/null)" ] && return
        sleep 1
    done
    squeue
    return 1
}
same() {
    scores "$1" >"$out/$1.sums"
    if ! cmp "$out/${1%%-*}.sums" "$out/$1.sums"; then
        "$ACBENCH" status "$out/$1"
        tail -n 20 "$out/$1"/submit/*.log
        return 1
    fi
}

rustc -O -o "$out/mock" benches/harness/mock.rs
"$out/mock" 500 >"$out/address" &
mock=$!
sleep 1
address=$(cat "$out/address")
for kind in local served; do
    plan "$kind-whole"
    began=$SECONDS
    RAYON_NUM_THREADS=1 "$ACBENCH" run "$out/$kind-whole.toml" >/dev/null 2>&1
    echo "$kind: one process on one processor, without Slurm: $((SECONDS - began)) s"
    scores "$kind-whole" >"$out/$kind.sums"
    for count in 1 2 4; do
        others=$(printf '%s\n' $nodes | tail -n +$((count + 1)) | paste -sd ,)
        began=$SECONDS
        jobs=$(submit "$kind-$count" "$count" "$others")
        ended "$(echo "$jobs" | tail -n 1)"
        took=$((SECONDS - began))
        same "$kind-$count"
        echo "$kind: $count of 4 nodes: $took s, scores byte-identical"
    done
done

# Submits a plan to two nodes and waits until a worker on the second is in the middle of a shard: its job is the victim.
middle() {
    jobs=$(submit "$1" 2 n3,n4)
    local generate
    generate=$(echo "$jobs" | sed -n 2p)
    for _ in $(seq 600); do
        [ -n "$(squeue --noheader --jobs="$generate" --nodelist=n2 --states=running)" ] &&
            "$ACBENCH" status "$out/$1" --json | grep -q '"done": [1-9]' && break
        sleep 0.2
    done
    victim=$(squeue --noheader --jobs="$generate" --nodelist=n2 --states=running --format=%A | head -n 1)
    [ -n "$victim" ] || { squeue; echo "no job on n2"; exit 1; }
}

middle local-ends
# As a minute before its time is over.
scancel --batch --signal=USR1 "$victim"
for _ in $(seq 60); do
    scontrol show job "$victim" | grep -q 'Restarts=[1-9]' && break
    sleep 0.5
done
scontrol show job "$victim" | grep -q 'Restarts=[1-9]' || { scontrol show job "$victim"; echo "not begun again"; exit 1; }
ended "$(echo "$jobs" | tail -n 1)"
same local-ends
echo "told that its time is nearly over: the job ended by itself and was begun again, scores byte-identical"

middle local-dies
# As a power cut: the daemon, the step's, and all that they began.
tree() { for child in $(pgrep -P "$1"); do tree "$child"; done; echo "$1"; }
step=$(pgrep -f "^slurmstepd: \[$victim\." || true)
[ -n "$step" ] || { echo "no step of job $victim"; exit 1; }
kill -9 "${slurmd[n2]}" $(for pid in $step; do tree "$pid"; done)
echo "killed: slurmd of n2 and job $victim in the middle of a shard"
"$ACBENCH" status "$out/local-dies" | sed "s#$out/##"
for _ in $(seq 120); do
    [ -n "$(sinfo --noheader --nodes=n2 --states=down --format=%N)" ] && break
    sleep 1
done
node n2
ended "$(echo "$jobs" | tail -n 1)"
same local-dies
restarts=$(grep -c "requeue" "$out/slurmctld.log" || true)
[ "$restarts" -gt 0 ] || { echo "Slurm requeued nothing"; exit 1; }
grep -h "requeue" "$out/slurmctld.log" | tail -n 2
echo "a node died: its shard was taken over, scores byte-identical"
