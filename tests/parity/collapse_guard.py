"""Forces trainings to collapse, and looks whether the guard notices; and whether it is silent where training is healthy.

usage: collapse_guard.py --program BERTUNE --model DIR [--seeds 10] [--rows 2000] [--data DIR]

Each seed is trained with a learning rate of 1e-2, and with 1e-3 without warm-up, and stops where the guard says so. What it does
not stop must have learned something: be better on the validation rows than the most frequent label by five points. Then each
seed is trained with an ordinary rate, and the guard must say nothing. The rows are the support tickets of examples/, or those of
SST-2 in DIR. Exits with 1 where a collapse is missed, is noticed after a fifth of the steps, or is reported of a healthy run.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORCED = [("rate 1e-2", ["--learning-rate", "1e-2"]), ("rate 1e-3, no warm-up", ["--learning-rate", "1e-3", "--warmup-ratio", "0"])]
LATEST, LEARNED = 0.2, 0.05


def train(options: argparse.Namespace, output: pathlib.Path, seed: int, more: list[str]) -> subprocess.CompletedProcess:
    command = [options.program, "train", "--model", options.model, "--output", output, "--seed", str(seed), "--batch-size", "16",
               "--epochs", str(options.epochs), "--quiet", *options.files, *more]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def step_of(message: str) -> float | None:
    """Where the guard spoke, as a share of all steps."""
    found = re.search(r"step (\d+) of (\d+): training has collapsed|step (\d+) of (\d+): the (?:loss|gradient)", message)
    if not found:
        return None
    step, steps = (float(number) for number in found.groups() if number)
    return step / steps


def learned(folder: pathlib.Path) -> bool:
    table = json.loads((folder / "predictions.json").read_text())["sets"]["validation"]["rows"]
    labels = [row["label"] for row in table]
    majority = max(map(labels.count, set(labels))) / len(labels)
    return json.loads((folder / "eval_results.json").read_text())["eval_accuracy"] >= majority + LEARNED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--rate", default="5e-5", help="of the healthy runs")
    parser.add_argument("--data", type=pathlib.Path)
    options = parser.parse_args()
    sst2 = options.data / "sst2" if options.data else None
    if sst2 and sst2.is_dir():
        options.files = ["--train", sst2 / "train.tsv", "--max-train-rows", options.rows, "--validation", sst2 / "dev.tsv"]
    else:
        tickets = ROOT / "examples" / "support_tickets"
        options.files = ["--train", tickets / "train.csv", "--validation", tickets / "validation.csv"]
    failed = False
    with tempfile.TemporaryDirectory() as work:
        for name, more in FORCED:
            steps, healthy, missed = [], 0, 0
            for seed in range(42, 42 + options.seeds):
                output = pathlib.Path(work) / f"{name}-{seed}"
                result = train(options, output, seed, ["--on-collapse", "stop", *more])
                step = step_of(result.stderr)
                if step is not None:
                    steps.append(step)
                elif result.returncode == 0 and learned(output):
                    healthy += 1
                else:
                    missed += 1
                    print(result.stderr, file=sys.stderr)
            latest = max(steps, default=0)
            print(f"{name}: {len(steps)} of {options.seeds} stopped, after {latest:.0%} of the steps at the latest; "
                  f"{healthy} did not collapse, {missed} missed", flush=True)
            failed |= missed > 0 or latest > LATEST
        alarms = 0
        for seed in range(42, 42 + options.seeds):
            result = train(options, pathlib.Path(work) / f"healthy-{seed}", seed, ["--learning-rate", options.rate])
            alarms += step_of(result.stderr) is not None
        print(f"rate {options.rate}: {alarms} false alarms in {options.seeds} runs")
        failed |= alarms > 0
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
