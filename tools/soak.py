#!/usr/bin/env python3
"""Hours of what a user may do: runs that are killed and resumed, predictions and evaluations, over and over.

    tools/soak.py --program build/bertune --time 60        (minutes)

Two processes live all the time: one that predicts what arrives on its standard input, and one that trains,
evaluates and saves. Their memory and open files may not grow, nor may the files in the folders of any run.
Beside them runs are killed at random moments and resumed until they have finished: their weights, predictions
and metrics must be those of a run that nobody disturbed."""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "examples/models/small-bert"
TICKETS = ROOT / "examples/support_tickets"
TEXTS = ["where is my parcel?", "please pause my box", "i want my money back", "the app crashes when i log in"]
UNFINISHED = re.compile(r"\.tmp-\d+|\.replacing$|\.lock$|\.moving$")


class Soak:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.random = random.Random(1)
        self.kills = self.runs = self.lines = 0
        self.seen = {}  # what is watched, and all that was seen of it

    def see(self, what, value):
        self.seen.setdefault(what, []).append(value)

    def command(self, *arguments):
        return [self.program, *map(str, arguments)]

    def train(self, output, *more):
        return self.command(
            "train", "--model", MODEL, "--train", TICKETS / "train.csv", "--validation", TICKETS / "validation.csv",
            "--output", output, "--threads", 1, "--batch-size", 8, "--max-train-rows", 80, "--max-eval-rows", 16,
            "--seed", 7, "--quiet", *more)

    def run(self, command):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SystemExit(f"soak: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    # The result of a run: its weights, and what it says of texts and of a test set.
    def result(self, output):
        texts = self.work / "texts.txt"
        texts.write_text("\n".join(TEXTS) + "\n")
        predicted = self.run(self.command("predict", "--model", output, "--threads", 1, texts))
        metrics = json.loads(self.run(self.command(
            "evaluate", "--model", output, "--test", TICKETS / "test.csv", "--threads", 1, "--json")))
        steady = {key: value for key, value in metrics.items() if "per_second" not in key and "runtime" not in key}
        return (output / "model.safetensors").read_bytes(), predicted, steady

    def short_run(self, output, *more):
        return self.train(output, "--max-steps", 12, "--save-steps", 3, *more)

    # A run that is killed at random moments, until it has finished.
    def killed_run(self, seconds):
        output = self.work / "killed"
        command = self.short_run(output, "--overwrite")
        while True:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            try:
                _, errors = process.communicate(timeout=self.random.uniform(0, 1.2 * seconds))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.kills += 1
            else:
                if process.returncode != 0:
                    raise SystemExit(f"soak: a resumed run ended with {process.returncode}:\n{errors}")
                break
            command = self.short_run(output, "--resume")
        self.runs += 1
        left = [path.name for path in (*output.rglob("*"), *self.work.iterdir()) if UNFINISHED.search(path.name)
                and not (self.work / "endless") in path.parents]
        if left:
            raise SystemExit(f"soak: a finished run left {left}")
        self.see("files of a finished run", sum(1 for _ in output.rglob("*")))
        return output

    # What a process that lives on has in memory, and open.
    def watch(self, name, process):
        if process.poll() is not None:
            raise SystemExit(f"soak: the process that {name} ended with {process.returncode}")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        self.see(f"{name}: KiB in memory", int(re.search(r"VmRSS:\s+(\d+)", status).group(1)))
        self.see(f"{name}: open files", len(os.listdir(f"/proc/{process.pid}/fd")))

    # The end is compared with the beginning, once all is warm.
    def growth(self):
        grown = []
        for what, values in sorted(self.seen.items()):
            part = max(1, len(values) // 5)
            first, last = (statistics.median(values[at:at + part]) for at in (part, len(values) - part))
            print(f"  {what}: {len(values)} times, {first:g} at first, {last:g} in the end, {max(values)} at most")
            if last > first * 1.05 + (2048 if "KiB" in what else 0):
                grown.append(what)
        return grown

    def go(self, seconds):
        began = time.monotonic()
        whole = self.work / "whole"
        self.run(self.short_run(whole))
        duration = time.monotonic() - began
        reference = self.result(whole)
        predicting = subprocess.Popen(self.command("predict", "--model", whole, "--threads", 1, "-"),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        training = subprocess.Popen(self.train(self.work / "endless", "--max-steps", 10 ** 7, "--save-steps", 20,
                                               "--eval-steps", 20, "--logging-steps", 1000),
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while time.monotonic() - began < seconds:
                if self.result(self.killed_run(duration)) != reference:
                    raise SystemExit("soak: a run that was killed and resumed has another result")
                for _ in range(50):
                    predicting.stdin.write("\n".join(TEXTS) + "\n")
                    predicting.stdin.flush()
                    answers = "".join(predicting.stdout.readline() for _ in TEXTS)
                    self.lines += len(TEXTS)
                    if answers != reference[1]:
                        raise SystemExit(f"soak: other predictions: {answers}")
                self.watch("predicts", predicting)
                self.watch("trains", training)
                self.see("files of the run that trains", len(list((self.work / "endless").iterdir())))
        finally:
            for process in (predicting, training):
                process.kill()
                process.wait()
        print(f"soak: {(time.monotonic() - began) / 60:.1f} minutes, {self.runs} runs finished after {self.kills} kills, "
              f"{self.lines} lines predicted by one process")
        if grown := self.growth():
            raise SystemExit(f"soak: has grown: {', '.join(grown)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--time", type=float, default=60, help="minutes (default: %(default)s)")
    arguments = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="bertune-soak-"))
    try:
        Soak(str(pathlib.Path(arguments.program).resolve()), work).go(60 * arguments.time)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
