#!/bin/bash
# Runs every try.sh of the situations from public bug reports (../shared/cases, or the folder that is given) with the built
# binary: a line each, and exit code 1 where one fails. Where the folder is absent it says that it was skipped.
#
#   ACBENCH=target/release/acbench tools/cases.sh [CASES]
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cases=${1:-$root/../shared/cases}
if [ ! -d "$cases" ]; then
    echo "cases: skipped, $cases is not there"
    exit 0
fi
ACBENCH=$(realpath "${ACBENCH:-${CARGO_TARGET_DIR:-$root/target}/release/acbench}") || exit 2
export ACBENCH
if [ ! -x "$ACBENCH" ]; then
    echo "cases: $ACBENCH is not built" >&2
    exit 2
fi
failed=0
count=0
for try in "$cases"/*/try.sh; do
    name=$(basename "$(dirname "$try")")
    count=$((count + 1))
    if said=$(bash "$try" 2>&1); then
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        printf '%s\n' "$said" | tail -n 12 | sed 's/^/        /'
    fi
done
echo "cases: $((count - failed)) of $count as they should be"
[ "$failed" = 0 ] && [ "$count" -gt 0 ]
