#!/usr/bin/env bash
# Makes the virtual environment of a peer, unless it is there, and prints its Python.
#   tools/peers/venv.sh llmcompressor
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${ACBENCH_PEERS:-$here/../../target/peers}/$1
if [ ! -x "$venv/bin/python" ] || ! cmp -s "$here/requirements-$1.txt" "$venv/requirements.txt"; then
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --requirement "$here/requirements-$1.txt" >&2
    cp "$here/requirements-$1.txt" "$venv/requirements.txt"
fi
echo "$venv/bin/python"
