#!/usr/bin/env python3
"""Makes fixtures/metrics.json: what scikit-learn, scipy and PyTorch say of small sets of predictions.

usage: make_metrics_fixture.py [--output FILE]

Each case holds the problem type, logits [rows, labels], the labels (class ids, some of them -100, or targets
[rows, labels]), and the values expected under the names of src/tasks/metrics.h.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import torch
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, confusion_matrix, matthews_corrcoef, precision_recall_fscore_support

HERE = pathlib.Path(__file__).parent
IGNORED = -100


def averaged(truth, predicted, average: str) -> tuple[float, float, float]:
    return precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)[:3]


def per_class(truth, predicted, labels: int) -> dict:
    names = ("precision", "recall", "f1", "support")
    found = precision_recall_fscore_support(truth, predicted, labels=range(labels), average=None, zero_division=0)
    return {name: values.tolist() for name, values in zip(names, found)}


def single_label(logits: np.ndarray, labels: np.ndarray) -> dict:
    counted = labels != IGNORED
    truth, predicted = labels[counted], logits[counted].argmax(axis=1)
    width = logits.shape[1]
    loss = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), ignore_index=IGNORED)
    macro, weighted = (averaged(truth, predicted, average) for average in ("macro", "weighted"))
    values = {
        "loss": loss.item(),
        "accuracy": accuracy_score(truth, predicted),
        "f1_macro": macro[2],
        "f1_weighted": weighted[2],
        "precision_macro": macro[0],
        "recall_macro": macro[1],
        "matthews_correlation": matthews_corrcoef(truth, predicted),
    }
    if width == 2:
        values["f1"] = averaged(truth, predicted, "binary")[2]
    return {
        "rows": int(counted.sum()),
        "values": values,
        "classes": per_class(truth, predicted, width),
        "confusion": confusion_matrix(truth, predicted, labels=range(width)).ravel().tolist(),
    }


def multi_label(logits: np.ndarray, targets: np.ndarray, threshold: float) -> dict:
    predicted = (1 / (1 + np.exp(-logits)) > threshold).astype(int)
    truth = targets.astype(int)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(logits), torch.tensor(targets))
    micro, macro = (averaged(truth, predicted, average) for average in ("micro", "macro"))
    values = {
        "loss": loss.item(),
        "accuracy": accuracy_score(truth, predicted),
        "f1_micro": micro[2],
        "f1_macro": macro[2],
        "precision_micro": micro[0],
        "recall_micro": micro[1],
    }
    return {"rows": len(truth), "values": values, "classes": per_class(truth, predicted, truth.shape[1])}


def regression(outputs: np.ndarray, targets: np.ndarray) -> dict:
    loss = torch.nn.functional.mse_loss(torch.tensor(outputs), torch.tensor(targets)).item()
    columns = range(outputs.shape[1])
    values = {
        "loss": loss,
        "mse": loss,
        "rmse": loss**0.5,
        "mae": float(np.abs(outputs - targets).mean()),
        "pearson": float(np.mean([pearsonr(outputs[:, i], targets[:, i])[0] for i in columns])),
        "spearmanr": float(np.mean([spearmanr(outputs[:, i], targets[:, i])[0] for i in columns])),
    }
    return {"rows": len(outputs), "values": values}


def logits_of(random: np.random.Generator, rows: int, labels: int, scale: float = 2.0) -> np.ndarray:
    # Few digits keep the file small; quarters are exact in every precision.
    return np.round(random.normal(0, scale, (rows, labels)) * 4) / 4


def cases() -> dict[str, dict]:
    random = np.random.default_rng(7)
    made: dict[str, dict] = {}

    def add_classes(name: str, logits: np.ndarray, labels: np.ndarray) -> None:
        made[name] = {"type": "single_label_classification", "logits": logits.tolist(), "labels": labels.tolist()}
        made[name] |= single_label(logits, labels)

    labels = random.integers(0, 2, 30)
    add_classes("two_classes", logits_of(random, 30, 2) + np.eye(2)[labels], labels)
    labels = random.choice(5, 40, p=[0.5, 0.2, 0.2, 0.1, 0.0])
    logits = logits_of(random, 40, 5) + 2 * np.eye(5)[labels]
    logits[:, 4] -= 50  # a label of the model that neither side has
    add_classes("absent_label", logits, labels)
    logits = logits.copy()
    logits[:, 3] -= 50  # in the data, never predicted
    add_classes("never_predicted", logits, labels)
    labels = labels.copy()
    labels[::4] = IGNORED
    add_classes("ignored_rows", logits, labels)
    add_classes("one_class_predicted", np.tile([0.0, 1.0, 0.5], (12, 1)), random.integers(0, 3, 12))
    add_classes("large_logits", logits_of(random, 12, 3, scale=300), random.integers(0, 3, 12))

    for name, threshold in (("several_labels", 0.5), ("several_labels_low_threshold", 0.2)):
        logits, targets = logits_of(random, 24, 4), (random.random((24, 4)) < 0.4).astype(float)
        logits += 2 * targets
        logits[:, 3] -= 50
        made[name] = {"type": "multi_label_classification", "logits": logits.tolist(), "labels": targets.tolist()}
        made[name] |= {"threshold": threshold} | multi_label(logits, targets, threshold)

    for name, width in (("numbers_with_ties", 1), ("two_numbers_a_row", 2)):
        targets = np.round(random.random((40, width)) * 10) / 2
        outputs = np.round((targets + random.normal(0, 1, (40, width))) * 4) / 4
        made[name] = {"type": "regression", "logits": outputs.tolist(), "labels": targets.tolist()}
        made[name] |= regression(outputs, targets)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "fixtures" / "metrics.json")
    output = parser.parse_args().output
    lines = [f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in cases().items()]
    output.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
