"""The least time that a method's sums can take on one core: operations (README.md) / measured speed of f32 products."""
import json
import subprocess
from dataclasses import dataclass

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
