"""Fine-tuning: our speed and memory beside the peer's default and its best, the floor, threads, and growth."""

from __future__ import annotations

import csv
import json
import pathlib
import random
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from setting import Row, Setting, Target, alternate, at_least, at_most, median, progress

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "parity"))
import sets  # noqa: E402

LEARNING_RATE = 5e-5
PEER = pathlib.Path(sets.__file__).parent / "peer_trainer.py"


@dataclass(frozen=True)
class Cost:
    """Of one epoch: real tokens a second (no padding counted) of the training loop, and the peak of the process."""

    tokens_per_second: float
    peak_mib: float
    tokens_per_row: float
    details: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    name: str
    model: pathlib.Path
    rows: pathlib.Path  # text TAB label, no header
    batch: int
    max_length: int
    against_default: Target
    against_best: Target | None = None
    share_of_floor: Target | None = None


def write_sample(rows: list[str], count: int, path: pathlib.Path) -> pathlib.Path:
    """The same random rows in every run: files may be sorted by label."""
    chosen = random.Random(0).sample(rows, min(count, len(rows)))
    path.write_text("".join(row + "\n" for row in chosen), encoding="utf-8", newline="\n")
    return path


def short_set(data: pathlib.Path) -> str:
    return "SST-2" if (data / "sst2").is_dir() else "support tickets"


def long_set(data: pathlib.Path) -> str:
    return "IMDB" if (data / "imdb").is_dir() else "texts of examples/"


