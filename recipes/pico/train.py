"""Stages 2 to 6 of pico: the twins' training conversations, from short to full length, each task at its own pace.

Usage: train.py START.pt DATA TOKENIZER_FOLDER OUT.pt SECONDS [RATE [LEVEL]]
Resumes from OUT.pt where it exists. LEVEL is the lesson that every task begins with (0, the shortest, to 3). The loss
falls on the assistant's messages only.
"""

import json
import os
import sys
import time

import numpy as np
import torch
from tokenizers import Tokenizer

from network import Config, Pico
from pretrain import loss_and_accuracy, optimizers, random_batch, spellings

# The tasks, with the least and the most that each may have of a step's tokens.
TASKS = {
    "workflow": (0.06, 0.3),
    "tool_use": (0.1, 0.3),
    "tool_choice": (0.2, 0.3),
    "long_context": (0.03, 0.3),
    "longbench": (0.1, 0.2),
    "longgenbench": (0.06, 0.3),
    "real_world": (0.2, 0.3),
}
TOKENS = 8192  # of a step, over all tasks
RATE = 2e-3
CONTEXT = 1536
ROWS = 60000  # of a file at most


def pieces(row):
    """The texts of a conversation in ChatML, each with whether it is learned from; a raw prompt has no template."""
    learn, raw = set(row["learn"]), False
    for k, message in enumerate(row["messages"]):
        if message["role"] == "raw":
            raw = True
            yield message["content"], False
            continue
        if not raw:
            yield f"<|im_start|>{message['role']}\n", False
        yield message["content"] + "<|im_end|>", k in learn
        yield "\n", False


def encode(tokenizer, rows):
    """ids and loss mask of each conversation, cut at CONTEXT; none where no answer is left."""
    cut = [list(pieces(row)) for row in rows]
    flat = tokenizer.encode_batch([text for row in cut for text, _ in row], add_special_tokens=False)
    at = 0
    for row in cut:
        ids = [piece.ids for piece in flat[at : at + len(row)]]
        at += len(row)
        mask = [np.full(len(part), learn) for part, (_, learn) in zip(ids, row)]
        ids, mask = np.concatenate(ids).astype(np.int64)[:CONTEXT], np.concatenate(mask)[:CONTEXT]
        if mask.any():
            yield ids, mask


class Rows:
    """Encoded rows of one file, sorted by length so that a batch pads little."""

    def __init__(self, tokenizer, path):
        with open(path) as file:
            rows = [json.loads(line) for _, line in zip(range(ROWS), file)]
        parts = (encode(tokenizer, rows[at : at + 1000]) for at in range(0, len(rows), 1000))
        self.rows = sorted((row for part in parts for row in part), key=lambda row: len(row[0]))

    def batch(self, rng, tokens):
        at = int(rng.integers(len(self.rows)))
        longest = len(self.rows[at][0])
        first = max(0, at + 1 - max(1, tokens // longest))
        return pad(self.rows[first : at + 1])


def pad(rows):
    longest = max(len(ids) for ids, _ in rows)
    ids, mask = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), bool)
    for k, (row, learn) in enumerate(rows):
        ids[k, : len(row)], mask[k, : len(row)] = row, learn
    return ids, mask


@torch.no_grad()
def held_out(model, rows):
    """Share of the answers (assistant messages) that greedy decoding after the right history gets exactly right."""
    right = total = 0
    for ids, mask in rows.rows:
        guess = model.logits(model(torch.as_tensor(ids[None, :-1])))[0].argmax(-1).numpy()
        ok = (guess == ids[1:]) | ~mask[1:]
        start = np.flatnonzero(mask[1:] & ~mask[:-1])
        for s in start:
            e = s
            while e < len(ok) and mask[1:][e]:
                e += 1
            right, total = right + bool(ok[s:e].all()), total + 1
    return right / max(1, total)


