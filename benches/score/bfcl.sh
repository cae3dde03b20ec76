#!/usr/bin/env bash
# BFCL's own checkers and ours in turns, as whole processes, on the same 22,646 results: six replies to every entry of one
# turn, and the right calls of all 800 conversations.
#   benches/score/bfcl.sh WHEEL [ROUNDS]        WHEEL of bfcl-eval, or the folder it is unpacked in; WORK [target/bench-score]
set -euo pipefail
wheel=$(realpath "${1:?the wheel of bfcl-eval, or the folder that it is unpacked in}")
cd "$(dirname "$0")/../.."
rounds=${2:-3}
work=$(realpath -m "${WORK:-target/bench-score}/bfcl")
python=$(tools/peers/venv.sh bfcl)
. benches/score/bfcl_results.sh
results "$wheel" "$work" "$python"

ours() {
    for model in "$work"/result/*; do
        "$ours" score --predictions "$model" --data "bfcl=$wheel" --scoring paper >/dev/null
    done
}
theirs() { "$python" tools/peers/bfcl_results.py judge "$wheel" "$work" >/dev/null; }

TIMEFORMAT='%U + %S CPU s'
for round in $(seq "$rounds"); do
    echo "round $round: ours, six processes"
    time ours
    echo "round $round: bfcl-eval without the vendors' clients, one process"
    time theirs
done
"$python" tools/peers/bfcl_results.py compare "$wheel" "$work"