def read_short(data: pathlib.Path, part: str) -> list[str]:
    """Sentences of SST-2; where it is not there the support tickets of examples/, again and again."""
    path = data / "sst2" / f"{part}.tsv"
    if path.exists():
        return [row for row in path.read_text(encoding="utf-8").split("\n") if row]
    with open(sets.EXAMPLES / "support_tickets" / f"{part}.csv", newline="", encoding="utf-8") as file:
        rows = [f"{' '.join(row['text'].split())}\t{row['label']}" for row in csv.DictReader(file)]
    return rows * (7000 // len(rows))


def read_long(data: pathlib.Path) -> list[str]:
    """Film reviews of IMDB, or texts of the examples; as text TAB label, for both sides to read the same file."""
    path = data / "imdb" / "train.jsonl"
    if not path.exists():
        texts = sets.long_texts(data, 1000) * 10
        return [" ".join(text.split()) + f"\t{number % 2}" for number, text in enumerate(texts)]
    lines = path.read_text(encoding="utf-8").split("\n")
    examples = (json.loads(line) for line in lines if line)
    return [" ".join(example["text"].split()) + f"\t{example['label']}" for example in examples]


def flags(options: dict[str, object]) -> list[object]:
    return [word for option in options.items() for word in option]


def count_rows(task: Task) -> int:
    return task.rows.read_bytes().count(b"\n")


def train_ours(setting: Setting, task: Task, threads: int, *more: object) -> Cost:
    output = setting.work / "ours"
    options = {
        "--model": task.model,
        "--train": task.rows,
        "--output": output,
        "--format": "tsv",
        "--text-column": 1,
        "--label-column": 2,
        "--validation-split": 0,
        "--epochs": 1,
        "--batch-size": task.batch,
        "--learning-rate": LEARNING_RATE,
        "--max-length": task.max_length,
        "--warmup-ratio": 0,
        "--weight-decay": 0,
        "--threads": threads,
    }
    setting.run(setting.bertune, "train", "--no-header", "--overwrite", *flags(options), *more)
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    speed = results["train_tokens_per_second"]
    per_row = speed / results["train_samples_per_second"]
    return Cost(speed, results["train_peak_rss_mib"], per_row)


def train_peer(setting: Setting, task: Task, *more: str) -> Cost:
    # The peer wants rows to test on; few, for that is no part of what is measured.
    test = setting.work / "peer_test.tsv"
    rows = task.rows.read_text(encoding="utf-8").split("\n")[: task.batch]
    test.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
    options = {
        "--task": "text-classification",
        "--model": task.model,
        "--train": task.rows,
        "--test": test,
        "--batch": task.batch,
        "--lr": LEARNING_RATE,
        "--max-length": task.max_length,
        "--threads": setting.threads,
        "--out": setting.work / "peer",
    }
    results = setting.run_json(sys.executable, PEER, *flags(options), *more)
    return Cost(results["tokens_per_s"], results["rss_mib"], results["mean_tokens"])


def best_of_peer(setting: Setting, task: Task) -> list[str]:
    """The peer's fastest options for this task, by one run of each. bf16, and compilation in the full form, are tried
    on top of the best before them; what cannot run here is passed over."""
    speeds: dict[tuple[str, ...], float] = {}

    def try_options(*options: str) -> None:
        try:
            speeds[options] = train_peer(setting, task, *options).tokens_per_second
            progress(f"  peer {' '.join(options)}: {speeds[options]:.0f} tokens/s")
        except RuntimeError as error:
            progress(f"  peer {' '.join(options)}: does not run here ({str(error).splitlines()[-1]})")

    def best() -> tuple[str, ...]:
        return max(speeds, key=speeds.__getitem__)

    for options in (["--group-by-length"], ["--fused"], ["--group-by-length", "--fused"]):
        try_options(*options)
    if setting.machine.has_bf16:
        try_options(*best(), "--precision", "bf16")
    if not setting.quick:
        try_options(*best(), "--compile")
    return list(best())


def measure_floor(setting: Setting, task: Task) -> Cost:
    """What bench/floor.cpp measures, for the task's own texts; memory is no part of it."""
    texts = setting.work / "floor.txt"
    rows = task.rows.read_text(encoding="utf-8").split("\n")
    texts.write_text("".join(row.rsplit("\t", 1)[0] + "\n" for row in rows if row), encoding="utf-8", newline="\n")
    program = setting.build / "bench" / "floor"
    floor = setting.run_json(program, task.model, texts, task.batch, task.max_length, setting.threads)
    return Cost(floor["tokens_per_second"], 0, floor["tokens_per_step"] / task.batch, floor)


def medians(runs: dict[str, list[Cost]]) -> tuple[dict[str, float], dict[str, float], dict[str, object]]:
    """Tokens a second and peak memory of each side, and all runs for the record."""
    speed = {side: median(cost.tokens_per_second for cost in costs) for side, costs in runs.items()}
    memory = {side: median(cost.peak_mib for cost in costs) for side, costs in runs.items()}
    return speed, memory, {side: [asdict(cost) for cost in costs] for side, costs in runs.items()}


def measure(setting: Setting, task: Task, repeat: int, best_options: list[str]) -> list[Row]:
    """The rows of one task."""
    progress(f"{task.name}: {count_rows(task)} rows, {repeat} runs of each")
    sides: dict[str, Callable[[], Cost]] = {
        "ours": lambda: train_ours(setting, task, setting.threads),
        "default": lambda: train_peer(setting, task),
        "floor": lambda: measure_floor(setting, task),
    }
    if task.against_best:
        sides["best"] = lambda: train_peer(setting, task, *best_options)
    runs = alternate(repeat, sides)
    differ = abs(runs["ours"][0].tokens_per_row - runs["default"][0].tokens_per_row)
    if differ > 0.1:  # the peer rounds to a tenth
        raise RuntimeError(f"{task.name}: the two sides do not train on the same tokens: {runs}")

    speed, memory, record = medians(runs)
    what = f"fine-tuning {task.name}"
    rows = [Row(what, "tokens/s, peer's default", speed["ours"], speed["default"], task.against_default, record)]
    if task.against_best:
        best = f"tokens/s, peer's best ({' '.join(best_options)})"
        rows.append(Row(what, best, speed["ours"], speed["best"], task.against_best))
    rows.append(Row(what, "tokens/s, floor of this machine", speed["ours"], speed["floor"], task.share_of_floor))
    rows.append(Row(what, "peak memory, MiB, peer's default", memory["ours"], memory["default"], at_most(0.4)))
    return rows


def measure_threads(setting: Setting, task: Task, repeat: int) -> list[Row]:
    progress(f"{task.name}: 2 threads and 1")
    speed, _, record = medians(
        alternate(repeat, {"2": lambda: train_ours(setting, task, 2), "1": lambda: train_ours(setting, task, 1)})
    )
    what = f"fine-tuning {task.name}, 2 threads"
    return [Row(what, "tokens/s, the same on 1 thread", speed["2"], speed["1"], at_least(1.8, 1.7), record)]


def measure_growth(setting: Setting, small: Task, large: Task, repeat: int) -> list[Row]:
    """Ten times the rows. In the quick form both train for as many steps as the small one has."""
    few, many = count_rows(small), count_rows(large)
    progress(f"{large.name}: {few} rows and {many}")
    steps = ["--max-steps", few // small.batch] if setting.quick else []
    speed, memory, record = medians(
        alternate(
            repeat,
            {
                "few": lambda: train_ours(setting, small, setting.threads, *steps),
                "many": lambda: train_ours(setting, large, setting.threads, *steps),
            },
        )
    )
    # "Flat" allows for the noise of measuring; memory may grow by what the rows take, text and tokens.
    allowed = memory["few"] + 2 * large.rows.stat().st_size / 2**20
    what, against = f"fine-tuning {large.name}, {many:,} rows", f"the same on {few:,} rows"
    return [
        Row(what, f"tokens/s, {against}", speed["many"], speed["few"], at_least(0.95), record),
        Row(what, f"peak memory, MiB, {against} + 2x the file", memory["many"], allowed, at_most(1.05)),
    ]
