#!/usr/bin/env bash
# Everything that is written as compressed-tensors or dense, read again by transformers and by us: the logits agree.
#   tools/peers/round_trip.sh        ACBENCH_GOLDEN=folder of reference outputs [../shared/golden]
set -euo pipefail
cd "$(dirname "$0")/../.."
golden=${ACBENCH_GOLDEN:-../shared/golden}
model=$golden/compression/models/qwen2_tiny_gqa
if [ ! -d "$model" ]; then
    echo "skipped: no $model"
    exit 0
fi
python=$(tools/peers/venv.sh llmcompressor)
cargo build --release --quiet
cargo build --release --quiet -p model --example logits
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" - "$golden/compression/models/calib_and_eval_ids.safetensors" "$golden/compression/calib_and_eval_ids.safetensors" "$work" <<'PYTHON'
import json, os, sys
from safetensors.numpy import load_file
*places, work = sys.argv[1:]
ids = load_file(next(place for place in places if os.path.exists(place)))
for name in ("calib", "eval"):
    with open(f"{work}/{name}.jsonl", "w") as out:
        out.writelines(json.dumps({"input_ids": row.tolist()}) + "\n" for row in ids[f"{name}_ids"])
PYTHON

failed=0
# check NAME TOLERANCE METHOD SETTINGS [median | exact]
check() {
    local out=$work/$1 settings=$4 how=${5:-largest}
    rm -rf "$out"
    case $3 in rtn | fp8 | magnitude) ;; *) settings="sequences=16,length=64${settings:+,$settings}" ;; esac
    "$bin/acbench" compress ${model:+--model_name "$model"} --compression_method "$3" ${settings:+--method_args "$settings"} \
        --calibration "$work/calib.jsonl" --output_path "$out" >"$out.log" 2>&1 || { cat "$out.log"; failed=1; return; }
    "$bin/examples/logits" "$out" "$work/eval.jsonl" "$out.ours" "$how"
    printf '%-28s ' "$1"
    "$python" tools/peers/transformers_logits.py "$out" "$work/eval.jsonl" "$out.peer" "$out.ours" "$2" "$how" 2>"$out.err" ||
        { tail -n 3 "$out.err"; failed=1; }
}
check gptq-sym 1e-4 gptq group_size=32
check gptq-asym 1e-4 gptq group_size=32,symmetric=false
# act_order=dynamic (weight_g_idx) is refused by compressed-tensors 0.19 and later; our warning says so.
check gptq-group-aware 1e-4 gptq group_size=32,act_order=group_aware
check gptq-channel-8-bit 1e-4 gptq bits=8,group_size=channel
check rtn-sym 1e-4 rtn group_size=32
# 3 bits cross the words, 2 bits do not.
for bits in 3 2; do
    check "gptq-$bits-bit" 1e-4 gptq "bits=$bits,group_size=32"
    check "gptq-$bits-bit-asym" 1e-4 gptq "bits=$bits,group_size=32,symmetric=false"
    check "rtn-$bits-bit-channel-asym" 1e-4 rtn "bits=$bits,group_size=channel,symmetric=false"
done
check awq-asym 1e-4 awq group_size=32
check awq-gptq 1e-4 awq+gptq group_size=32
check smoothquant-gptq-w8a8 1e-4 smoothquant+gptq "" exact
check smoothquant-gptq-w8a8 1e-3 smoothquant+gptq "" median
check rtn-w8a8 1e-4 rtn bits=8,group_size=channel,activation_bits=8 exact
check rtn-w8a8 1e-3 rtn bits=8,group_size=channel,activation_bits=8 median
check fp8 1e-3 fp8 ""
check fp8-weights-only 1e-4 fp8 activation_bits=16
check wanda 1e-4 wanda ""
check wanda-2-of-4 1e-4 wanda sparsity=2:4
check sparsegpt 1e-4 sparsegpt ""
check magnitude 1e-4 magnitude ""
check wanda-gptq 1e-4 wanda+gptq group_size=32
# Mixed precision: a width of its own, or none, also inside a group that shares its input.
mixed='[{"linears":["model.layers.0.mlp.*","model.layers.1.self_attn.k_proj"],"bits":8},{"linears":["*.0.self_attn.q_proj"],"bits":"dense"}]'
left='[{"linears":["model.layers.0.self_attn.q_proj","model.layers.1.mlp.*"],"bits":"dense"}]'
check gptq-mixed 1e-4 gptq "group_size=32,overrides=$mixed"
check awq-mixed 1e-4 awq "group_size=32,overrides=$mixed"
check gptq-partly-dense 1e-4 gptq "group_size=32,overrides=$left"
check smoothquant-gptq-partly-dense 1e-4 smoothquant+gptq "overrides=$left" exact
check fp8-partly-dense 1e-4 fp8 "activation_bits=16,overrides=$left"
check sparsegpt-4-bit 1e-4 sparsegpt bits=4,group_size=32

# Architectures of other shapes: tensors that hold several parts, blocks without rope.
"$python" - "$work" <<'PYTHON'
import json, random, sys
random.seed(1)
for name, lengths in (("calib", [64] * 40), ("eval", [7, 21, 40])):
    with open(f"{sys.argv[1]}/{name}.jsonl", "w") as out:
        rows = [[random.randrange(4, 150) for _ in range(length)] for length in lengths]
        out.writelines(json.dumps({"input_ids": row}) + "\n" for row in rows)
PYTHON
# The bundled model.
model=
check pico-mixed 1e-4 gptq "overrides=$mixed"
for name in phi3 smollm3; do
    model=$golden/architectures/$name
    [ -d "$model" ] || continue
    check "$name-gptq" 1e-4 gptq group_size=8
    check "$name-awq" 1e-4 awq group_size=8
    check "$name-awq-gptq" 1e-4 awq+gptq group_size=8
    check "$name-smoothquant-gptq" 1e-4 smoothquant+gptq alpha=0.5 exact
    check "$name-wanda-2-of-4" 1e-4 wanda sparsity=2:4
    check "$name-fp8" 1e-4 fp8 activation_bits=16
done
exit $failed
