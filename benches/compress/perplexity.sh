#!/usr/bin/env bash
# What the calibration text costs: perplexity of a real model on English text that nothing was calibrated on, dense, rounded
# to nearest, and by GPTQ at 4 and 3 bits on the twins' prompts, on text that the model writes itself, on English text of
# another source, and on English text of the very source that is measured on, which nobody has.
#   benches/compress/perplexity.sh MODEL [TOKENS [WINDOWS]]
#     MODEL a dense folder; TOKENS of calibration [16384]; WINDOWS of 1024 tokens that are measured [8]
#     WORK=folder for what is made [target/bench-perplexity]
# Measured on: every other of the essays of Debian's package `anarchism` (the others are the same source); the other source
# is the package `debian-handbook`. Both are fetched, and not kept in this repository.
set -euo pipefail
cd "$(dirname "$0")/../.."
model=$(realpath "${1:?the folder of a dense model}")
tokens=${2:-16384} windows=${3:-8}
work=$(realpath -m "${WORK:-target/bench-perplexity}")
mkdir -p "$work"
test=$work/test.txt
if [ ! -s "$test" ]; then
    for package in anarchism debian-handbook; do
        (cd "$work" && apt-get download $package >/dev/null && dpkg -x ${package}_*.deb package)
    done
    python3 - "$work" <<'PYTHON'
import glob, html, re, sys
work = sys.argv[1]
def text(path):
    page = open(path, encoding="utf-8", errors="replace").read()
    page = re.sub(r"(?is)<(script|style|head|pre).*?</\1>", " ", page)
    page = re.sub(r"(?i)<(p|br|h[1-6]|li|div|tr|blockquote)[^>]*>", "\n", page)
    lines = (re.sub(r"\s+", " ", line).strip() for line in html.unescape(re.sub(r"<[^>]+>", "", page)).split("\n"))
    return "\n".join(line for line in lines if len(line) > 60)
pages = lambda place: sorted(glob.glob(f"{work}/package/usr/share/doc/{place}/*.html"))
essays, handbook = pages("anarchism/html"), pages("debian-handbook/html/en-US")
for name, some in (("same-source", essays[0::2]), ("test", essays[1::2]), ("english", handbook)):
    open(f"{work}/{name}.txt", "w").write("\n".join(map(text, some)))
PYTHON
fi
cargo build --release --quiet
cargo build --release --quiet -p model --example perplexity
bin=${CARGO_TARGET_DIR:-target}/release
few="sequences=$((tokens / 2048)),length=2048"
# made NAME METHOD SETTINGS [CALIBRATION]
made() {
    local out=$work/$1
    [ -f "$out/compress.json" ] || "$bin/acbench" compress --model_name "$model" --compression_method "$2" \
        --method_args "$3" ${4:+--calibration "$4"} --output_path "$out" >"$out.log" 2>&1 || { cat "$out.log" >&2; exit 1; }
}
perplexity() { "$bin/examples/perplexity" "$test" "$windows" 1024 "$1" | awk '{print $1}'; }
for bits in 4 3; do
    made "rtn-$bits" rtn "bits=$bits"
    made "gptq-$bits-twins" gptq "bits=$bits,$few" twins
    made "gptq-$bits-self" gptq "bits=$bits,$few" "self:$tokens"
    made "gptq-$bits-english" gptq "bits=$bits,$few" "$work/english.txt"
    made "gptq-$bits-same-source" gptq "bits=$bits,$few" "$work/same-source.txt"
done
printf '| %s tokens | 4 bits | 3 bits |\n|---|---|---|\n' "$tokens"
printf '| dense | %s | |\n' "$(perplexity "$model")"
printf '| rtn | %s | %s |\n' "$(perplexity "$work/rtn-4")" "$(perplexity "$work/rtn-3")"
for text in twins self english same-source; do
    printf '| gptq, calibrated on %s | %s | %s |\n' "$text" \
        "$(perplexity "$work/gptq-4-$text")" "$(perplexity "$work/gptq-3-$text")"
done
