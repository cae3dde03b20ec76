#!/usr/bin/env bash
# Runs the Z-machine on public story files, where they are to be had:
#   tools/story/public.sh FOLDER [ZORK1]
# FOLDER holds czech.z3, czech.z5, .. and praxix.z5, or the sources czech.inf and praxix.inf, which are compiled if Inform 6
# is installed (Debian: inform6-compiler). Both are on the Interactive Fiction Archive (ifarchive.org,
# if-archive/infocom/interpreters/tools: czech_0_8.zip "use, copy, modify, but be nice"; praxix.zip, public domain).
# ZORK1 is the story file of Zork I, release 119 (github.com/historicalsource/zork1, MIT).
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="${1:-${ACBENCH_ZTESTS:-}}"
[ -n "$folder" ] || { echo "skipped: name the folder of czech and praxix"; exit 0; }
folder="$(cd "$folder" && pwd)"
compiler="$(command -v inform || command -v inform6 || true)"
compile() { # NAME VERSION
    if [ -f "$folder/$1.inf" ] && [ ! -f "$folder/$1.z$2" ] && [ -n "$compiler" ]; then
        (cd "$folder" && "$compiler" "-v$2" -w "$1.inf" "$1.z$2")
    fi
}
for version in 3 4 5 8; do compile czech "$version"; done
compile praxix 5
export ACBENCH_ZTESTS="$folder"
if [ -n "${2:-}" ]; then ACBENCH_ZORK1="$(realpath "$2")"; export ACBENCH_ZORK1; fi
cargo test -p task --test public_stories --test golden_jericho -- --nocapture
