#!/usr/bin/env bash
# Compiles the stories of our own with Inform 6 (Debian: apt-get install inform6-compiler; its license lets anybody use
# and share what it compiles). The compiled files are kept beside their sources, so that nobody needs the compiler to
# build or to test. Serial numbers are fixed in the sources: the same compiler gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")"
compiler="$(command -v inform || command -v inform6)" || { echo "skipped: no Inform 6 compiler is installed"; exit 0; }
for version in 3 4 5 8; do
    "$compiler" "-v$version" -e '-~S' -w opcodes.inf "opcodes.z$version"
done
for version in 3 5 8; do
    "$compiler" "-v$version" -e '-~S' -w house.inf "house.z$version"
done
