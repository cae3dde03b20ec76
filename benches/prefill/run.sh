#!/usr/bin/env bash
# How fast long prompts are read, ours and llama.cpp in turns, each length in a process of its own, on the same random
# checkpoint of Qwen2-0.5B's shape (1.26 GB in bfloat16).
#   benches/prefill/run.sh [LENGTH ...]        [512 4096 32768]; WORK=folder for what it makes [target/bench-prefill]
# ACBENCH_LLAMA_CPP may name a Python that has llama-cpp-python.
set -euo pipefail
cd "$(dirname "$0")/../.."
lengths=("$@")
[ ${#lengths[@]} -gt 0 ] || lengths=(512 4096 32768)
work=${WORK:-target/bench-prefill}
mkdir -p "$work"
ACBENCH_LLAMA_CPP=${ACBENCH_LLAMA_CPP:-$(tools/peers/venv.sh llama-cpp)}
cargo build --release --quiet
cargo build --release --quiet -p compress --example random_checkpoint
cargo build --release --quiet -p model --example prefill
bin=${CARGO_TARGET_DIR:-target}/release
[ -f "$work/model/config.json" ] || "$bin/examples/random_checkpoint" "$work/model" --layers 24 --hidden 896 \
    --inter 4864 --heads 14 --kv_heads 2 --vocab 151936
# The same weights for llama.cpp, still bfloat16; a hundredth of them set to zero takes no less time.
[ -d "$work/gguf" ] || "$bin/acbench" compress --model_name "$work/model" --compression_method magnitude \
    --method_args sparsity=0.01 --format gguf --output_path "$work/gguf"
gguf=$(find "$work/gguf" -name '*.gguf' | head -1)
for length in "${lengths[@]}"; do
    for who in ours llama.cpp; do
        case $who in
        ours) "$bin/examples/prefill" "$work/model" "$length" ;;
        *) "$ACBENCH_LLAMA_CPP" benches/prefill/prefill.py "$gguf" "$length" ;;
        esac | sed "s/^/$who /" | tee -a "$work/results.txt"
    done
done
