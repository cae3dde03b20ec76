"""Plays the same walks in pddlgym (MIT), which AgentBoard's PDDL games are built on: `env.step` alone, without the
texts that AgentBoard makes around it.

    pddlgym_steps.py FOLDER SECONDS
"""

import json
import os
import re
import sys
import tempfile
import time
import warnings

warnings.simplefilter("ignore")
from pddlgym.core import PDDLEnv  # noqa: E402
from pddlgym.structs import Literal  # noqa: E402


def spread(domain):
    """pddlgym reads types only where each supertype ends its line, and no action that is named as a predicate."""
    domain = domain.replace("(:action ", "(:action do-")
    types = re.search(r"\(:types[^)]*\)", domain)
    return domain.replace(types[0], re.sub(r" - (\S+) ", r" - \1\n ", types[0])) if types else domain


def opened(walk, folder):
    problems = os.path.join(folder, "problems")
    os.makedirs(problems)
    domain = os.path.join(folder, "domain.pddl")
    for path, text in ((domain, spread(walk["domain"])), (os.path.join(problems, "p.pddl"), walk["problem"])):
        with open(path, "w") as file:
            file.write(text)
    env = PDDLEnv(domain, problems, operators_as_actions=True, dynamic_action_space=False)
    env.reset()
    objects = {thing.name: thing for thing in env.get_state().objects}
    predicates = {predicate.name: predicate for predicate in env.action_predicates}
    actions = []
    for text in walk["actions"]:
        name, *things = text.split()
        actions.append(Literal(predicates[f"do-{name}"], [objects[thing] for thing in things]))
    return env, actions


def main(folder, seconds):
    with open(os.path.join(folder, "walks.json")) as file:
        walks = json.load(file)
    with tempfile.TemporaryDirectory() as work:
        games = [opened(walk, os.path.join(work, str(number))) for number, walk in enumerate(walks)]
    steps, begun = 0, time.process_time()
    while time.process_time() - begun < float(seconds):
        for walk, (env, actions) in zip(walks, games):
            env.reset()
            for action in actions:
                env.step(action)
            steps += len(actions)
            facts = len(env.get_state().literals)
            if facts != walk["facts"]:
                sys.exit(f"{walk['name']}: {facts} facts hold at the end, not {walk['facts']}")
    print(json.dumps({"steps": steps, "cpu": time.process_time() - begun}))


main(*sys.argv[1:])
