"""Plays the same commands in Jericho's Frotz (a program of its own, GPL: only run, never linked).

    jericho_steps.py FILE SECONDS
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
import jericho  # noqa: E402

COMMANDS = [
    "look", "inventory", "north", "take lamp", "open red door", "south", "open box", "take it", "look", "jump",
]  # fmt: skip
ROUNDS = 10


def main(file, seconds):
    env = jericho.FrotzEnv(file)
    steps, begun = 0, time.process_time()
    while time.process_time() - begun < float(seconds):
        env.reset()
        for command in COMMANDS * ROUNDS:
            env.step(command)
            steps += 1
    print(json.dumps({"steps": steps, "cpu": time.process_time() - begun}))


main(*sys.argv[1:])
