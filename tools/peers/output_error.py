"""How far the outputs of compressed checkpoints are from the dense ones, on tokens that calibration did not see:

    python output_error.py DENSE IDS.jsonl OURS PEER

All are mean squared errors relative to the mean square of the dense outputs.
- linears: each linear fed what it is fed in the dense model (left out where the method scales inputs: the linears of
  such a checkpoint expect others).
- blocks: the outputs of self_attn.o_proj and mlp.down_proj of each block fed what the block is fed in the dense model.
- logits: of the whole model.
"""
import json
import sys
from collections import defaultdict
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, CompressedTensorsConfig

LINEARS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
ENDS = ("self_attn.o_proj", "mlp.down_proj")


def load(folder):
    """The model, its quantized weights as floats; rounding of activations stays."""
    config = json.loads((Path(folder) / "config.json").read_text())
    how = {"quantization_config": CompressedTensorsConfig(run_compressed=False)} if "quantization_config" in config else {}
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **how).eval()


def watch(block, names):
    """Inputs and outputs of these modules of a block, filled in while it runs."""
    seen = {}
    for name in names:
        block.get_submodule(name).register_forward_hook(
            lambda _, inputs, output, name=name: seen.__setitem__(name, (inputs[0], output)))
    return seen


def error(found, wanted):
    return ((found - wanted).double().square().mean() / wanted.double().square().mean()).item()


@torch.no_grad()
def dense_run(folder, ids):
    model = load(folder)
    fed, seen = [], [watch(block, LINEARS) for block in model.model.layers]
    for block in model.model.layers:
        block.register_forward_pre_hook(lambda _, args, kwargs: fed.append((args, kwargs)), with_kwargs=True)
    return {"logits": model(ids, use_cache=False).logits, "fed": fed, "seen": seen, "model": model}


@torch.no_grad()
def errors(folder, ids, dense):
    """{kind: {linear's name in its block: mean over the blocks}}"""
    model, all = load(folder), defaultdict(lambda: defaultdict(list))
    norms = lambda model: [layer.input_layernorm.weight for layer in model.model.layers]
    folded = any(not torch.equal(a, b) for a, b in zip(norms(model), norms(dense["model"])))
    for block, (args, kwargs), seen in zip(model.model.layers, dense["fed"], dense["seen"]):
        for name in () if folded else LINEARS:
            inputs, output = seen[name]
            all["linears"][name].append(error(block.get_submodule(name)(inputs), output))
        found = watch(block, ENDS)
        block(*args, **kwargs)
        for name in ENDS:
            all["blocks"][name].append(error(found[name][1], seen[name][1]))
    all["logits"]["all"].append(error(model(ids, use_cache=False).logits, dense["logits"]))
    return {kind: {name: sum(each) / len(each) for name, each in of.items()} for kind, of in all.items()}


def main():
    dense_folder, ids, ours, peer = sys.argv[1:]
    torch.set_num_threads(1)
    ids = torch.tensor([json.loads(line)["input_ids"] for line in open(ids)])
    dense = dense_run(dense_folder, ids)
    both = {name: errors(folder, ids, dense) for name, folder in (("ours", ours), ("peer", peer))}
    print("| of | ours | peer | ours / peer |\n|---|---|---|---|")
    for kind, names in both["ours"].items():
        rows = [(f"{kind}: {name}", of, both["peer"].get(kind, {}).get(name)) for name, of in names.items()]
        if len(rows) > 1 and all(row[2] for row in rows):
            rows.append((f"{kind}: mean", *(sum(row[at] for row in rows) / len(rows) for at in (1, 2))))
        for what, of, other in rows:
            print(f"| {what} | {of:.3e} | " + (f"{other:.3e} | {of / other:.3f} |" if other else "- | - |"))


main()
