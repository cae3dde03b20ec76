"""Logits of a checkpoint as transformers computes them (CPU, f32), beside ours:

    python transformers_logits.py FOLDER IDS.jsonl OUT.safetensors [OURS.safetensors TOLERANCE [median | exact]]

OUT has `logits.N` [tokens, vocabulary] of line N, as `cargo run --example logits` writes. With OURS: prints the largest
difference relative to the largest logit, and fails where it is above TOLERANCE. `exact` runs without rounding inputs;
`median` takes the middle token's difference instead of the largest: where inputs are rounded to `max|x| / 127.5`, the last
bit of the largest input decides between two levels, and programs that add in another order differ in some tokens.
"""
import json
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

folder, ids, out, *compared = sys.argv[1:]
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
how = compared[2] if len(compared) > 2 else "largest"
if how == "exact":
    for module in model.modules():
        module.quantization_enabled = False
rows = [json.loads(line)["input_ids"] for line in open(ids)]
with torch.no_grad():
    logits = {f"logits.{at}": model(torch.tensor([row]), use_cache=False).logits[0].contiguous() for at, row in enumerate(rows)}
save_file(logits, out)
if compared:
    ours, tolerance = load_file(compared[0]), float(compared[1])
    if ours.keys() != logits.keys():
        sys.exit(f"{folder}: ours has {sorted(ours)}, transformers {sorted(logits)}")
    off = torch.cat([(ours[name] - logits[name]).abs().amax(-1) / logits[name].abs().max() for name in logits])
    worst = (off.median() if how == "median" else off.max()).item()
    print(f"{worst:.1e} ({how}, at most {tolerance:.0e})")
    # Not `worst > tolerance`, which NaN passes.
    sys.exit(0 if worst <= tolerance else f"{folder}: relative difference {worst} is above {tolerance}")
