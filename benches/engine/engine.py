"""What benches/engine/engine.rs measures, with llama.cpp: engine.py MODEL.gguf THREADS [TOKENS]

`engine.py make BF16.gguf OUT.gguf KIND` instead writes the same weights, all of them, as f32, q8_0, q4_0 or q4_1.
Keys and values are f16, attention is llama.cpp's flash attention where it chooses so.
"""

import json
import random
import resource
import sys
import time

import llama_cpp as ll
import numpy

KINDS = {"f32": 0, "q4_0": 2, "q4_1": 3, "q8_0": 7, "bf16": 32}


def make(source, target, kind):
    params = ll.llama_model_quantize_default_params()
    params.ftype, params.pure, params.allow_requantize, params.nthread = KINDS[kind], True, True, 2
    if ll.llama_model_quantize(source.encode(), target.encode(), params) != 0:
        sys.exit(f"{target} could not be made")


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Engine:
    def __init__(self, path, threads):
        self.model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
        params = ll.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 8 * 544, 512, 512, 8
        params.n_threads = params.n_threads_batch = self.threads = threads
        self.context = ll.llama_init_from_model(self.model, params)
        self.vocabulary = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(self.model))
        self.batch = ll.llama_batch_init(512, 0, 8)

    def step(self, tokens, at, last):
        """Runs one token a (sequence, token) pair at positions from `at` on; the logits of the last `last` of them."""
        self.batch.n_tokens = len(tokens)
        for i, (sequence, token, position) in enumerate(tokens):
            self.batch.token[i], self.batch.pos[i] = token, at + position
            self.batch.n_seq_id[i], self.batch.seq_id[i][0] = 1, sequence
            self.batch.logits[i] = i >= len(tokens) - last
        if ll.llama_decode(self.context, self.batch) != 0:
            sys.exit("llama_decode failed")
        first = len(tokens) - last
        rows = [ll.llama_get_logits_ith(self.context, first + i) for i in range(last)]
        return [int(numpy.argmax(numpy.ctypeslib.as_array(row, (self.vocabulary,)))) for row in rows]

    def replies(self, rows, length, most):
        """Seconds after the prompts, and in all, as (wall, cpu) pairs; a reply never ends before its time."""
        ll.llama_memory_clear(ll.llama_get_memory(self.context), True)
        draw = random.Random(length)
        prompts = [[draw.randrange(1, self.vocabulary) for _ in range(length)] for _ in range(rows)]
        began, used = time.perf_counter(), cpu()
        tokens = [self.step([(row, token, at) for at, token in enumerate(prompt)], 0, 1)[0] for row, prompt in enumerate(prompts)]
        middle = time.perf_counter(), cpu()
        for at in range(most):
            tokens = self.step([(row, token, 0) for row, token in enumerate(tokens)], length + at, rows)
        end = time.perf_counter(), cpu()
        return (end[0] - middle[0], end[1] - middle[1]), (middle[0] - began, middle[1] - used)

    def line(self, what, tokens, wall, used):
        print(json.dumps({"what": what, "threads": self.threads, "tokens": tokens, "wall_s": round(wall, 3),
                          "cpu_s": round(used, 3), "weight_bytes": ll.llama_model_size(self.model)}), flush=True)


if sys.argv[1] == "make":
    make(*sys.argv[2:])
    sys.exit()
silent = ll.llama_log_callback(lambda level, text, data: None)
ll.llama_log_set(silent, None)
most = int(sys.argv[3]) if len(sys.argv) > 3 else 32
engine = Engine(sys.argv[1], int(sys.argv[2]))
engine.replies(1, 16, 2)
for rows in (1, 8):
    (wall, used), _ = engine.replies(rows, 16, most)
    engine.line(f"decode {rows}", rows * most, wall, used)
_, (wall, used) = engine.replies(1, 512, 0)
engine.line("prompt 512", 512, wall, used)
