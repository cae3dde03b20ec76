#!/usr/bin/env bash
# Writes the training and the held-out conversations of the twins: dump.sh TWINS_BINARY FOLDER
# (TWINS_BINARY: cargo build --release -p task --example twins)
set -euo pipefail
# Rows of the default difficulty (level 3); fewer where they are long, or searching for plans takes longer.
declare -A rows=([tool_use]=60000 [tool_choice]=40000 [workflow]=20000 [long_context]=8000 [longbench]=18000 [longgenbench]=14000 [real_world]=16000)
easier=(2000 4000 6000)
mkdir -p "$2"
for task in "${!rows[@]}"; do
    for level in 0 1 2; do
        "$1" "$task" "${easier[$level]}" "$level" 1 >"$2/$task-$level.jsonl"
    done
    "$1" "$task" "${rows[$task]}" 3 1 >"$2/$task-3.jsonl"
    "$1" "$task" 140 held 1 >"$2/$task-held.jsonl"
done
