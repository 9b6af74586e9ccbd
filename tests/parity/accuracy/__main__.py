"""Test results of fine-tuning with Bertune and with Transformers' Trainer, side by side, as a Markdown table.

usage: python3 tests/parity/accuracy --data DIR --model DIR --work DIR [--bertune PROGRAM] [--python PYTHON]
                                     [--tasks sst2 stsb ...] [--seeds 42 43 44] [--threads 1]

Both sides read the same prepared files with the same settings: f32, batch 32, learning rate 5e-5 falling
linearly to 0 without warm-up, no weight decay, clipping at 1, at most 128 tokens; question answering with
batch 12, at most 384 tokens, stride 128. PYTHON runs tests/parity/peer_trainer.py, and needs what it imports.
Results are kept in WORK/results.{bertune,peer}.jsonl, one JSON object a run; what is there is not run again.
A side without its program shows only what is there. All tasks are run with one seed before the next.
"""

from __future__ import annotations

import argparse
import pathlib

from report import table
from runs import Setting, complete, read_results, run_bertune, run_peer
from tasks import TASKS, Task, prepare


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=pathlib.Path, required=True, help="folder that holds sst2/, trec/, stsb/, squad/, ..."
    )
    parser.add_argument(
        "--model", type=pathlib.Path, required=True, help="folder of the checkpoint to start from"
    )
    parser.add_argument(
        "--work", type=pathlib.Path, required=True, help="folder for prepared files, results and models"
    )
    parser.add_argument("--bertune", help="the program; without it only results in WORK are shown")
    parser.add_argument("--python", help="the Python that has Transformers; without it likewise")
    parser.add_argument("--threads", type=int, default=2, help="of both sides")
    parser.add_argument("--tasks", nargs="+", choices=[task.name for task in TASKS], help="default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[42, 43, 44])
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    work, seeds = arguments.work, arguments.seeds
    work.mkdir(parents=True, exist_ok=True)
    setting = Setting(arguments.model, work, arguments.threads)
    tasks = [task for task in TASKS if not arguments.tasks or task.name in arguments.tasks]
    rows = {task.name: prepare(task, arguments.data, work) for task in tasks}

    def ours(task: Task, seed: int) -> dict:
        return run_bertune(arguments.bertune, task, seed, setting)

    def theirs(task: Task, seed: int) -> dict:
        return run_peer(arguments.python, task, seed, setting)

    paths = [work / f"results.{side}.jsonl" for side in ("bertune", "peer")]
    for seed in seeds:
        for task in tasks:
            if arguments.bertune:
                complete(paths[0], task, seed, ours)
            if arguments.python:
                complete(paths[1], task, seed, theirs)
    print(table(tasks, rows, seeds, *map(read_results, paths)))


if __name__ == "__main__":
    main()
