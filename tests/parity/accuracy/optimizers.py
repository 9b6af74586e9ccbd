"""Fine-tunes on SST-2 with every optimizer, each with settings that suit it, and prints a Markdown table.

usage: python3 tests/parity/accuracy/optimizers.py --data DIR --model DIR --work DIR --bertune PROGRAM
                                                   [--threads 1] [--seed 42] [--only adamw lion ...]

One epoch over 3,000 rows in batches of 32, but for the two that want the whole data set in a batch: they get
1,000 rows, and several steps. Results are kept in WORK/optimizers.jsonl and not run again. Exits with 1 where a
model is not clearly better than the majority class.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from dataclasses import dataclass

from runs import run_logged, words
from tasks import TASKS, prepare

CLEARLY_BETTER = 0.70  # half of the test rows are positive
ROWS, FEW_ROWS = 3000, 1000


@dataclass(frozen=True)
class Way:
    optimizer: str
    learning_rate: str
    options: str = ""  # --optim-args
    epochs: int = 1
    batch: int = 32
    accumulation: int = 1
    rows: int = ROWS
    schedule: str = "linear"

    @property
    def command(self) -> dict[str, object]:
        return {
            "--optimizer": self.optimizer,
            "--learning-rate": self.learning_rate,
            "--epochs": self.epochs,
            "--batch-size": self.batch,
            "--gradient-accumulation-steps": self.accumulation,
            "--max-train-rows": self.rows,
            "--schedule": self.schedule,
        } | ({"--optim-args": self.options} if self.options else {})

    @property
    def settings(self) -> str:
        default = {"--optimizer": self.optimizer, "--epochs": 1, "--batch-size": 32}
        default |= {"--gradient-accumulation-steps": 1, "--max-train-rows": ROWS, "--schedule": "linear"}
        return " ".join(words({k: v for k, v in self.command.items() if default.get(k) != v}))


WAYS = [
    Way("adamw", "1e-4"),
    Way("adam", "1e-4", "weight_decay=0"),
    Way("nadam", "1e-4"),
    Way("radam", "1e-3"),
    Way("adamax", "5e-4"),
    Way("lamb", "3e-3"),
    Way("lion", "2e-5"),
    Way("muon", "2e-4", "adjust_lr_fn=match_rms_adamw"),
    Way("adafactor", "1e-2"),
    Way("sgd", "5e-2", "momentum=0.9"),
    Way("asgd", "5e-1"),
    Way("adagrad", "1e-3"),
    Way("rmsprop", "5e-5"),
    Way("adadelta", "1"),
    Way("sparse_adam", "1e-4"),
    Way("rprop", "3e-4", epochs=12, batch=125, accumulation=8, rows=FEW_ROWS, schedule="constant"),
    Way("lbfgs", "1", "line_search_fn=strong_wolfe,max_iter=4", epochs=4, batch=FEW_ROWS, rows=FEW_ROWS),
]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "model", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--bertune", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--only", nargs="+", choices=[way.optimizer for way in WAYS])
    return parser.parse_args()


def run(way: Way, arguments: argparse.Namespace) -> dict:
    output = arguments.work / f"optimizer.{way.optimizer}"
    options = {
        **way.command,
        "--model": arguments.model,
        "--output": output,
        "--train": arguments.work / "sst2.train.tsv",
        "--test": arguments.work / "sst2.test.tsv",
        "--format": "tsv",
        "--text-column": 1,
        "--label-column": 2,
        "--validation-split": 0,
        "--precision": "fp32",
        "--seed": arguments.seed,
        "--threads": arguments.threads,
    }
    command = [arguments.bertune, "train", *words(options), "--no-header", "--overwrite"]
    run_logged(command, arguments.work / f"{output.name}.log")
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    return {key: results[key] for key in ("train_loss", "test_loss", "test_accuracy", "train_runtime")}


def main() -> None:
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    prepare(next(task for task in TASKS if task.name == "sst2"), arguments.data, arguments.work)
    kept = arguments.work / "optimizers.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    for way in WAYS:
        key = {"optimizer": way.optimizer, "settings": way.settings, "seed": arguments.seed}
        if arguments.only and way.optimizer not in arguments.only or any(key.items() <= row.items() for row in rows):
            continue
        rows.append({**key, **run(way, arguments)})
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows[-1]) + "\n")
        print(f"{way.optimizer}: {rows[-1]['test_accuracy']:.3f}", file=sys.stderr, flush=True)

    print("| optimizer | settings | training loss | test accuracy, % |\n| --- | --- | --- | --- |")
    chosen = {(way.optimizer, way.settings) for way in WAYS}
    shown = [row for row in rows if (row["optimizer"], row["settings"]) in chosen and row["seed"] == arguments.seed]
    for row in shown:
        accuracy = f"{100 * row['test_accuracy']:.1f}"
        print(f"| `{row['optimizer']}` | `{row['settings']}` | {row['train_loss']:.3f} | {accuracy} |")
    sys.exit(any(row["test_accuracy"] < CLEARLY_BETTER for row in shown))


if __name__ == "__main__":
    main()
