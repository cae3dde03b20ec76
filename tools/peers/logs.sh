#!/usr/bin/env bash
# Inspect and lm-evaluation-harness read what `acbench export` writes. ACBENCH names the binary; ACBENCH_LOGS may name a
# Python that has inspect-ai and lm-eval.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${ACBENCH_LOGS:-$(tools/peers/venv.sh logs)}
[ -n "${ACBENCH:-}" ] || { cargo build --release --quiet; ACBENCH=${CARGO_TARGET_DIR:-target}/release/acbench; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$ACBENCH" evaluate --compression_method wanda --tasks teval_rru pddl needle --limit 4 --output_path "$out/run" >/dev/null
"$ACBENCH" export "$out/run" --to inspect --output_path "$out/logs" >/dev/null
"$python" tools/peers/logs.py "$out/logs"
"$ACBENCH" export "$out/run" --to lm_eval --output_path "$out/harness" >/dev/null
"$python" tools/peers/logs_lm_eval.py "$out/harness"
