#!/usr/bin/env bash
# What a harness costs by itself: the same server that says the same words after a while, asked 2,000 questions by ours, by
# lm-evaluation-harness and by Inspect, in turns, as whole processes with scoring and logs.
#   benches/harness/run.sh [QUESTIONS] [MILLISECONDS ...]        [2000] [0 50]        CONCURRENCY [64]        WORK        PEERS=0: ours alone
set -euo pipefail
cd "$(dirname "$0")/../.."
questions=${1:-2000}
shift || true
waits=("$@")
[ ${#waits[@]} -gt 0 ] || waits=(0 50)
at_once=${CONCURRENCY:-64}
work=${WORK:-target/bench-harness}
mkdir -p "$work/model"
python=$(tools/peers/venv.sh logs)
cargo build --release --quiet
cargo build --release --quiet -p generate --example mock_server
bin=${CARGO_TARGET_DIR:-target}/release
acbench=$(realpath "$bin/acbench")
for file in config.json generation_config.json tokenizer.json tokenizer_config.json; do
    cp "crates/model/pico/$file" "$work/model/"
done
"$python" benches/harness/questions.py "$questions" "$work"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT
timed() { # NAME COMMAND...
    local name=$1
    shift
    rm -rf "$work/out"
    if ! "$python" benches/harness/timed.py "$name" "$questions" "$@" >"$work/line" 2>"$work/log"; then
        tail -5 "$work/log" >&2
        return 1
    fi
    sed "s/^/$wait ms, $at_once at a time: /" "$work/line"
}
for wait in "${waits[@]}"; do
    exec 3< <(exec "$bin/examples/mock_server" "$wait")
    server=$!
    read -r address <&3
    timed ours "$acbench" evaluate --model_name "$work/model" --variant "dense=$address#m" --tasks teval_retrieve \
        --limit "$questions" --num_fewshot 0 --batch_size "$at_once" --output_path "$work/out"
    if [ "${PEERS:-1}" = 0 ]; then
        kill "$server"
        continue
    fi
    timed lm-eval env HF_HUB_OFFLINE=1 OPENAI_API_KEY=x "$python" -m lm_eval run --model local-chat-completions \
        --model_args "model=m,base_url=$address/chat/completions,num_concurrent=$at_once,tokenized_requests=False" \
        --include_path "$work" --tasks bench_questions --apply_chat_template --output_path "$work/out" --log_samples
    timed inspect env MOCK_API_KEY=x MOCK_BASE_URL="$address" QUESTIONS="$work/questions.jsonl" "$python" -m inspect_ai \
        eval benches/harness/inspect_task.py --model openai-api/mock/m --max-connections "$at_once" \
        --max-samples "$at_once" --log-dir "$work/out" --display plain
    kill "$server"
done
