#!/usr/bin/env python3
"""Two ranks under Slurm on one machine: the same bytes as one process, and what goes wrong without --mpi.

    tools/test_slurm.py --program build/bertune

Starts Slurm's daemons in a folder of their own, as root, and ends them again. Skipped where they are missing (Debian:
slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge), or the library with MPI is."""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import test_distributed
from test_distributed import bytes_of, require

CONFIG = """ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    def __init__(self, folder):
        self.folder, self.host, self.daemons = folder, socket.gethostname().split(".")[0], []
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        self.config = folder / "slurm.conf"
        self.config.write_text(CONFIG.format(host=self.host, folder=folder, cpus=os.cpu_count()))

    def start(self, *command):
        self.daemons.append(subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def __enter__(self):
        own = self.folder
        self.start("munged", "--foreground", "--force", f"--key-file={own}/munge.key", f"--socket={own}/munge.socket",
                   f"--pid-file={own}/munge.pid", f"--log-file={own}/munge.log", f"--seed-file={own}/munge.seed")
        time.sleep(0.5)
        self.start("slurmctld", "-D", "-f", self.config)
        time.sleep(1)
        self.start("slurmd", "-D", "-f", self.config, "-N", self.host)
        for _ in range(100):
            nodes = subprocess.run(["sinfo", "-h", "-o", "%t"], env=self.environment(), capture_output=True, text=True).stdout
            if "idle" in nodes:
                return self
            time.sleep(0.2)
        raise SystemExit(f"test-slurm: the node does not become idle: {nodes}")

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait(20)

    def environment(self):
        return {**os.environ, "SLURM_CONF": str(self.config)}

    def srun(self, *command):
        return [*map(str, ("srun", "-n", 2, "--overcommit", *command))]

    def run(self, *command):
        return subprocess.run(self.srun(*command), env=self.environment(), capture_output=True, text=True, timeout=240,
                              stdin=subprocess.DEVNULL)


def test(slurm, tests):
    alone = tests.train("alone", "--shards", 8, "--threads", 1)
    tests.run(1, alone)
    expected = bytes_of(tests.path("alone"))

    done = slurm.run("--mpi=pmix", *tests.train("two", "--threads", 1))
    require(done.returncode == 0, "two tasks of srun fail", done.stderr)
    require(done.stdout.count("Trained 10 steps") == 1, "two tasks do not print once", done.stdout)
    require(bytes_of(tests.path("two")) == expected, "two tasks of srun give other bytes")

    done = slurm.run(*tests.train("none"))
    require(done.returncode == 2 and done.stderr.count("error: srun has started 2 processes") == 1,
            "srun without --mpi is not refused once", done.stderr)

    command = tests.train("stopped", "--threads", 1, "--epochs", 100, "--save-every", 1)
    with open(tests.path("stopped.txt"), "w") as errors:
        process = subprocess.Popen(slurm.srun("--mpi=pmix", *command), env=slurm.environment(), stdout=errors, stderr=errors)
        while process.poll() is None and not any(tests.path("stopped").glob("checkpoint-*")):
            time.sleep(0.05)
        jobs = subprocess.run(["squeue", "-h", "-o", "%i"], env=slurm.environment(), capture_output=True, text=True).stdout
        subprocess.run(["scancel", "--signal=TERM", *jobs.split()], env=slurm.environment(), check=True)
        process.wait(120)
    require("Stopped after step" in tests.path("stopped.txt").read_text(), "SIGTERM of Slurm saves nothing",
            tests.path("stopped.txt").read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/bertune")
    options = parser.parse_args()
    library = pathlib.Path(options.program).resolve().parent / "libbertune_mpi.so"
    programs = ("munged", "slurmctld", "slurmd", "srun")
    if os.geteuid() != 0 or not library.exists() or not all(map(shutil.which, programs)):
        print("test-slurm: skipped, for it needs root, Slurm (see tools/test_slurm.py) and libbertune_mpi.so", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="bertune-slurm-") as work:
        folder = pathlib.Path(work)
        folder.chmod(0o755)
        with Slurm(folder) as slurm:
            test(slurm, test_distributed.Tests(options.program, folder, kills=0, seed=1))
    print("test-slurm: two tasks under srun train to the bytes of one process")


if __name__ == "__main__":
    main()
