"""Stage 1 of pico: copying and lookups on random tokens, so that the heads for them are there before any language.

Usage: pretrain.py TOKENIZER_FOLDER OUT.pt SECONDS
"""

import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import induction
from network import Config, Pico


def copy_rows(rng, rows, length, vocab):
    """A few random segments in random order: the loss falls on what a segment seen before makes certain.

    The distance to the earlier copy varies, so that no fixed offset can be learned in place of matching.
    """
    ids = np.zeros((rows, length), np.int64)
    mask = np.zeros((rows, length), bool)
    for r in range(rows):
        segments = [rng.integers(8, vocab, int(rng.integers(2, 9))) for _ in range(int(rng.integers(2, 2 + length // 16)))]
        seen, at = set(), 0
        while at < length:
            k = int(rng.integers(len(segments)))
            piece = segments[k][: length - at]
            ids[r, at : at + len(piece)] = piece
            mask[r, at + 1 : at + len(piece)] = k in seen
            seen.add(k)
            at += len(piece)
    return ids, mask


def lookup_rows(rng, rows, length, vocab):
    """Facts [key key value value end], then questions in another order: the loss falls on the values and the end."""
    ids = np.full((rows, length), 1)
    mask = np.zeros((rows, length), bool)
    for r in range(rows):
        keys, values = int(rng.integers(1, 3)), int(rng.integers(1, 4))
        size = keys + values + 1
        gap = int(rng.integers(0, 4))
        facts = max(2, int(rng.integers(2, max(3, (length * 2 // 3) // (size + gap)))))
        at, table = 0, []
        pool = rng.choice(np.arange(8, vocab), facts * keys, replace=False).reshape(facts, keys)
        for f in range(facts):
            fact = np.concatenate([pool[f], rng.integers(8, vocab, values), [2]])
            ids[r, at : at + size] = fact
            table.append(fact)
            at += size
            filler = int(rng.integers(0, gap + 1))
            ids[r, at : at + filler] = rng.integers(8, vocab, filler)
            at += filler
        for f in rng.permutation(facts):
            if at + size + 1 > length:
                break
            ids[r, at] = 3
            ids[r, at + 1 : at + 1 + size] = table[f]
            mask[r, at + 1 + keys : at + 1 + size] = True
            at += size + 1
    return ids, mask


def binding_rows(rng, rows, length, vocab, pairs):
    """Facts [key, separator, value, end] with the key spelled one way, then questions [opening, key, one or two
    separators, value] with it spelled the other way: the loss falls on the values."""
    ids = np.full((rows, length), 1)
    mask = np.zeros((rows, length), bool)
    for r in range(rows):
        opening, end, *separators = rng.integers(8, vocab, 9)
        between = separators[3 : 3 + int(rng.integers(1, 3))]
        facts = int(rng.integers(1, 2 + length // 16))
        keys = rng.permutation(len(pairs))[:facts]
        values = [rng.integers(8, vocab, int(rng.integers(1, 3))) for _ in keys]
        row, learn = [], []

        def put(tokens, loss=False):
            row.extend(int(token) for token in tokens)
            learn.extend([loss] * len(tokens))

        for key, value in zip(keys, values):
            put(rng.integers(8, vocab, int(rng.integers(0, 4))))
            put([pairs[key][1], separators[int(rng.integers(3))], *value, end])
        for k in rng.permutation(len(keys)):
            put([opening, pairs[keys[k]][0], *between])
            put(values[k], True)
        ids[r, : len(row[:length])], mask[r, : len(row[:length])] = row[:length], learn[:length]
    return ids, mask


def spellings(tokenizer):
    """Pairs of ids of a word without and with a space before it."""
    vocab = tokenizer.get_vocab()
    return [(i, vocab["Ġ" + t]) for t, i in sorted(vocab.items()) if "Ġ" + t in vocab]


def random_batch(rng, tokens, length, vocab, pairs):
    """A third each of copying, lookup and binding: ids and loss mask [rows, length]."""
    rows = max(1, tokens // length // 3)
    parts = copy_rows(rng, rows, length, vocab), lookup_rows(rng, rows, length, vocab)
    parts += (binding_rows(rng, rows, length, vocab, pairs),)
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([mask for _, mask in parts])


def loss_and_accuracy(model, ids, mask):
    """Cross entropy and accuracy over the masked tokens, each predicted from the tokens before it."""
    ids, mask = torch.as_tensor(ids), torch.as_tensor(mask)
    hidden = model(ids[:, :-1])[mask[:, 1:]]
    wanted = ids[:, 1:][mask[:, 1:]]
    logits = model.logits(hidden)
    return F.cross_entropy(logits, wanted), (logits.argmax(-1) == wanted).float().mean()


def optimizers(model, rate):
    """AdamW, with weight decay on the matrices."""
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    return [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]


def main():
    torch.set_num_threads(2)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    folder, out, budget = sys.argv[1], sys.argv[2], float(sys.argv[3])
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    pairs, vocab = spellings(tokenizer), tokenizer.get_vocab_size()
    model = Pico(Config())
    induction.begin(model, pairs)
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    opts = optimizers(model, 2e-3)
    start, seen = time.time(), 0
    step, length, smooth = 0, 64, 0.0
    while time.time() - start < budget:
        ids, mask = random_batch(rng, 6144, length, vocab, pairs)
        rate = 2e-3 * min(1, (step + 1) / 50)
        for o in opts:
            for g in o.param_groups:
                g["lr"] = rate
            o.zero_grad(set_to_none=True)
        loss, accuracy = loss_and_accuracy(model, ids, mask)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
        step, seen = step + 1, seen + ids.size
        smooth = 0.9 * smooth + 0.1 * accuracy.item()
        if smooth > 0.85 and length < 768:
            length, smooth = length * 2 if length < 512 else 768, 0.4
            print("length", length, flush=True)
        if step % 25 == 0:
            rate_now = seen / (time.time() - start)
            print(f"{step} {time.time() - start:.0f}s loss {loss.item():.3f} acc {accuracy.item():.3f} {rate_now:.0f} tok/s", flush=True)
        if step % 100 == 0:
            torch.save({"model": model.state_dict(), "step": step}, out)
    torch.save({"model": model.state_dict(), "step": step}, out)


if __name__ == "__main__":
    main()
