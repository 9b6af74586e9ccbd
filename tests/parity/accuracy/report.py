"""The results of both sides as a Markdown table: a row for each metric of each task."""

from __future__ import annotations

import statistics

from runs import Results
from tasks import Task

NAMES = {
    "f1": "F1",
    "f1_micro": "F1, micro",
    "f1_macro": "F1, macro",
    "best_f1_micro": "F1, micro, best threshold",
    "exact_match": "exact match",
    "exact": "exact match",
    "pearson": "Pearson",
    "spearmanr": "Spearman",
}


def values_of(results: Results, task: Task, metric: str, seeds: list[int]) -> list[float | None]:
    """Of each seed, in per cent; None where there is no run, or none that had this metric."""
    rows = [results.get((task.name, task.epochs, seed)) for seed in seeds]
    scale = 1 if task.is_percent else 100
    return [None if row is None or metric not in row else scale * row[metric] for row in rows]


def side(values: list[float | None]) -> tuple[str, float | None]:
    """The values, and the mean of those that are there."""
    there = [value for value in values if value is not None]
    texts = ", ".join("-" if value is None else f"{value:.1f}" for value in values)
    return texts, statistics.fmean(there) if there else None


def table(
    tasks: list[Task], rows: dict[str, tuple[int, int]], seeds: list[int], ours: Results, theirs: Results
) -> str:
    names = ", ".join(map(str, seeds))
    header = ["task", "training rows", "test rows", "epochs", "metric"]
    header += [f"Bertune, seeds {names}", "mean", f"Trainer, seeds {names}", "mean", "difference"]
    out = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    differences = []
    for task in tasks:
        for metric in task.metrics:
            texts, means = zip(
                *(side(values_of(of, task, metric, seeds)) for of in (ours, theirs)), strict=True
            )
            difference = "-"
            if None not in means:
                differences.append(means[0] - means[1])
                difference = f"{differences[-1]:+.1f}"
            shown = ["-" if mean is None else f"{mean:.1f}" for mean in means]
            train, test = rows[task.name]
            cells = [task.title, f"{train:,}", f"{test:,}", str(task.epochs), NAMES.get(metric, metric)]
            cells += [texts[0], shown[0], texts[1], shown[1], difference]
            out.append("| " + " | ".join(cells) + " |")
    if differences:
        out.append(
            f"\nMean difference over {len(differences)} metrics: {statistics.fmean(differences):+.2f} points."
        )
    return "\n".join(out)
