#!/usr/bin/env bash
# Real servers and real harnesses: llama.cpp's server (llama-cpp-python) serves SmolLM2's GGUF file and is held against it and
# asked two tasks; `transformers serve` serves a folder, whose replies must be those of this process; lm-evaluation-harness
# (replies and choices) and Inspect ask our server.
#   tools/peers/servers.sh MODEL.gguf FOLDER        ACBENCH names the binary
set -euo pipefail
model=$(realpath "${1:?a .gguf file}")
folder=$(realpath "${2:?a folder of the same model}")
cd "$(dirname "$0")/../.."
llama=$(tools/peers/venv.sh llama-cpp)
logs=$(tools/peers/venv.sh logs)
torch=$(tools/peers/venv.sh llmcompressor)
[ -n "${ACBENCH:-}" ] || { cargo build --release --quiet; ACBENCH=$(realpath "${CARGO_TARGET_DIR:-target}/release/acbench"); }
out=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$out"' EXIT
port=$((20000 + RANDOM % 20000))

echo "llama.cpp's server, held against the file"
"$llama" -m llama_cpp.server --model "$model" --port "$port" --n_ctx 4096 --logits_all true >"$out/llama.log" 2>&1 &
server=$!
answers() {
    for _ in $(seq 180); do
        if python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/v1/models')" 2>/dev/null; then return; fi
        sleep 1
    done
    tail -20 "$1"
    exit 1
}
answers "$out/llama.log"
"$ACBENCH" serve "$model" --check "http://127.0.0.1:$port/v1"
status=0
"$ACBENCH" serve --check "http://127.0.0.1:$port/v1" >"$out/other" || status=$?
[ "$status" = 1 ] || { cat "$out/other"; echo "another model was not noticed"; exit 1; }
"$ACBENCH" evaluate --model_name "$model" --variant "llama=http://127.0.0.1:$port/v1" --tasks teval_retrieve worfbench --limit 4 \
    --max_reply_tokens 64 --output_path "$out/run" >/dev/null
"$llama" tools/peers/same_replies.py "$out/run/dense/transcripts" "$out/run/llama/transcripts"
kill "$server"

echo "transformers serve, its replies beside those of this process"
port=$((port + 1))
# It lists its cache, which must be there.
mkdir -p "$out/hf/hub"
HF_HOME="$out/hf" HF_HUB_OFFLINE=1 "$(dirname "$torch")/transformers" serve "$folder" --port "$port" --device cpu --dtype float32 \
    >"$out/torch.log" 2>&1 &
server=$!
answers "$out/torch.log"
"$ACBENCH" evaluate --model_name "$folder" --variant "torch=http://127.0.0.1:$port/v1#$folder" --tasks teval_retrieve worfbench \
    --limit 4 --max_reply_tokens 64 --batch_size 2 --output_path "$out/served" >/dev/null
"$torch" tools/peers/same_replies.py "$out/served/dense/transcripts" "$out/served/torch/transcripts" | tee "$out/same"
grep -q '^8 of 8' "$out/same"
kill "$server"

echo "lm-evaluation-harness and Inspect ask our server"
exec 3< <(exec "$ACBENCH" serve "$model" --no_key --port 0)
server=$!
read -r address <&3
name=${address#*#} base=${address%#*}
"$logs" benches/harness/questions.py 8 "$out"
export HF_HUB_OFFLINE=1 OPENAI_API_KEY=x
"$logs" -m lm_eval run --model local-chat-completions --tasks bench_questions --include_path "$out" --apply_chat_template \
    --model_args "model=$name,base_url=$base/chat/completions,num_concurrent=4,tokenized_requests=False" \
    --output_path "$out/chat" --log_samples >"$out/chat.log" 2>&1 || { tail -20 "$out/chat.log"; exit 1; }
cat >"$out/choices.yaml" <<YAML
task: bench_choices
dataset_path: json
dataset_kwargs: {data_files: {test: $out/choices.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}} Answer:"
doc_to_target: answer
doc_to_choice: "{{choices}}"
metric_list: [{metric: acc}]
YAML
python3 - >"$out/choices.jsonl" <<'PY'
import json
for question, choices in [("What is the capital of France?", [" Berlin", " Paris"]), ("Water freezes at zero degrees", [" banana", " Celsius"])]:
    print(json.dumps({"question": question, "choices": choices, "answer": 1}))
PY
"$logs" -m lm_eval run --model local-completions --tasks bench_choices --include_path "$out" \
    --model_args "model=$name,base_url=$base/completions,num_concurrent=2,tokenizer=$folder" \
    --output_path "$out/rated" >"$out/rated.log" 2>&1 || { tail -20 "$out/rated.log"; exit 1; }
grep -E '^\|bench_choices.*\|acc' "$out/rated.log"
MOCK_API_KEY=x MOCK_BASE_URL="$base" QUESTIONS="$out/questions.jsonl" "$logs" -m inspect_ai eval benches/harness/inspect_task.py \
    --model "openai-api/mock/$name" --max-connections 4 --log-dir "$out/inspect" --display plain >"$out/inspect.log" 2>&1 ||
    { tail -20 "$out/inspect.log"; exit 1; }
ls "$out"/inspect/*.eval >/dev/null
echo "both asked it, replies and choices"
