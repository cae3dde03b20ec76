"""What erank.rs computes, with numpy, on the same made-up logits."""

import sys
import time

import numpy as np

from ranking import POSITIONS, VOCABULARY, uniform


def erank(values):
    share = values[values > 0] / values.sum()
    return np.exp(-(share * np.log(share)).sum())


def main():
    rows = [(20.0 * uniform(position, 0, VOCABULARY)).astype(np.float32) for position in range(POSITIONS)]
    logits = np.stack(rows)
    began = time.perf_counter()
    wide = logits.astype(np.float64)
    gram = wide @ wide.T
    singular = np.sqrt(np.clip(np.linalg.eigvalsh(gram), 0, None))
    centered = wide - wide.mean(axis=0)
    centered /= np.linalg.norm(centered, axis=1, keepdims=True)
    covariance = np.clip(np.linalg.eigvalsh(centered @ centered.T), 0, None)
    singular, covariance = erank(singular), erank(covariance)
    print(f"erank: {time.perf_counter() - began:.2f} s", file=sys.stderr)
    print(f"{singular:.6f} {covariance:.6f}")


main()
