"""Trains both sides on a single batch, where nothing is random, and compares losses and test results.

usage: PYTHON tests/parity/accuracy/one_batch.py --data DIR --model DIR --work DIR --bertune PROGRAM

The rows of an epoch are one batch, so that their order does not matter; dropout is off, and both sides begin
with the same head. What is left to differ is what a task is: tokens, labels and their places, the loss, the
optimizer's parameter groups, and how outputs become answers and metrics. Prints both sides' results and exits
with 1 where they differ by more than rounding can explain.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import random
import sys

import transformers
from runs import Setting, run_bertune, run_peer
from tasks import TASKS, Rows, Splits, Task, prepare

STEPS = 8
TEST_ROWS = 96
LOSS, METRIC = 1e-4, 1e-4  # allowed, relative to the loss; of fractions, so that one prediction is too much

HEADS = {
    "token-classification": transformers.AutoModelForTokenClassification,
    "question-answering": transformers.AutoModelForQuestionAnswering,
}


def questions_of(articles: Rows) -> list[tuple[dict, str]]:
    return [
        (question, paragraph["context"])
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def articles_of(questions: list[tuple[dict, str]]) -> Rows:
    return [{"paragraphs": [{"context": context, "qas": [question]} for question, context in questions]}]


def equally_long(
    questions: list[tuple[dict, str]], count: int, model: pathlib.Path
) -> list[tuple[dict, str]]:
    """`count` questions whose single windows have the same number of tokens.

    The Trainer's softmax over the positions of a window includes those of padding; ours knows no padding.
    """
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    of_length: dict[int, list[tuple[dict, str]]] = {}
    for question, context in random.Random(0).sample(questions, len(questions)):
        length = len(tokenizer(question["question"], context)["input_ids"])
        group = of_length.setdefault(length, [])
        group.append((question, context))
        if len(group) == count and length <= 384:
            return group
    raise ValueError(f"no {count} questions have the same number of tokens")


def labels_of(task: Task, row: list) -> set[str]:
    return set(row[1]) if task.kind == "token-classification" else set(row[-1].split("|"))


def few(task: Task, data: pathlib.Path, model: pathlib.Path) -> tuple[Splits, list[str]]:
    """One batch to train on, some rows to test on whose labels occur there, and these labels."""
    train, test = task.read(data)
    if task.kind == "question-answering":
        batch = equally_long(questions_of(train), task.batch, model)
        tested = random.Random(0).sample(questions_of(test), TEST_ROWS)
        return (articles_of(batch), articles_of(tested)), []
    train = random.Random(0).sample(train, task.batch)
    if task.kind == "regression":
        return (train, test[:TEST_ROWS]), ["LABEL_0"]
    names = set().union(*(labels_of(task, row) for row in train))
    known = [row for row in test if labels_of(task, row) <= names]
    return (train, known[:TEST_ROWS]), sorted(names)


def write_start(task: Task, model: pathlib.Path, names: list[str], folder: pathlib.Path) -> None:
    """The checkpoint with a head and without dropout."""
    transformers.set_seed(1)
    labels = {"id2label": dict(enumerate(names)), "num_labels": len(names)} if names else {}
    kind = HEADS.get(task.kind, transformers.AutoModelForSequenceClassification)
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    kind.from_pretrained(model, **labels, **dropout).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(model).save_pretrained(folder)


def compare(task: Task, arguments: argparse.Namespace) -> bool:
    splits, names = few(task, arguments.data, arguments.model)
    small = dataclasses.replace(task, name=f"{task.name}.one", epochs=STEPS, read=lambda _: splits)
    start = arguments.work / f"start.{task.name}"
    write_start(task, arguments.model, names, start)
    prepare(small, arguments.data, arguments.work)
    setting = Setting(start, arguments.work, threads=1)
    ours = run_bertune(arguments.bertune, small, 42, setting)
    results = json.loads(
        (arguments.work / f"bertune.{small.name}.42" / "all_results.json").read_text("utf-8")
    )
    theirs = run_peer(sys.executable, small, 42, setting)
    loss = (results["train_loss"], theirs["loss"])
    scale = 100 if task.is_percent else 1
    equal = abs(loss[0] - loss[1]) <= LOSS * max(loss[1], 1) and all(
        abs(ours[name] - theirs[name]) <= METRIC * scale for name in task.metrics
    )
    shown = [("loss", *loss), *((name, ours[name], theirs[name]) for name in task.metrics)]
    cells = "; ".join(f"{name} {a:.4f} {b:.4f}" for name, a, b in shown)
    print(
        f"{task.title}: {STEPS} steps, ours and theirs: {cells}: {'equal' if equal else 'DIFFERENT'}",
        flush=True,
    )
    return equal


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "model", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--bertune", required=True)
    parser.add_argument("--tasks", nargs="+", choices=[task.name for task in TASKS], help="default: all")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    arguments.work.mkdir(parents=True, exist_ok=True)
    tasks = [task for task in TASKS if not arguments.tasks or task.name in arguments.tasks]
    sys.exit(not all([compare(task, arguments) for task in tasks]))


if __name__ == "__main__":
    main()
