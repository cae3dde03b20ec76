"""Times `bfcl evaluate` and `acbench score --predictions` in turns: bfcl_evaluate.py ACBENCH PACKAGE WORK ROUNDS"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# One that is asked in words; its client is made and never used.
MODEL = "gpt-4.1-mini-2025-04-14"


def took(command, **environment):
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | environment
    )
    said = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command}: {status}\n{said[-2000:]}")
    return used.ru_utime + used.ru_stime


def main(acbench, package, work, rounds):
    work, root = Path(work), Path(work) / "project"
    bfcl = Path(sys.executable).with_name("bfcl")
    for round in range(1, int(rounds) + 1):
        all_theirs = all_ours = 0
        for results in sorted((work / "result").iterdir()):
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(results, root / "result" / MODEL)
            evaluate = [bfcl, "evaluate", "--model", MODEL, "--test-category", "all", "--partial-eval"]
            theirs = took(evaluate, BFCL_PROJECT_ROOT=str(root), OPENAI_API_KEY="none")
            ours = took([acbench, "score", "--predictions", results, "--data", f"bfcl={package}", "--scoring", "paper"])
            print(f"round {round}, {results.name}: bfcl evaluate {theirs:.2f} CPU s, ours {ours:.3f}, {theirs / ours:.0f} times")
            all_theirs, all_ours = all_theirs + theirs, all_ours + ours
        print(f"round {round}, all: bfcl evaluate {all_theirs:.1f} CPU s, ours {all_ours:.2f}, {all_theirs / all_ours:.1f} times")


if __name__ == "__main__":
    main(*sys.argv[1:])
