"""What is compared: each dataset's rows, the settings that are its own, and the metrics that count."""

from __future__ import annotations

import json
import pathlib
import random
from collections.abc import Callable
from dataclasses import dataclass

# Of texts: cells, the label last. Of tagged sentences: (words, tags). Of questions: SQuAD's articles.
Rows = list
Splits = tuple[Rows, Rows]  # training and test


@dataclass(frozen=True)
class Task:
    name: str
    title: str
    kind: str  # peer_trainer.py's --task
    epochs: int
    read: Callable[[pathlib.Path], Splits]  # of the data folder
    metrics: tuple[str, ...] = ("accuracy",)
    pair: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind in ("text-classification", "multi-label", "regression")

    @property
    def batch(self) -> int:
        return 12 if self.kind == "question-answering" else 32  # as run_qa.py's documentation has it

    @property
    def max_length(self) -> int:
        return 384 if self.kind == "question-answering" else 128

    @property
    def is_percent(self) -> bool:
        """Whether its metrics come in per cent; all others are fractions."""
        return self.kind == "question-answering"

    def file(self, work: pathlib.Path, split: str) -> pathlib.Path:
        extension = {"token-classification": "jsonl", "question-answering": "json"}.get(self.kind, "tsv")
        return work / f"{self.name}.{split}.{extension}"


# --- Texts --------------------------------------------------------------------------------------------------


def lines(path: pathlib.Path) -> list[str]:
    """The lines of a file that may hold bytes that are not UTF-8 (TREC does)."""
    return [line.rstrip("\r") for line in path.read_bytes().decode("utf-8", "replace").split("\n") if line]


def columns(path: pathlib.Path, wanted: list[int], header: bool) -> Rows:
    return [[cells[i] for i in wanted] for cells in (line.split("\t") for line in lines(path)[header:])]


def table(folder: str, test: str, wanted: list[int], header: bool) -> Callable[[pathlib.Path], Splits]:
    """Of train.tsv and, where the labels of the test split are not public, dev.tsv."""

    def read(data: pathlib.Path) -> Splits:
        train, tested = (columns(data / folder / f"{split}.tsv", wanted, header) for split in ("train", test))
        return train, tested

    return read


def read_trec(data: pathlib.Path) -> Splits:
    """Lines are "COARSE:fine question"; the coarse class is the label."""

    def rows(split: str) -> Rows:
        parts = (line.split(" ", 1) for line in lines(data / "trec" / f"{split}.txt"))
        return [[text, label.split(":", 1)[0]] for label, text in parts]

    return rows("train"), rows("test")


def read_goemotions(data: pathlib.Path) -> Splits:
    """8,000 training rows of the 43,410, the same in every run; labels are joined as both sides read them."""
    names = lines(data / "goemotions" / "labels.txt")

    def rows(split: str) -> Rows:
        cells = columns(data / "goemotions" / f"{split}.tsv", [0, 1], header=False)
        return [[text, "|".join(names[int(label)] for label in labels.split(","))] for text, labels in cells]

    return random.Random(0).sample(rows("train"), 8000), rows("test")


# --- Tagged sentences ---------------------------------------------------------------------------------------


def tagged(path: pathlib.Path, word: int, tag: int) -> Rows:
    """(words, tags) of a file with a word a line, in CoNLL's columns or CoNLL-U's."""
    sentences: Rows = []
    begins = True
    for line in path.read_text(encoding="utf-8").split("\n"):
        cells = line.split("\t")
        if not line.strip():
            begins = True
        elif len(cells) == 10 and not cells[0].isdecimal() or line.startswith("# ") and len(cells) == 1:
            continue  # tokens of several words, empty nodes and comments of CoNLL-U
        else:
            if begins:
                sentences.append(([], []))
            begins = False
            sentences[-1][0].append(cells[word])
            sentences[-1][1].append(cells[tag])
    return sentences


def tagged_splits(folder: str, extension: str, word: int, tag: int) -> Callable[[pathlib.Path], Splits]:
    def read(data: pathlib.Path) -> Splits:
        train, test = (
            tagged(data / folder / f"{split}.{extension}", word, tag) for split in ("train", "test")
        )
        return train, test

    return read


# --- Questions ----------------------------------------------------------------------------------------------


def squad(name: str) -> Callable[[pathlib.Path], Splits]:
    """The first 80 % of a development file's articles, and the rest."""

    def read(data: pathlib.Path) -> Splits:
        articles = json.loads((data / "squad" / name).read_text(encoding="utf-8"))["data"]
        first = len(articles) * 8 // 10
        return articles[:first], articles[first:]

    return read


def count(task: Task, rows: Rows) -> int:
    if task.kind == "question-answering":
        return sum(len(paragraph["qas"]) for article in rows for paragraph in article["paragraphs"])
    return len(rows)


def contents(task: Task, rows: Rows) -> str:
    if task.kind == "question-answering":
        return json.dumps({"data": rows})
    if task.kind == "token-classification":
        return "".join(json.dumps({"tokens": words, "ner_tags": tags}) + "\n" for words, tags in rows)
    cleaned = ([" ".join(cell.replace("\t", " ").splitlines()).strip() for cell in row] for row in rows)
    return "".join("\t".join(row) + "\n" for row in cleaned)


def prepare(task: Task, data: pathlib.Path, work: pathlib.Path) -> tuple[int, int]:
    """Writes WORK/<task>.{train,test}.*, for both sides; returns how many rows or questions each holds."""
    splits = task.read(data)
    for split, rows in zip(("train", "test"), splits, strict=True):
        task.file(work, split).write_text(contents(task, rows), encoding="utf-8", newline="\n")
    return count(task, splits[0]), count(task, splits[1])


TEXTS = "text-classification"
TOKENS = "token-classification"
QUESTIONS = "question-answering"
TASKS = [
    Task("sst2", "SST-2", TEXTS, 1, table("sst2", "test", [0, 1], header=False)),
    Task("trec", "TREC (coarse)", TEXTS, 3, read_trec),
    Task("mrpc", "MRPC", TEXTS, 1, table("mrpc", "test", [3, 4, 0], header=True), pair=True),
    Task("rte", "RTE", TEXTS, 1, table("rte", "dev", [1, 2, 3], header=True), pair=True),
    Task("cola", "CoLA", TEXTS, 3, table("cola", "dev", [3, 1], header=False)),
    Task(
        "stsb",
        "STS-B",
        "regression",
        3,
        table("stsb", "dev", [7, 8, 9], header=True),
        ("pearson", "spearmanr"),
        pair=True,
    ),
    Task(
        "wnut17",
        "WNUT17",
        TOKENS,
        3,
        tagged_splits("wnut17", "conll", 0, 1),
        ("precision", "recall", "f1", "accuracy"),
    ),
    Task("ewt", "English EWT, UPOS", TOKENS, 1, tagged_splits("ud_english_ewt", "conllu", 1, 3)),
    Task("goemotions", "GoEmotions", "multi-label", 2, read_goemotions, ("f1_micro", "f1_macro", "best_f1_micro")),
    Task("squad1", "SQuAD 1.1", QUESTIONS, 1, squad("dev-v1.1.json"), ("exact_match", "f1")),
    Task("squad2", "SQuAD 2.0", QUESTIONS, 1, squad("dev-v2.0.json"), ("exact", "f1")),
]
