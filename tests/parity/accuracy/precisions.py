"""What prediction in bf16 and in int8 costs in accuracy: test metrics of the same weights, as a Markdown table.

usage: python3 tests/parity/accuracy/precisions.py --data DIR --model DIR --work DIR --bertune PROGRAM
                                                   [--tasks sst2 squad1 ...] [--precisions int8 ...] [--threads 2]
                                                   [--rivals PYTHON]

With --rivals, a Python that has openvino and nncf, int8 models of ONNX Runtime (dynamic scales; weights per tensor and
per channel) and of OpenVINO (NNCF, 300 training rows) answer the same rows, where a row has one label; this program
then runs in a Python that has torch, transformers, onnx and onnxruntime.

Each task is trained once, as __main__.py does with the first of its seeds, unless WORK holds that model. "Same" is the
share of the test rows whose answer (label, answer text) is that of fp32, or of the words whose tag is.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys

from runs import Setting, run_bertune, run_logged
from tasks import TASKS, Task, prepare

SEED = 42
CALIBRATION_ROWS = 300
BENCH = pathlib.Path(__file__).resolve().parents[3] / "bench"
RIVALS = ["ONNX Runtime, per tensor", "per channel", "OpenVINO"]
UNTRAINED = {"goemotions"}  # as long as all others together
NOT_AN_ANSWER = {"truncated", "no_answer_score", "scores"}


def columns(task: Task) -> list[str]:
    """Where the texts are: the prepared files have no header."""
    if not task.is_text:
        return []
    pair = ["--text-pair-column", "2"] if task.pair else []
    label = "3" if task.pair else "2"
    return ["--format", "tsv", "--no-header", "--text-column", "1", *pair, "--label-column", label]


def answer(value: object) -> object:
    """A prediction without its scores."""
    if isinstance(value, dict):
        return {
            key: answer(item) for key, item in value.items() if not isinstance(item, float) and key not in NOT_AN_ANSWER
        }
    if isinstance(value, list):
        return [answer(item) for item in value]
    return value


def evaluate(program: str, task: Task, folder: pathlib.Path, setting: Setting, precision: str) -> dict:
    test = task.file(setting.work, "test")
    shared = ["--model", str(folder), "--precision", precision, "--threads", str(setting.threads), *columns(task)]
    log = setting.work / f"{task.name}.{precision}.log"
    printed = run_logged([program, "evaluate", *shared, "--test", str(test), "--json"], log)
    metrics = json.loads(printed)
    predictions = run_logged([program, "predict", *shared, str(test)], log)
    answers = [answer(json.loads(line)) for line in predictions.splitlines()]
    return {"metrics": metrics, "answers": answers}


def metric_of(metrics: dict, name: str) -> float:
    return next(float(value) for key, value in metrics.items() if key.removeprefix("test_") == name)


def answers_of_rivals(task: Task, folder: pathlib.Path, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Labels of the test rows, by rival."""
    work = arguments.work
    log = work / f"{task.name}.rivals.log"
    texts = {}
    for split, most in (("test", None), ("train", CALIBRATION_ROWS)):
        texts[split] = work / f"{task.name}.{split}.txt"
        rows = task.file(work, split).read_text(encoding="utf-8").split("\n")[:-1][:most]
        texts[split].write_text("".join(row.rsplit("\t", 1)[0] + "\n" for row in rows), encoding="utf-8", newline="\n")
    exact = work / f"{task.name}.onnx"
    run_logged([sys.executable, str(BENCH / "onnx_peer.py"), "export", str(folder), str(exact)], log)
    models = {}
    for name, options in (("ONNX Runtime, per tensor", []), ("per channel", ["--per-channel"])):
        models[name] = (sys.executable, "onnx_peer.py", work / f"{task.name}.{len(options)}.onnx")
        command = [sys.executable, str(BENCH / "onnx_peer.py"), "quantize", str(folder), str(exact)]
        run_logged([*command, str(models[name][2]), *options], log)
    models["OpenVINO"] = (arguments.rivals, "openvino_peer.py", work / f"{task.name}.xml")
    command = [arguments.rivals, str(BENCH / "openvino_peer.py"), "quantize", str(folder), str(exact)]
    run_logged([*command, str(models["OpenVINO"][2]), str(texts["train"])], log)
    answers = {}
    for name, (python, script, model) in models.items():
        command = [python, str(BENCH / script), "batch", str(folder), str(model), str(texts["test"])]
        answers[name] = json.loads(run_logged([*command, "--threads", str(arguments.threads)], log))["labels"]
    return answers


def cells_of_rivals(task: Task, folder: pathlib.Path, arguments: argparse.Namespace, exact: float) -> list[str]:
    if task.kind != "text-classification":
        return [""] * len(RIVALS)
    right = [row.rsplit("\t", 1)[1] for row in task.file(arguments.work, "test").read_text("utf-8").split("\n")[:-1]]
    cells = []
    for labels in answers_of_rivals(task, folder, arguments).values():
        hits = sum(a == b for a, b in zip(labels, right, strict=True))
        cells.append(f"{100 * hits / len(right) - exact:+.2f}")
    return cells


def measure(task: Task, arguments: argparse.Namespace, setting: Setting) -> list[str]:
    folder = setting.work / f"bertune.{task.name}.{SEED}"
    if not (folder / "all_results.json").exists():
        run_bertune(arguments.bertune, task, SEED, setting)
    exact = evaluate(arguments.bertune, task, folder, setting, "fp32")
    name = task.metrics[-1] if task.kind != "token-classification" else "accuracy"
    scale = 1 if task.is_percent else 100
    cells = [task.title, name, f"{scale * metric_of(exact['metrics'], name):.2f}"]
    for precision in arguments.precisions:
        found = evaluate(arguments.bertune, task, folder, setting, precision)
        sides = (exact["answers"], found["answers"])
        if task.kind == "token-classification":
            sides = tuple([tag for row in side for tag in row["tags"]] for side in sides)
        pairs = list(zip(*sides, strict=True))
        same = sum(a == b for a, b in pairs) / len(pairs)
        value = metric_of(found["metrics"], name)
        change = scale * (value - metric_of(exact["metrics"], name))
        cells += [f"{scale * value:.2f}", f"{change:+.2f}", "" if task.kind == "regression" else f"{100 * same:.2f}%"]
    if arguments.rivals:
        assert name == "accuracy" or task.kind != "text-classification"
        cells += cells_of_rivals(task, folder, arguments, scale * metric_of(exact["metrics"], name))
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--data", "--model", "--work"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--bertune", required=True, help="the program")
    parser.add_argument("--tasks", nargs="+", choices=[task.name for task in TASKS], help="default: all but goemotions")
    parser.add_argument("--precisions", nargs="+", default=["bf16", "int8"], choices=["bf16", "int8"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rivals", help="a Python with openvino and nncf")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    setting = Setting(arguments.model, arguments.work, arguments.threads)
    names = arguments.tasks or [task.name for task in TASKS if task.name not in UNTRAINED]
    header = ["task", "metric", "fp32", *(cell for p in arguments.precisions for cell in (p, "difference", "same"))]
    header += RIVALS if arguments.rivals else []
    print("| " + " | ".join(header) + " |")
    print("| " + " | ".join(["---"] * len(header)) + " |")
    for task in (task for task in TASKS if task.name in names):
        prepare(task, arguments.data, setting.work)
        print("| " + " | ".join(measure(task, arguments, setting)) + " |", flush=True)


if __name__ == "__main__":
    main()
