#!/usr/bin/env bash
# A real model, dense and compressed, on the generated tasks: scores and differences with 95% intervals as a table.
#   benches/real_model/run.sh MODEL OUT [LIMIT]      MODEL a folder or .gguf file; LIMIT samples of each task [10]
# Two runs, OUT/4-bits (gptq, awq, rtn, wanda at 50%) and OUT/3-bits (the same at 3 bits, wanda at 2:4), calibrated on
# text that the model writes; what is there already is not asked again.
set -euo pipefail
model=$(realpath "${1:?a model folder or .gguf file}")
out=${2:?a folder for the runs}
limit=${3:-10}
cd "$(dirname "$0")/../.."
if [ -z "${ACBENCH:-}" ]; then
    cargo build --release --quiet
    ACBENCH=${CARGO_TARGET_DIR:-target}/release/acbench
fi
mkdir -p "$out"
TIMEFORMAT='%R s, %U CPU s'
for bits in 4 3; do
    settings="bits=$bits"
    [ "$bits" = 4 ] || settings+=" wanda.sparsity=2:4"
    # Exit code 3 is a run that is done and has failed samples.
    # shellcheck disable=SC2086
    time "$ACBENCH" evaluate --model_name "$model" --compression_method gptq awq rtn wanda --method_args $settings \
        --calibration self:4096 --limit "$limit" --max_seq_length 1024 --output_path "$out/$bits-bits" >"$out/$bits-bits.log" || [ $? = 3 ]
done
bash benches/real_model/table.sh "$out"/*-bits
