"""Writes the trained model as a Hugging Face folder. Usage: export.py PICO.pt TOKENIZER_FOLDER OUT"""

import shutil
import sys

import torch
from tokenizers import Tokenizer

from network import Config, Pico


def main():
    saved, folder, out = sys.argv[1:]
    model = Pico(Config())
    model.load_state_dict(torch.load(saved)["model"])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(f"{folder}/{name}", out)
    model.save(out, Tokenizer.from_file(f"{folder}/tokenizer.json").token_to_id("<|im_end|>"))


main()
