"""Muon (Jordan et al. 2024): momentum, orthogonalized by a quintic Newton-Schulz iteration, in float32 for CPUs.

torch.optim.Muon iterates in bfloat16, which CPUs without bf16 units emulate: 1 s a step here against 0.04 s.
"""

import torch


def orthogonalize(g, steps=5):
    """The nearest (semi-)orthogonal matrix to g, roughly: singular values end up between 0.7 and 1.2."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[0] > g.shape[1]
    x = g.T if tall else g
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """For two-dimensional weights; the update of a weight has root mean square `lr`, like Adam at its start."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                buffer = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalize(p.grad.lerp(buffer, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(p.shape) ** 0.5)
