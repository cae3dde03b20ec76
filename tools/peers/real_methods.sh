#!/usr/bin/env bash
# Every method on a real model, in every safetensors format that holds what it makes, each read back and run.
#   tools/peers/real_methods.sh FOLDER [TOKENS]        FOLDER a dense model; TOKENS of calibration [2048], of our own docs
# What a format cannot hold is refused by name, and counted apart.
set -euo pipefail
cd "$(dirname "$0")/../.."
model=$(realpath "${1:?the folder of a dense model}")
length=${2:-2048}
cargo build --release --quiet
cargo build --release --quiet -p model --example logits
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '{"input_ids": [%s]}\n' "$(seq -s, 40 71)" >"$work/ask.jsonl"
written=0 refused=0 failed=0
# once NAME METHOD FORMAT [SETTINGS]: compressed, inspected, run, and removed again.
once() {
    local out=$work/out log=$work/log bits
    rm -rf "$out" "$out".*
    if ! "$bin/acbench" compress --model_name "$model" --compression_method "$2" --format "$3" \
        ${4:+--method_args "$4"} --calibration "$calibration" --output_path "$out" >"$log" 2>&1; then
        if grep -q 'cannot hold' "$log"; then
            printf '%-24s %-20s refused: %s\n' "$1" "$3" "$(grep -o 'cannot hold[^;]*' "$log" | head -1 | cut -c1-70)"
            refused=$((refused + 1))
        else
            printf '%-24s %-20s FAILED\n' "$1" "$3"
            tail -n 5 "$log"
            failed=$((failed + 1))
        fi
        return
    fi
    if bits=$("$bin/acbench" inspect "$out" 2>"$log" | sed -n 's/^bits *//p') &&
        "$bin/examples/logits" "$out" "$work/ask.jsonl" "$work/logits" 2>"$log"; then
        printf '%-24s %-20s %s\n' "$1" "$3" "$bits"
        written=$((written + 1))
    else
        printf '%-24s %-20s cannot be read back\n' "$1" "$3"
        tail -n 5 "$log"
        failed=$((failed + 1))
    fi
}
calibration=$work/calibration.txt
cat README.md CONTRIBUTING.md docs/*.md >"$calibration"
few="sequences=4,length=$((length / 4))"
for format in dense compressed-tensors gptq gptq_v2 awq; do
    once gptq gptq $format "$few"
    once awq awq $format "$few"
    once smoothquant smoothquant $format "$few"
    once fp8 fp8 $format
    once rtn rtn $format
    once wanda wanda $format "$few"
    once sparsegpt sparsegpt $format "$few"
    once magnitude magnitude $format
    once rtn+kv_cache rtn+kv_cache $format
done
for bits in 3 2; do
    once "gptq $bits bits" gptq compressed-tensors "bits=$bits,$few"
    once "rtn $bits bits" rtn compressed-tensors "bits=$bits,symmetric=false"
done
printf '%d written and read back, %d refused by name, %d failed\n' "$written" "$refused" "$failed"
[ "$failed" = 0 ]
