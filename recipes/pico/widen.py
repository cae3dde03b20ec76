"""Gives a trained pico whole tokens for the words of tasks that its tokenizer has not seen.

Usage: widen.py MODEL_FOLDER DATA TOKENIZER_OUT START.pt
The merges of the byte-level BPE go on where they stopped, over the words of DATA; each new token begins at the mean of
the two that it joins, so that what the model knows of them carries over.
"""

import collections
import json
import shutil
import sys

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from network import Config, Pico
from tokenizer import texts


def words(tokenizer, data):
    """The pieces of each word of the conversations, and how often it stands there."""
    counts = collections.Counter()
    for text in texts(data):
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    spelled = tokenizer.decoder.decode
    cut = ((tokenizer.encode(spelled([word]), add_special_tokens=False).tokens, count) for word, count in counts.items())
    return [(pieces, count) for pieces, count in cut if len(pieces) > 1]


def is_long_number(token):
    """Numbers stay in parts of two digits, so that all are written alike."""
    return sum(c.isdigit() for c in token) > 2


def go_on(found, room, least):
    """The next merges, most frequent pair first, as (left, right)."""
    merges = []
    while len(merges) < room:
        pairs = collections.Counter()
        for pieces, count in found:
            for pair in zip(pieces, pieces[1:]):
                if not is_long_number("".join(pair)):
                    pairs[pair] += count
        if not pairs:
            break
        (left, right), count = min(pairs.items(), key=lambda item: (-item[1], item[0]))
        if count < least:
            break
        merges.append((left, right))
        for pieces, _ in found:
            at = 0
            while at + 1 < len(pieces):
                if (pieces[at], pieces[at + 1]) == (left, right):
                    pieces[at : at + 2] = [left + right]
                at += 1
    return merges


def main():
    folder, data, out, start = sys.argv[1:]
    config = Config()
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    with open(f"{folder}/tokenizer.json") as file:
        described = json.load(file)
    vocab = described["model"]["vocab"]
    found = words(tokenizer, data)
    merges = go_on(found, config.vocab_size - len(vocab), 50)
    weights = load_file(f"{folder}/model.safetensors")
    state = {name.removeprefix("model."): value.float() for name, value in weights.items()}
    old = state["embed_tokens.weight"]
    table = torch.zeros(config.vocab_size, config.hidden_size)
    table[: len(vocab)] = old[: len(vocab)]
    for left, right in merges:
        described["model"]["merges"].append([left, right])
        if left + right not in vocab:
            vocab[left + right] = len(vocab)
        table[vocab[left + right]] = (table[vocab[left]] + table[vocab[right]]) / 2
    state["embed_tokens.weight"] = table
    model = Pico(config)
    model.load_state_dict(state)
    torch.save({"model": model.state_dict()}, start)
    with open(f"{out}/tokenizer.json", "w") as file:
        json.dump(described, file, ensure_ascii=False, indent=2)
    shutil.copy(f"{folder}/tokenizer_config.json", out)
    left = sum(count * (len(pieces) - 1) for pieces, count in found)
    print(f"{len(merges)} new tokens, {len(vocab)} in all; {left} splits inside words are left")


main()
