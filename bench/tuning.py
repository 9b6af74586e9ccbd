"""What `bertune tune` gains over its default settings on test rows, whether it keeps its time, and what memory it takes.

    bench/tuning.py --program build/bertune --model .cache/all-MiniLM-L6-v2 --data FOLDER --budget 180 \\
        --peer .cache/peer/bin/python

FOLDER is that of labeled_sets.py. Validation rows are a fifth of the training rows, the same for all. The default settings
are those of `train` with a learning rate for the model (--rate); difference and error are those of `bertune compare`.
With --peer, a Python with optuna searches as long with the Transformers Trainer.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import tempfile

from labeled_sets import Rows, asked, parser, run, shuffled, write

PEER = pathlib.Path(__file__).with_name("tuning_optuna.py")


def measured(folder: pathlib.Path, *command: object) -> tuple[float, float]:
    """Seconds of the command, and its memory at most in MiB."""
    usage = folder / "usage"
    run("/usr/bin/time", "-f", "%e %M", "-o", usage, *command)
    seconds, kibibytes = usage.read_text().split()[-2:]
    return float(seconds), int(kibibytes) / 1024


def compare(arguments: argparse.Namespace, name: str, rows: Rows, test: Rows, folder: pathlib.Path) -> None:
    held_out = len(rows) // 5
    write(folder / "validation.csv", rows[:held_out])
    write(folder / "train.csv", rows[held_out:])
    write(folder / "test.csv", test)
    files = [folder / f"{part}.csv" for part in ("train", "validation", "test")]
    options = ["--model", arguments.model, "--train", files[0], "--validation", files[1], "--test", files[2],
               "--text-column", "text", "--label-column", "label", "--learning-rate", arguments.rate, "--no-baselines",
               "--no-explanations", "--silent", "--overwrite"]
    default, tuned = folder / "default", folder / "tuned"
    seconds, memory = measured(folder, arguments.program, "train", *options, "--output", default)
    taken, most = measured(folder, arguments.program, "tune", *options, "--output", tuned, "--budget",
                           f"{arguments.budget}s")
    search = json.loads((tuned / "tuning.json").read_text())
    found = json.loads(run(arguments.program, "compare", default, tuned, "--json"))["comparisons"][0]
    low, high = (100 * bound for bound in found["interval"])
    line = (f"{name:8} default {100 * found['first_value']:5.1f}% in {seconds:4.0f} s  "
            f"tuned {100 * found['second_value']:5.1f}% ({100 * found['difference']:+.1f}, {low:+.1f} to {high:+.1f})  "
            f"{len(search['trials'])} trials, trial {search['winner']}  {taken:4.0f} of {arguments.budget} s  "
            f"memory x{most / memory:.2f}")
    if arguments.peer:
        told = json.loads(run(arguments.peer, PEER, arguments.model, *files, arguments.rate,
                              arguments.budget).splitlines()[-1])
        line += f"  optuna {100 * told['accuracy']:5.1f}%, {told['trials']} trials, {told['seconds']:.0f} s"
    print(line, flush=True)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=1500, help="of a set, at most")
    options.add_argument("--budget", type=int, default=180, help="seconds")
    options.add_argument("--rate", default="1e-4", help="learning rate of the default settings")
    options.add_argument("--peer", help="a Python with optuna; left out: only bertune is measured")
    arguments = options.parse_args()
    for name, train, test in asked(arguments):
        with tempfile.TemporaryDirectory() as scratch:
            compare(arguments, name, shuffled(train, arguments.rows), test, pathlib.Path(scratch))


if __name__ == "__main__":
    main()
