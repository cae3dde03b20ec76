"""Greedy replies by transformers, which reads a GGUF file as dense f32 weights.

    smollm2_replies.py MODEL.gguf IDS.json OUT.json

IDS is what smollm2_ids.py wrote; OUT is the same with "replies": the ids of each reply, end token included.
"""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM

TOKENS = 48


def main():
    path, request, out = sys.argv[1:]
    with open(request, encoding="utf-8") as file:
        request = json.load(file)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(
        os.path.dirname(os.path.abspath(path)), gguf_file=os.path.basename(path), dtype=torch.float32
    )
    request["replies"] = []
    for prompt in request["prompts"]:
        tokens = torch.tensor([prompt])
        reply = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), do_sample=False, max_new_tokens=TOKENS, eos_token_id=[0, 2],
            pad_token_id=2,
        )
        request["replies"].append(reply[0, len(prompt):].tolist())
    with open(out, "w", encoding="utf-8") as file:
        json.dump(request, file)


if __name__ == "__main__":
    main()
