"""A fine-tuned MiniLM in use: batch prediction and one text at a time beside ONNX Runtime, and how soon it starts."""

from __future__ import annotations

import json
import pathlib
import sys
from dataclasses import dataclass, replace

from setting import Row, Setting, alternate, at_least, at_most, median, progress

ONNX_PEER = pathlib.Path(__file__).parent / "onnx_peer.py"
OPENVINO_PEER = pathlib.Path(__file__).parent / "openvino_peer.py"
CALIBRATION_ROWS = 300


@dataclass(frozen=True)
class Fixture:
    """A fine-tuned folder, the same model for ONNX Runtime, and texts, one a line."""

    folder: pathlib.Path
    onnx: pathlib.Path
    texts: pathlib.Path
    count: int


@dataclass(frozen=True)
class Rival:
    """A program that predicts in int8."""

    name: str
    python: pathlib.Path
    script: pathlib.Path
    model: pathlib.Path

    def run(self, setting: Setting, fixture: Fixture, what: str, threads: int) -> dict[str, object]:
        command = [self.python, self.script, what, fixture.folder, self.model, fixture.texts, "--threads", threads]
        return setting.run_json(*command, RAYON_NUM_THREADS=str(threads))


def int8_rivals(setting: Setting, fixture: Fixture, training_rows: list[str]) -> list[Rival]:
    """ONNX Runtime with dynamic scales, weights per tensor and per channel; OpenVINO where it is installed.

    Held to AVX2, OpenVINO alone: ONNX Runtime takes what the processor has."""
    rivals = []
    for name, options in (("per tensor", []), ("per channel", ["--per-channel"])):
        if setting.environment:
            break
        path = setting.work / f"int8 {name}.onnx"
        setting.run(sys.executable, ONNX_PEER, "quantize", fixture.folder, fixture.onnx, path, *options)
        rivals.append(Rival(f"ONNX Runtime int8 {name}", pathlib.Path(sys.executable), ONNX_PEER, path))
    if setting.rivals is None:
        progress("OpenVINO is left out: it is not installed")
        return rivals
    rows, path = setting.work / "calibration.txt", setting.work / "openvino.xml"
    texts = [row.rsplit("\t", 1)[0] for row in training_rows[:CALIBRATION_ROWS]]
    rows.write_text("".join(text + "\n" for text in texts), encoding="utf-8", newline="\n")
    setting.run(setting.rivals, OPENVINO_PEER, "quantize", fixture.folder, fixture.onnx, path, rows)
    return [*rivals, Rival("OpenVINO int8", setting.rivals, OPENVINO_PEER, path)]


def prepare(setting: Setting, folder: pathlib.Path, rows: list[str]) -> Fixture:
    """Of SST-2's test rows, in their order."""
    fixture = Fixture(folder, setting.work / "model.onnx", setting.work / "test.txt", len(rows))
    setting.run(sys.executable, ONNX_PEER, "export", folder, fixture.onnx)
    return first_texts(fixture, rows, len(rows))


def first_texts(fixture: Fixture, rows: list[str], count: int) -> Fixture:
    path = fixture.texts.with_name(f"test-{count}.txt")
    path.write_text("".join(row.rsplit("\t", 1)[0] + "\n" for row in rows[:count]), encoding="utf-8", newline="\n")
    return replace(fixture, texts=path, count=count)


def onnx_runtime(setting: Setting, fixture: Fixture, what: str, threads: int) -> dict[str, object]:
    command = [sys.executable, ONNX_PEER, what, fixture.folder, fixture.onnx, fixture.texts, "--threads", threads]
    return setting.run_json(*command, RAYON_NUM_THREADS=str(threads))


def precisions(setting: Setting) -> list[str]:
    """f32 is what predict does unless asked; ONNX Runtime computes in f32 throughout."""
    return ["fp32", "bf16"] if setting.machine.has_bf16 and not setting.environment else ["fp32"]


def predict_command(setting: Setting, fixture: Fixture, precision: str) -> list[object]:
    command = [setting.bertune, "predict", "--model", fixture.folder, "--threads", setting.threads, "--quiet"]
    return [*command, "--precision", precision]


def seconds_of_batch(setting: Setting, fixture: Fixture, precision: str) -> float:
    output = setting.work / "predictions.jsonl"
    command = predict_command(setting, fixture, precision)
    return setting.seconds(*command, fixture.texts, "--format", "text", "--output", output)


def seconds_of_first(setting: Setting, fixture: Fixture, precision: str = "fp32") -> float:
    return setting.seconds(*predict_command(setting, fixture, precision), stdin="a film to remember\n")


def require_same_labels(setting: Setting, theirs: object) -> None:
    """A few texts lie so close to the border that rounding decides."""
    same = share_of(theirs, labels_of(setting))
    if same < 0.995:
        raise RuntimeError(f"batch prediction: only {same:.1%} of the labels agree")


