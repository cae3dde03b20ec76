#!/usr/bin/env bash
# CPU seconds of methods beside the floor of their arithmetic (README.md), on one thread and without a peer: a random checkpoint
# of SmolLM2's shape, two of its thirty layers, and random tokens.
#   benches/compress/floor.sh [METHOD ...]        [gptq]
#       WORK=folder for what it makes [target/bench-floor]; SEQUENCES=[128]; LENGTH=tokens of each [2048]; ROUNDS=[1]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${WORK:-target/bench-floor}
mkdir -p "$work"
cargo build --release --quiet
cargo build --release --quiet -p compress --example random_checkpoint --example speed
bin=${CARGO_TARGET_DIR:-target}/release
[ -f "$work/model/config.json" ] || "$bin/examples/random_checkpoint" "$work/model" --layers 2 --hidden 576 --inter 1536 \
    --heads 9 --kv_heads 3 --vocab 2000
[ $# -gt 0 ] || set -- gptq
for _ in $(seq "${ROUNDS:-1}"); do
    python3 benches/compress/floor.py "$bin" "$work" "${SEQUENCES:-128}" "${LENGTH:-2048}" "$@"
done
