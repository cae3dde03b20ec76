"""Token ids by llama.cpp: of varied texts, and of chat prompts, to compare with ours.

    smollm2_ids.py MODEL.gguf OUT.json

Writes {"texts": [...], "ids": [[...]], "prompts": [[...]]}.
"""

import json
import random
import sys

from llama_cpp import Llama

PIECES = [
    "Hello, world!", "  two  spaces", "tab\tand\nline", "\r\n\r\nwindows lines   ", "naïve café straße", "日本語の文章。",
    "한국어 문장", "🦀🔥👩‍👩‍👧", "e\u0301 combining", "don't can't we'll I'M THEY'RE", "12345 67,890.12", "3.14159e-10",
    "½ ² Ⅷ ٣ ৪", "<|im_start|>user\nhi<|im_end|>\n", "<|endoftext|>", "<|im_start", "|im_end|>", "<|im_end|", "a_b-c/d\\e",
    '{"key": [1, 2.5e-3, null]}', "\u00a0no\u2003break\u200b", "ÀÉÎ İstanbul", "x = y**2 + 3*z;", "fn main() -> Result<(), E> {",
    "    def f(self, *args):\n        return args[0]", "for (int i = 0; i < 10; ++i) {\n\t\ti += 2;\n}", "עברית العربية",
    "हिन्दी ไทย", "\ufeffbom", "", " ", "\n", "\t", "   \n  \n", "https://example.org/a?b=c&d=%20#e", "user@host.com",
    "1st 2nd 3rd 100th", "2024-11-25T15:50:41Z", "C++ C# F#", "…—–‘quotes’ “double”", "ALLCAPS lower MiXeD", "<repo_name>x<file_sep>",
    "<empty_output>", "$100 €20 £3", "a" * 40, "0" * 17, "!?!?!?...", "(((nested)))", "snake_case camelCase", "\x00\x7f\x1b[0m",
]
SUBJECTS = ["France", "a river", "the moon", "photosynthesis", "a bicycle", "the number seven"]
ASKS = [
    "What is {}?", "Write one sentence about {}.", "Name three facts about {}.", "Explain {} to a child.",
    "Give a title for a story about {}.",
]


def texts(rng):
    yield from PIECES
    for _ in range(1000 - len(PIECES)):
        kind = rng.randrange(3)
        if kind == 0:
            yield rng.choice(["", " ", "\n", "  "]).join(rng.choice(PIECES) for _ in range(rng.randrange(1, 6)))
        elif kind == 1:
            yield "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(9, 14)])) for _ in range(rng.randrange(1, 40)))
        else:
            ranges = [(0x20, 0x250), (0x370, 0x600), (0x900, 0xDFF), (0x2000, 0x2BFF), (0x3040, 0x9FFF), (0x1F300, 0x1FAFF)]
            low, high = rng.choice(ranges)
            yield "".join(chr(rng.choice([32, rng.randrange(low, high)])) for _ in range(rng.randrange(1, 20)))


def main():
    path, out = sys.argv[1:]
    model = Llama(path, vocab_only=True, verbose=False)

    def ids(text):
        return model.tokenize(text.encode(), add_bos=True, special=True)

    everything = list(texts(random.Random(11)))
    asks = [ask.format(subject) for ask in ASKS for subject in SUBJECTS]
    system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    chat = "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    prompts = [ids(chat.format(system, ask)) for ask in asks]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"texts": everything, "ids": [ids(text) for text in everything], "prompts": prompts}, file)


if __name__ == "__main__":
    main()
