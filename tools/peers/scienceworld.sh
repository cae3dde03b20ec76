#!/usr/bin/env bash
# ScienceWorld for real: the logged episodes on the engine (PyPI scienceworld 1.2.3, Java 17), twice, and with the engine
# killed in the middle; and how much its own package differs from itself.
#   tools/peers/scienceworld.sh [GOLDEN]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
golden=${1:-$here/../../../shared/golden/agentboard_scienceworld.jsonl}
if ! java -version >/dev/null 2>&1; then
    echo "ScienceWorld: Java 17 is installed (openjdk-17-jre-headless)" >&2
    apt-get install --yes --no-install-recommends openjdk-17-jre-headless >&2
fi
if [ ! -f "$golden" ]; then
    echo "ScienceWorld: skipped, $golden is not there"
    exit 0
fi
python=$("$here/venv.sh" scienceworld)
jar=$("$python" -c 'from scienceworld.constants import JAR_PATH; print(JAR_PATH)')
cargo run --quiet --manifest-path "$here/../../Cargo.toml" --package task --example scienceworld -- "$jar" "$golden"
"$python" "$here/scienceworld_aa.py" "$golden"
