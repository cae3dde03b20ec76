"""What ranking.rs computes, with numpy and scipy, on the same made-up rows."""

import sys
import time

import numpy as np
from scipy.special import log_softmax
from scipy.stats import kendalltau, spearmanr

POSITIONS, VOCABULARY, SIZES = 256, 152_064, (1, 3, 10, 20)


def uniform(seed, first, count):
    """Draws `first` to `first + count` of SplitMix64, as record::Rng makes numbers of them."""
    step = np.uint64(0x9E3779B97F4A7C15)
    z = np.uint64(seed) + step * np.arange(first + 1, first + count + 1, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def top(row, k):
    """Ids of the k largest, largest first. No two logits of these rows are equal."""
    best = np.argpartition(row, -k)[-k:]
    return best[np.argsort(-row[best], kind="stable")]


def ranking(dense, compressed):
    ids, others = top(dense, max(SIZES)), top(compressed, max(SIZES))
    for k in SIZES:
        own, other = set(ids[:k].tolist()), set(others[:k].tolist())
        jaccard = len(own & other) / len(own | other)
        if k == 1:
            yield jaccard, 0.0, 0.0
            continue
        a, b = dense[ids[:k]], compressed[ids[:k]]
        yield jaccard, kendalltau(a, b).statistic, spearmanr(a, b).statistic


def distance(dense, compressed):
    log_p, log_q = log_softmax(dense), log_softmax(compressed)
    p = np.exp(log_p)
    return (p * (log_p - log_q)).sum(), np.minimum(p, np.exp(log_q)).sum(), log_p.argmax() == log_q.argmax()


def main():
    seconds = [0.0, 0.0]
    means = np.zeros((len(SIZES), 3))
    kl = acceptance = 0.0
    for position in range(POSITIONS):
        dense = 20.0 * uniform(position, 0, VOCABULARY)
        compressed = dense + uniform(position, VOCABULARY, VOCABULARY)
        began = time.process_time()
        found = list(ranking(dense, compressed))
        seconds[0] += time.process_time() - began
        began = time.process_time()
        apart = distance(dense, compressed)
        seconds[1] += time.process_time() - began
        means += np.array(found) / POSITIONS
        kl += apart[0] / POSITIONS
        acceptance += apart[1] / POSITIONS
    for k, (jaccard, tau, rho) in zip(SIZES, means):
        print(f"k {k} jaccard {jaccard:.12f} tau {tau:.12f} rho {rho:.12f}")
    print(f"kl {kl:.12f} acceptance {acceptance:.12f}")
    print(f"CPU: ranking {seconds[0]:.3f} s, distance {seconds[1]:.3f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
