# Sourced by bfcl.sh and bfcl_evaluate.sh: `results WHEEL FOLDER PYTHON` unpacks the wheel of bfcl-eval, where it is one, and
# makes 22,646 results of it in six folders; `wheel` is then the folder of the package, `ours` our binary.
results() {
    local work=$2 python=$3
    [ -n "${ACBENCH:-}" ] || cargo build --release --quiet
    ours=$(realpath "${ACBENCH:-${CARGO_TARGET_DIR:-target}/release/acbench}")
    rm -rf "$work"
    mkdir -p "$work"
    wheel=$1
    if [ -f "$wheel" ]; then
        "$python" -m zipfile -e "$wheel" "$work/package"
        wheel=$work/package
    fi
    "$python" tools/peers/bfcl_results.py make "$wheel" "$work"
}
