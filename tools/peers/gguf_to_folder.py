"""A GGUF file as a dense Hugging Face folder (f32), by transformers' own reader:

    python gguf_to_folder.py FILE.gguf FOLDER

The tokenizer is transformers' reading, too. Where it does not know a file's splitting (SmolLM2 cuts numbers into
digits), that is put in front of what it has, as in the model's published tokenizer.json.
"""
import json
import os
import sys

import gguf
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

path, out = os.path.abspath(sys.argv[1]), sys.argv[2]
folder, file = os.path.split(path)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
# The numbers are dense by now; transformers still calls them quantized, and would not save them.
model.hf_quantizer = None
del model.config.quantization_config
model.save_pretrained(out)
AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(out)

field = gguf.GGUFReader(path).get_field("tokenizer.ggml.pre")
if field is not None and field.contents() == "smollm":
    place = os.path.join(out, "tokenizer.json")
    with open(place, encoding="utf-8") as file:
        tokenizer = json.load(file)
    digits = {"type": "Digits", "individual_digits": True}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [digits, bytes_]}
    with open(place, "w", encoding="utf-8") as file:
        json.dump(tokenizer, file, ensure_ascii=False)
