"""Forecasts of `bertune curve`, and what rows chosen by `bertune suggest` are worth beside random ones.

    bench/more_labels.py forecast --program build/bertune --model .cache/all-MiniLM-L6-v2 --data FOLDER
    bench/more_labels.py suggest --program build/bertune --model .cache/all-MiniLM-L6-v2 --data FOLDER --seeds 5

forecast: half of the rows say what all of them will reach; the curve of all says whether that was right.
suggest: rounds of 100 chosen rows, after each of which a model is trained (`--method frozen`, or --extra for others),
beside as many random rows. FOLDER is that of labeled_sets.py.
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import random
import shlex
import tempfile

from labeled_sets import Rows, asked, parser, run, shuffled, write

MOST_ROWS = 4000
ROUND = 100


def curve(arguments: argparse.Namespace, folder: pathlib.Path, rows: Rows) -> dict:
    write(folder / "train.csv", rows)
    return json.loads(run(arguments.program, "curve", folder / "train.csv", "--test", folder / "test.csv",
                          "--model", arguments.model, "--text-column", "text", "--label-column", "label", "--json"))


def forecast(arguments: argparse.Namespace, name: str, train: Rows, folder: pathlib.Path) -> None:
    half, whole = (curve(arguments, folder, train[: len(train) // part]) for part in (2, 1))
    reached, before = whole["points"][-1]["score"], half["points"][-1]["score"]
    twice = half["twice"]
    inside = twice["low"] <= reached - before <= twice["high"]
    print(f"{name:8} half {half['train_rows']:5} rows {100 * before:5.1f}%  forecast {100 * twice['score']:5.1f}% "
          f"(+{100 * twice['low']:.1f} to +{100 * twice['high']:.1f}, {'given' if twice['holds'] else 'refused'})  "
          f"reached {100 * reached:5.1f}%  {'inside' if inside else 'outside'}", flush=True)


def accuracy(arguments: argparse.Namespace, folder: pathlib.Path, rows: Rows) -> float:
    write(folder / "labelled.csv", rows)
    output = folder / "model"
    run(arguments.program, "train", "--model", arguments.model, "--train", folder / "labelled.csv", "--test",
        folder / "test.csv", "--output", output, "--overwrite", "--no-baselines", "--quiet", "--text-column", "text",
        "--label-column", "label", *arguments.extra)
    return 100 * json.loads((output / "all_results.json").read_text())["test_accuracy"]


def chosen(arguments: argparse.Namespace, folder: pathlib.Path, pool: Rows, count: int, model: pathlib.Path) -> Rows:
    with (folder / "pool.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text",), *((text,) for text, _ in pool)])
    lines = run(arguments.program, "suggest", folder / "pool.csv", "-n", count, "--model", model, "--output-format",
                "jsonl", "--text-column", "text", "--silent").splitlines()
    wanted = {json.loads(line)["text"] for line in lines}
    return [row for row in {text: (text, label) for text, label in pool}.values() if row[0] in wanted][:count]


def suggest(arguments: argparse.Namespace, name: str, train: Rows, folder: pathlib.Path) -> None:
    for seed in range(arguments.seeds):
        pool = train[:]
        random.Random(seed).shuffle(pool)
        at_random = {count: accuracy(arguments, folder, pool[:count]) for count in (600, 1000)}
        labelled = chosen(arguments, folder, pool, ROUND, arguments.model)
        reached = {len(labelled): accuracy(arguments, folder, labelled)}
        while len(labelled) < 600:
            known = {text for text, _ in labelled}
            rest = [row for row in pool if row[0] not in known]
            labelled += chosen(arguments, folder, rest, ROUND, folder / "model")
            reached[len(labelled)] = accuracy(arguments, folder, labelled)
        rounds = "  ".join(f"{count}: {value:.1f}%" for count, value in reached.items())
        print(f"{name:8} seed {seed}  random 600: {at_random[600]:.1f}%  random 1000: {at_random[1000]:.1f}%  "
              f"chosen {rounds}", flush=True)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("what", choices=["forecast", "suggest"])
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--rows", type=int, default=MOST_ROWS, help="of a set, at most")
    options.add_argument("--extra", type=shlex.split, default="--method frozen",
                         help="more options of `bertune train`, in quotes")
    arguments = options.parse_args()
    for name, train, test in asked(arguments):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            write(folder / "test.csv", test)
            (forecast if arguments.what == "forecast" else suggest)(arguments, name, shuffled(train, arguments.rows), folder)


if __name__ == "__main__":
    main()
