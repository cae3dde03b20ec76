#!/usr/bin/env bash
# Does a recipe of `acbench blame` recover more than a uniform one of the same size? A model rounded by GPTQ; the same with
# the worst groups at 8 bits, as many as make it as large as smaller groups everywhere would; and with smaller groups
# everywhere. All three are probed on the dense model's replies.
#   benches/blame/run.sh MODEL OUT [BITS GROUP SMALLER]        pico OUT 3 128 32;  ACBENCH names the binary
#   TASKS, LIMIT [8] samples of each, TOKENS [4096] for blame, CALIBRATION [self:32768]
set -euo pipefail
cd "$(dirname "$0")/../.."
model=${1:?a model, or pico} out=${2:?a folder}
bits=${3:-3} group=${4:-128} smaller=${5:-32}
limit=${LIMIT:-8}
[ -n "${ACBENCH:-}" ] || { cargo build --release --quiet; ACBENCH=${CARGO_TARGET_DIR:-target}/release/acbench; }
asked=(--compression_method gptq --calibration "${CALIBRATION:-self:32768}")
named=()
[ "$model" = pico ] || named=(--model_name "$model")
read -ra tasks <<< "${TASKS:-worfbench teval_instruct teval_rru teval_retrieve needle pddl}"
mkdir -p "$out"
"$ACBENCH" compress "${named[@]}" "${asked[@]}" --method_args "bits=$bits" "group_size=$smaller" \
    --output_path "$out/smaller"
"$ACBENCH" evaluate "${named[@]}" "${asked[@]}" --method_args "bits=$bits" "group_size=$group" \
    --tasks "${tasks[@]}" --limit "$limit" --output_path "$out/first" >/dev/null
base=$(find "$out/first" -maxdepth 1 -name 'gptq*' -printf '%f\n')
"$ACBENCH" probe "$out/first" --samples "$limit" --no_weights >/dev/null
# How much larger smaller groups make the linears, from what both say of themselves.
bits_of() { sed -n 's/.*"effective_bits": \([0-9.]*\).*/\1/p' "$1/compress.json" | head -1; }
growth=$(awk -v a="$(bits_of "$out/first/$base/checkpoint")" -v b="$(bits_of "$out/smaller")" 'BEGIN { print (b / a - 1) * 100 }')
"$ACBENCH" blame "$out/first" "$base" --tokens "${TOKENS:-4096}" --write "$out/spared.toml" --size "$growth"
"$ACBENCH" compress "${named[@]}" "${asked[@]}" --method_config "$out/spared.toml" --output_path "$out/spared"
echo "bits of a weight: $base $(bits_of "$out/first/$base/checkpoint"), smaller groups $(bits_of "$out/smaller")," \
    "spared $(bits_of "$out/spared")"
"$ACBENCH" evaluate "${named[@]}" "${asked[@]}" --method_args "bits=$bits" "group_size=$group" \
    --variant "smaller=$out/smaller" "spared=$out/spared" \
    --tasks "${tasks[@]}" --limit "$limit" --output_path "$out/second" >/dev/null
"$ACBENCH" probe "$out/second" --samples "$limit" --no_weights
