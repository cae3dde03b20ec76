"""Embeddings of a folder as sentence-transformers computes them (CPU, f32, 2 threads), beside ours:

    python sentence_transformers_peer.py check FOLDER EMBED
    python sentence_transformers_peer.py speed FOLDER EMBED

EMBED is the binary of `cargo build --release -p model --example embed`. `check`: 500 texts, long ones, empty ones, Chinese,
emoji and control characters among them; every cosine of two of them must be the same within 1e-5. `speed`: texts a CPU
second of both, whole process without start-up (a run on one text is taken off), in turns, five times, the median.
"""
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

THREADS = 2
WORDS = (
    "find search open read write file table city hotel flight price weather list user query image text send mail "
    "translate summarize count sort filter merge split the a of and in to for with first then next result answer"
).split()
CHINESE = "查找酒店的价格并把结果发送给用户天气今天北京上海翻译文本图片文件"
ODD = "😀 🚀👩‍💻 ﬁ Ⅷ é e\u0301 ß İ \u200b \ufeff \x00 \x01\x1f \t\r\n [CLS] [MASK] [PAD] <s> ## -- ''\" ½ 한국어 עברית العربية".split(" ")


def texts(count, seed=0, longest=400):
    rng = random.Random(seed)
    made = ["", " ", "\n", "\x00", "😀", "[PAD]", "[SEP] [CLS]", "x" * 300, "中" * 600, "word " * 900]
    while len(made) < count:
        kind, length = rng.random(), rng.choice([1, 3, 8, 15, 30, 60, longest])
        if kind < 0.6:
            parts = [rng.choice(WORDS) for _ in range(length)]
        elif kind < 0.8:
            parts = ["".join(rng.choice(CHINESE) for _ in range(rng.randint(1, 6))) for _ in range(length)]
        else:
            parts = [rng.choice(WORDS + ODD * 2) for _ in range(length)]
        made.append(rng.choice([" ", ", ", "\n"]).join(parts))
    return made[:count]


def ours(embed, folder, some):
    """Embeddings and CPU seconds of our process."""
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/texts.jsonl", "w") as out:
            out.writelines(json.dumps(text) + "\n" for text in some)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        env = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
        subprocess.run([embed, folder, f"{work}/texts.jsonl", f"{work}/out"], check=True, stdout=subprocess.DEVNULL, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return load_file(f"{work}/out")["embeddings"], seconds


def theirs(model, some):
    before = resource.getrusage(resource.RUSAGE_SELF)
    made = model.encode(some, batch_size=32, convert_to_tensor=True, show_progress_bar=False)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return made, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check(model, folder, embed):
    some = texts(500)
    (a, _), (b, _) = ours(embed, folder, some), theirs(model, some)
    cosine = lambda x: torch.nn.functional.normalize(x.double()) @ torch.nn.functional.normalize(x.double()).T
    off, apart = (cosine(a) - cosine(b)).abs().max().item(), (a - b).abs().max().item()
    own = (1 - (torch.nn.functional.normalize(a.double()) * torch.nn.functional.normalize(b.double())).sum(1)).max().item()
    print(f"{len(some)} texts: cosines differ by at most {off:.1e}, numbers by {apart:.1e}, each text from itself by {own:.1e}")
    # Not `off > 1e-5`, which NaN passes.
    return 0 if off <= 1e-5 and own <= 1e-5 else f"{folder}: cosines differ by {off}"


def speed(model, folder, embed):
    some = texts(1000, seed=1, longest=100)
    theirs(model, some[:64])
    rates = {"ours": [], "sentence-transformers": []}
    for _ in range(5):
        start = ours(embed, folder, some[:1])[1]
        rates["ours"].append(len(some) / (ours(embed, folder, some)[1] - start))
        rates["sentence-transformers"].append(len(some) / theirs(model, some)[1])
    for name, rate in rates.items():
        print(f"{name}: {statistics.median(rate):.0f} texts a CPU second ({min(rate):.0f} to {max(rate):.0f})")
    ratio = statistics.median(rates["ours"]) / statistics.median(rates["sentence-transformers"])
    print(f"ratio {ratio:.2f}, {THREADS} threads, {torch.__version__}")
    return 0


what, folder, embed = sys.argv[1:]
torch.set_num_threads(THREADS)
model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": torch.float32}).eval()
sys.exit({"check": check, "speed": speed}[what](model, folder, embed))
