"""Runs llm-compressor and acbench in turns on the same checkpoint and tokens, as whole processes:

    python compare.py --model FOLDER --work FOLDER --peer PYTHON --ours PROGRAM [--rounds 3] [METHOD ...]

For each method: medians of wall seconds, CPU seconds (user and system, with children) and peak memory, and how far each is
from the floor (README.md). Writes WORK/compare.json; the last outputs stay in WORK/METHOD-{peer,ours}.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import floor

HERE = Path(__file__).resolve().parent
PEER = HERE.parent.parent / "tools" / "peers" / "llmcompressor_run.py"
# What the peer's recipe is called here, and the settings that make it the same.
METHODS = {
    "gptq": ["group_size=128"],
    "awq": ["group_size=128"],
    "wanda": ["sparsity=0.5"],
    "sparsegpt": ["sparsity=0.5"],
    "smoothquant+gptq": ["alpha=0.8"],
}


def run(command, log):
    """Runs a program to its end: wall seconds, CPU seconds, peak bytes and what it printed."""
    with open(log, "w+") as out, open(f"{log}.err", "w") as err:
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=err, env=dict(os.environ, OMP_NUM_THREADS=THREADS, RAYON_NUM_THREADS=THREADS))
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if child.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed: see {log}.err")
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}, said


def peer(method, args, out):
    used, said = run([args.peer, PEER, method, args.model, args.model / "calibration.jsonl", out], f"{out}.log")
    return dict(used, alone=json.loads(said.splitlines()[-1]))


def ours(method, args, out):
    settings = [f"sequences={args.sequences}", f"length={args.length}", *METHODS[method], *args.set]
    command = [args.ours, "compress", "--model_name", args.model, "--compression_method", method, "--method_args",
               ",".join(settings), "--calibration", args.model / "calibration.jsonl", "--output_path", out]
    return run(command, f"{out}.log")[0]


def medians(runs):
    return {what: statistics.median(run[what] for run in runs) for what in ("wall", "cpu", "peak")}


def compare(method, args):
    """The rounds of one method, first one program and then the other."""
    runs = {"peer": [], "ours": []}
    for _ in range(args.rounds):
        for name, program in (("peer", peer), ("ours", ours)):
            out = args.work / f"{method}-{name}"
            shutil.rmtree(out, ignore_errors=True)
            runs[name].append(program(method, args, out))
    row = {name: medians(all) for name, all in runs.items()}
    row["peer"]["alone_cpu"] = statistics.median(run["alone"]["cpu"] for run in runs["peer"])
    row["floor"] = floor.seconds(method, floor.Shape.of(args.model), args.sequences, args.length, args.gflops)
    return dict(row, runs=runs)


def table(rows):
    lines = ["| method | peer CPU s (alone) | ours CPU s | ratio (alone) | peer wall s | ours wall s | peer MB | ours MB | floor s | ours / floor |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for method, row in rows.items():
        peer, ours = row["peer"], row["ours"]
        lines.append(
            f"| {method} | {peer['cpu']:.1f} ({peer['alone_cpu']:.1f}) | {ours['cpu']:.2f} | "
            f"{peer['cpu'] / ours['cpu']:.1f} ({peer['alone_cpu'] / ours['cpu']:.1f}) | {peer['wall']:.1f} | {ours['wall']:.1f} | "
            f"{peer['peak'] / 1e6:.0f} | {ours['peak'] / 1e6:.0f} | {row['floor']:.2f} | {ours['cpu'] / row['floor']:.1f} |")
    return "\n".join(lines)


parser = argparse.ArgumentParser()
for name in ("model", "work", "peer", "ours"):
    parser.add_argument(f"--{name}", type=Path, required=True)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", default="1")
parser.add_argument("--set", nargs="*", default=[], help="further settings of ours")
parser.add_argument("--sequences", type=int, default=32)
parser.add_argument("--length", type=int, default=256)
parser.add_argument("methods", nargs="*", default=[])
args = parser.parse_args()
THREADS = args.threads
args.work.mkdir(parents=True, exist_ok=True)
args.gflops = floor.measured(args.peer)
rows = {method: compare(method, args) for method in args.methods or METHODS}
(args.work / "compare.json").write_text(json.dumps({"gflops": args.gflops, "methods": rows}, indent=1))
print(f"one core: {args.gflops:.0f} GFLOP/s in f32\n\n{table(rows)}")
