"""Runs a command: its seconds, those of the processor, and its largest resident set.

    timed.py NAME QUESTIONS COMMAND...
"""

import os
import subprocess
import sys
import time

name, questions, *command = sys.argv[1:]
begun = time.monotonic()
process = subprocess.Popen(command, stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
wall = time.monotonic() - begun
cpu = usage.ru_utime + usage.ru_stime
print(f"{name}: {wall:.1f} s, {cpu:.2f} CPU s, {int(questions) / wall:.0f} questions/s, {usage.ru_maxrss // 1024} MB")
sys.exit(1 if status else 0)
