#!/usr/bin/env bash
# Inspect reads what `acbench export --to inspect` writes. ACBENCH names the binary; ACBENCH_LOGS may name a Python that has
# inspect-ai.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${ACBENCH_LOGS:-$(tools/peers/venv.sh logs)}
[ -n "${ACBENCH:-}" ] || { cargo build --release --quiet; ACBENCH=${CARGO_TARGET_DIR:-target}/release/acbench; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$ACBENCH" evaluate --compression_method wanda --tasks teval_rru pddl needle --limit 4 --output_path "$out/run" >/dev/null
"$ACBENCH" export "$out/run" --to inspect --output_path "$out/logs" >/dev/null
"$python" tools/peers/logs.py "$out/logs"
