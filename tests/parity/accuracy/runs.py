"""One run of either side, and the results of all runs, kept so that what is there is not run again."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tasks import Task

Results = dict[tuple[str, int, int], dict]  # by task, epochs and seed

PEER = pathlib.Path(__file__).resolve().parents[1] / "peer_trainer.py"


@dataclass(frozen=True)
class Setting:
    model: pathlib.Path
    work: pathlib.Path
    threads: int


def words(options: dict[str, object]) -> list[str]:
    return [str(word) for option in options.items() for word in option]


def run_logged(command: list[str], log: pathlib.Path) -> str:
    """The command's standard output; its standard error, progress and warnings, goes to a file."""
    with log.open("w", encoding="utf-8") as errors:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}; see {log}")
    return done.stdout


def run_bertune(program: str, task: Task, seed: int, setting: Setting) -> dict:
    output = setting.work / f"bertune.{task.name}.{seed}"
    options = {
        "--model": setting.model,
        "--output": output,
        "--train": task.file(setting.work, "train"),
        "--test": task.file(setting.work, "test"),
        "--epochs": task.epochs,
        "--seed": seed,
        "--batch-size": task.batch,
        "--max-length": task.max_length,
        "--learning-rate": "5e-5",
        "--warmup-ratio": 0,
        "--weight-decay": 0,
        "--max-grad-norm": 1,
        "--validation-split": 0,  # all rows are trained on, and the last epoch counts, as on the other side
        "--precision": "fp32",
        "--threads": setting.threads,
    }
    if task.is_text:
        options |= {"--format": "tsv", "--text-column": 1}
        options |= {"--text-pair-column": 2, "--label-column": 3} if task.pair else {"--label-column": 2}
    else:
        options["--task"] = task.kind
    if task.kind in ("multi-label", "regression"):
        options["--problem-type"] = {"multi-label": "multi_label_classification"}.get(task.kind, task.kind)
    switches = ["--overwrite", *(["--no-header"] if task.is_text else [])]
    run_logged([program, "train", *words(options), *switches], setting.work / f"{output.name}.log")
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    metrics = {name: results[f"test_{name}"] for name in task.metrics}
    return {**metrics, "train_s": results["train_runtime"]}


def run_peer(python: str, task: Task, seed: int, setting: Setting) -> dict:
    output = setting.work / f"peer.{task.name}.{seed}"
    options = {
        "--task": task.kind,
        "--model": setting.model,
        "--out": output,
        "--train": task.file(setting.work, "train"),
        "--test": task.file(setting.work, "test"),
        "--epochs": task.epochs,
        "--seed": seed,
        "--batch": task.batch,
        "--max-length": task.max_length,
        "--lr": "5e-5",
        "--threads": setting.threads,
    }
    switches = ["--fused", *(["--pair"] if task.pair else [])]  # the Trainer's own optimizer by default
    command = [python, str(PEER), *words(options), *switches]
    printed = run_logged(command, setting.work / f"{output.name}.log").splitlines()
    return json.loads(next(line for line in printed if line.startswith('{"train_s"')))


def read_results(path: pathlib.Path) -> Results:
    if not path.exists():
        return {}
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {(row["task"], row["epochs"], row["seed"]): row for row in rows}


def complete(path: pathlib.Path, task: Task, seed: int, run: Callable[[Task, int], dict]) -> None:
    """Makes the run and appends its result to the file, unless it is there."""
    if (task.name, task.epochs, seed) in read_results(path):
        return
    row = {"task": task.name, "epochs": task.epochs, "seed": seed, **run(task, seed)}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    metrics = ", ".join(f"{name} {row[name]:.4f}" for name in task.metrics)
    print(f"{path.stem}: {task.name}, seed {seed}: {metrics}", file=sys.stderr, flush=True)
