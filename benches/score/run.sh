#!/usr/bin/env bash
# WorfBench's scorer with networkx and ours in turns, as whole processes, on the same predictions and similarities.
#   benches/score/run.sh FOLDER [ROUNDS]        FOLDER holds <set>/graph_eval.json        WORK [target/bench-score]
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:?the folder that holds <set>/graph_eval.json}
work=${WORK:-target/bench-score}
mkdir -p "$work"
python=$(tools/peers/venv.sh networkx)
cargo build --release --quiet -p task --example score_worfbench
ours=${CARGO_TARGET_DIR:-target}/release/examples/score_worfbench
"$ours" prepare "$folder" > "$work/worfbench.jsonl"
"$python" benches/score/worfbench.py "${2:-3}" "$work/worfbench.jsonl" \
    "$ours" score -- "$python" tools/peers/worfbench_networkx.py
