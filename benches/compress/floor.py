"""The least time that a method's sums can take on one core: operations (README.md) / measured speed of f32 products."""
import json
import subprocess
from dataclasses import dataclass

SKETCH = 128  # Rows of the sketch on which AWQ measures its candidates.
CANDIDATES = 40  # 20 exponents, by activations and duo.
SPEED = """
import time, torch
torch.set_num_threads(1)
a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
a @ b
best = 1e9
for _ in range(12):
    began = time.process_time()
    a @ b
    best = min(best, time.process_time() - began)
print(2 * 1024**3 / best / 1e9)
"""


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


def measured(python):
    """GFLOP/s of one core in f32."""
    return float(subprocess.run([python, "-c", SPEED], check=True, capture_output=True, text=True).stdout)


def operations(method, shape, sequences, length):
    tokens, groups = sequences * length, shape.groups()
    # A token looks at half of the sequence, on average: scores and sums.
    forward = sum(2 * tokens * rows * size for rows, size in groups) + 2 * tokens * length * shape.hidden
    hessians = sum(tokens * size**2 for _, size in groups)
    factors = sum(2 * size**3 / 3 for _, size in groups)
    feedback = sum(rows * size**2 for rows, size in groups)
    search = sum(CANDIDATES * 2 * rows * size * SKETCH for rows, size in groups)
    block = {
        "gptq": forward + hessians + factors + feedback,
        "smoothquant+gptq": forward + hessians + factors + feedback,
        "sparsegpt": 2 * forward + hessians + factors + feedback,
        "wanda": 2 * forward,
        "awq": forward + search,
    }
    return shape.layers * block[method]


def seconds(method, shape, sequences, length, gflops):
    return operations(method, shape, sequences, length) / gflops / 1e9
