#!/usr/bin/env bash
# Top-k metrics and distance of 256 x 152,064 logits, ours and numpy with scipy in turns, one core each; the means must be
# the same to the last of twelve digits.
#   benches/analyze/run.sh [ROUNDS]        [3]; WORK=folder for what it prints [target/bench-analyze]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${WORK:-target/bench-analyze}
mkdir -p "$work"
python=${ACBENCH_SCIPY:-$(tools/peers/venv.sh scipy)}
cargo build --release --quiet -p analyze --example ranking_speed
ours=${CARGO_TARGET_DIR:-target}/release/examples/ranking_speed
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
for _ in $(seq "${1:-3}"); do
    "$ours" > "$work/ours.txt" 2> >(sed 's/^/ours  /' >&2)
    "$python" benches/analyze/ranking.py > "$work/peer.txt" 2> >(sed 's/^/scipy /' >&2)
    diff "$work/ours.txt" "$work/peer.txt"
    echo "the same means"
done
# The effective ranks of the same number of logits, on all cores.
unset OMP_NUM_THREADS OPENBLAS_NUM_THREADS
cargo build --release --quiet -p generate --example erank_speed
for _ in $(seq "${1:-3}"); do
    "${ours%/*}/erank_speed" > "$work/ours.txt" 2> >(sed 's/^/ours  /' >&2)
    "$python" benches/analyze/erank.py > "$work/peer.txt" 2> >(sed 's/^/scipy /' >&2)
    diff "$work/ours.txt" "$work/peer.txt"
    echo "the same ranks"
done
