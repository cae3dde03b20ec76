#!/usr/bin/env bash
# Writes the training and the held-out conversations of the twins: dump.sh TWINS_BINARY FOLDER
# (TWINS_BINARY: cargo build --release -p task --example twins)
set -euo pipefail
counts=(3000 8000 16000 60000)
episodes=(3000 8000 8000 24000) # searching for plans takes longer
mkdir -p "$2"
for task in tool_use workflow long_context real_world; do
    for level in 0 1 2 3; do
        rows=${counts[$level]}
        if [ "$task" = real_world ]; then rows=${episodes[$level]}; fi
        if [ "$task" = long_context ] && [ "$rows" -gt 14000 ]; then rows=14000; fi # long rows
        "$1" "$task" "$rows" "$level" 1 >"$2/$task-$level.jsonl"
    done
    "$1" "$task" 128 held 1 >"$2/$task-held.jsonl"
done
