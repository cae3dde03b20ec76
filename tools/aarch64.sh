#!/usr/bin/env bash
# The program on 64-bit ARM, by qemu: the kernels' tests, and that the bundled model says what it says here, byte for byte.
#
#   bash tools/aarch64.sh [ACBENCH]        ACBENCH: this machine's binary [default: target/release/acbench]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
ours=$(realpath "${1:-${CARGO_TARGET_DIR:-$here/target}/release/acbench}")
target=aarch64-unknown-linux-gnu
if ! command -v qemu-aarch64 >/dev/null || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
    apt-get update -qq && apt-get install -y -qq qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
fi
rustup target add "$target" 2>/dev/null
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
export RUSTFLAGS="-D warnings" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
cd "$here"
cargo test --target "$target" -p model --lib -- kernel packed weight
cargo build --target "$target" -p acbench
theirs=$(realpath "${CARGO_TARGET_DIR:-target}/$target/debug/acbench")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
ask=(generate --tasks teval_retrieve needle babyai --limit 3)
"$ours" "${ask[@]}" --output_path "$out/here" >/dev/null
# shellcheck disable=SC2086
$CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER "$theirs" "${ask[@]}" --output_path "$out/there" >/dev/null
for task in teval_retrieve needle babyai; do
    python3 - "$out" "$task" <<'PY'
import json, sys
def said(run):
    with open(f"{sys.argv[1]}/{run}/dense/transcripts/{sys.argv[2]}.jsonl") as lines:
        return sorted((line.get("sample"), line.get("turn", -1), line["reply"]["text"]) for line in map(json.loads, lines) if "reply" in line)
here, there = said("here"), said("there")
assert here and here == there, (sys.argv[2], here, there)
print(f"{sys.argv[2]}: {len(here)} replies, the same")
PY
done
