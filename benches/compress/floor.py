"""The least time that a method's sums can take on one core: operations (README.md) / measured speed of f32 products."""
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SKETCH = 128  # Rows of the sketch on which AWQ measures its candidates.
CANDIDATES = 40  # 20 exponents, by activations and duo.


@dataclass
class Shape:
    hidden: int
    inter: int
    layers: int
    keys: int

    @classmethod
    def of(cls, folder):
        config = json.loads((folder / "config.json").read_text())
        hidden, heads = config["hidden_size"], config["num_attention_heads"]
        return cls(hidden, config["intermediate_size"], config["num_hidden_layers"],
                   hidden // heads * config.get("num_key_value_heads", heads))

    def groups(self):
        """(outputs, inputs) of the linears that share an input: q k v, o, gate up, down."""
        return [(self.hidden + 2 * self.keys, self.hidden), (self.hidden, self.hidden),
                (2 * self.inter, self.hidden), (self.hidden, self.inter)]


def measured(speed):
    """GFLOP/s of one core in f32, as the program `speed` finds."""
    return float(subprocess.run([speed], check=True, capture_output=True, text=True).stdout)


def operations(method, shape, sequences, length):
    tokens, groups = sequences * length, shape.groups()
    # A token looks at half of the sequence, on average: scores and sums.
    forward = sum(2 * tokens * rows * size for rows, size in groups) + 2 * tokens * length * shape.hidden
    hessians = sum(tokens * size**2 for _, size in groups)
    factors = sum(2 * size**3 / 3 for _, size in groups)
    feedback = sum(rows * size**2 for rows, size in groups)
    search = sum(CANDIDATES * 2 * rows * size * SKETCH for rows, size in groups)
    # Once each linear has run on the inputs that the compressed ones before it make. The last output serves nobody.
    last = 2 * tokens * shape.hidden * shape.inter
    once = shape.layers * forward - last
    # Dense blocks run for their inputs, less `down`; then compressed ones run, less the last block.
    twice = shape.layers * (forward - last) + (shape.layers - 1) * forward
    solve = shape.layers * (hessians + factors + feedback)
    return {
        "gptq": once + solve,
        "smoothquant+gptq": once + solve,
        "sparsegpt": twice + solve,
        "wanda": twice,
        "awq": once + shape.layers * search,
    }[method]


def seconds(method, shape, sequences, length, gflops):
    return operations(method, shape, sequences, length) / gflops / 1e9


def main(bin, work, sequences, length, *methods):
    """Runs methods on one thread beside their floor."""
    bin, work, sequences, length = Path(bin), Path(work), int(sequences), int(length)
    tokens, rng = work / f"{sequences}x{length}.jsonl", random.Random(1)
    with open(tokens, "w") as lines:
        for _ in range(sequences):
            print(json.dumps({"input_ids": [rng.randrange(5, 1990) for _ in range(length)]}), file=lines)
    for method in methods:
        shutil.rmtree(work / "out", ignore_errors=True)
        gflops = measured(bin / "examples" / "speed")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([bin / "acbench", "compress", "--model_name", work / "model", "--compression_method", method,
                        "--method_args", f"sequences={sequences}", f"length={length}",
                        *([] if method in ("wanda", "sparsegpt") else ["group_size=64"]),
                        "--calibration", tokens, "--output_path", work / "out"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "RAYON_NUM_THREADS": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least = seconds(method, Shape.of(work / "model"), sequences, length, gflops)
        print(f"{method}: {cpu:.1f} CPU s, the floor {least:.1f} at {gflops:.0f} GFLOP/s: {cpu / least:.2f} times")


if __name__ == "__main__":
    main(*sys.argv[1:])
