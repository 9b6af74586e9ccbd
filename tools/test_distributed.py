#!/usr/bin/env python3
"""Several processes under mpirun on one machine: the same bytes for any number of them, whatever happens to one.

    tools/test_distributed.py --program build/bertune --kills 3

Trains, pre-trains, cross-validates and evaluates with 1, 2, 3 and 4 ranks and compares the results; kills ranks at
random moments and goes on with another number; stops a rank (SIGSTOP), the whole job (SIGTERM), and a run that waits
for its folder; and starts processes in ways that must be refused. Skipped where mpirun or the library with MPI is missing."""

import argparse
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "examples/models/small-bert"
TICKETS = ROOT / "examples/support_tickets"
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "btl_vader_single_copy_mechanism", "none"]
if os.geteuid() == 0:
    MPIRUN.append("--allow-run-as-root")


def require(holds, what, more=""):
    if not holds:
        raise SystemExit(f"test-distributed: {what}\n{more}")


def bytes_of(folder, names=("model.safetensors",)):
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]


def catches(process, number):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"SigCgt:\s*(\w+)", status).group(1), 16) >> (number - 1) & 1 == 1


class Tests:
    def __init__(self, program, work, kills, seed):
        self.program, self.work, self.kills = str(pathlib.Path(program).resolve()), work, kills
        self.random = random.Random(seed)

    def path(self, name):
        return self.work / name

    def train(self, output, *more):
        return [self.program, "train", "--model", MODEL, "--train", TICKETS / "train.csv", "--validation",
                TICKETS / "validation.csv", "--output", self.path(output), "--batch-size", 16, "--max-train-rows", 72,
                "--max-eval-rows", 24, "--epochs", 2, "--learning-rate", 5e-4, "--quiet", *more]

    def launched(self, ranks, command):
        if ranks == 1:
            return [*map(str, command)]
        return [*MPIRUN, "-n", str(ranks), *map(str, command)]

    def start(self, ranks, command, **variables):
        return subprocess.Popen(self.launched(ranks, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                stdin=subprocess.DEVNULL, env={**os.environ, **variables})

    def run(self, ranks, command, code=0, **variables):
        process = self.start(ranks, command, **variables)
        try:
            out, errors = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SystemExit(f"test-distributed: {ranks} ranks hang: {' '.join(map(str, command))}")
        require(code is None or process.returncode == code,
                f"{ranks} ranks end with {process.returncode}, not {code}: {' '.join(map(str, command))}", out + errors)
        return out, errors

    # The processes that work, and not mpirun.
    def ranks_of(self, process):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                parent = int(re.search(r"\) \S (\d+)", (entry / "stat").read_text()).group(1))
                if parent == process.pid and "bertune" in os.readlink(entry / "exe"):
                    variables = (entry / "environ").read_bytes()
                    rank = int(re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", variables).group(1))
                    found.append((rank, int(entry.name)))
            except (OSError, AttributeError, ValueError):
                continue
        return dict(found)

    # The steps of checkpoints that are whole: one that is being written has a longer name.
    def steps_saved(self, output):
        names = (path.name for path in self.path(output).glob("checkpoint-*"))
        return [int(name.split("-")[1]) for name in names if re.fullmatch(r"checkpoint-[0-9]+", name)]

    # Waits until the run has saved a checkpoint: its steps have begun.
    def await_steps(self, process, output, ranks):
        for _ in range(6000):
            if process.poll() is not None or self.steps_saved(output):
                return self.ranks_of(process)
            time.sleep(0.01)
        raise SystemExit(f"test-distributed: {ranks} ranks take no step")

    # Gives one rank of a run a signal when its steps have begun, and `delay` seconds are over. Returns how the run has
    # ended, and its errors.
    def signaled(self, number, rank, ranks, command, output, delay=0, **variables):
        process = self.start(ranks, command, **variables)
        processes = self.await_steps(process, output, ranks)
        time.sleep(delay)
        if rank in processes and process.poll() is None:
            os.kill(processes[rank], number)
        errors = process.communicate(timeout=120)[1]
        return process.returncode, errors

    def test_same_bytes(self):
        files = ("model.safetensors", "predictions.safetensors", "eval_results.json")
        seen = {}
        for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (2, 2)):
            name = f"same-{ranks}-{threads}"
            out, errors = self.run(ranks, self.train(name, "--shards", 8, "--threads", threads, "--keep-checkpoints",
                                                     "--test", TICKETS / "test.csv", "--no-baselines"))
            require(out.count("Trained 10 steps") == 1, f"{ranks} ranks do not print once", out)
            require(errors.count("too few to learn well") == 1, f"{ranks} ranks note several times", errors)
            metrics = json.loads((self.path(name) / "all_results.json").read_text())
            seen[name] = (bytes_of(self.path(name)),
                          bytes_of(self.path(name) / "checkpoint-10", ("model.safetensors", "optimizer.safetensors")),
                          {key: value for key, value in metrics.items() if "runtime" not in key and "per_second" not in key
                           and "rss" not in key})
        first = seen["same-1-1"]
        for name, result in seen.items():
            require(result == first, f"{name} differs from same-1-1", f"{result}\n{first}")
        loaded = subprocess.run(["ldd", self.program], capture_output=True, text=True).stdout
        require("mpi" not in loaded, "the program is linked with MPI", loaded)

    def test_other_commands(self):
        alone, several = {}, {}
        for ranks, results in ((1, alone), (3, several)):
            name = f"folds-{ranks}"
            self.run(ranks, self.train(name, "--shards", 4, "--threads", 1, "--folds", 2, "--epochs", 1))
            folds = json.loads((self.path(name) / "cross_validation.json").read_text())
            results["folds"] = [fold["metrics"] for fold in folds["fold_results"]]
            results["rows"] = (self.path(name) / "out_of_fold.jsonl").read_text()
            out, _ = self.run(ranks, [self.program, "evaluate", "--model", self.path("same-1-1"), "--test",
                                      TICKETS / "test.csv", "--batch-size", 16, "--json", "--threads", 1])
            results["test"] = {key: value for key, value in json.loads(out).items()
                               if "runtime" not in key and "per_second" not in key}
            text = self.path("text.txt")
            text.write_text("".join(line.split(",")[0] + ".\n\n"
                                    for line in (TICKETS / "train.csv").read_text().splitlines()[1:120]))
            name = f"pretrained-{ranks}"
            self.run(ranks, [self.program, "pretrain", "--model", MODEL, "--train", text, "--validation", text, "--output",
                             self.path(name), "--objective", "mlm", "--max-length", 32, "--batch-size", 16, "--max-steps", 4,
                             "--shards", 4, "--threads", 1, "--quiet"])
            results["pretrained"] = bytes_of(self.path(name))
        for key, value in alone.items():
            require(several[key] == value, f"3 ranks have other {key}", f"{several[key]}\n{value}")

    # Each rank has a part of the optimizer's state: the bytes of one process, and other ranks go on.
    def test_divided_optimizer(self):
        files = ("model.safetensors", "optimizer.safetensors")
        expected = bytes_of(self.path("same-1-1") / "checkpoint-10", files)
        for ranks in (2, 3):
            name = f"divided-{ranks}"
            self.run(ranks, self.train(name, "--shards", 8, "--threads", 1, "--keep-checkpoints", "--shard-optimizer"))
            require(bytes_of(self.path(name) / "checkpoint-10", files) == expected,
                    f"{ranks} ranks with --shard-optimizer have other bytes")
        command = self.train("divided", "--shards", 8, "--threads", 1, "--shard-optimizer", "--save-every", 3)
        self.signaled(signal.SIGKILL, 2, 4, command, "divided")
        self.run(2, [*command, "--resume"])
        require(bytes_of(self.path("divided")) == bytes_of(self.path("same-1-1")),
                "4 ranks with --shard-optimizer, then 2, have other bytes")
        _, errors = self.run(2, self.train("none", "--shard-optimizer", "--optimizer", "lamb"), code=None)
        require(errors.count("error:") == 1 and "whole tensors" in errors, "lamb is not refused once", errors)

    # Numbers of half the bytes round, and all ranks have the same.
    def test_halves(self):
        self.run(2, self.train("halves", "--shards", 8, "--threads", 1, "--communication-dtype", "bfloat16"))
        require(bytes_of(self.path("halves")) != bytes_of(self.path("same-1-1")), "bfloat16 does not round")
        loss = [json.loads((self.path(name) / "train_results.json").read_text())["train_loss"]
                for name in ("halves", "same-1-1")]
        require(abs(loss[0] - loss[1]) < 0.01 * loss[1], "bfloat16 trains to another loss", str(loss))

    # Rank 0 can write no checkpoint: all end, the last whole one stays, and the run goes on from it.
    def test_full_disk(self):
        command = self.train("full", "--shards", 8, "--threads", 1, "--save-every", 2)
        self.signaled(signal.SIGTERM, 0, 2, command, "full")
        before = self.steps_saved("full")
        words = " ".join(f"'{word}'" for word in map(str, [*command, "--resume"]))
        script = self.path("full.sh")
        script.write_text("test \"$OMPI_COMM_WORLD_RANK\" = 0 && { trap '' XFSZ; ulimit -f 64; }\nexec " + words + "\n")
        _, errors = self.run(2, ["sh", script], code=None)
        require(errors.count("error:") == 1 and "File too large" in errors, "a disk that is full is not told once", errors)
        require(before and self.steps_saved("full") == before, "a failed checkpoint takes whole ones with it")
        self.run(3, [*command, "--resume"])
        require(bytes_of(self.path("full")) == bytes_of(self.path("same-1-1")), "a full disk and --resume give other bytes")

    def test_kills(self):
        expected = bytes_of(self.path("same-1-1"))
        places = []
        for kill in range(self.kills):
            name, ranks = f"killed-{kill}", self.random.choice((2, 3, 4))
            command = self.train(name, "--shards", 8, "--threads", 1, "--save-every", 1)
            delay, killed = self.random.random() * 1.5, self.random.randrange(ranks)
            code, errors = self.signaled(signal.SIGKILL, killed, ranks, command, name, delay)
            if code != 0:
                require(re.search(rf"rank {killed}\b", errors), f"nobody names the killed rank {killed}", errors)
            steps = self.steps_saved(name)
            others = self.random.choice([number for number in (1, 2, 3, 4) if number != ranks])
            if code != 0:
                self.run(others, [*command, "--resume"])
            require(bytes_of(self.path(name)) == expected, f"kill {kill}: {ranks} ranks, then {others}, give other bytes")
            places.append(f"{max(steps, default=10)} ({ranks} then {others})")
            shutil.rmtree(self.path(name))
        print("killed after step", ", ".join(places))

    def test_stopped_rank(self):
        for stopped in (1, 0):
            name = f"stopped-{stopped}"
            command = self.train(name, "--threads", 1, "--save-every", 1, "--epochs", 50)
            code, errors = self.signaled(signal.SIGSTOP, stopped, 2, command, name, BERTUNE_RANK_TIMEOUT="2")
            require(code != 0, "a rank that is stopped goes unnoticed")
            require(f"rank {stopped} (" in errors and "has not been heard from" in errors and "step" in errors,
                    f"nobody names rank {stopped} and what was awaited", errors)
            require(self.steps_saved(name), "there is no checkpoint")

    def test_stop_of_all(self):
        name = "terminated"
        command = self.train(name, "--shards", 8, "--threads", 1, "--save-every", 1000)
        process = self.start(3, command)
        processes = {}
        while len(processes) < 3 and process.poll() is None:
            processes = self.ranks_of(process)
            time.sleep(0.02)
        time.sleep(1.0)
        os.kill(processes[1], signal.SIGTERM)  # one alone: all agree
        errors = process.communicate(timeout=120)[1]
        if process.returncode != 0:
            require("topped after step" in errors or "topped while" in errors, "no rank says that it has stopped", errors)
            self.run(2, [*command, "--resume"])
        require(bytes_of(self.path(name)) == bytes_of(self.path("same-1-1")), "SIGTERM and --resume give other bytes")

    # A run that waits for the predecessor that holds its folder ends when it is asked to.
    def test_stop_while_waiting(self):
        folder = self.path("waiting")
        folder.mkdir()
        with (folder / ".lock").open("w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            process = self.start(1, self.train("waiting", "--resume"))
            while process.poll() is None and not catches(process.pid, signal.SIGTERM):
                time.sleep(0.02)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=60)[1]
        require(process.returncode == 130 and "Stopped while waiting" in errors, "a run waits on when it is stopped", errors)

    def test_refusals(self):
        _, errors = self.run(2, [self.program, "check", TICKETS / "train.csv"], code=None)
        require(errors.count("works in one process") == 1, "a command of one process is not refused once", errors)
        _, errors = self.run(2, self.train("none", "--optimizer", "adamx"), code=None)
        require(errors.count("error:") == 1, "a wrong option is not told once", errors)
        _, errors = self.run(2, self.train("none", "--shards", 1), code=None)
        require(errors.count("error:") == 1 and "2 ranks" in errors, "too few shards are not told once", errors)
        _, errors = self.run(1, self.train("none"), code=2, SLURM_STEP_NUM_TASKS="4", SLURM_PROCID="0")
        require("srun --mpi=pmix" in errors, "srun without PMI is not refused", errors)
        _, errors = self.run(1, self.train("none"), code=2, RANK="0", WORLD_SIZE="2")
        require("mpirun -n 2" in errors, "torchrun is not refused", errors)
        require(not self.path("none").exists() or not any(self.path("none").glob("*.json")), "a refused run writes")
        command = self.train("device", "--threads", 1, "--epochs", 1)
        command[command.index("--batch-size")] = "--per_device_train_batch_size"
        command[command.index("--quiet")] = "--no-baselines"
        _, errors = self.run(2, command)
        require("is --batch-size 32" in errors, "rows of a device are not multiplied", errors)
        self.path("options.yaml").write_text("per_device_train_batch_size: 4\n")
        command = [word for place, word in enumerate(command)
                   if "--per_device_train_batch_size" not in command[max(0, place - 1):place + 1]]
        _, errors = self.run(2, [*command, "--config", self.path("options.yaml"), "--overwrite"])
        require("is --batch-size 8" in errors, "rows of a device in a file are not multiplied", errors)

    def run_all(self):
        for name in ("same_bytes", "divided_optimizer", "halves", "other_commands", "refusals", "stop_of_all",
                     "stop_while_waiting", "stopped_rank", "full_disk", "kills"):
            began = time.monotonic()
            getattr(self, "test_" + name)()
            print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/bertune")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one of the tests, beside same_bytes, which the others compare with")
    options = parser.parse_args()
    library = pathlib.Path(options.program).resolve().parent / "libbertune_mpi.so"
    if shutil.which("mpirun") is None or not library.exists():
        print("test-distributed: skipped, for mpirun or libbertune_mpi.so is not here", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="bertune-ranks-") as work:
        tests = Tests(options.program, pathlib.Path(work), options.kills, options.seed)
        if options.only:
            tests.test_same_bytes()
            getattr(tests, "test_" + options.only)()
        else:
            tests.run_all()


if __name__ == "__main__":
    main()
