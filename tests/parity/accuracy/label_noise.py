"""How well `bertune noise` finds labels that were changed, and what leaving them out is worth.

usage: label_noise.py --program BERTUNE --model CHECKPOINT --data DATA --tickets TICKETS [--sets trec,sst2,tickets,ag_news]
                      [--flips uniform,confusion] [--share 0.1] [--full] [--cleaning] [--rows N] [--seeds 1]

Changes a share of the labels, by chance or along the mix-ups of a simple model, and asks for the ranking: the area under precision
and recall (AUPR), the precision among as many rows as were changed, and the share of the changed ones among the first fifth.
With --cleaning it also trains on the noisy rows, on these without the suspicious ones, on these after a person has read the
suspicious ones and given each its right label, and on the clean ones, and tests each.
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict

Rows = list[tuple[str, str]]  # text, label


def table(path: pathlib.Path, delimiter: str = "\t") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL))


def trec(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="latin-1").splitlines()
    return [(text, label.split(":")[0]) for label, text in (line.split(" ", 1) for line in lines)]


def read(name: str, data: pathlib.Path, tickets: pathlib.Path) -> tuple[Rows, Rows]:
    """Returns rows to train and to test on."""
    if name == "trec":
        return trec(data / "trec/train.txt"), trec(data / "trec/test.txt")
    if name == "sst2":
        return [[(row[0], row[1]) for row in table(data / f"sst2/{part}.tsv")] for part in ("train", "test")]
    if name == "tickets":
        return [[(row[0], row[1]) for row in table(tickets / f"{part}.csv", ",")[1:]] for part in ("train", "test")]
    rows = [(f"{row[1]} {row[2]}", row[0]) for row in table(data / "ag_news/test.csv", ",")]
    return rows[:6000], rows[6000:]


def changed(rows: Rows, how: str, share: float, seed: int) -> list[str]:
    """Returns the labels, of which a share is changed."""
    random, labels = np.random.default_rng(seed), np.array([label for _, label in rows])
    names = np.unique(labels)
    odds = np.ones((len(names), len(names)))
    if how == "confusion":
        features = TfidfVectorizer(sublinear_tf=True).fit_transform([text for text, _ in rows])
        said = cross_val_predict(LogisticRegression(C=10), features, labels, cv=3, method="predict_proba")
        odds = np.stack([said[labels == name].mean(axis=0) for name in names])
    np.fill_diagonal(odds, 0)
    for row in random.choice(len(rows), int(share * len(rows)), replace=False):
        chances = odds[np.searchsorted(names, labels[row])]
        labels[row] = random.choice(names, p=chances / chances.sum())
    return [str(label) for label in labels]


def write(path: pathlib.Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def measure(options: argparse.Namespace, name: str, rows: Rows, how: str, seed: int, folder: pathlib.Path) -> Rows:
    noisy = changed(rows, how, options.share, seed)
    wrong = np.array([given != right for given, (_, right) in zip(noisy, rows)])
    path = folder / "noisy.csv"
    write(path, [(text, given) for given, (text, _) in zip(noisy, rows)])
    command = [options.program, "noise", path, "--model", options.model, "--json", "--top", str(len(rows)), "--quiet"]
    if options.full:
        command += ["--full", "--folder", folder / f"{name}-{how}-{seed}", "--epochs", str(options.epochs),
                    "--folds", str(options.folds), "--learning-rate", options.learning_rate]
    begin = time.monotonic()
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    seconds = time.monotonic() - begin
    order = [one["row"] for one in found["ranked"]]
    scores = np.zeros(len(rows))
    scores[order] = [-one["score"] for one in found["ranked"]]
    hits = wrong[order]
    issues = np.array([one["issue"] for one in found["ranked"]])
    low, high = found["interval"]
    print(f"{name:8} {how:9} {'full' if options.full else 'fast'}  AUPR {average_precision_score(wrong, scores):.3f}  "
          f"P@n {hits[:wrong.sum()].mean():.3f}  R@20% {hits[:len(rows) // 5].sum() / wrong.sum():.3f}  "
          f"issues {issues.sum()} (precision {hits[issues].mean():.3f}, recall {hits[issues].sum() / wrong.sum():.3f})  "
          f"share {found['error_rate']:.3f} ({low:.3f}-{high:.3f})  {len(rows)} rows  {seconds:.1f} s", flush=True)
    return noisy


def train(options: argparse.Namespace, folder: pathlib.Path, rows: pathlib.Path, seed: int, more: list) -> float:
    output = folder / "model"
    subprocess.run([options.program, "train", "--model", options.model, "--train", rows, "--test", folder / "test.csv",
                    "--output", output, "--overwrite", "--silent", "--no-baselines", "--validation-split", "0",
                    "--epochs", str(options.epochs), "--learning-rate", options.learning_rate, "--seed", str(seed),
                    "--max-prediction-rows", "0", *more],
                   check=True, capture_output=True)
    return json.loads((output / "test_results.json").read_text())["test_accuracy"]


def clean(options: argparse.Namespace, name: str, rows: Rows, test: Rows, noisy: list[str], seed: int,
          folder: pathlib.Path) -> None:
    write(folder / "test.csv", test)
    write(folder / "clean.csv", rows)
    subprocess.run([options.program, "noise", folder / "noisy.csv", "--model", options.model, "--quiet",
                    "--output", folder / "suspicious.csv"], check=True, capture_output=True)
    with (folder / "suspicious.csv").open(newline="", encoding="utf-8") as file:
        suspicious = list(csv.DictReader(file))
    right_at = {}  # by the line on which a row begins
    with (folder / "noisy.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        begin = reader.line_num + 1
        for _, (_, right) in zip(reader, rows):
            right_at[begin], begin = right, reader.line_num + 1
    for one in suspicious:
        one["correct"] = right_at[int(one["where"].rsplit(":", 1)[1])]
    with (folder / "read.csv").open("w", newline="", encoding="utf-8") as file:
        table_of_read = csv.DictWriter(file, suspicious[0])
        table_of_read.writeheader()
        table_of_read.writerows(suspicious)
    results = {"clean": train(options, folder, folder / "clean.csv", seed, []),
               "noisy": train(options, folder, folder / "noisy.csv", seed, []),
               "cleaned": train(options, folder, folder / "noisy.csv", seed, ["--exclude", folder / "suspicious.csv"]),
               "read": train(options, folder, folder / "noisy.csv", seed, ["--relabel", folder / "read.csv"])}
    print(f"{name:8} seed {seed}  " + "  ".join(f"{what} {100 * value:.1f}" for what, value in results.items()) +
          f"  ({len(suspicious)} suspicious of {len(rows)} training rows, {len(test)} test rows)", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--tickets", required=True, type=pathlib.Path)
    parser.add_argument("--sets", default="trec,sst2,tickets,ag_news")
    parser.add_argument("--flips", default="uniform,confusion")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cleaning", action="store_true")
    parser.add_argument("--rows", type=int, help="the first N training rows")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", default="3e-4")
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    for name in options.sets.split(","):
        rows, test = read(name, options.data, options.tickets)
        rows = rows[:options.rows]
        for how in options.flips.split(","):
            for seed in range(1, options.seeds + 1):
                with tempfile.TemporaryDirectory() as place:
                    folder = pathlib.Path(place)
                    noisy = measure(options, name, rows, how, seed, folder)
                    if options.cleaning:
                        clean(options, name, rows, test, noisy, seed, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
