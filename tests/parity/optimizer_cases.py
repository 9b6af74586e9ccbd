"""The optimizers, with options, whose steps make_optimizer_fixtures.py records."""

from __future__ import annotations

from dataclasses import dataclass

import torch

STEPS = 20
SIZES = {"weight": (7, 5), "bias": (9,)}


EPSILON = torch.finfo(torch.float32).eps  # Adafactor's eps1 for numbers of that type, but these runs are in double


@dataclass(frozen=True)
class Case:
    """An optimizer of torch.optim with its arguments, as PyTorch names them."""

    optimizer: str
    options: dict
    max_norm: float | None = None
    warmup_steps: int | None = (
        None  # a linear schedule over all steps with this warm-up; None: a constant rate
    )
    weight: str = "weight"  # the name of the matrix, which says to Muon what it is
    others: dict | None = None  # options of the AdamW that updates what is not Muon's
    sparse: bool = False  # the matrix has gradients in some rows, "rows" of the metadata, and Adam has the rest


CASES = {
    "adamw": Case("AdamW", dict(lr=1e-2)),
    # Steps so long that 1 - beta2 in single precision (1.3e-5 off) would show.
    "adamw_long_steps": Case("AdamW", dict(lr=0.5)),
    "adamw_no_decay": Case("AdamW", dict(lr=5e-3, weight_decay=0.0)),
    "adamw_options": Case("AdamW", dict(lr=3e-2, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)),
    "adamw_large_eps": Case("AdamW", dict(lr=1e-2, eps=1e-1, weight_decay=0.01)),
    "adamw_clipped_schedule": Case("AdamW", dict(lr=2e-2, weight_decay=0.01), max_norm=1.0, warmup_steps=5),
    "adam": Case("Adam", dict(lr=1e-2)),
    "adam_l2": Case("Adam", dict(lr=1e-2, weight_decay=0.1)),
    "adam_options": Case("Adam", dict(lr=2e-2, betas=(0.5, 0.9), eps=1e-4, weight_decay=0.01), max_norm=0.5),
    "sgd": Case("SGD", dict(lr=1e-2)),
    "sgd_decay": Case("SGD", dict(lr=1e-2, weight_decay=0.1)),
    "sgd_momentum": Case("SGD", dict(lr=1e-2, momentum=0.9)),
    "sgd_dampening": Case("SGD", dict(lr=1e-2, momentum=0.9, dampening=0.3, weight_decay=0.05)),
    "sgd_nesterov": Case("SGD", dict(lr=1e-2, momentum=0.8, nesterov=True, weight_decay=0.05)),
    "sgd_clipped_schedule": Case("SGD", dict(lr=5e-2, momentum=0.9), max_norm=1.0, warmup_steps=3),
    "adagrad": Case("Adagrad", dict(lr=1e-1)),
    "adagrad_options": Case(
        "Adagrad", dict(lr=5e-2, lr_decay=0.1, weight_decay=0.05, initial_accumulator_value=0.2, eps=1e-6)
    ),
    "adagrad_schedule": Case("Adagrad", dict(lr=1e-1, lr_decay=0.01), max_norm=2.0, warmup_steps=0),
    "adagrad_maximize": Case("Adagrad", dict(lr=1e-1, maximize=True, weight_decay=0.05)),
    "adam_amsgrad": Case("Adam", dict(lr=1e-2, amsgrad=True, weight_decay=0.1)),
    "adam_decoupled": Case("Adam", dict(lr=1e-2, weight_decay=0.1, decoupled_weight_decay=True)),
    "adamw_amsgrad_maximize": Case("AdamW", dict(lr=1e-2, amsgrad=True, maximize=True), max_norm=1.0),
    "sgd_maximize": Case("SGD", dict(lr=1e-2, momentum=0.9, weight_decay=0.1, maximize=True)),
    "adadelta": Case("Adadelta", dict(lr=1.0)),
    "adadelta_options": Case(
        "Adadelta", dict(lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.1, maximize=True), warmup_steps=5
    ),
    "adafactor": Case("Adafactor", dict(lr=1e-2, eps=(EPSILON, 1e-3))),
    "adafactor_options": Case(
        "Adafactor",
        dict(lr=0.1, beta2_decay=-0.5, eps=(1e-4, 1e-2), d=1.5, weight_decay=0.1, maximize=True),
        max_norm=1.0,
        warmup_steps=5,
    ),
    "adamax": Case("Adamax", dict(lr=2e-3)),
    "adamax_options": Case(
        "Adamax", dict(lr=1e-2, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1, maximize=True), warmup_steps=5
    ),
    "asgd": Case("ASGD", dict(lr=1e-2)),
    # With few steps before the averaging begins, and a rate that falls soon.
    "asgd_options": Case(
        "ASGD", dict(lr=5e-2, lambd=0.1, alpha=0.5, t0=5, weight_decay=0.1, maximize=True), warmup_steps=5
    ),
    "nadam": Case("NAdam", dict(lr=2e-3)),
    "nadam_options": Case(
        "NAdam", dict(lr=1e-2, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1, momentum_decay=0.1, maximize=True)
    ),
    "nadam_decoupled": Case(
        "NAdam", dict(lr=1e-2, weight_decay=0.1, decoupled_weight_decay=True), warmup_steps=5
    ),
    "radam": Case("RAdam", dict(lr=1e-2)),
    "radam_options": Case(
        "RAdam", dict(lr=1e-2, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.1, maximize=True), max_norm=1.0
    ),
    "radam_decoupled": Case(
        "RAdam", dict(lr=1e-2, weight_decay=0.1, decoupled_weight_decay=True), warmup_steps=5
    ),
    "rmsprop": Case("RMSprop", dict(lr=1e-2)),
    "rmsprop_momentum": Case("RMSprop", dict(lr=1e-2, momentum=0.9, alpha=0.9, weight_decay=0.1, maximize=True)),
    "rmsprop_centered": Case("RMSprop", dict(lr=1e-2, centered=True, eps=1e-3)),
    "rmsprop_centered_momentum": Case(
        "RMSprop", dict(lr=1e-2, centered=True, momentum=0.5, eps=1e-2), warmup_steps=5
    ),
    "rprop": Case("Rprop", dict(lr=1e-2)),
    "rprop_options": Case("Rprop", dict(lr=1e-1, etas=(0.3, 1.5), step_sizes=(1e-3, 0.5), maximize=True)),
    "lamb": Case("Lamb", dict(lr=1e-2)),
    "lamb_options": Case(
        "Lamb", dict(lr=1e-2, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.1), max_norm=1.0, warmup_steps=5
    ),
    "lion": Case("Lion", dict(lr=1e-3)),
    "lion_options": Case("Lion", dict(lr=1e-2, betas=(0.8, 0.95), weight_decay=0.5), warmup_steps=5),
    "sparse_adam": Case("SparseAdam", dict(lr=1e-2), sparse=True),
    "sparse_adam_options": Case(
        "SparseAdam",
        dict(lr=2e-2, betas=(0.8, 0.99), eps=1e-3, maximize=True),
        warmup_steps=5,
        sparse=True,
    ),
    "muon": Case("Muon", dict(lr=1e-2), weight="encoder.layer.0.weight", others=dict(lr=1e-2, weight_decay=0.1)),
    "muon_options": Case(
        "Muon",
        dict(
            lr=5e-3,
            weight_decay=0.3,
            momentum=0.8,
            nesterov=False,
            ns_coefficients=(3.0, -3.2, 1.2),
            eps=1e-6,
            ns_steps=3,
            adjust_lr_fn="match_rms_adamw",
        ),
        warmup_steps=5,
        weight="encoder.layer.0.weight",
        others=dict(lr=5e-3, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.3),
    ),
}


def touched_rows(step: int) -> list[int]:
    return sorted({step * 3 % SIZES["weight"][0], (step * 5 + 1) % SIZES["weight"][0]})
