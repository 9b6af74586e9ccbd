"""What prediction in bf16 and in int8 costs in accuracy: test metrics of the same weights, as a Markdown table.

usage: python3 tests/parity/accuracy/precisions.py --data DIR --model DIR --work DIR --bertune PROGRAM
                                                   [--tasks sst2 squad1 ...] [--precisions int8 ...] [--threads 2]

Each task is trained once, as __main__.py does with the first of its seeds, unless WORK holds that model. "Same" is the
share of the test rows whose answer (label, answer text) is that of fp32, or of the words whose tag is.
"""

from __future__ import annotations

import argparse
import json
import pathlib

from runs import Setting, run_bertune, run_logged
from tasks import TASKS, Task, prepare

SEED = 42
UNTRAINED = {"goemotions"}  # as long as all others together
NOT_AN_ANSWER = {"truncated", "no_answer_score", "scores"}


def columns(task: Task) -> list[str]:
    """Where the texts are: the prepared files have no header."""
    if not task.is_text:
        return []
    pair = ["--text-pair-column", "2"] if task.pair else []
    label = "3" if task.pair else "2"
    return ["--format", "tsv", "--no-header", "--text-column", "1", *pair, "--label-column", label]


def answer(value: object) -> object:
    """A prediction without its scores."""
    if isinstance(value, dict):
        return {
            key: answer(item) for key, item in value.items() if not isinstance(item, float) and key not in NOT_AN_ANSWER
        }
    if isinstance(value, list):
        return [answer(item) for item in value]
    return value


def evaluate(program: str, task: Task, folder: pathlib.Path, setting: Setting, precision: str) -> dict:
    test = task.file(setting.work, "test")
    shared = ["--model", str(folder), "--precision", precision, "--threads", str(setting.threads), *columns(task)]
    log = setting.work / f"{task.name}.{precision}.log"
    printed = run_logged([program, "evaluate", *shared, "--test", str(test), "--json"], log)
    metrics = json.loads(printed)
    predictions = run_logged([program, "predict", *shared, str(test)], log)
    answers = [answer(json.loads(line)) for line in predictions.splitlines()]
    return {"metrics": metrics, "answers": answers}


def metric_of(metrics: dict, name: str) -> float:
    return next(float(value) for key, value in metrics.items() if key.removeprefix("test_") == name)


def measure(task: Task, arguments: argparse.Namespace, setting: Setting) -> list[str]:
    folder = setting.work / f"bertune.{task.name}.{SEED}"
    if not (folder / "all_results.json").exists():
        run_bertune(arguments.bertune, task, SEED, setting)
    exact = evaluate(arguments.bertune, task, folder, setting, "fp32")
    name = task.metrics[-1] if task.kind != "token-classification" else "accuracy"
    scale = 1 if task.is_percent else 100
    cells = [task.title, name, f"{scale * metric_of(exact['metrics'], name):.2f}"]
    for precision in arguments.precisions:
        found = evaluate(arguments.bertune, task, folder, setting, precision)
        sides = (exact["answers"], found["answers"])
        if task.kind == "token-classification":
            sides = tuple([tag for row in side for tag in row["tags"]] for side in sides)
        pairs = list(zip(*sides, strict=True))
        same = sum(a == b for a, b in pairs) / len(pairs)
        value = metric_of(found["metrics"], name)
        change = scale * (value - metric_of(exact["metrics"], name))
        cells += [f"{scale * value:.2f}", f"{change:+.2f}", "" if task.kind == "regression" else f"{100 * same:.2f}%"]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--data", "--model", "--work"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--bertune", required=True, help="the program")
    parser.add_argument("--tasks", nargs="+", choices=[task.name for task in TASKS], help="default: all but goemotions")
    parser.add_argument("--precisions", nargs="+", default=["bf16", "int8"], choices=["bf16", "int8"])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    setting = Setting(arguments.model, arguments.work, arguments.threads)
    names = arguments.tasks or [task.name for task in TASKS if task.name not in UNTRAINED]
    header = ["task", "metric", "fp32", *(cell for p in arguments.precisions for cell in (p, "difference", "same"))]
    print("| " + " | ".join(header) + " |")
    print("| " + " | ".join(["---"] * len(header)) + " |")
    for task in (task for task in TASKS if task.name in names):
        prepare(task, arguments.data, setting.work)
        print("| " + " | ".join(measure(task, arguments, setting)) + " |", flush=True)


if __name__ == "__main__":
    main()
