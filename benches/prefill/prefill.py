"""Reads random prompts with llama.cpp: prefill.py MODEL.gguf LENGTH ...

One JSON line a length: {"tokens", "wall_s", "cpu_s", "peak_bytes"}, as benches/prefill/prefill.rs writes them. Keys and
values are f16, attention is llama.cpp's flash attention, prompts are read 512 tokens at a time.
"""

import json
import random
import resource
import sys
import time

from llama_cpp import Llama

THREADS = 2


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def line(tokens, wall, used):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"tokens": tokens, "wall_s": round(wall, 3), "cpu_s": round(used, 3), "peak_bytes": peak}), flush=True)


path, lengths = sys.argv[1], [int(length) for length in sys.argv[2:]]
line(0, 0.0, cpu())
for length in lengths:
    model = Llama(path, n_ctx=length + 1, n_batch=512, n_ubatch=512, n_threads=THREADS, n_threads_batch=THREADS,
                  flash_attn=True, logits_all=False, verbose=False)
    draw = random.Random(length)
    prompt = [draw.randrange(1, model.n_vocab()) for _ in range(length)]
    began, used = time.perf_counter(), cpu()
    model.eval(prompt)
    line(length, time.perf_counter() - began, cpu() - used)
    model.close()
