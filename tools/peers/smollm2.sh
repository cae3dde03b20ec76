#!/usr/bin/env bash
# SmolLM2-135M-Instruct from its Q4_1 GGUF file as it is: the tokenizer's ids of 1,000 texts are llama.cpp's, and greedy
# replies to 30 prompts are transformers', or differ at a margin that is shown.
#   tools/peers/smollm2.sh [MODEL.gguf]
# The file is what tools/peers/real_models.sh fetches. `ACBENCH_LLAMA_CPP` and `ACBENCH_TRANSFORMERS` may name Pythons that
# have llama-cpp-python, and transformers with gguf.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
model=${1:-${ACBENCH_REAL:-$root/target/real}/SmolLM2-135M-Instruct.Q4_1.gguf}
ACBENCH_LLAMA_CPP=${ACBENCH_LLAMA_CPP:-$("$here/venv.sh" llama-cpp)}
transformers=${ACBENCH_TRANSFORMERS:-$("$here/venv.sh" llmcompressor)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$ACBENCH_LLAMA_CPP" "$here/smollm2_ids.py" "$model" "$work/ids.json"
"$transformers" "$here/smollm2_replies.py" "$model" "$work/ids.json" "$work/request.json"
cd "$root"
cargo run --release -p model --example peer_replies -- "$model" "$work/request.json"
