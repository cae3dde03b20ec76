#!/usr/bin/env bash
# Builds llama.cpp (llama-cpp-python, some minutes) into a virtual environment unless it is there, and compares: our GGUF
# files must load, and greedy continuations agree (how far: crates/compress/tests/llama_cpp.rs). `ACBENCH_LLAMA_CPP` may name a Python that has it already.
#   tools/peers/llama_cpp.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ACBENCH_LLAMA_CPP=${ACBENCH_LLAMA_CPP:-$("$here/venv.sh" llama-cpp)}
export ACBENCH_LLAMA_CPP
cd "$here/../.."
cargo test -p compress --test llama_cpp -- --nocapture
