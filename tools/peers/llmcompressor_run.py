"""Compresses a checkpoint with llm-compressor: python llmcompressor_run.py METHOD MODEL IDS.jsonl OUT

METHOD: gptq, awq, sparsegpt, wanda, smoothquant+gptq. Prints JSON: seconds and CPU seconds of the compression alone.
"""
import json
import os
import sys
import time

import torch
from datasets import Dataset
from llmcompressor import oneshot
from llmcompressor.modifiers.gptq import GPTQModifier
from llmcompressor.modifiers.pruning import SparseGPTModifier, WandaPruningModifier
from llmcompressor.modifiers.quantization import QuantizationModifier
from llmcompressor.modifiers.transform.awq import AWQModifier
from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier
from transformers import AutoModelForCausalLM

method, folder, ids, out = sys.argv[1:]
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
if method == "awq":
    # Its cache pins memory, which needs CUDA.
    from llmcompressor.pipelines.cache import IntermediatesCache

    IntermediatesCache.pin_memory = lambda *args, **kwargs: None
linears = {"targets": ["Linear"], "ignore": ["lm_head"]}
recipes = {
    "gptq": lambda: [GPTQModifier(scheme="W4A16", **linears)],
    "awq": lambda: [AWQModifier(), QuantizationModifier(scheme="W4A16_ASYM", **linears)],
    "sparsegpt": lambda: [SparseGPTModifier(sparsity=0.5, **linears)],
    "wanda": lambda: [WandaPruningModifier(sparsity=0.5, **linears)],
    "smoothquant+gptq": lambda: [SmoothQuantModifier(smoothing_strength=0.8), GPTQModifier(scheme="W8A8", **linears)],
}
rows = [json.loads(line)["input_ids"] for line in open(ids)]
data = Dataset.from_dict({"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]})
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
wall, cpu = time.time(), time.process_time()
oneshot(model=model, dataset=data, recipe=recipes[method](), max_seq_length=len(rows[0]), num_calibration_samples=len(rows))
alone = {"wall": time.time() - wall, "cpu": time.process_time() - cpu}
model.save_pretrained(out, save_compressed=True)
print(json.dumps(alone))
