"""Runs two scorers on the same file in turns: same scores, and the CPU seconds of each whole process.

    worfbench.py ROUNDS FILE OURS... -- PEER...
"""

import json
import os
import subprocess
import sys
from statistics import median

TOLERANCE = 1e-9


def run(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} ended with status {status}")
    return [json.loads(line) for line in lines], usage.ru_utime + usage.ru_stime


def same(ours, peer):
    if ours is None or peer is None:
        return ours is peer
    return all(abs(a - b) <= TOLERANCE for a, b in zip(ours, peer, strict=True))


def main(rounds, path, *commands):
    split = commands.index("--")
    ours, peer = [*commands[:split], path], [*commands[split + 1 :], path]
    seconds = {"ours": [], "peer": []}
    for _ in range(int(rounds)):
        mine, cpu = run(ours)
        seconds["ours"].append(cpu)
        theirs, cpu = run(peer)
        seconds["peer"].append(cpu)
        different = [
            (a["id"], kind, a[kind], b[kind])
            for a, b in zip(mine, theirs, strict=True)
            for kind in ("node", "graph")
            if a["id"] != b["id"] or not same(a[kind], b[kind])
        ]
        for row in different[:10]:
            print("different:", *row)
        if different:
            sys.exit(f"{len(different)} scores differ of {2 * len(mine)}")
    crashes = sum(row["node"] is None or row["graph"] is None for row in mine)
    print(f"rows {len(mine)}, all scores the same within {TOLERANCE}; crashes of both {crashes}")
    for kind in ("node", "graph"):
        mean = sum((row[kind] or [0, 0, 0])[2] for row in mine) / len(mine)
        print(f"mean {kind} F1 {mean:.4f}")
    a, b = median(seconds["ours"]), median(seconds["peer"])
    print(f"CPU s, whole process, median of {rounds}: ours {a:.3f}, peer {b:.3f}, ratio {b / max(a, 1e-3):.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
