#!/usr/bin/env bash
# Makes the virtual environment of a peer, unless it is there, and prints its Python.
#   tools/peers/venv.sh llmcompressor
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${ACBENCH_PEERS:-$here/../../target/peers}/$1
if [ ! -x "$venv/bin/python" ] || ! cmp -s "$here/requirements-$1.txt" "$venv/requirements.txt"; then
    fresh=()
    if [ "$1" = llama-cpp ]; then
        # Built for this machine, so never taken from pip's cache. Some virtual machines say that they have AMX and
        # stop a program that uses it.
        fresh=(--no-cache-dir)
        plain='-mno-amx-tile -mno-amx-int8 -mno-amx-bf16'
        export CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF"
        [ "$(uname -m)" != x86_64 ] || CMAKE_ARGS+=" '-DCMAKE_C_FLAGS=$plain' '-DCMAKE_CXX_FLAGS=$plain'"
    fi
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet "${fresh[@]}" --requirement "$here/requirements-$1.txt" >&2
    cp "$here/requirements-$1.txt" "$venv/requirements.txt"
fi
echo "$venv/bin/python"
