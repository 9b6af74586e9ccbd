"""Few labels: accuracy and seconds of each method of `bertune train`, and of SetFit, over draws of some rows a class.

    bench/few_labels.py --program build/bertune --model .cache/all-MiniLM-L6-v2 --data FOLDER --rows 8 16 --draws 3 \\
        --peer .cache/peer/bin/python

FOLDER is that of labeled_sets.py. Each draw has its own training rows; the test rows are the same in all.
Seconds are those of training: of ours with the comparison that `auto` makes, of SetFit without loading the model. CPU
seconds, which other work on the machine does not change much, are of the whole program for ours, with loading and
testing, and of training alone for SetFit.
SetFit is asked with its own defaults, but for 100 steps in place of about 350.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import resource
import shlex
import statistics
import sys
import tempfile
import time

from labeled_sets import Rows, asked, parser, run, write

Result = tuple[float, float, float]  # accuracy in %, seconds, CPU seconds
METHODS = ["fine-tune", "frozen", "contrastive", "auto"]
PEER = pathlib.Path(__file__).with_name("few_labels_setfit.py")


def draw(rows: Rows, of_class: int, seed: int) -> Rows:
    shuffled = rows[:]
    random.Random(seed).shuffle(shuffled)
    counts: dict[str, int] = {}
    chosen = []
    for text, label in shuffled:
        counts[label] = counts.get(label, 0) + 1
        if counts[label] <= of_class:
            chosen.append((text, label))
    return chosen


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(arguments: argparse.Namespace, folder: pathlib.Path, method: str) -> Result:
    output = folder / f"out-{method}"
    command = [arguments.program, "train", "--model", arguments.model, "--train", folder / "train.csv"]
    command += ["--test", folder / "test.csv", "--output", output, "--method", method, "--no-baselines", "--json"]
    command += ["--overwrite", "--text-column", "text", "--label-column", "label", *arguments.extra]
    before = cpu_seconds()
    run(*command)
    cpu = cpu_seconds() - before
    results = json.loads((output / "all_results.json").read_text())
    seconds = results["train_runtime"]
    choice = output / "method.json"
    if method == "auto" and choice.exists():
        seconds += sum(score["seconds"] for score in json.loads(choice.read_text())["scores"])
    return 100 * results["test_accuracy"], seconds, cpu


def theirs(arguments: argparse.Namespace, folder: pathlib.Path) -> Result:
    told = run(arguments.peer, PEER, arguments.model, folder / "train.csv", folder / "test.csv")
    result = json.loads(told.splitlines()[-1])
    return 100 * result["accuracy"], result["seconds"], result["cpu"]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[4, 8, 16, 32], help="rows a class")
    options.add_argument("--draws", type=int, default=5)
    options.add_argument("--first-draw", type=int, default=0, help="the number of the first, to add to earlier ones")
    options.add_argument("--methods", nargs="*", default=METHODS)
    options.add_argument("--peer", help="a Python with setfit; left out: SetFit is not measured")
    options.add_argument("--output", type=pathlib.Path, help="every result as a line of JSON, added as it comes")
    options.add_argument("--extra", type=shlex.split, default=[], help="more options of `bertune train`, in quotes")
    arguments = options.parse_args()
    methods = arguments.methods + (["SetFit"] if arguments.peer else [])
    for name, train, test in asked(arguments):
        for of_class in arguments.rows:
            found: dict[str, list[Result]] = {method: [] for method in methods}
            for seed in range(arguments.first_draw, arguments.first_draw + arguments.draws):
                with tempfile.TemporaryDirectory() as scratch:
                    folder = pathlib.Path(scratch)
                    write(folder / "train.csv", draw(train, of_class, seed))
                    write(folder / "test.csv", test)
                    for method in methods:
                        result = theirs(arguments, folder) if method == "SetFit" else ours(arguments, folder, method)
                        found[method].append(result)
                        line = {"set": name, "rows": of_class, "draw": seed, "method": method, "at": time.time()}
                        line |= {"accuracy": result[0], "seconds": result[1], "cpu": result[2]}
                        if arguments.output:
                            with arguments.output.open("a", encoding="utf-8") as file:
                                file.write(json.dumps(line) + "\n")
            for method, results in found.items():
                accuracies = [result[0] for result in results]
                deviation = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
                print(
                    f"{name:8} {of_class:3} a class  {method:11} {statistics.mean(accuracies):5.1f} ± {deviation:4.1f} %"
                    f"  {statistics.median(result[1] for result in results):6.1f} s"
                    f"  {statistics.median(result[2] for result in results):6.1f} CPU s",
                    flush=True,
                )


if __name__ == "__main__":
    sys.exit(main())
