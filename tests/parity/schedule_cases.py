"""What get_scheduler's schedules and their options give; and the defaults of all options."""

from __future__ import annotations

import inspect

import torch
from transformers import get_scheduler
from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION, GreedyLR


def schedule_cases() -> list[dict]:
    """The factors of get_scheduler for every step, and for a few after the last."""
    kinds = [
        ("linear", {}),
        ("cosine", {}),
        ("constant", {}),
        ("constant_with_warmup", {}),
        ("cosine", dict(num_cycles=1.25)),
        ("cosine_with_restarts", {}),
        ("cosine_with_restarts", dict(num_cycles=3)),
        ("polynomial", {}),
        ("polynomial", dict(lr_end=1e-3, power=2.5)),
        ("inverse_sqrt", {}),
        ("inverse_sqrt", dict(timescale=40)),
        ("cosine_with_min_lr", dict(min_lr=1e-3)),
        ("cosine_with_min_lr", dict(min_lr_rate=0.1, num_cycles=0.75)),
        ("cosine_warmup_with_min_lr", dict(min_lr_rate=0.1)),
        ("cosine_warmup_with_min_lr", dict(min_lr=1e-3, warmup_lr_rate=0.2)),
        ("warmup_stable_decay", dict(num_decay_steps=3)),
        ("warmup_stable_decay", dict(num_decay_steps=4, warmup_type="cosine", decay_type="linear", min_lr_ratio=0.1)),
        ("warmup_stable_decay", dict(num_decay_steps=4, num_stable_steps=2, warmup_type="1-sqrt", decay_type="1-sqrt")),
    ]
    cases = []
    for name, options in kinds:
        for warmup, total in (
            (0, 1),
            (0, 7),
            (1, 10),
            (3, 10),
            (10, 10),
            (12, 10),
            (0, 100),
            (10, 100),
            (37, 100),
        ):
            if name == "polynomial" and warmup >= total:
                continue  # Transformers divides by zero
            lr = 1.0 if not options else 0.01
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
            factor = get_scheduler(name, optimizer, warmup, total, dict(options)).lr_lambdas[0]
            factors = [float(factor(step)) for step in range(total + 3)]
            cases.append(
                dict(
                    schedule=name, options=options, lr=lr, warmup_steps=warmup, total_steps=total, factors=factors
                )
            )
    return cases


def metric_schedule_cases() -> list[dict]:
    """The rates of schedules that follow a metric, after each of many evaluations."""
    generator = torch.Generator().manual_seed(11)
    falling = [1.0 / (1 + 0.3 * i) for i in range(25)] + [0.11] * 25
    noisy = (torch.rand(60, generator=generator, dtype=torch.float64) + 0.5).tolist()
    kinds = [
        ("reduce_lr_on_plateau", dict(patience=2)),
        ("reduce_lr_on_plateau", dict(patience=1, factor=0.5, cooldown=3, min_lr=1e-3)),
        ("reduce_lr_on_plateau", dict(mode="max", patience=0, threshold=0.05, threshold_mode="abs", eps=1e-4)),
        ("reduce_lr_on_plateau", dict(mode="max", patience=1, threshold=0.05)),
        ("reduce_lr_on_plateau", dict(threshold_mode="abs", patience=3)),
        ("greedy", dict(patience=1)),
        ("greedy", dict(patience=2, factor=0.5, cooldown=2, warmup=1, min_lr=2e-3, max_lr=0.3)),
        ("greedy", dict(patience=0, factor=0.5, reset_start=2, smooth=True, window_size=4, threshold=1e-3)),
        ("greedy", dict(mode="max", patience=1, threshold_mode="rel", factor=0.9)),
    ]
    cases = []
    for name, options in kinds:
        for metrics in (falling, noisy):
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
            schedule = get_scheduler(name, optimizer, scheduler_specific_kwargs=dict(options))
            rates = []
            for metric in metrics:
                schedule.step(metric)
                rates.append(schedule.get_last_lr()[0])
            cases.append(dict(schedule=name, options=options, lr=0.1, metrics=metrics, rates=rates))
    return cases


PARTS = {  # our names of the parts of PyTorch's tuples
    "betas": ("beta1", "beta2"),
    "eps": ("eps1", "eps2"),
    "etas": ("etaminus", "etaplus"),
    "step_sizes": ("step_size_min", "step_size_max"),
    "ns_coefficients": ("ns_a", "ns_b", "ns_c"),
}
NOT_OPTIONS = {  # what is given otherwise, or means nothing to us
    *("self", "params", "optimizer", "last_epoch", "num_warmup_steps", "num_training_steps", "kwargs"),
    *("foreach", "fused", "capturable", "differentiable", "verbose"),
}


def defaults_of(function) -> dict:
    defaults = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if isinstance(parameter.default, tuple):
            defaults |= dict(zip(PARTS[name], parameter.default, strict=True))
        elif name not in NOT_OPTIONS:
            defaults[name] = None if parameter.default is inspect.Parameter.empty else parameter.default
    return defaults


def defaults() -> list[dict]:
    """Every optimizer and every schedule with its options and their defaults (null: none)."""
    optimizers = {
        name.lower(): defaults_of(getattr(torch.optim, name))
        for name in sorted(torch.optim.__all__)
        if inspect.isclass(getattr(torch.optim, name)) and name != "Optimizer"
    }
    functions = {str(kind.value): function for kind, function in TYPE_TO_SCHEDULER_FUNCTION.items()}
    functions |= {"reduce_lr_on_plateau": torch.optim.lr_scheduler.ReduceLROnPlateau, "greedy": GreedyLR}
    return [optimizers, {name: defaults_of(function) for name, function in functions.items()}]
