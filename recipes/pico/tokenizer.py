"""Trains pico's tokenizer on the dumped conversations: byte-level BPE, ChatML. Usage: tokenizer.py DATA OUT"""

import glob
import json
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def texts(folder):
    for path in sorted(glob.glob(f"{folder}/*-[0-3].jsonl")):
        with open(path) as file:
            for _, line in zip(range(1500), file):
                for message in json.loads(line)["messages"]:
                    yield f"{message['role']}\n{message['content']}"


def main():
    data, out = sys.argv[1:3]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2048, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=2
    )
    tokenizer.train_from_iterator(texts(data), trainer)
    tokenizer.save(f"{out}/tokenizer.json")
    with open(f"{out}/tokenizer_config.json", "w") as file:
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 2048, "bos_token": None,
            "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None,
            "clean_up_tokenization_spaces": False, "chat_template": TEMPLATE,
        }
        json.dump(config, file, indent=2)
        file.write("\n")
    print(tokenizer.get_vocab_size(), "tokens")


if __name__ == "__main__":
    main()
