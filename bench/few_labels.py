"""Few labels: accuracy and seconds of each method of `bertune train`, and of SetFit, over draws of some rows a class.

    bench/few_labels.py --program build/bertune --model .cache/all-MiniLM-L6-v2 --data FOLDER --rows 8 16 --draws 3 \\
        --peer .cache/peer/bin/python

FOLDER holds trec/train.txt, sst2/train.tsv and ag_news/test.csv as their authors publish them; sets that are missing are
left out. The support tickets come with Bertune. Each draw has its own training rows; the test rows are the same in all.
Seconds are those of training: of ours with the comparison that `auto` makes, of SetFit without loading the model. CPU
seconds, which other work on the machine does not change much, are of the whole program for ours, with loading and
testing, and of training alone for SetFit.
SetFit is asked with its own defaults, but for 100 steps in place of about 350.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

Rows = list[tuple[str, str]]
Result = tuple[float, float, float]  # accuracy in %, seconds, CPU seconds
METHODS = ["fine-tune", "frozen", "contrastive", "auto"]
MOST_TEST_ROWS = 500
ROOT = pathlib.Path(__file__).resolve().parents[1]
PEER = pathlib.Path(__file__).with_name("few_labels_setfit.py")


def read_csv(path: pathlib.Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def read_trec(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="latin-1").splitlines()
    return [(line.split(" ", 1)[1], line.split(":", 1)[0]) for line in lines if " " in line]


def read_tsv(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(text, label) for text, label in (line.rsplit("\t", 1) for line in lines if "\t" in line)]


def read_news(path: pathlib.Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [(f"{title}. {text}", label) for label, title, text in csv.reader(file)]


def sets(data: pathlib.Path) -> dict[str, tuple[Rows, Rows]]:
    """Rows to draw from, and rows to test on."""
    tickets = ROOT / "examples" / "support_tickets"
    found = {"tickets": (read_csv(tickets / "train.csv"), read_csv(tickets / "test.csv"))}
    if (data / "trec").is_dir():
        found["TREC"] = (read_trec(data / "trec/train.txt"), read_trec(data / "trec/test.txt"))
    if (data / "sst2").is_dir():
        found["SST-2"] = (read_tsv(data / "sst2/train.tsv"), read_tsv(data / "sst2/dev.tsv"))
    if (data / "ag_news").is_dir():
        rows = read_news(data / "ag_news/test.csv")
        random.Random(0).shuffle(rows)
        found["AG News"] = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
    return {
        name: (train, test if len(test) <= MOST_TEST_ROWS else random.Random(1).sample(test, MOST_TEST_ROWS))
        for name, (train, test) in found.items()
    }


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


def write(path: pathlib.Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(arguments: argparse.Namespace, folder: pathlib.Path, method: str) -> Result:
    output = folder / f"out-{method}"
    command = [arguments.program, "train", "--model", arguments.model, "--train", folder / "train.csv"]
    command += ["--test", folder / "test.csv", "--output", output, "--method", method, "--no-baselines", "--json"]
    command += ["--overwrite", "--text-column", "text", "--label-column", "label", *arguments.extra]
    before = cpu_seconds()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    cpu = cpu_seconds() - before
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    results = json.loads((output / "all_results.json").read_text())
    seconds = results["train_runtime"]
    choice = output / "method.json"
    if method == "auto" and choice.exists():
        seconds += sum(score["seconds"] for score in json.loads(choice.read_text())["scores"])
    return 100 * results["test_accuracy"], seconds, cpu


def theirs(arguments: argparse.Namespace, folder: pathlib.Path) -> Result:
    command = [arguments.peer, str(PEER), str(arguments.model), str(folder / "train.csv"), str(folder / "test.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, HF_HUB_OFFLINE="1"))
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    return 100 * result["accuracy"], result["seconds"], result["cpu"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bertune")
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / ".cache/all-MiniLM-L6-v2")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "../data")
    parser.add_argument("--sets", nargs="*", help="some of them, by name")
    parser.add_argument("--rows", type=int, nargs="+", default=[4, 8, 16, 32], help="rows a class")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--methods", nargs="*", default=METHODS)
    parser.add_argument("--peer", help="a Python with setfit; left out: SetFit is not measured")
    parser.add_argument("--output", type=pathlib.Path, help="every result as a line of JSON, added as it comes")
    parser.add_argument("--extra", nargs="*", default=[], help="more options of `bertune train`")
    arguments = parser.parse_args()
    methods = arguments.methods + (["SetFit"] if arguments.peer else [])
    for name, (train, test) in sets(arguments.data).items():
        if arguments.sets and name not in arguments.sets:
            continue
        for of_class in arguments.rows:
            found: dict[str, list[Result]] = {method: [] for method in methods}
            for seed in range(arguments.draws):
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
