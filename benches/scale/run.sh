#!/usr/bin/env bash
# Peak memory of scoring, analyzing and reporting many made-up samples of one task, two variants: none may pass 300 MB.
#   benches/scale/run.sh [COUNT ..]      numbers of samples [5000 50000]
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${ACBENCH:-}" ]; then
    cargo build --release --quiet
    ACBENCH=$(realpath "${CARGO_TARGET_DIR:-target}/release/acbench")
fi
most=300000
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cat >"$out/replies.jsonl" <<'END'
{"text": "bank.send_letter"}
{"variant": "other", "text": "shop.buy_apple"}
END
printf '%9s  %-8s %10s %8s\n' samples stage peak CPU
for count in "${@:-5000 50000}"; do
    for samples in $count; do
        run=$out/$samples
        "$ACBENCH" generate --replies "$out/replies.jsonl" --tasks teval_retrieve --limit "$samples" \
            --output_path "$run" --batch_size 64 >/dev/null 2>&1
        for stage in score analyze report; do
            # The kernel keeps the largest resident set of a child that ended.
            read -r peak cpu < <(python3 - "$ACBENCH" "$stage" "$run" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, f"{used.ru_utime + used.ru_stime:.1f}")
END
            )
            printf '%9s  %-8s %7d MB %6s s\n' "$samples" "$stage" $((peak / 1000)) "$cpu"
            [ "$peak" -lt "$most" ] || { echo "more than $((most / 1000)) MB" >&2; exit 1; }
        done
    done
done
