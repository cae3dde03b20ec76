"""Scores of BFCL by category with Wilson's 95% intervals, and how many calls were made, as a table of Markdown.

    bfcl_table.py RUN...
"""
import json
import os
import sys
from collections import defaultdict
from math import sqrt


def wilson(right, n, z=1.959964):
    center, half = right / n + z * z / (2 * n), z * sqrt(right / n * (1 - right / n) / n + z * z / (4 * n * n))
    return [100 * (center + sign * half) / (1 + z * z / n) for sign in (-1, 1)]


found, variants = defaultdict(lambda: defaultdict(list)), []
for run in sys.argv[1:]:
    for variant in json.load(open(os.path.join(run, "run.json")))["variants"]:
        name = variant["name"]
        if name not in variants:
            variants.append(name)
        scores = os.path.join(run, name, "scores")
        for file in os.listdir(scores) if os.path.isdir(scores) else []:
            for score in map(json.loads, open(os.path.join(scores, file))):
                if score["outcome"] == "finished" or score["outcome"].get("status") == "finished":
                    found[score["sample"].rsplit("_", 1)[0] if not score["sample"].startswith("live") else
                          "live_" + score["sample"].split("_", 1)[1].split("-")[0].rsplit("_", 1)[0]][name].append(score)

print("| category | n | " + " | ".join(variants) + " |")
print("|---|--:|" + "---|" * len(variants))
for category in sorted(found):
    cells = []
    for name in variants:
        scores = found[category][name]
        right, n = sum(score["value"] >= 1 for score in scores), len(scores)
        called = [score["metrics"]["called"] for score in scores if "called" in score.get("metrics", {})]
        low, high = wilson(right, n) if n else (0, 100)
        share = f", {100 * sum(called) / len(called):.0f}% call" if called else ""
        cells.append(f"{100 * right / n:.0f} [{low:.0f}, {high:.0f}]{share}" if n else "")
    print(f"| {category} | {max(map(len, found[category].values()))} | " + " | ".join(cells) + " |")
