"""Optimizers that torch.optim lacks, written from their papers as plainly as possible, and pairs of its own."""

from __future__ import annotations

import contextlib

import torch
from optimizer_cases import touched_rows


class Lamb(torch.optim.Optimizer):
    """You et al., Large Batch Optimization for Deep Learning (ICLR 2020), algorithm 2, with phi(z) = z.

    A ratio that is not defined, because a norm is zero, is 1.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for x in group["params"]:
                state = self.state[x]
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = beta1 * state.get("m", torch.zeros_like(x)) + (1 - beta1) * x.grad
                v = state["v"] = beta2 * state.get("v", torch.zeros_like(x)) + (1 - beta2) * x.grad**2
                ratio = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + group["eps"])
                direction = ratio + group["weight_decay"] * x
                trust = x.norm() / direction.norm() if x.norm() > 0 and direction.norm() > 0 else 1.0
                x -= group["lr"] * trust * direction


class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm 2."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for x in group["params"]:
                m = self.state[x].get("m", torch.zeros_like(x))
                direction = torch.sign(beta1 * m + (1 - beta1) * x.grad)
                x -= group["lr"] * (direction + group["weight_decay"] * x)
                self.state[x]["m"] = beta2 * m + (1 - beta2) * x.grad


class SparseAdamWithAdam(torch.optim.SparseAdam):
    """SparseAdam for the matrix and Adam for the rest, with the same options."""

    def __init__(self, matrix: torch.Tensor, vector: torch.Tensor, options: dict):
        super().__init__([matrix], **options)
        self.others = torch.optim.Adam([vector], **options)
        self.steps = 0

    def step(self, closure=None):
        self.others.param_groups[0]["lr"] = self.param_groups[0]["lr"]
        self.others.step()
        matrix = self.param_groups[0]["params"][0]
        rows = torch.tensor(touched_rows(self.steps))
        dense, matrix.grad = matrix.grad, None
        matrix.grad = torch.sparse_coo_tensor(rows[None], dense[rows], dense.shape)
        self.steps += 1
        return super().step(closure)


@contextlib.contextmanager
def unrounded():
    """Muon's iteration in the precision of its input. PyTorch's goes to bf16 first, which is for speed."""
    round_to_bf16 = torch.Tensor.bfloat16
    torch.Tensor.bfloat16 = lambda tensor: tensor.clone()
    try:
        yield
    finally:
        torch.Tensor.bfloat16 = round_to_bf16


class MuonWithAdamW(torch.optim.Muon):
    """Muon for the matrix and AdamW for the rest, as Muon's documentation says, at one learning rate."""

    def __init__(self, matrix: torch.Tensor, vector: torch.Tensor, options: dict, others: dict):
        super().__init__([matrix], **options)
        self.others = torch.optim.AdamW([{"params": [vector], "weight_decay": 0.0}], **others)

    def step(self, closure=None):
        self.others.param_groups[0]["lr"] = self.param_groups[0]["lr"]
        self.others.step()
        with unrounded():
            return super().step(closure)
