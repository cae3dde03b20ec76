#!/usr/bin/env bash
# Builds the script of the report's page from crates/report/page-src and fails where the committed one differs; then tries
# the page in Chromium, where there is one (CHROMIUM names it).
#   tools/page.sh              check
#   tools/page.sh --write      write the committed script anew, and check
#   PICTURES=FOLDER SLOW=2 tools/page.sh      keep pictures; a machine that is half as fast
set -euo pipefail
cd "$(dirname "$0")/.."
source=crates/report/page-src
built=crates/report/src/page/script.js
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "skipped: no node and npm here, which only changes to the page's script need" >&2
    exit 0
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
(cd "$source" && npm ci --silent --no-audit --no-fund && npm run -s check)
(cd "$source" && npm run -s build -- --outfile="$out/script.js" --log-level=warning)
if [ "${1:-}" = --write ]; then
    cp "$out/script.js" "$built"
fi
if ! cmp "$out/script.js" "$built"; then
    echo "$built is not what $source makes: run tools/page.sh --write and commit it" >&2
    exit 1
fi
(cd "$source" && npm run -s unit)

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ]; then
    echo "skipped: no Chromium here to try the page in" >&2
    exit 0
fi
example() { cargo run --quiet --release -p report --example large_report -- "$@"; }
example "$out/small" 4 60
example "$out/large" 20 10000
if [ -n "${PICTURES:-}" ]; then
    mkdir -p "$PICTURES"
    export PICTURES=$(realpath "$PICTURES")
fi
cd "$source"
CHROMIUM=$chromium node browser.mjs "$out/small" "$out/large"
