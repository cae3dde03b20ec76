"""How much ScienceWorld's own answers differ when the same actions are played twice, by its own Python package.

    python scienceworld_aa.py agentboard_scienceworld.jsonl
"""

import json
import os
import sys

from scienceworld import ScienceWorldEnv


def play(cases):
    """What is seen, and what can be done, at each step; each run has an engine of its own."""
    env = ScienceWorldEnv("", envStepLimit=30)
    seen, possible = [], []
    for case in cases:
        env.load(case["task"], case["variation"], case["simplification"])
        seen.append(env.reset()[0])
        for step in case["steps"]:
            if step["action"] != "check valid actions":
                seen.append(env.server.step(step["action"]))
                possible.append(sorted(env.get_valid_action_object_combinations()))
    env.close()
    return seen, possible


def differing(once, twice):
    return sum(a != b for a, b in zip(once, twice))


cases = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
cases = [case for case in cases if "steps" in case]
# As Java makes the hashes of objects by itself, from addresses, and all alike.
for name, settings in [("Java's own", ""), ("addresses", "1"), ("fixed", "2")]:
    if settings:
        os.environ["JAVA_TOOL_OPTIONS"] = f"-XX:+UnlockExperimentalVMOptions -XX:hashCode={settings}"
    once, twice = play(cases), play(cases)
    seen, possible = (differing(a, b) for a, b in zip(once, twice))
    print(f"its own package, played twice, hashes {name}: {seen} of {len(once[0])} observations differ, "
          f"and {possible} of {len(once[1])} lists of what can be done")
