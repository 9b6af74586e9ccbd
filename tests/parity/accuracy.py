"""Test accuracy of fine-tuning with Bertune and with the peer, side by side, as a Markdown table.

usage: accuracy.py --data DIR --model DIR --work DIR [--bertune PROGRAM] [--peer TRAIN_HF.PY --python PYTHON]
                   [--tasks sst2 trec ...] [--seeds 42 43 44]

Both sides read the same prepared files (text [TAB text_b] TAB label) with the same settings: batch 32,
learning rate 5e-5 falling linearly to 0 without warm-up, no weight decay, clipping to 1, at most 128 tokens.
Results are kept in WORK/results.{bertune,peer}.jsonl, one JSON object a run; what is there is not run again.
A side without its program shows only what is there.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

Rows = list[list[str]]
Results = dict[tuple[str, int, int], float]


@dataclass(frozen=True)
class Task:
    name: str
    title: str
    epochs: int
    read: Callable[[pathlib.Path], tuple[Rows, Rows]]  # training and test rows of the data folder
    pair: bool = False


def lines(path: pathlib.Path) -> list[str]:
    """The lines of a file that may hold bytes that are not UTF-8 (TREC does)."""
    return [line.rstrip("\r") for line in path.read_bytes().decode("utf-8", "replace").split("\n") if line]


def columns(path: pathlib.Path, wanted: list[int], header: bool) -> Rows:
    return [[cells[i] for i in wanted] for cells in (line.split("\t") for line in lines(path)[header:])]


def read_sst2(data: pathlib.Path) -> tuple[Rows, Rows]:
    train, test = (
        columns(data / "sst2" / f"{split}.tsv", [0, 1], header=False) for split in ("train", "test")
    )
    return train, test


def read_trec(data: pathlib.Path) -> tuple[Rows, Rows]:
    """Lines are "COARSE:fine question"; the coarse class is the label."""

    def rows(split: str) -> Rows:
        parts = (line.split(" ", 1) for line in lines(data / "trec" / f"{split}.txt"))
        return [[text, label.split(":", 1)[0]] for label, text in parts]

    return rows("train"), rows("test")


def read_mrpc(data: pathlib.Path) -> tuple[Rows, Rows]:
    train, test = (
        columns(data / "mrpc" / f"{split}.tsv", [3, 4, 0], header=True) for split in ("train", "test")
    )
    return train, test


def read_rte(data: pathlib.Path) -> tuple[Rows, Rows]:
    """The labels of the test split are not public: the development split is the test."""
    train, test = (
        columns(data / "rte" / f"{split}.tsv", [1, 2, 3], header=True) for split in ("train", "dev")
    )
    return train, test


def read_cola(data: pathlib.Path) -> tuple[Rows, Rows]:
    """As with RTE, the development split is the test."""
    train, test = (
        columns(data / "cola" / f"{split}.tsv", [3, 1], header=False) for split in ("train", "dev")
    )
    return train, test


TASKS = [
    Task("sst2", "SST-2", 1, read_sst2),
    Task("trec", "TREC (coarse)", 3, read_trec),
    Task("mrpc", "MRPC", 1, read_mrpc, pair=True),
    Task("rte", "RTE", 1, read_rte, pair=True),
    Task("cola", "CoLA", 3, read_cola),
]


def prepare(task: Task, data: pathlib.Path, work: pathlib.Path) -> tuple[int, int]:
    """Writes WORK/<task>.{train,test}.tsv, cells free of tabs and line breaks; returns their sizes."""
    splits = task.read(data)
    for split, rows in zip(("train", "test"), splits, strict=True):
        cleaned = ([" ".join(cell.replace("\t", " ").splitlines()).strip() for cell in row] for row in rows)
        text = "".join("\t".join(row) + "\n" for row in cleaned)
        (work / f"{task.name}.{split}.tsv").write_text(text, encoding="utf-8", newline="\n")
    return len(splits[0]), len(splits[1])


def bertune_command(
    program: str, task: Task, seed: int, model: pathlib.Path, work: pathlib.Path
) -> list[str]:
    command = [program, "train", "--model", str(model), "--output", str(work / f"bertune.{task.name}.{seed}")]
    for split in ("train", "test"):
        command += [f"--{split}", str(work / f"{task.name}.{split}.tsv")]
    command += ["--format", "tsv", "--no-header", "--text-column", "1", "--validation-split", "0"]
    command += ["--text-pair-column", "2", "--label-column", "3"] if task.pair else ["--label-column", "2"]
    command += [
        "--epochs",
        str(task.epochs),
        "--seed",
        str(seed),
        "--batch-size",
        "32",
        "--max-length",
        "128",
    ]
    command += [
        "--learning-rate",
        "5e-5",
        "--warmup-ratio",
        "0",
        "--weight-decay",
        "0",
        "--max-grad-norm",
        "1",
    ]
    return command


def run_logged(command: list[str], log: pathlib.Path) -> str:
    """The command's standard output; its standard error, progress and warnings, goes to a file."""
    with log.open("w", encoding="utf-8") as errors:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}; see {log}")
    return done.stdout


