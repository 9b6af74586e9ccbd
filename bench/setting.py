"""What the parts of the benchmark share: the machine, where things are, running programs, the rows of the table."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

Measured = TypeVar("Measured")

FLAGS = ["avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"]
# Both sides held to AVX2: the first variable is ours, the others are the peer's and oneDNN's.
AVX2_ONLY = {
    "BERTUNE_ISA": "avx2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


@dataclass(frozen=True)
class Machine:
    processor: str
    flags: list[str]  # those of FLAGS that may be used
    cores: int
    load: float  # the average of the last minute, before anything is measured

    @staticmethod
    def here(avx2_only: bool) -> Machine:
        listing = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
        fields = dict(line.split(":", 1) for line in listing.splitlines() if ":" in line)
        present = fields.get("Flags", "").split()
        usable = ["avx2", "fma"] if avx2_only else FLAGS
        flags = [flag for flag in usable if flag in present]
        name = fields.get("Model name", "unknown processor").strip()
        return Machine(name, flags, len(os.sched_getaffinity(0)), os.getloadavg()[0])

    @property
    def has_amx(self) -> bool:
        return "amx_bf16" in self.flags

    @property
    def has_bf16(self) -> bool:
        return "amx_bf16" in self.flags or "avx512_bf16" in self.flags


@dataclass(frozen=True)
class Setting:
    """Everything that a part needs to know."""

    machine: Machine
    model: pathlib.Path
    data: pathlib.Path
    build: pathlib.Path
    work: pathlib.Path
    threads: int
    quick: bool
    environment: dict[str, str]
    rivals: pathlib.Path | None = None  # a Python that has the rivals in int8 prediction

    @property
    def bertune(self) -> pathlib.Path:
        return self.build / "bertune"

    def run(self, *command: object, stdin: str = "", **more: str) -> str:
        """The command's standard output; where it fails, RuntimeError with what it said.

        A process's peak memory, as Linux reports it, starts at what its parent held: this one has to stay small, so
        whatever needs torch is a script of its own."""
        done = subprocess.run(
            [str(word) for word in command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self.environment, **more},
        )
        if done.returncode != 0:
            words = " ".join(map(str, command))
            raise RuntimeError(f"{words}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def run_json(self, *command: object, **more: str) -> dict[str, float]:
        """What a program of ours in build/bench, or a script of the peer's, prints in its last line."""
        return json.loads(self.run(*command, **more).splitlines()[-1])

    def seconds(self, *command: object, stdin: str = "") -> float:
        begin = time.perf_counter()
        self.run(*command, stdin=stdin)
        return time.perf_counter() - begin


@dataclass(frozen=True)
class Target:
    """What is to be reached where there is no AMX, and where there is."""

    sign: str  # ">=" or "<="
    avx2: float
    amx: float

    def value(self, machine: Machine) -> float:
        return self.amx if machine.has_amx else self.avx2


def at_least(avx2: float, amx: float | None = None) -> Target:
    return Target(">=", avx2, avx2 if amx is None else amx)


def at_most(avx2: float, amx: float | None = None) -> Target:
    return Target("<=", avx2, avx2 if amx is None else amx)


@dataclass(frozen=True)
class Row:
    """One line of the table. With `theirs` the ratio of the two is held against the target, else `ours` itself."""

    what: str
    measure: str
    ours: float
    theirs: float | None = None
    target: Target | None = None
    runs: dict[str, object] = field(default_factory=dict)  # all that the medians are of

    @property
    def ratio(self) -> float | None:
        return None if self.theirs is None else self.ours / self.theirs

    def reached(self, machine: Machine) -> bool | None:
        if self.target is None:
            return None
        figure = self.ours if self.ratio is None else self.ratio
        value = self.target.value(machine)
        return figure >= value if self.target.sign == ">=" else figure <= value

    def cells(self, machine: Machine) -> list[str]:
        target = "" if self.target is None else f"{self.target.sign} {self.target.value(machine):g}"
        reached = {None: "", True: "yes", False: "no"}[self.reached(machine)]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        theirs = "" if self.theirs is None else figure_text(self.theirs)
        return [self.what, self.measure, figure_text(self.ours), theirs, ratio, target, reached]

    def record(self, machine: Machine) -> dict[str, object]:
        target = None if self.target is None else self.target.value(machine)
        return {
            "what": self.what,
            "measure": self.measure,
            "ours": self.ours,
            "theirs": self.theirs,
            "ratio": self.ratio,
            "target": target,
            "reached": self.reached(machine),
            "runs": self.runs,
        }


def figure_text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def alternate(repeat: int, sides: dict[str, Callable[[], Measured]]) -> dict[str, list[Measured]]:
    """Runs every side in turn, `repeat` times over, so that a machine that slows down slows all of them."""
    runs: dict[str, list[Measured]] = {side: [] for side in sides}
    for _ in range(repeat):
        for side, measure in sides.items():
            runs[side].append(measure())
            progress(f"  {side}: {runs[side][-1]}")
    return runs


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
