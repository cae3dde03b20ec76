#!/usr/bin/env bash
# Steps a second on one core, ours and the programs that AgentBoard runs in, in turns: PDDL games beside pddlgym, a story
# file beside Jericho's Frotz.
#   benches/environments/run.sh [ROUNDS] [SECONDS]        WORK [target/bench-environments]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
seconds=${2:-3}
work=${WORK:-target/bench-environments}
python=$(tools/peers/venv.sh environments)
cargo build --release --quiet -p task --example environments
ours=${CARGO_TARGET_DIR:-target}/release/examples/environments
"$ours" prepare "$work"
for _ in $(seq "$rounds"); do
    "$ours" pddl "$work" "$seconds" | sed 's/^/pddl ours /'
    "$python" benches/environments/pddlgym_steps.py "$work" "$seconds" 2>/dev/null | sed 's/^/pddl pddlgym /'
    "$ours" episodes "$seconds" | sed 's/^/episodes ours /'
    for story in z3 z5; do
        "$ours" story "tools/story/house.$story" "$seconds" | sed "s/^/$story ours /"
        "$python" benches/environments/jericho_steps.py "tools/story/house.$story" "$seconds" 2>/dev/null |
            sed "s/^/$story jericho /"
    done
done | tee "$work/results.txt" | "$python" -c '
import json, sys
from statistics import median

rates = {}
for line in sys.stdin:
    world, who, row = line.split(" ", 2)
    row = json.loads(row)
    rates.setdefault(world, {}).setdefault(who, []).append(row["steps"] / row["cpu"])
for world, who in rates.items():
    shown = ", ".join(f"{name} {median(each):,.0f}" for name, each in who.items())
    ours, *peer = [median(each) for each in who.values()]
    print(f"{world}: steps/s {shown}" + (f", ratio {ours / peer[0]:.1f}" if peer else ""))'
