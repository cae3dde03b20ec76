"""Logits of a checkpoint as transformers computes them (CPU, f32), beside ours:

    python transformers_logits.py FOLDER IDS.jsonl OUT.safetensors [OURS.safetensors TOLERANCE [SHARE]]

OUT has `logits.N` [tokens, vocabulary] of line N, as `cargo run --example logits` writes. With OURS: prints the largest
difference relative to the largest logit, and fails where it is above TOLERANCE for more than 1 - SHARE of the lines.
Lines of one token and SHARE 0.8 suit inputs rounded to 8-bit integers: a token's largest input lies on a tie (127.5), so
the last bit of a sum decides how it is rounded, and attention hands that on to all later tokens.
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
    wanted = float(compared[2]) if len(compared) > 2 else 1.0
    each = [((ours[name] - logits[name]).abs().max() / logits[name].abs().max()).item() for name in logits]
    # Not `difference > tolerance`, which is false of NaN.
    share = sum(difference <= tolerance for difference in each) / len(each)
    print(f"{sorted(each)[int(wanted * len(each)) - 1]:.1e} (at most {tolerance:.0e}) in {share:.0%} of {len(each)} sequences")
    sys.exit(0 if share >= wanted else f"{folder}: {share:.0%} of the sequences agree, {max(each):.1e} at worst")
