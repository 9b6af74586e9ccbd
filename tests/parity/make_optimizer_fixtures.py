"""Makes fixtures/optim/: what torch.optim, clip_grad_norm_ and get_scheduler do, in double precision.

usage: make_optimizer_fixtures.py [--output DIR]

<case>.safetensors: one run of an optimizer on two tensors, "weight" (decayed) and "bias" (not), over given
gradients: "initial.<tensor>", "gradient.<tensor>" [steps, size], "expected.<tensor>" [steps, size] after each
step, and "grad_norms" [steps] before clipping. Its metadata holds the optimizer, its options, the learning
rate of each step and the norm to clip to (null: none). schedules.json and clipping.json hold what they say.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from dataclasses import dataclass, field

import peer
import torch
from transformers import get_scheduler

STEPS = 20
SIZES = {"weight": (7, 5), "bias": (9,)}


@dataclass(frozen=True)
class Case:
    """An optimizer of torch.optim with its arguments, as PyTorch names them."""

    optimizer: str
    options: dict
    max_norm: float | None = None
    warmup_steps: int | None = (
        None  # a linear schedule over all steps with this warm-up; None: a constant rate
    )


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
}


@dataclass
class Trajectory:
    expected: dict[str, list[torch.Tensor]] = field(default_factory=lambda: {name: [] for name in SIZES})
    learning_rates: list[float] = field(default_factory=list)
    grad_norms: list[float] = field(default_factory=list)


def make_gradients(size: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Gradients over six orders of magnitude; whole steps, and some elements for ever, are zero."""
    exponents = torch.randint(-4, 2, (STEPS, *size), generator=generator)
    gradients = torch.randn((STEPS, *size), generator=generator) * 10.0**exponents
    gradients[[0, 7]] = 0
    gradients.reshape(STEPS, -1)[:, 2] = 0
    gradients.reshape(STEPS, -1)[10:, 4] = 0
    return gradients


def make_optimizer(case: Case, parameters: dict[str, torch.Tensor]) -> torch.optim.Optimizer:
    groups = [{"params": [parameters["weight"]]}, {"params": [parameters["bias"]], "weight_decay": 0.0}]
    return getattr(torch.optim, case.optimizer)(groups, **case.options)


def run(case: Case, initial: dict[str, torch.Tensor], gradients: dict[str, torch.Tensor]) -> Trajectory:
    parameters = {name: tensor.double().requires_grad_() for name, tensor in initial.items()}
    optimizer = make_optimizer(case, parameters)
    schedule = get_scheduler(
        "constant" if case.warmup_steps is None else "linear", optimizer, case.warmup_steps, STEPS
    )
    trajectory = Trajectory()
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = gradients[name][step].double()
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), case.max_norm or float("inf"))
        trajectory.grad_norms.append(norm.item())
        trajectory.learning_rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        for name, parameter in parameters.items():
            trajectory.expected[name].append(parameter.detach().clone())
    return trajectory


def write_case(output: pathlib.Path, name: str, case: Case, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    initial = {key: torch.randn(size, generator=generator) for key, size in SIZES.items()}
    gradients = {key: make_gradients(size, generator) for key, size in SIZES.items()}
    trajectory = run(case, initial, gradients)
    tensors = {f"initial.{key}": tensor for key, tensor in initial.items()}
    tensors |= {f"gradient.{key}": tensor for key, tensor in gradients.items()}
    tensors |= {f"expected.{key}": torch.stack(values) for key, values in trajectory.expected.items()}
    tensors["grad_norms"] = torch.tensor(trajectory.grad_norms, dtype=torch.float64)
    peer.write_tensors(
        output / f"{name}.safetensors",
        tensors,
        optimizer=case.optimizer,
        options=case.options,
        max_norm=case.max_norm,
        learning_rates=trajectory.learning_rates,
    )


def clipping_cases() -> list[dict]:
    """The norm of some gradients and the factor that clip_grad_norm_ puts on them."""
    generator = torch.Generator().manual_seed(7)
    cases = []
    for scale in (0.0, 1e-8, 1e-3, 0.1, 1.0, 1e4):
        for max_norm in (0.1, 1.0, 10.0):
            gradients = (torch.randn(13, generator=generator) * scale).tolist()
            parameter = torch.zeros(14, dtype=torch.float64, requires_grad=True)
            parameter.grad = torch.tensor(gradients + [scale], dtype=torch.float64)
            norm = torch.nn.utils.clip_grad_norm_([parameter], max_norm).item()
            factor = parameter.grad[-1].item() / scale if scale else 1.0
            cases.append(dict(gradients=gradients + [scale], max_norm=max_norm, norm=norm, factor=factor))
    return cases


def schedule_cases() -> list[dict]:
    """The factors of get_scheduler for every step, and for a few after the last."""
    cases = []
    for name in ("linear", "cosine", "constant", "constant_with_warmup"):
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
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
            factor = get_scheduler(name, optimizer, warmup, total).lr_lambdas[0]
            factors = [float(factor(step)) for step in range(total + 3)]
            cases.append(dict(schedule=name, warmup_steps=warmup, total_steps=total, factors=factors))
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).parent / "fixtures" / "optim"
    )
    output = parser.parse_args().output
    torch.set_num_threads(1)
    output.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        write_case(output, name, case, peer.seed_of(name))
    for name, cases in (("schedules", schedule_cases()), ("clipping", clipping_cases())):
        (output / f"{name}.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    print(f"{len(CASES)} optimizer cases, schedules and clipping")


if __name__ == "__main__":
    main()