def run_bertune(program: str, task: Task, seed: int, model: pathlib.Path, work: pathlib.Path) -> dict:
    output = work / f"bertune.{task.name}.{seed}"
    run_logged(bertune_command(program, task, seed, model, work), work / f"{output.name}.log")
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    return {"accuracy": results["test_accuracy"], "train_s": results.get("train_runtime")}


def run_peer(
    python: str, script: str, threads: int, task: Task, seed: int, model: pathlib.Path, work: pathlib.Path
) -> dict:
    output = work / f"peer.{task.name}.{seed}"
    command = [python, script, "--model", str(model), "--epochs", str(task.epochs), "--seed", str(seed)]
    for split in ("train", "test"):
        command += [f"--{split}", str(work / f"{task.name}.{split}.tsv")]
    command += ["--threads", str(threads), "--out", str(output)]
    command += ["--pair"] if task.pair else []
    lines_out = run_logged(command, work / f"{output.name}.log").splitlines()
    return json.loads(next(line for line in lines_out if line.startswith('{"train_s"')))


def read_results(path: pathlib.Path) -> Results:
    if not path.exists():
        return {}
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {(row["task"], row["epochs"], row["seed"]): row["accuracy"] for row in rows}


def complete(
    path: pathlib.Path, tasks: list[Task], seeds: list[int], run: Callable[[Task, int], dict] | None
) -> Results:
    """The results in `path`; runs that it lacks are made and appended, where there is a program for them."""
    results = read_results(path)
    for task in tasks:
        for seed in seeds:
            key = (task.name, task.epochs, seed)
            if key in results or run is None:
                continue
            row = {"task": task.name, "epochs": task.epochs, "seed": seed, **run(task, seed)}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            results[key] = row["accuracy"]
            print(f"{path.stem}: {task.name}, seed {seed}: {row['accuracy']:.4f}", file=sys.stderr)
    return results


def side(results: Results, task: Task, seeds: list[int]) -> tuple[str, float | None]:
    """The accuracy of each seed in percent, and their mean where all are there."""
    values = [results.get((task.name, task.epochs, seed)) for seed in seeds]
    texts = " ".join("-" if value is None else f"{100 * value:.2f}" for value in values)
    return texts, None if None in values else 100 * statistics.fmean(values)


def table(
    tasks: list[Task], rows: dict[str, tuple[int, int]], seeds: list[int], ours: Results, theirs: Results
) -> str:
    names = ", ".join(map(str, seeds))
    header = [
        "task",
        "rows (train / test)",
        "epochs",
        f"Bertune, seeds {names}",
        "mean",
        "peer, the same",
        "mean",
        "difference",
    ]
    out = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    differences = []
    for task in tasks:
        (our_texts, our_mean), (their_texts, their_mean) = side(ours, task, seeds), side(theirs, task, seeds)
        difference = "-"
        if our_mean is not None and their_mean is not None:
            differences.append(our_mean - their_mean)
            difference = f"{differences[-1]:+.2f}"
        means = ["-" if mean is None else f"{mean:.2f}" for mean in (our_mean, their_mean)]
        train, test = rows[task.name]
        cells = [
            task.title,
            f"{train:,} / {test:,}",
            str(task.epochs),
            our_texts,
            means[0],
            their_texts,
            means[1],
            difference,
        ]
        out.append("| " + " | ".join(cells) + " |")
    if differences:
        out.append(
            f"\nMean difference over {len(differences)} tasks: {statistics.fmean(differences):+.2f} points."
        )
    return "\n".join(out)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=pathlib.Path, required=True, help="folder that holds sst2/, trec/, mrpc/, rte/, cola/"
    )
    parser.add_argument(
        "--model", type=pathlib.Path, required=True, help="folder of the checkpoint to start from"
    )
    parser.add_argument(
        "--work", type=pathlib.Path, required=True, help="folder for prepared files, results and models"
    )
    parser.add_argument("--bertune", help="the program; without it only results in WORK are shown")
    parser.add_argument("--peer", help="the script that trains with Transformers; without it likewise")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs --peer")
    parser.add_argument("--threads", type=int, default=2, help="threads of the peer")
    parser.add_argument("--tasks", nargs="+", choices=[task.name for task in TASKS], help="default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[42, 43, 44])
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    model, work, seeds = arguments.model, arguments.work, arguments.seeds
    work.mkdir(parents=True, exist_ok=True)
    tasks = [task for task in TASKS if not arguments.tasks or task.name in arguments.tasks]
    rows = {task.name: prepare(task, arguments.data, work) for task in tasks}

    def ours(task: Task, seed: int) -> dict:
        return run_bertune(arguments.bertune, task, seed, model, work)

    def theirs(task: Task, seed: int) -> dict:
        return run_peer(arguments.python, arguments.peer, arguments.threads, task, seed, model, work)

    our_results = complete(work / "results.bertune.jsonl", tasks, seeds, ours if arguments.bertune else None)
    peer_results = complete(work / "results.peer.jsonl", tasks, seeds, theirs if arguments.peer else None)
    print(table(tasks, rows, seeds, our_results, peer_results))


if __name__ == "__main__":
    main()