def measure_batch(setting: Setting, fixture: Fixture, precision: str, repeat: int) -> list[Row]:
    """Ours is the program's time for the file, less its time for one text: start-up and loading, which are left out
    of the peer's as well. Reading the file and writing the results count on our side only."""
    progress(f"batch prediction: {fixture.count} texts, {precision}")
    labels: object = None

    def theirs() -> float:
        nonlocal labels
        results = onnx_runtime(setting, fixture, "batch", setting.threads)
        labels = results["labels"]
        return float(str(results["seconds"]))

    runs = alternate(
        repeat,
        {
            "ours": lambda: seconds_of_batch(setting, fixture, precision),
            "one text": lambda: seconds_of_first(setting, fixture, precision),
            "onnx runtime": theirs,
        },
    )
    require_same_labels(setting, labels)
    ours = fixture.count / (median(runs["ours"]) - median(runs["one text"]))
    peer = fixture.count / median(runs["onnx runtime"])
    measure = "texts/s, ONNX Runtime with batches sorted by length"
    what = f"batch prediction, MiniLM on SST-2 test, {precision}"
    return [Row(what, measure, ours, peer, at_least(1.6, 4), dict(runs))]


def share_of(labels: object, others: list[str]) -> float:
    if not isinstance(labels, list) or len(labels) != len(others):
        raise RuntimeError("batch prediction: the two sides did not predict for the same texts")
    return sum(a == b for a, b in zip(labels, others, strict=True)) / len(others)


def labels_of(setting: Setting) -> list[str]:
    lines = (setting.work / "predictions.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line)["label"] for line in lines]


def measure_int8(
    setting: Setting, fixture: Fixture, rivals: list[Rival], repeat: int, gold: list[str], what: str
) -> list[Row]:
    """Against the fastest of the rivals, and how many texts each side labels as written."""
    progress(f"batch prediction: {fixture.count} texts, int8")
    labels: dict[str, object] = {}

    def theirs(rival: Rival) -> float:
        results = rival.run(setting, fixture, "batch", setting.threads)
        labels[rival.name] = results["labels"]
        return float(str(results["seconds"]))

    sides = {
        "ours": lambda: seconds_of_batch(setting, fixture, "int8"),
        "one text": lambda: seconds_of_first(setting, fixture, "int8"),
        **{rival.name: (lambda rival=rival: theirs(rival)) for rival in rivals},
    }
    runs = alternate(repeat, sides)
    labels["ours"] = labels_of(setting)
    best = min(rivals, key=lambda rival: median(runs[rival.name]))
    ours = fixture.count / (median(runs["ours"]) - median(runs["one text"]))
    peer = fixture.count / median(runs[best.name])
    rows = [Row(f"batch prediction, {what}, int8", f"texts/s, {best.name}", ours, peer, at_least(1.3), dict(runs))]
    for name, found in labels.items():
        progress(f"  {name}: accuracy {share_of(found, gold):.4f}")
    accuracies = {name: share_of(found, gold) for name, found in labels.items()}
    rows.append(
        Row(f"accuracy, {what}, int8", f"share right, {best.name}", accuracies["ours"], accuracies[best.name],
            runs=dict(accuracies))
    )
    return rows


def measure_int8_latency(setting: Setting, fixture: Fixture, rivals: list[Rival], threads: int, repeat: int) -> list[Row]:
    progress(f"one text at a time: {threads} threads, {fixture.count} texts, int8")
    driver = setting.build / "bench" / "latency"
    sides = {
        "ours": lambda: setting.run_json(driver, fixture.folder, fixture.texts, threads, "int8"),
        **{rival.name: (lambda rival=rival: rival.run(setting, fixture, "latency", threads)) for rival in rivals},
    }
    runs = alternate(repeat, sides)
    rows = []
    for name in ("p50", "p99"):
        times = {side: median(float(str(run[f"{name}_ms"])) for run in found) for side, found in runs.items()}
        ours = times.pop("ours")
        best = min(times, key=lambda side: times[side])
        what = f"one text at a time, {threads} thread{'s' if threads > 1 else ''}, int8"
        rows.append(Row(what, f"{name}, ms, {best}", ours, times[best], at_most(0.6), dict(runs)))
    return rows


def measure_latency(setting: Setting, fixture: Fixture, threads: int, precision: str, repeat: int) -> list[Row]:
    progress(f"one text at a time: {threads} threads, {fixture.count} texts, {precision}")
    driver = setting.build / "bench" / "latency"
    runs = alternate(
        repeat,
        {
            "ours": lambda: setting.run_json(driver, fixture.folder, fixture.texts, threads, precision),
            "onnx runtime": lambda: onnx_runtime(setting, fixture, "latency", threads),
        },
    )
    rows = []
    for name in ("p50", "p99"):
        ours, peer = (median(float(str(run[f"{name}_ms"])) for run in side) for side in runs.values())
        what = f"one text at a time, {threads} thread{'s' if threads > 1 else ''}, {precision}"
        rows.append(Row(what, f"{name}, ms, ONNX Runtime", ours, peer, at_most(0.6, 0.4), dict(runs)))
    return rows


def measure_start_up(setting: Setting, fixture: Fixture) -> list[Row]:
    progress("start-up")
    version = [1000 * setting.seconds(setting.bertune, "--version") for _ in range(20)]
    first = [1000 * seconds_of_first(setting, fixture) for _ in range(10)]
    return [
        Row("start-up", "bertune --version, ms", median(version), None, at_most(20), {"ms": version}),
        Row("start-up", "first prediction of MiniLM, ms", median(first), None, at_most(150), {"ms": first}),
    ]
