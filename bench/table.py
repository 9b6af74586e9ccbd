"""Measures what Bertune is meant to reach in speed and memory, beside the peer, in one run, and prints it as a table.

usage: table.py --model MINILM_FOLDER --build FOLDER [--data FOLDER] [--full] [--isa avx2]
                [--only PART ...] [--threads N] [--json FILE]

Runs with the Python that the peer lives in. --data is the folder that holds sst2/, imdb/, squad/, ...; without them the
small sets of examples/ stand in, and the rows are named after them. tests/parity/peer_trainer.py trains with the
Transformers Trainer; --build is built with the preset `bench`. Runs of the two sides
alternate; figures are medians. The targets are those for AMX where the processor has it, else those for AVX2.

The quick form (the default) takes small samples, and repeats only the first task: it shows where things stand. The
full form trains on whole sets, picks the peer's best options for each model anew, and repeats everything three times.
--only takes some of the parts below. --json writes the machine, then every row with all its runs, one object a line.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, replace

import prediction
import training
import uses
from setting import AVX2_ONLY, Machine, Row, Setting, Target, at_least, progress
from training import Task

RANDOM_BERT = pathlib.Path(__file__).parent / "random_bert.py"
PARTS = ["minilm", "base", "long", "threads", "growth", "uses", "tuning", "predict", "int8"]
HEADER = ["what", "measure, against", "ours", "theirs", "ratio", "target", "reached"]


@dataclass(frozen=True)
class Sizes:
    """Rows of each task (of pre-training: articles); the runs behind each median, of the first task and of the
    others."""

    scout: int  # to find the peer's best options with
    minilm: int
    base: int
    long_minilm: int
    long_base: int
    growth: int
    questions: int
    sentences: int
    articles: int
    texts: int
    quantized: int  # rows that the model of int8 prediction learns from
    first_repeat: int
    repeat: int


QUICK = Sizes(256, 960, 192, 64, 16, 6400, 120, 960, 120, 500, 6920, first_repeat=3, repeat=1)
FULL = Sizes(1600, 6920, 1280, 640, 160, 6920, 1000, 6000, 400, 1821, 6920, first_repeat=3, repeat=3)


class Table:
    """Measures part by part; what one part leaves behind (a fine-tuned folder, the peer's best options) serves the
    next."""

    def __init__(self, setting: Setting, sizes: Sizes) -> None:
        self.setting, self.sizes = setting, sizes
        self.sst2 = training.read_short(setting.data, "train")
        self.rows: list[Row] = []
        self.best_options: list[str] = []
        self.base_folder: pathlib.Path | None = None

    def sample(self, name: str, rows: list[str], count: int) -> pathlib.Path:
        return training.write_sample(rows, count, self.setting.work / f"{name}.tsv")

    def short_texts(self, name: str, model: pathlib.Path, count: int, *targets: Target) -> Task:
        rows = self.sample(f"{name}-{count}".replace(" ", "-"), self.sst2, count)
        return Task(f"{name} on {training.short_set(self.setting.data)}", model, rows, 32, 128, *targets)

    def minilm_task(self, count: int) -> Task:
        targets = (at_least(3.5, 6), at_least(2, 2.5), at_least(0.8, 0.6))
        return self.short_texts("MiniLM-L6", self.setting.model, count, *targets)

    def base(self) -> pathlib.Path:
        if self.base_folder is None:
            self.base_folder = self.setting.work / "bert-base"
            self.setting.run(sys.executable, RANDOM_BERT, self.setting.model, self.base_folder)
        return self.base_folder

    def minilm(self) -> None:
        progress("the peer's best options")
        self.best_options = training.best_of_peer(self.setting, self.minilm_task(self.sizes.scout))
        task = self.minilm_task(self.sizes.minilm)
        self.rows += training.measure(self.setting, task, self.sizes.first_repeat, self.best_options)

    def bert_base(self) -> None:
        targets = (at_least(3, 6), at_least(1.6, 2.5))
        task = self.short_texts("BERT-base", self.base(), self.sizes.base, *targets)
        if not self.setting.quick or not self.best_options:
            progress("the peer's best options")
            scout = replace(task, rows=self.sample("scout", self.sst2, self.sizes.base // 2))
            self.best_options = training.best_of_peer(self.setting, scout)
        self.rows += training.measure(self.setting, task, self.sizes.repeat, self.best_options)

    def long(self) -> None:
        imdb = training.read_long(self.setting.data)
        for name, model, count in (
            ("MiniLM-L6", self.setting.model, self.sizes.long_minilm),
            ("BERT-base", self.base(), self.sizes.long_base),
        ):
            task = Task(f"{name} on {training.long_set(self.setting.data)}", model, self.sample(f"{name}-long", imdb, count), 8, 512, at_least(1.7, 5))
            self.rows += training.measure(self.setting, task, self.sizes.repeat, [])

    def threads(self) -> None:
        task = self.minilm_task(self.sizes.minilm)
        self.rows += training.measure_threads(self.setting, task, self.sizes.repeat)

    def growth(self) -> None:
        small, large = self.minilm_task(self.sizes.growth // 10), self.minilm_task(self.sizes.growth)
        self.rows += training.measure_growth(self.setting, small, large, self.sizes.repeat)

    def uses(self) -> None:
        sizes = self.sizes
        for use in uses.uses(self.setting, sizes.questions, sizes.sentences, sizes.articles):
            self.rows += uses.measure(self.setting, use, sizes.repeat)

    def tuning(self) -> None:
        layers = json.loads((self.setting.model / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"]
        for use in uses.ways_to_tune(self.sample("tuning", self.sst2, self.sizes.minilm), layers - 2):
            self.rows += uses.measure(self.setting, use, self.sizes.repeat)

    def predict(self) -> None:
        folder = self.setting.work / "fine-tuned"
        training.train_ours(self.setting, self.minilm_task(self.sizes.scout), self.setting.threads)
        shutil.move(self.setting.work / "ours", folder)
        rows = training.read_short(self.setting.data, "test")
        everything = prediction.prepare(self.setting, folder, rows)
        some = prediction.first_texts(everything, rows, self.sizes.texts)
        for precision in prediction.precisions(self.setting):
            self.rows += prediction.measure_batch(self.setting, everything, precision, self.sizes.first_repeat)
            for threads in (1, 2):
                self.rows += prediction.measure_latency(self.setting, some, threads, precision, self.sizes.repeat)
        self.rows += prediction.measure_start_up(self.setting, some)

    def int8(self) -> None:
        folder = self.setting.work / "fine-tuned int8"
        training.train_ours(self.setting, self.minilm_task(self.sizes.quantized), self.setting.threads)
        shutil.move(self.setting.work / "ours", folder)
        rows = training.read_short(self.setting.data, "test")
        everything = prediction.prepare(self.setting, folder, rows)
        gold = [row.rsplit("\t", 1)[1] for row in rows]
        rivals = prediction.int8_rivals(self.setting, everything, self.sst2)
        repeat = self.sizes.first_repeat
        self.rows += prediction.measure_int8(self.setting, everything, rivals, repeat, gold,
                                             f"MiniLM on {training.short_set(self.setting.data)} test")
        some = prediction.first_texts(everything, rows, self.sizes.texts)
        for threads in (1, 2):
            self.rows += prediction.measure_int8_latency(self.setting, some, rivals, threads, self.sizes.repeat)

    def measure(self, parts: list[str]) -> list[str]:
        """The parts that failed; the others are measured nevertheless."""
        steps = [self.minilm, self.bert_base, self.long, self.threads, self.growth, self.uses, self.tuning]
        steps += [self.predict, self.int8]
        failed = []
        for part, step in zip(PARTS, steps, strict=True):
            if part not in parts:
                continue
            try:
                step()
            except RuntimeError as error:
                failed.append(part)
                progress(f"{part} failed: {error}")
        return failed


def markdown(rows: list[Row], setting: Setting, form: str) -> str:
    machine = setting.machine
    column = "AMX" if machine.has_amx else "AVX2"
    busy = " (BUSY: not to be quoted; threads that wait cost the two sides differently)" if machine.load > 0.5 else ""
    lines = [
        f"{machine.processor}, {machine.cores} cores, {setting.threads} threads, {' '.join(machine.flags)}; "
        f"targets for {column}; {form} form; load before {machine.load:.1f}{busy}",
        "",
        "| " + " | ".join(HEADER) + " |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    return "\n".join(lines + ["| " + " | ".join(row.cells(machine)) + " |" for row in rows])


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, default=training.sets.DATA)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--isa", choices=["avx2"], help="hold both sides to it (ONNX Runtime cannot be)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rivals", type=pathlib.Path, help="a Python with openvino and nncf, for int8")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    machine = Machine.here(avx2_only=arguments.isa == "avx2")
    sizes = FULL if arguments.full else QUICK
    with tempfile.TemporaryDirectory() as work:
        setting = Setting(
            machine=machine,
            model=arguments.model,
            data=arguments.data,
            build=arguments.build.resolve(),
            work=pathlib.Path(work),
            threads=arguments.threads,
            quick=not arguments.full,
            environment=AVX2_ONLY if arguments.isa else {},
            rivals=arguments.rivals if arguments.rivals and arguments.rivals.exists() else None,
        )
        table = Table(setting, sizes)
        failed = table.measure(arguments.only)
    print(markdown(table.rows, setting, "full" if arguments.full else "quick"))
    if arguments.json:
        lines = [{"machine": asdict(machine), "threads": arguments.threads}, *(r.record(machine) for r in table.rows)]
        arguments.json.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
