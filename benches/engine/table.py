"""Medians of what benches/engine/run.sh measured, as a table: table.py RESULTS.txt"""

import json
import statistics
import sys

found, order = {}, []
for line in open(sys.argv[1], encoding="utf-8"):
    who, file, rest = line.split(" ", 2)
    row = json.loads(rest)
    key = (file, row["what"], row["threads"])
    if key not in found:
        order.append(key)
    found.setdefault(key, {}).setdefault(who, []).append(row)


def median(rows, value):
    return statistics.median(value(row) for row in rows) if rows else float("nan")


def rate(row):
    return row["tokens"] / row["wall_s"]


def each(row):
    return row["cpu_s"] / row["tokens"] * 1000


print("| file | what | threads | ours, tokens/s | llama.cpp | ratio | ours, CPU ms a token | llama.cpp | ratio | of reading alone |")
print("|---|---|---|---|---|---|---|---|---|---|")
for key in order:
    file, what, threads = key
    ours, theirs = found[key].get("ours", []), found[key].get("llama.cpp", [])
    if what == "read":
        continue
    read = median(found.get((file, "read", threads), {}).get("ours", []), each)
    # Decoding one reply reads every weight once a token, but for the embedding where the head is another.
    share = f"{median(ours, lambda row: row['read_bytes'] * read / each(row)):.0%}" if what == "decode 1" else ""
    cells = [median(ours, rate), median(theirs, rate), median(ours, rate) / median(theirs, rate)]
    cells += [median(ours, each), median(theirs, each), median(ours, each) / median(theirs, each)]
    print(f"| {file} | {what} | {threads} | " + " | ".join(f"{cell:.2f}" for cell in cells) + f" | {share} |")
reads = {}
for (_, what, threads), rows in found.items():
    if what == "read":
        reads.setdefault(threads, []).extend(1000 / each(row) for row in rows.get("ours", []))
print()
for threads, rates in sorted(reads.items()):
    print(f"Reading alone with {threads} thread(s): {statistics.median(rates) / 1e9:.1f} GB a CPU second")
