"""LongBench's metrics on the Python packages that its reference uses: rouge, jieba, fuzzywuzzy.

Written from the description of the metrics in docs/long_context.md. Usage: longbench_python.py FILE SCORES
"""
import json
import re
import string
import sys
from collections import Counter
from difflib import SequenceMatcher

import jieba
from fuzzywuzzy import fuzz
from rouge import Rouge

assert fuzz.SequenceMatcher is SequenceMatcher, "python-Levenshtein is installed: scores would be others"

CHINESE = "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏."
LATIN, BOTH = set(string.punctuation), set(string.punctuation + CHINESE)
FIRST_LINE = {"trec", "triviaqa", "samsum", "lsht"}
ROUGE = Rouge()


def overlap(prediction, answer):
    same = sum((Counter(prediction) & Counter(answer)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(prediction), same / len(answer)
    return 2 * precision * recall / (precision + recall)


def words(text):
    text = "".join(c for c in text.lower() if c not in LATIN)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def words_zh(text):
    kept = ("".join(c for c in word.lower() if c not in BOTH and not c.isspace()) for word in jieba.cut(text))
    return [word for word in kept if word]


def rouge(prediction, answer):
    try:
        return ROUGE.get_scores([prediction], [answer], avg=True)["rouge-l"]["f"]
    except Exception:
        return 0.0


def share(prediction, number):
    found = re.findall(r"\d+", prediction)
    return sum(one == number for one in found) / len(found) if found else 0.0


def code(prediction, answer):
    lines = prediction.lstrip("\n").split("\n")
    line = next((line for line in lines if not any(mark in line for mark in ("`", "#", "//"))), "")
    return fuzz.ratio(line, answer) / 100


def classes(prediction, answer, names):
    named = [name for name in names if name in prediction]
    at = 0
    while at < len(named):
        if named[at] in answer and named[at] != answer:
            named.remove(named[at])
        at += 1
    return 1 / len(named) if answer in named else 0.0


def score(name, prediction, answer, names):
    if name in ("trec", "lsht"):
        return classes(prediction, answer, names)
    if name in ("lcc", "repobench-p"):
        return code(prediction, answer)
    if name == "passage_count":
        return share(prediction, answer)
    if name.startswith("passage_retrieval"):
        pattern = r"段落(\d+)" if name.endswith("zh") else r"Paragraph (\d+)"
        return share(prediction, re.search(pattern, answer).group(1))
    if name in ("dureader", "vcsum"):
        return rouge(" ".join(jieba.cut(prediction)), " ".join(jieba.cut(answer)))
    if name in ("gov_report", "qmsum", "multi_news", "samsum"):
        return rouge(prediction, answer)
    if name == "multifieldqa_zh":
        return overlap(words_zh(prediction), words_zh(answer))
    return overlap(words(prediction), words(answer))


def main(file, scores):
    jieba.setLogLevel(60)
    with open(file, encoding="utf-8") as rows, open(scores, "w", encoding="utf-8") as out:
        for row in map(json.loads, rows):
            prediction = row["pred"]
            if row["dataset"] in FIRST_LINE:
                prediction = prediction.lstrip("\n").split("\n")[0]
            values = (score(row["dataset"], prediction, answer, row["all_classes"]) for answer in row["answers"])
            print(repr(float(max(values, default=0.0))), file=out)


if __name__ == "__main__":
    main(*sys.argv[1:])
