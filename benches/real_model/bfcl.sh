#!/usr/bin/env bash
# BFCL with its own data on a real model: dense, GPTQ at 4 and at 3 bits, as a table by category with 95% intervals.
#   benches/real_model/bfcl.sh MODEL DATA OUT [EACH] [TOKENS]   MODEL a folder or .gguf file; DATA the wheel or what it holds;
#                                                               EACH entries of every category [100]; TOKENS of a reply [192]
# What is there already is not asked again. TASKS names other tasks than those of one turn; ACBENCH the binary.
set -euo pipefail
model=$(realpath "${1:?a model folder or .gguf file}")
data=$(realpath "${2:?the wheel of bfcl-eval, or the folder it is in}")
out=${3:?a folder for the run}
each=${4:-100}
tokens=${5:-192}
cd "$(dirname "$0")/../.."
if [ -z "${ACBENCH:-}" ]; then
    cargo build --release --quiet
    ACBENCH=${CARGO_TARGET_DIR:-target}/release/acbench
fi
mkdir -p "$out"
for bits in 4 3; do
    [ -d "$out/gptq-w$bits" ] ||
        "$ACBENCH" compress --model_name "$model" --compression_method gptq --method_args "bits=$bits" \
            --calibration self:4096 --output_path "$out/gptq-w$bits"
done
run() { # LIMIT TASK...
    local limit=$1
    shift
    for task in "$@"; do
        # Exit code 3 is a run that is done and has failed samples.
        "$ACBENCH" evaluate --model_name "$model" --variant "gptq-w4=$out/gptq-w4" "gptq-w3=$out/gptq-w3" --tasks "$task" \
            --data "bfcl=$data" --limit "$limit" --max_reply_tokens "$tokens" --batch_size 16 --output_path "$out/$task" \
            >"$out/$task.log" || [ $? = 3 ]
    done
}
if [ -n "${TASKS:-}" ]; then
    # shellcheck disable=SC2086
    run "$each" $TASKS
else
    run "$each" bfcl_multiple bfcl_parallel bfcl_parallel_multiple bfcl_irrelevance
    # Three categories, and six.
    run $((3 * each)) bfcl_simple
    run $((6 * each)) bfcl_live
fi
python3 benches/real_model/bfcl_table.py "$out"/bfcl_*/
