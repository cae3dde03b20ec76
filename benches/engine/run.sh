#!/usr/bin/env bash
# How fast one and eight replies are decoded and a prompt of 512 tokens is read, ours and llama.cpp in turns on the same
# files: a random checkpoint of Qwen2-0.5B's shape as f32, bfloat16, Q8_0 and Q4_0, with one thread and with two.
#   benches/engine/run.sh [FILE.gguf ...]      WORK=folder for what it makes [target/bench-engine]; REPEAT=times [3];
#                                              KINDS="f32 bf16 q8_0 q4_0"; THREADS="1 2"; TOKENS=of a reply [32];
#                                              FLAGS=--int8 or --bf16 rounds our inputs as llama.cpp does
# Files that are named are measured instead. ACBENCH_LLAMA_CPP may name a Python that has llama-cpp-python. Prints a table;
# every single measurement is in results.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."
files=("$@")
work=${WORK:-target/bench-engine}
mkdir -p "$work"
ACBENCH_LLAMA_CPP=${ACBENCH_LLAMA_CPP:-$(tools/peers/venv.sh llama-cpp)}
cargo build --release --quiet -p model --example engine
bin=${CARGO_TARGET_DIR:-target}/release
if [ ${#files[@]} -eq 0 ]; then
    if [ ! -f "$work/bf16.gguf" ]; then
        cargo build --release --quiet
        cargo build --release --quiet -p compress --example random_checkpoint
        [ -f "$work/model/config.json" ] || "$bin/examples/random_checkpoint" "$work/model" --layers 24 --hidden 896 \
            --inter 4864 --heads 14 --kv_heads 2 --vocab 151936
        # A hundredth of the weights set to zero takes no less time.
        "$bin/acbench" compress --model_name "$work/model" --compression_method magnitude \
            --method_args sparsity=0.01 --format gguf --output_path "$work/gguf"
        mv "$(find "$work/gguf" -name '*.gguf' | head -1)" "$work/bf16.gguf"
    fi
    for kind in ${KINDS:-f32 bf16 q8_0 q4_0}; do
        [ -f "$work/$kind.gguf" ] ||
            "$ACBENCH_LLAMA_CPP" benches/engine/engine.py make "$work/bf16.gguf" "$work/$kind.gguf" "$kind" 2> /dev/null
        files+=("$work/$kind.gguf")
    done
fi
: > "$work/results.txt"
for _ in $(seq "${REPEAT:-3}"); do
    for file in "${files[@]}"; do
        for threads in ${THREADS:-1 2}; do
            "$bin/examples/engine" "$file" "$threads" "${TOKENS:-32}" ${FLAGS:-} | sed "s|^|ours $(basename "$file") |"
            "$ACBENCH_LLAMA_CPP" benches/engine/engine.py "$file" "$threads" "${TOKENS:-32}" |
                sed "s|^|llama.cpp $(basename "$file") |"
        done
    done | tee -a "$work/results.txt" >&2
done
python3 benches/engine/table.py "$work/results.txt"
