#!/usr/bin/env python3
"""Writes the initial states of AgentBoard's BabyAI episodes, as the task `babyai` reads them, from your own minigrid.

    pip install minigrid==2.3.0     # MIT; later versions drop some of the names that AgentBoard uses
    python3 tools/babyai_levels.py >FOLDER/babyai_levels.jsonl

Options: `--seeds 1234 1235` and `--games BabyAI-GoTo-v0 ..` for others than the benchmark's 28 levels with 4 seeds each.
"""

import argparse
import contextlib
import json
import sys

import gymnasium
import minigrid

# What AgentBoard plays, in its order.
GAMES = """GoToRedBallGrey GoToRedBall GoToRedBallNoDists GoToObjS6 GoToLocalS8N7 GoToObjMazeS7 GoToImpUnlock GoToSeqS5R2
GoToRedBlueBall GoToDoor GoToObjDoor Open OpenRedDoor OpenDoorLoc OpenRedBlueDoorsDebug OpenDoorsOrderN4Debug Pickup
UnblockPickup PickupLoc PickupDistDebug PickupAbove Unlock UnlockLocalDist UnlockPickupDist BlockedUnlockPickup
UnlockToUnlock FindObjS7 KeyCorridorS6R3""".split()


def cell(thing):
    """A cell's notation: `.`, `#`, `key:grey`, `door:red:locked`, `box:blue:key:red`."""
    if thing is None:
        return "."
    if thing.type == "wall" and thing.color == "grey":
        return "#"
    if thing.type == "door":
        state = "open" if thing.is_open else "locked" if thing.is_locked else "closed"
        return f"door:{thing.color}:{state}"
    text = f"{thing.type}:{thing.color}"
    return f"{text}:{cell(thing.contains)}" if thing.contains else text


def strict(instruction):
    """For each action, in the order of the text, whether a wrong door or a wrong thing fails it: the text does not say."""
    parts = [getattr(instruction, name) for name in ("instr_a", "instr_b") if hasattr(instruction, name)]
    return sum(map(strict, parts), []) if parts else [bool(getattr(instruction, "strict", False))]


def level(game, seed):
    """The initial state of an episode."""
    env = gymnasium.make(game).unwrapped
    with contextlib.redirect_stdout(sys.stderr):  # rejected drafts are printed
        env.reset(seed=seed)
    grid = env.grid
    return {
        "game": game,
        "seed": seed,
        "mission": env.mission,
        "grid": [[cell(grid.get(x, y)) for x in range(grid.width)] for y in range(grid.height)],
        "agent_pos": [int(at) for at in env.agent_pos],
        "agent_dir": int(env.agent_dir),
        "carrying": cell(env.carrying) if env.carrying else None,
        "max_steps": int(env.max_steps),
        "strict": strict(env.instrs),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", nargs="+", default=[f"BabyAI-{game}-v0" for game in GAMES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1234, 1235, 1236, 1237])
    args = parser.parse_args()
    if "BabyAI-GoToRedBall-v0" not in gymnasium.registry:
        minigrid.register_minigrid_envs()
    for game in args.games:
        for seed in args.seeds:
            print(json.dumps(level(game, seed)))


if __name__ == "__main__":
    main()
