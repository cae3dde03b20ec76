#!/usr/bin/env bash
# Peak memory of scoring, analyzing and reporting many made-up samples of one task, two variants: none may pass 300 MB.
# Then of reporting 20 variants of 10,000 samples: no more than 60 MB and 5 seconds of CPU.
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

# ask FILE SAMPLES RUN: a run of replies from a file.
ask() {
    "$ACBENCH" generate --replies "$1" --tasks teval_retrieve --limit "$2" --output_path "$3" --batch_size 64 \
        >/dev/null 2>&1
}
# measure STAGE RUN: kilobytes of peak memory and seconds of CPU. The kernel keeps the largest resident set of a child that
# ended.
measure() {
    python3 - "$ACBENCH" "$1" "$2" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, f"{used.ru_utime + used.ru_stime:.1f}")
END
}

cat >"$out/replies.jsonl" <<'END'
{"text": "bank.send_letter"}
{"variant": "other", "text": "shop.buy_apple"}
END
printf '%9s  %-8s %10s %8s\n' samples stage peak CPU
for count in "${@:-5000 50000}"; do
    for samples in $count; do
        ask "$out/replies.jsonl" "$samples" "$out/$samples"
        for stage in score analyze report; do
            read -r peak cpu < <(measure "$stage" "$out/$samples")
            printf '%9s  %-8s %7d MB %6s s\n' "$samples" "$stage" $((peak / 1000)) "$cpu"
            [ "$peak" -lt "$most" ] || { echo "more than $((most / 1000)) MB" >&2; exit 1; }
        done
    done
done

{
    echo '{"text": "bank.send_letter"}'
    for variant in $(seq 1 19); do echo "{\"variant\": \"v$variant\", \"text\": \"shop.buy_apple\"}"; done
} >"$out/many.jsonl"
ask "$out/many.jsonl" 10000 "$out/many"
"$ACBENCH" score "$out/many" >/dev/null 2>&1
"$ACBENCH" analyze "$out/many" >/dev/null 2>&1
read -r peak cpu < <(measure report "$out/many")
printf '%9s  %-8s %7d MB %6s s\n' 20x10000 report $((peak / 1000)) "$cpu"
[ "$peak" -lt 60000 ] || { echo "more than 60 MB" >&2; exit 1; }
[ "${cpu%.*}" -lt 5 ] || { echo "more than 5 s" >&2; exit 1; }
