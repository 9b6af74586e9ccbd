#!/usr/bin/env python3
"""Training by several ranks on one machine, beside one process with as many threads; and on links that are emulated.

    bench/distributed.py --program build/bertune --model MODEL --data DATA

Prints tokens per second and ratios, medians of some runs in turn; then the time of a step with links of 1, 2.5 and
10 Gbit/s beside that of the model of `bertune inspect --network`, for which a step without such a link gives the time
that is computed. Skipped where mpirun or the library with MPI is missing."""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

LINKS = ("50,0.94", "50,2.34", "30,9.4")  # microseconds and Gbit/s
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]
if os.geteuid() == 0:
    MPIRUN.append("--allow-run-as-root")


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work

    # Returns tokens per second, and seconds per step.
    def train(self, data, ranks, threads, *more, link=None):
        steps = self.options.steps
        output = self.work / "run"
        command = [self.options.program, "train", "--model", self.options.model, "--train", data, "--output", output,
                   "--overwrite", "--max-steps", steps, "--batch-size", 32, "--threads", threads, "--max-train-rows",
                   32 * steps, "--validation-split", 0, "--no-baselines", "--silent", *more]
        if ranks > 1:
            command = [*MPIRUN, "-n", ranks, *command]
        environment = {**os.environ, **({"BERTUNE_EMULATED_LINK": link} if link else {})}
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise SystemExit(f"bench-distributed: {' '.join(map(str, command))}\n{done.stderr}")
        results = json.loads((output / "train_results.json").read_text())
        return results["train_tokens_per_second"], results["train_runtime"] / steps

    def compare(self, name, data):
        ways = {"1 process, 2 threads": (1, 2), "2 ranks, 2 shards": (2, 1, "--shards", 2),
                "2 ranks, 2 shards, --shard-optimizer": (2, 1, "--shards", 2, "--shard-optimizer"),
                "2 ranks, 8 shards": (2, 1, "--shards", 8)}
        speeds = {way: [] for way in ways}
        for _ in range(self.options.runs):
            for way, arguments in ways.items():
                speeds[way].append(self.train(data, *arguments)[0])
        first = statistics.median(speeds["1 process, 2 threads"])
        for way, of_runs in speeds.items():
            speed = statistics.median(of_runs)
            print(f"{name:10} {way:38} {speed:8,.0f} tokens/s  {speed / first:5.2f}", flush=True)

    # Returns the seconds for which a step waits for a link, as the program predicts them.
    def predicted(self, link, computing):
        command = [self.options.program, "inspect", self.options.model, "--network", "--batch-size", "16",
                   "--tokens", "14", "--link", link, "--machines", "2", "--step-seconds", str(computing), "--json"]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return json.loads(out)["links"][0]["scaling"][0]["waiting_seconds"]

    def links(self, data):
        def step(link):
            return statistics.median(self.train(data, 2, 1, "--shards", 2, link=link)[1] for _ in range(self.options.runs))

        computing = step(None)
        print(f"{'no link':>8}: {computing * 1e3:6.0f} ms a step", flush=True)
        for link in LINKS:
            measured, model = step(link), computing + self.predicted(link, computing)
            print(f"{link:>8}: {measured * 1e3:6.0f} ms a step, {model * 1e3:.0f} ms by the model "
                  f"({100 * (measured / model - 1):+.0f}%)", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/bertune")
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    library = pathlib.Path(options.program).resolve().parent / "libbertune_mpi.so"
    if shutil.which("mpirun") is None or not library.exists():
        print("bench-distributed: skipped, for mpirun or libbertune_mpi.so is not here", file=sys.stderr)
        return
    sets = {"AG News": options.data / "ag_news/test.csv", "SST-2": options.data / "sst2/train.tsv"}
    sets = {name: path for name, path in sets.items() if path.exists()}
    if not sets:
        sets = {"tickets": pathlib.Path(__file__).resolve().parent.parent / "examples/support_tickets/train.csv"}
    with tempfile.TemporaryDirectory(prefix="bertune-ranks-") as work:
        bench = Bench(options, pathlib.Path(work))
        for name, data in sets.items():
            bench.compare(name, data)
        bench.links([*sets.values()][-1])


if __name__ == "__main__":
    main()
