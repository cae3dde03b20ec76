"""Greedy continuations by llama.cpp, to compare with ours.

    llama_cpp_run.py MODEL.gguf REQUEST.json

REQUEST is {"tokens": N, "texts": [...], "prompts": [[id, ...], ...]}. Prints {"texts": the ids of each text,
"vocabulary": size, "replies": for each prompt the N ids, "margins": for each reply the difference of the two largest
logits before each id, and, where REQUEST has "logits": true, "logits": for each reply all logits before each id}.
"""

import json
import sys

import numpy
from llama_cpp import GGML_TYPE_F32, Llama


def main():
    path, request = sys.argv[1:]
    with open(request, encoding="utf-8") as file:
        request = json.load(file)
    # Keys and values in f32, as ours: by default they are f16.
    exact = {"type_k": GGML_TYPE_F32, "type_v": GGML_TYPE_F32, "flash_attn": False}
    model = Llama(path, n_ctx=1024, n_batch=1024, n_threads=1, n_threads_batch=1, verbose=False, **exact)
    texts = [model.tokenize(text.encode(), add_bos=False, special=True) for text in request["texts"]]
    replies, margins, every = [], [], []
    for prompt in request["prompts"]:
        model.reset()
        model.eval(prompt)
        reply, margin, steps = [], [], []
        for _ in range(request["tokens"]):
            logits = numpy.ctypeslib.as_array(model._ctx.get_logits(), shape=(model.n_vocab(),))
            best = int(numpy.argmax(logits))
            top = numpy.partition(logits, -2)[-2:]
            reply.append(best)
            margin.append(float(top[1] - top[0]))
            steps.append(logits.tolist() if request.get("logits") else [])
            model.eval([best])
        replies.append(reply)
        margins.append(margin)
        every.append(steps)
    said = {"texts": texts, "vocabulary": model.n_vocab(), "replies": replies, "margins": margins}
    if request.get("logits"):
        said["logits"] = every
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
