"""Compares the suspicious labels that Bertune finds with those of cleanlab, on the same probabilities.

usage: noise_parity.py --program BERTUNE [--seed 1]

Writes prediction tables of made-up rows and asks `bertune noise`: masks must be identical, scores within 1e-6, for classes (also
missing and single ones, and ties), several labels, tagged words and numbers. Where cleanlab leaves an order to NumPy's unstable
sorting, the stable one is taken, as Bertune does. Exits with 1 when one differs.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np

UNSTABLE = np.argsort
np.argsort = lambda array, *more, **options: UNSTABLE(array, *more, **{**options, "kind": "stable"})

from cleanlab import filter as cl_filter  # noqa: E402
from cleanlab import count, multilabel_classification, rank, regression, token_classification  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402
from scipy.special import expit, softmax  # noqa: E402

FAILED = []


def check(what: str, right: bool, detail: str) -> None:
    print(f"{'ok    ' if right else 'FAILED'} {what}: {detail}")
    if not right:
        FAILED.append(what)


def ask(program: str, logits: np.ndarray, truth: np.ndarray, outcome: str, words: list[int] | None = None) -> dict:
    """Returns what Bertune says of all items."""
    with tempfile.TemporaryDirectory() as place:
        folder, width = pathlib.Path(place), logits.shape[1]
        save_file({"test.logits": logits.astype(np.float32), "test.truth": truth.astype(np.float32)},
                  folder / "predictions.safetensors")
        rows = [{"row": i, "where": f"t.csv:{i + 2}", "text": f"row {i}", "hash": f"h{i}", "tokens": 5}
                | ({"words": words[i]} if words else {}) for i in range(len(words or logits))]
        (folder / "predictions.json").write_text(json.dumps({
            "format": 1, "task": "made-up", "outcome": outcome, "labels": [f"l{i}" for i in range(width)], "width": width,
            "unit": "row", "sets": {"test": {"path": "t.csv", "in_all": len(rows), "rows": rows}}}))
        out = subprocess.run([program, "noise", place, "--json", "--top", str(10 * len(logits))], check=True,
                             capture_output=True, text=True).stdout
    return json.loads(out)


def compare(what: str, found: dict, mask: np.ndarray, scores: np.ndarray, key=lambda one: one["row"], score: str = "score") -> None:
    ours, ours_scores = np.zeros(len(mask), bool), np.zeros(len(mask))
    for one in found["ranked"]:
        ours[key(one)], ours_scores[key(one)] = one["issue"], one[score]
    difference = float(np.abs(ours_scores - scores).max())
    same = bool((ours == mask).all())
    check(f"{what}, {score}", same and difference <= 1e-6,
          f"{mask.sum()} of {len(mask)} are issues, masks {'identical' if same else 'DIFFER'}, scores {difference:.1e} apart")


def draw(random: np.random.Generator, rows: int, classes: int, digits: int | None) -> tuple[np.ndarray, np.ndarray]:
    truth = random.integers(0, classes, rows)
    logits = random.normal(size=(rows, classes)) * 1.5 + 2 * np.eye(classes)[truth]
    if digits is not None:
        logits = np.round(logits, digits)
    wrong = random.random(rows) < 0.12
    return logits.astype(np.float32), np.where(wrong, random.integers(0, classes, rows), truth)


def classes(program: str, what: str, logits: np.ndarray, labels: np.ndarray) -> None:
    probabilities = softmax(logits.astype(np.float64), axis=1)
    found = ask(program, logits, labels, "classes")
    mask = cl_filter.find_label_issues(labels, probabilities, n_jobs=1)
    for score, method in (("score", "self_confidence"), ("margin", "normalized_margin")):
        compare(what, found, mask, rank.get_label_quality_scores(labels, probabilities, method=method), score=score)
    rate = 1 - np.trace(count.estimate_joint(labels, probabilities))
    check(f"{what}, share of wrong labels", abs(found["error_rate"] - rate) < 1e-9, f"{found['error_rate']:.6f}, {rate:.6f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    random = np.random.default_rng(options.seed)
    for rows, width in ((40, 2), (60, 3), (500, 2), (500, 6), (3000, 10), (900, 40), (300, 77)):
        classes(options.program, f"{width} classes, {rows} rows", *draw(random, rows, width, None))
        classes(options.program, f"{width} classes, {rows} rows, ties", *draw(random, rows, width, 0))
    logits, labels = draw(random, 400, 5, None)
    labels[labels == 3] = 1
    classes(options.program, "a class that no row has", logits, labels)
    labels[7] = 3
    classes(options.program, "a class of one row", logits, labels)
    logits[:, 3] = -60
    classes(options.program, "a class that is never probable", logits, labels)

    logits = (random.normal(size=(600, 5)) * 2).astype(np.float32)
    given = (random.random((600, 5)) < expit(logits.astype(np.float64))).astype(int)
    lists, probabilities = [list(np.flatnonzero(row)) for row in given], expit(logits.astype(np.float64))
    compare("several labels", ask(options.program, logits, given, "labels"),
            multilabel_classification.filter.find_label_issues(lists, probabilities, n_jobs=1),
            multilabel_classification.get_label_quality_scores(lists, probabilities))

    words = [int(n) for n in random.integers(1, 12, 90)]
    begins = np.concatenate([[0], np.cumsum(words)])
    logits, labels = draw(random, int(begins[-1]), 5, None)
    probabilities = softmax(logits.astype(np.float64), axis=1)
    parts = [slice(a, b) for a, b in zip(begins[:-1], begins[1:])]
    nested = [list(labels[part]) for part in parts], [probabilities[part] for part in parts]
    mask = np.zeros(len(labels), bool)
    for sentence, word in token_classification.filter.find_label_issues(*nested, n_jobs=1):
        mask[begins[sentence] + word] = True
    compare("tagged words", ask(options.program, logits, labels, "tags", words), mask,
            np.concatenate(token_classification.rank.get_label_quality_scores(*nested)[1]),
            key=lambda one: begins[one["row"]] + one["word"])

    logits = random.normal(size=(200, 1)).astype(np.float32)
    numbers = (logits + 0.3 * random.normal(size=logits.shape)).astype(np.float32)
    found = ask(options.program, logits, numbers, "numbers")
    mask = np.zeros(200, bool)  # cleanlab has no mask for scores of residuals
    for one in found["ranked"]:
        mask[one["row"]] = one["issue"]
    compare("numbers", found, mask, regression.rank.get_label_quality_scores(
        numbers[:, 0].astype(np.float64), logits[:, 0].astype(np.float64), method="residual"))
    print(f"{len(FAILED)} differences" if FAILED else "no differences")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
