"""Makes fixtures/optim/: what torch.optim, clip_grad_norm_ and get_scheduler do, in double precision.

usage: make_optimizer_fixtures.py [--output DIR]

<case>.safetensors: one run of an optimizer on two tensors, "weight" (decayed) and "bias" (not), over given
gradients: "initial.<tensor>", "gradient.<tensor>" [steps, size], "expected.<tensor>" [steps, size] after each
step, and "grad_norms" [steps] before clipping. Its metadata holds the optimizer, its options, the learning
rate of each step and the norm to clip to (null: none). LAMB and Lion are not PyTorch's: optimizer_peers.py.
lbfgs.json: points and losses of LBFGS, whose gradients depend on where it goes. schedules.json,
metric_schedules.json, clipping.json and defaults.json hold what they say.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from dataclasses import dataclass, field

import optimizer_peers
import peer
import torch
from optimizer_cases import CASES, SIZES, STEPS, Case, touched_rows
from schedule_cases import defaults, metric_schedule_cases, schedule_cases
from transformers import get_scheduler


@dataclass
class Trajectory:
    expected: dict[str, list[torch.Tensor]] = field(default_factory=dict)
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
    if case.others is not None:
        return optimizer_peers.MuonWithAdamW(
            parameters[case.weight], parameters["bias"], case.options, case.others
        )
    if case.sparse:
        return optimizer_peers.SparseAdamWithAdam(parameters[case.weight], parameters["bias"], case.options)
    groups = [{"params": [parameters[case.weight]]}, {"params": [parameters["bias"]]}]
    if case.optimizer != "Rprop":
        groups[1]["weight_decay"] = 0.0
    kind = getattr(optimizer_peers, case.optimizer, None) or getattr(torch.optim, case.optimizer)
    return kind(groups, **case.options)


def run(case: Case, initial: dict[str, torch.Tensor], gradients: dict[str, torch.Tensor]) -> Trajectory:
    parameters = {name: tensor.double().requires_grad_() for name, tensor in initial.items()}
    optimizer = make_optimizer(case, parameters)
    schedule = get_scheduler(
        "constant" if case.warmup_steps is None else "linear", optimizer, case.warmup_steps, STEPS
    )
    trajectory = Trajectory({name: [] for name in parameters})
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
    sizes = {case.weight: SIZES["weight"], "bias": SIZES["bias"]}
    initial = {key: torch.randn(size, generator=generator) for key, size in sizes.items()}
    gradients = {key: make_gradients(size, generator) for key, size in sizes.items()}
    if case.sparse:
        for step in range(STEPS):
            unused = [row for row in range(len(initial[case.weight])) if row not in touched_rows(step)]
            gradients[case.weight][step, unused] = 0
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
        **({"others": case.others} if case.others else {}),
        **({"rows": [touched_rows(step) for step in range(STEPS)]} if case.sparse else {}),
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


def lbfgs_case(**options) -> dict:
    """LBFGS in double on a function with a narrow curved valley; the test has the same function in C++."""
    start = [-1.2, 1.0, -0.5, 0.8, 0.3]
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], **options)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (5 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
        loss.backward()
        return loss

    points, losses = [], []
    for _ in range(STEPS):
        losses.append(optimizer.step(closure).item())
        points.append(x.detach().tolist())
    return dict(options=options, start=start, points=points, losses=losses)


def lbfgs_cases() -> list[dict]:
    return [
        lbfgs_case(lr=0.05, max_iter=2),
        lbfgs_case(lr=0.5, max_iter=1, history_size=3),
        lbfgs_case(lr=1.0, max_iter=2, line_search_fn="strong_wolfe"),
        lbfgs_case(lr=3.0, max_iter=4, max_eval=6, history_size=2, line_search_fn="strong_wolfe"),
    ]


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
    for name, cases in (
        ("schedules", schedule_cases()),
        ("metric_schedules", metric_schedule_cases()),
        ("clipping", clipping_cases()),
        ("lbfgs", lbfgs_cases()),
        ("defaults", defaults()),
    ):
        (output / f"{name}.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    print(f"{len(CASES)} optimizer cases, schedules and clipping")


if __name__ == "__main__":
    main()
