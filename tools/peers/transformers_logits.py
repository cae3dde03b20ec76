"""Logits of a checkpoint as transformers computes them (CPU, f32), beside ours:

    python transformers_logits.py FOLDER IDS.jsonl OUT.safetensors [OURS.safetensors TOLERANCE]

OUT has `logits.N` [tokens, vocabulary] of line N, as `cargo run --example logits` writes. With OURS: prints the largest
difference relative to the largest logit, and fails where it is above TOLERANCE.
"""
import json
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

folder, ids, out, *compared = sys.argv[1:]
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
rows = [json.loads(line)["input_ids"] for line in open(ids)]
with torch.no_grad():
    logits = {f"logits.{at}": model(torch.tensor([row]), use_cache=False).logits[0].contiguous() for at, row in enumerate(rows)}
save_file(logits, out)
if compared:
    ours, tolerance = load_file(compared[0]), float(compared[1])
    if ours.keys() != logits.keys():
        sys.exit(f"{folder}: ours has {sorted(ours)}, transformers {sorted(logits)}")
    worst = max(((ours[name] - logits[name]).abs().max() / logits[name].abs().max()).item() for name in logits)
    print(f"{worst:.1e} (at most {tolerance:.0e})")
    # Not `worst > tolerance`, which NaN passes.
    sys.exit(0 if worst <= tolerance else f"{folder}: relative difference {worst} is above {tolerance}")
