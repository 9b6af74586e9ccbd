"""Fine-tunes the same checkpoint on the same rows with Bertune and with the peer, in turn, and compares the cost.

usage: train_speed.py --model DIR --data FILE.tsv --peer TRAIN_HF.PY [--bertune PROGRAM] [--python PYTHON]
                      [--limit ROWS] [--repeat N | --quick] [--grouped] [--threads N] [--json FILE]

The rows are text TAB label, without a header. Both sides train one epoch, batch 32, learning rate 5e-5, at most 128
tokens, the peer with its Trainer's defaults; --grouped adds the peer at its best, with batches of similar length. The
runs alternate, so that a machine that slows down slows both. Shown are medians: real tokens a second (padding is not
counted) of the training loop alone, and the peak memory of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass

BATCH_SIZE, LEARNING_RATE, MAX_LENGTH = 32, 5e-5, 128
FLAGS = ["avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16"]


@dataclass(frozen=True)
class Run:
    tokens_per_second: float
    seconds: float
    peak_mib: float


def machine(threads: int) -> dict[str, str | int]:
    listing = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(":", 1) for line in listing.splitlines() if ":" in line)
    flags = fields.get("Flags", "").split()
    return {
        "model": fields.get("Model name", "unknown").strip(),
        "instruction_sets": " ".join(flag for flag in FLAGS if flag in flags),
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads,
    }


def run(command: list[object]) -> str:
    """The command's standard output; where it fails, what it said is shown."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_bertune(arguments: argparse.Namespace, train: pathlib.Path, work: pathlib.Path) -> Run:
    output = work / "bertune"
    options = {
        "--model": arguments.model,
        "--train": train,
        "--output": output,
        "--format": "tsv",
        "--text-column": 1,
        "--label-column": 2,
        "--validation-split": 0,
        "--epochs": 1,
        "--batch-size": BATCH_SIZE,
        "--learning-rate": LEARNING_RATE,
        "--max-length": MAX_LENGTH,
        "--warmup-ratio": 0,
        "--weight-decay": 0,
        "--threads": arguments.threads,
    }
    flat = [word for option in options.items() for word in option]
    run([arguments.bertune, "train", "--no-header", "--overwrite", *flat])
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    return Run(results["train_tokens_per_second"], results["train_runtime"], results["train_peak_rss_mib"])


def run_peer(arguments: argparse.Namespace, train: pathlib.Path, work: pathlib.Path, *more: str) -> Run:
    # The peer wants rows to test on; few, for that is no part of what is measured.
    test = work / "test.tsv"
    test.write_bytes(b"".join(train.read_bytes().splitlines(keepends=True)[:32]))
    options = {
        "--model": arguments.model,
        "--train": train,
        "--test": test,
        "--batch": BATCH_SIZE,
        "--lr": LEARNING_RATE,
        "--max-length": MAX_LENGTH,
        "--threads": arguments.threads,
        "--out": work / "peer",
    }
    flat = [word for option in options.items() for word in option]
    results = json.loads(run([arguments.python, arguments.peer, *flat, *more]).splitlines()[-1])
    return Run(results["tokens_per_s"], results["train_s"], results["rss_mib"])


def median(runs: list[Run]) -> Run:
    columns = zip(*(asdict(one).values() for one in runs), strict=True)
    return Run(*(statistics.median(column) for column in columns))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of a BERT checkpoint")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="rows of text TAB label, no header")
    parser.add_argument("--peer", type=pathlib.Path, required=True, help="the script that trains with Transformers")
    parser.add_argument("--bertune", type=pathlib.Path, default=pathlib.Path("build/bertune"))
    parser.add_argument("--python", default=sys.executable, help="the Python that runs --peer")
    parser.add_argument("--limit", type=int, help="rows to train on (default: 2000; with --quick 640)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each side")
    parser.add_argument("--quick", action="store_true", help="one run of each side")
    parser.add_argument("--grouped", action="store_true", help="also the peer with batches of similar length")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path, help="also write all runs to this file")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeat = 1
    if arguments.limit is None:
        arguments.limit = 640 if arguments.quick else 2000
    return arguments


def main() -> None:
    arguments = parse_arguments()
    sides: dict[str, Callable[[pathlib.Path, pathlib.Path], Run]] = {
        "bertune": lambda train, work: run_bertune(arguments, train, work),
        "peer": lambda train, work: run_peer(arguments, train, work),
    }
    if arguments.grouped:
        sides["peer, grouped"] = lambda train, work: run_peer(arguments, train, work, "--group-by-length")
    runs: dict[str, list[Run]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        train = work / "train.tsv"
        rows = arguments.data.read_bytes().split(b"\n")[: arguments.limit]
        train.write_bytes(b"\n".join(row for row in rows if row) + b"\n")
        for _ in range(arguments.repeat):
            for side, measure in sides.items():
                runs[side].append(measure(train, work))

    here = machine(arguments.threads)
    print(f"{here['model']}, {here['cores']} cores, {here['threads']} threads, {here['instruction_sets']}")
    print(f"{arguments.model.name}, {len([row for row in rows if row])} rows, median of {arguments.repeat}")
    print(f"{'':15} {'tokens/s':>9} {'train s':>9} {'peak MiB':>9}")
    medians = {side: median(of_side) for side, of_side in runs.items()}
    for side, cost in medians.items():
        print(f"{side:15} {cost.tokens_per_second:9.0f} {cost.seconds:9.1f} {cost.peak_mib:9.0f}")
    ours = medians.pop("bertune")
    for side, cost in medians.items():
        faster, memory = ours.tokens_per_second / cost.tokens_per_second, ours.peak_mib / cost.peak_mib
        print(f"bertune against {side}: {faster:.2f} times as fast, in {memory:.2f} of the memory")
    if arguments.json:
        report = {"machine": here, "rows": arguments.limit, "runs": {s: [asdict(r) for r in runs[s]] for s in runs}}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
