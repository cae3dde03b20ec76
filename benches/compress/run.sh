#!/usr/bin/env bash
# llm-compressor and acbench in turns, as whole processes on one thread: CPU seconds, peak memory, and the error of the
# outputs on held-out tokens.
#   benches/compress/run.sh [ROUNDS [METHOD ...]]        WORK=folder for what it makes [target/bench-compress]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
shift || true
work=${WORK:-target/bench-compress}
mkdir -p "$work"
python=$(tools/peers/venv.sh llmcompressor)
cargo build --release --quiet
[ -f "$work/model/held_out.jsonl" ] || "$python" tools/peers/bench_model.py "$work/model" >/dev/null 2>&1
"$python" benches/compress/compare.py --model "$work/model" --work "$work" --peer "$python" \
    --ours "${CARGO_TARGET_DIR:-target}/release/acbench" --rounds "$rounds" "$@"
for peer in "$work"/*-peer; do
    printf '\n%s: mean squared error of outputs on held-out tokens, relative to the dense outputs\n' "$(basename "${peer%-peer}")"
    "$python" tools/peers/output_error.py "$work/model" "$work/model/held_out.jsonl" "${peer%-peer}-ours" "$peer" 2>/dev/null
done
