#!/usr/bin/env bash
# `bfcl evaluate` as its users run it, with the vendors' clients that it loads, and `score --predictions`, in turns: a process a
# folder of results each, the 22,646 results of bfcl.sh in six folders. Takes 6 GB for the peer's environment.
#   benches/score/bfcl_evaluate.sh WHEEL [ROUNDS]        WHEEL of bfcl-eval, or the folder it is unpacked in; WORK [target/bench-score]
set -euo pipefail
wheel=$(realpath "${1:?the wheel of bfcl-eval, or the folder that it is unpacked in}")
cd "$(dirname "$0")/../.."
rounds=${2:-1}
work=$(realpath -m "${WORK:-target/bench-score}/bfcl-evaluate")
python=$(tools/peers/venv.sh bfcl-eval)
. benches/score/bfcl_results.sh
results "$wheel" "$work" "$python"
"$python" benches/score/bfcl_evaluate.py "$ours" "$wheel" "$work" "$rounds"
