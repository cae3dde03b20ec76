#!/usr/bin/env bash
# `bfcl evaluate` as its users run it, with the vendors' clients that it loads, and `score --predictions`, in turns: a process a
# folder of results each, the 22,646 results of bfcl.sh in six folders. Takes 6 GB for the peer's environment.
#   benches/score/bfcl_evaluate.sh WHEEL [ROUNDS]        WHEEL of bfcl-eval, or the folder it is unpacked in; WORK [target/bench-score]
set -euo pipefail
wheel=$(realpath "${1:?the wheel of bfcl-eval, or the folder that it is unpacked in}")
cd "$(dirname "$0")/../.."
rounds=${2:-1}
work=$(realpath -m "${WORK:-target/bench-score}/bfcl-evaluate")
[ -n "${ACBENCH:-}" ] || cargo build --release --quiet
ours=$(realpath "${ACBENCH:-${CARGO_TARGET_DIR:-target}/release/acbench}")
python=$(tools/peers/venv.sh bfcl-eval)
rm -rf "$work"
mkdir -p "$work"
if [ -f "$wheel" ]; then
    "$python" -m zipfile -e "$wheel" "$work/package"
    wheel=$work/package
fi
"$python" tools/peers/bfcl_results.py make "$wheel" "$work"
"$python" benches/score/bfcl_evaluate.py "$ours" "$wheel" "$work" "$rounds"
