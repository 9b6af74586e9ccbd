#!/usr/bin/env python3
"""Makes fixtures/losses/: what PyTorch's losses and Transformers' LabelSmoother say, and when training stops early.

usage: make_loss_fixtures.py [--output DIR]

losses.json: each case holds logits [rows, classes], the labels (class ids, some of them -100) or the targets
[rows, classes], the options, loss and gradient in double precision. "items" is what the loss is divided by
where the rows are a part of those that it is a mean over (the Trainer's num_items_in_batch). The focal losses
are written here from Lin et al. 2017, equation 5; a mean with weights is over the weights, as cross_entropy's.
early_stopping.json: metrics of evaluations, and after which one Transformers' EarlyStoppingCallback stops (null:
never).
"""

from __future__ import annotations

import argparse
import json
import pathlib

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax, logsigmoid, mse_loss
from transformers import EarlyStoppingCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.loss.loss_utils import fixed_cross_entropy
from transformers.trainer_pt_utils import LabelSmoother

IGNORED = -100
WEIGHTS = [0.25, 3.0, 1.0, 0.8]
ROWS, CLASSES = 7, 4
SINGLE = 1e-6  # the Trainer's smoother adds in single precision


def focal(logits, labels, gamma, weights=None):
    counted = labels != IGNORED
    logs = log_softmax(logits, -1)[counted].gather(1, labels[counted, None])[:, 0]
    alpha = torch.ones_like(logs) if weights is None else weights[labels[counted]]
    return (alpha * (-torch.expm1(logs)) ** gamma * -logs).sum() / alpha.sum()


def focal_labels(logits, targets, gamma, weights=None):
    probability = torch.sigmoid(logits)
    alpha = torch.ones(logits.shape[1], dtype=logits.dtype) if weights is None else weights
    yes = targets * alpha * torch.sigmoid(-logits) ** gamma * -logsigmoid(logits)
    no = (1 - targets) * probability**gamma * -logsigmoid(-logits)
    return (yes + no).mean()


def case(name, logits, loss, kind, labels, **options):
    logits = logits.clone().requires_grad_()
    value = loss(logits)
    value.backward()
    return {
        "name": name,
        "kind": kind,
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "options": options,
        "loss": value.item(),
        "gradient": logits.grad.tolist(),
    }


def class_cases(generator):
    logits = torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64) * 3
    logits[5] = torch.tensor([15.0, 0.0, -3.0, 1.0])  # p is 1 but for 1e-6
    labels = torch.tensor([0, 3, IGNORED, 1, 2, 0, 1])
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    smoother = LabelSmoother(epsilon=0.1)

    def add(name, loss, **options):
        return case(name, logits, loss, "cross_entropy", labels, **options)

    yield add("plain", lambda x: cross_entropy(x, labels))
    yield add("smoothing", lambda x: cross_entropy(x, labels, label_smoothing=0.2), smoothing=0.2)
    yield add("trainer's smoother", lambda x: smoother({"logits": x}, labels), smoothing=0.1, tolerance=SINGLE)
    yield add(
        "trainer's smoother of a part",
        lambda x: smoother({"logits": x}, labels, num_items_in_batch=torch.tensor(11)),
        smoothing=0.1,
        items=11,
        tolerance=SINGLE,
    )
    yield add("weights", lambda x: cross_entropy(x, labels, weights), weights=WEIGHTS)
    yield add(
        "weights and smoothing",
        lambda x: cross_entropy(x, labels, weights, label_smoothing=0.3),
        weights=WEIGHTS,
        smoothing=0.3,
    )
    yield add("of a part", lambda x: fixed_cross_entropy(x, labels, torch.tensor(32)), items=32)
    for gamma in (0.5, 1.0, 2.0, 5.0):
        yield add(f"focal {gamma}", lambda x, g=gamma: focal(x, labels, g), gamma=gamma)
    yield add("focal and weights", lambda x: focal(x, labels, 2.0, weights), gamma=2.0, weights=WEIGHTS)


def label_cases(generator):
    logits = torch.randn(ROWS, CLASSES, generator=generator, dtype=torch.float64) * 3
    logits[5] = torch.tensor([40.0, -40.0, 15.0, 0.0])
    targets = torch.randint(2, (ROWS, CLASSES), generator=generator).double()
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)

    def add(name, loss, **options):
        return case(name, logits, loss, "binary_cross_entropy", targets, **options)

    yield add("plain", lambda x: binary_cross_entropy_with_logits(x, targets))
    yield add(
        "weights", lambda x: binary_cross_entropy_with_logits(x, targets, pos_weight=weights), weights=WEIGHTS
    )
    yield add("of a part", lambda x: binary_cross_entropy_with_logits(x, targets) * ROWS / 20, items=20)
    for gamma in (0.5, 2.0):
        yield add(f"focal {gamma}", lambda x, g=gamma: focal_labels(x, targets, g), gamma=gamma)
    yield add("focal and weights", lambda x: focal_labels(x, targets, 2.0, weights), gamma=2.0, weights=WEIGHTS)


def regression_cases(generator):
    logits = torch.randn(ROWS, 1, generator=generator, dtype=torch.float64)
    targets = torch.randn(ROWS, 1, generator=generator, dtype=torch.float64)
    yield case("plain", logits, lambda x: mse_loss(x, targets), "mean_squared_error", targets)
    yield case(
        "of a part", logits, lambda x: mse_loss(x, targets) * ROWS / 9, "mean_squared_error", targets, items=9
    )


SEQUENCES = [
    [0.5, 0.6, 0.6, 0.59, 0.61, 0.58, 0.6, 0.6, 0.6],
    [0.5, 0.501, 0.502, 0.503, 0.6, 0.601, 0.602, 0.603],
    [0.9, 0.8, 0.95, 0.94, 0.96, 0.1],
    [0.1, 0.2, 0.3, 0.4, 0.5],
    [0.7, 0.7, 0.7, 0.7],
]


def stopping_case(values: list[float], metric: str, patience: int, threshold: float) -> dict:
    """The Trainer's order: the callback sees the evaluation before the best metric is set anew."""
    greater = metric != "loss"
    arguments = TrainingArguments(
        output_dir="unused", metric_for_best_model=metric, greater_is_better=greater, use_cpu=True, report_to=[]
    )
    callback, state, control = EarlyStoppingCallback(patience, threshold), TrainerState(), TrainerControl()
    counters = []
    for value in values:
        callback.on_evaluate(arguments, state, control, {f"eval_{metric}": value})
        counters.append(callback.early_stopping_patience_counter)
        if state.best_metric is None or (value > state.best_metric if greater else value < state.best_metric):
            state.best_metric = value
        if control.should_training_stop:
            break
    return {
        "metric": metric,
        "values": values,
        "patience": patience,
        "threshold": threshold,
        "counters": counters,
        "stops_after": len(counters) if control.should_training_stop else None,
    }


def stopping_cases():
    for values in SEQUENCES:
        for metric in ("accuracy", "loss"):
            for patience in (1, 2, 3):
                for threshold in (0.0, 0.005):
                    yield stopping_case(values, metric, patience, threshold)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).parent / "fixtures" / "losses"
    )
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(20)
    losses = [*class_cases(generator), *label_cases(generator), *regression_cases(generator)]
    for name, made in (("losses", losses), ("early_stopping", list(stopping_cases()))):
        (output / f"{name}.json").write_text(json.dumps(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