def main():
    start_path, data, folder, out, budget = *sys.argv[1:5], float(sys.argv[5])
    peak = float(sys.argv[6]) if len(sys.argv) > 6 else RATE
    lesson = int(sys.argv[7]) if len(sys.argv) > 7 else 0
    torch.set_num_threads(2)
    torch.manual_seed(1)
    rng = np.random.default_rng(int(time.time()) if os.path.exists(out) else 1)
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    pairs = spellings(tokenizer)
    model = Pico(Config())
    opts = optimizers(model, peak)
    state = {"step": 0, "spent": 0.0, "seen": 0, "level": {t: lesson for t in TASKS}, "smooth": {t: 0.0 for t in TASKS}}
    if os.path.exists(out):
        saved = torch.load(out)
        model.load_state_dict(saved["model"])
        for o, s in zip(opts, saved["opts"]):
            o.load_state_dict(s)
        state = saved["state"]
    else:
        model.load_state_dict(torch.load(start_path)["model"])
    print("encoding", flush=True)
    rows = {}
    held = {t: Rows(tokenizer, f"{data}/{t}-held.jsonl") for t in TASKS}
    last, saved_at = time.time(), time.time()
    while state["spent"] < budget:
        done = state["spent"] / budget
        rate = peak * min(1, (state["step"] + 1) / 30) * min(1, (1 - done) / 0.35 + 0.01)
        for o in opts:
            for g in o.param_groups:
                g["lr"] = rate
            o.zero_grad(set_to_none=True)
        losses = {}
        # Most to the task that has most to learn, within its bounds.
        share = {t: min(most, max(least, 1.02 - state["smooth"][t])) for t, (least, most) in TASKS.items()}
        for task in TASKS:
            tokens = int(TOKENS * share[task] / sum(share.values()))
            level = state["level"][task]
            # Short rows hold more answers for their tokens: half of them for a task that is not learned yet.
            old = level > 0 and rng.random() < (0.15 if state["smooth"][task] > 0.9 else 0.5)
            key = task, int(rng.integers(level)) if old else level
            if key not in rows:
                rows[key] = Rows(tokenizer, f"{data}/{task}-{key[1]}.jsonl")
            ids, mask = rows[key].batch(rng, tokens)
            with torch.autocast("cpu", torch.bfloat16):
                loss, accuracy = loss_and_accuracy(model, ids, mask)
            (loss / len(TASKS)).backward()
            state["seen"] += ids.size
            losses[task] = loss.item()
            if not old:
                smooth = state["smooth"][task] = 0.96 * state["smooth"][task] + 0.04 * accuracy.item()
                due = done > 0.08 * (level + 1)
                if level < 3 and (smooth > 0.95 or due):
                    state["level"][task], state["smooth"][task] = level + 1, 0.5
        if rng.random() < 0.15 * (1 - done):
            ids, mask = random_batch(rng, 1536, int(rng.choice([128, 256, 512])), tokenizer.get_vocab_size(), pairs)
            with torch.autocast("cpu", torch.bfloat16):
                loss, _ = loss_and_accuracy(model, ids, mask)
            (0.3 * loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
        state["step"] += 1
        state["spent"] += time.time() - last
        last = time.time()
        if state["step"] % 20 == 0:
            told = " ".join(f"{t} L{state['level'][t]} {losses[t]:.3f}/{state['smooth'][t]:.2f}" for t in TASKS)
            print(f"{state['step']} {state['spent']:.0f}s {state['seen'] / 1e6:.2f}M {told}", flush=True)
        if time.time() - saved_at > 600 or state["spent"] >= budget:
            saved_at = time.time()
            exact = {t: round(held_out(model, held[t]), 3) for t in TASKS}
            print(f"held out, exact answers at full length: {exact}", flush=True)
            torch.save({"model": model.state_dict(), "opts": [o.state_dict() for o in opts], "state": state}, out + ".part")
            os.replace(out + ".part", out)
            last = time.time()


if __name__ == "__main__":
    main()
