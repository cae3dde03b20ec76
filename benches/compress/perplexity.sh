#!/usr/bin/env bash
# What the calibration text costs: perplexity of a real model on English text that nothing was calibrated on, dense, rounded
# to nearest, and by GPTQ at 4 and 3 bits on the twins' prompts, on text that the model writes itself, and on English text.
#   benches/compress/perplexity.sh MODEL [TOKENS [WINDOWS]]
#     MODEL a dense folder; TOKENS of calibration [65536]; WINDOWS of 1024 tokens that are measured [24]
#     ENGLISH=file to calibrate on, TEST=file to measure on; without them the essays of Debian's package `anarchism`
#     (GPL-2) are fetched, of which every other file is for either
#     WORK=folder for what is made [target/bench-perplexity]
set -euo pipefail
cd "$(dirname "$0")/../.."
model=$(realpath "${1:?the folder of a dense model}")
tokens=${2:-65536} windows=${3:-24}
work=$(realpath -m "${WORK:-target/bench-perplexity}")
mkdir -p "$work"
english=${ENGLISH:-$work/english.txt} test=${TEST:-$work/test.txt}
if [ ! -s "$english" ] || [ ! -s "$test" ]; then
    (cd "$work" && apt-get download anarchism >/dev/null && dpkg -x anarchism_*.deb package)
    python3 - "$work" <<'PYTHON'
import glob, html, re, sys
work = sys.argv[1]
def text(path):
    page = open(path, encoding="utf-8", errors="replace").read()
    page = re.sub(r"(?is)<(script|style|head|pre).*?</\1>", " ", page)
    page = re.sub(r"(?i)<(p|br|h[1-6]|li|div|tr|blockquote)[^>]*>", "\n", page)
    lines = (re.sub(r"\s+", " ", line).strip() for line in html.unescape(re.sub(r"<[^>]+>", "", page)).split("\n"))
    return "\n".join(line for line in lines if len(line) > 60)
pages = sorted(glob.glob(work + "/package/usr/share/doc/anarchism/html/*.html"))
for name, some in (("english", pages[0::2]), ("test", pages[1::2])):
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
    made "gptq-$bits-english" gptq "bits=$bits,$few" "$english"
done
printf '| %s tokens | 4 bits | 3 bits |\n|---|---|---|\n' "$tokens"
printf '| dense | %s | |\n' "$(perplexity "$model")"
for row in rtn gptq-twins gptq-self gptq-english; do
    printf '| %s | %s | %s |\n' "${row/-/, calibrated on }" \
        "$(perplexity "$work/${row%%-*}-4${row#"${row%%-*}"}")" "$(perplexity "$work/${row%%-*}-3${row#"${row%%-*}"}")"
done
