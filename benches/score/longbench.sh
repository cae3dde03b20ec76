#!/usr/bin/env bash
# CPU seconds for 4,750 predictions of LongBench's shape: ours and the Python packages in turns, and whether they agree.
#   benches/score/longbench.sh [ROUNDS]        WORK=folder for what it makes [target/bench-score-longbench]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
work=${WORK:-target/bench-score-longbench}
mkdir -p "$work"
python=$(tools/peers/venv.sh longbench)
cargo build --release -q -p task --example longbench
ours=${CARGO_TARGET_DIR:-target}/release/examples/longbench
"$ours" make "$work/predictions.jsonl"
wc -lc "$work/predictions.jsonl"

TIMEFORMAT='%U + %S CPU s'
for round in $(seq "$rounds"); do
    echo "round $round: ours"
    time "$ours" score "$work/predictions.jsonl" "$work/ours.txt"
    echo "round $round: python"
    time "$python" -W ignore tools/peers/longbench_python.py "$work/predictions.jsonl" "$work/python.txt"
done
python3 - "$work/ours.txt" "$work/python.txt" <<'PY'
import sys
ours, python = ([float(line) for line in open(name)] for name in sys.argv[1:])
same = sum(a == b for a, b in zip(ours, python))
print(f"{same} of {len(python)} scores are equal, {len(ours)} of ours")
sys.exit(same != len(python) or len(ours) != len(python))
PY
