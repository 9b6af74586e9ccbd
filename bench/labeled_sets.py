"""Public sets of labeled texts, and what measurements on them share (few_labels.py, more_labels.py, tuning.py).

The folder of --data holds trec/train.txt, sst2/train.tsv, ag_news/test.csv, cola/train.tsv and imdb/train.jsonl as their
authors publish them, IMDB as lines of JSON; sets that are missing are left out. The support tickets come with Bertune. At
most 500 rows are tested on, the same in all.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pathlib
import random
import subprocess
from collections.abc import Iterator

Rows = list[tuple[str, str]]
MOST_TEST_ROWS = 500
ROOT = pathlib.Path(__file__).resolve().parents[1]


def read_csv(path: pathlib.Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def read_trec(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="latin-1").splitlines()
    return [(line.split(" ", 1)[1], line.split(":", 1)[0]) for line in lines if " " in line]


def read_tsv(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(text, label) for text, label in (line.rsplit("\t", 1) for line in lines if "\t" in line)]


def read_news(path: pathlib.Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [(f"{title}. {text}", label) for label, title, text in csv.reader(file)]


def read_cola(path: pathlib.Path) -> Rows:
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(text, label) for _, label, _, text in lines]


def read_jsonl(path: pathlib.Path) -> Rows:
    lines = path.read_text(encoding="utf-8").strip().split("\n")  # texts have other ends of lines
    return [(row["text"], str(row["label"])) for row in map(json.loads, lines)]


def sets(data: pathlib.Path) -> dict[str, tuple[Rows, Rows]]:
    """Rows to draw from, and rows to test on."""
    tickets = ROOT / "examples" / "support_tickets"
    found = {"tickets": (read_csv(tickets / "train.csv"), read_csv(tickets / "test.csv"))}
    if (data / "trec").is_dir():
        found["TREC"] = (read_trec(data / "trec/train.txt"), read_trec(data / "trec/test.txt"))
    if (data / "sst2").is_dir():
        found["SST-2"] = (read_tsv(data / "sst2/train.tsv"), read_tsv(data / "sst2/dev.tsv"))
    if (data / "ag_news").is_dir():
        rows = read_news(data / "ag_news/test.csv")
        random.Random(0).shuffle(rows)
        found["AG News"] = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
    if (data / "cola").is_dir():
        found["CoLA"] = (read_cola(data / "cola/train.tsv"), read_cola(data / "cola/dev.tsv"))
    if (data / "imdb").is_dir():
        found["IMDB"] = (read_jsonl(data / "imdb/train.jsonl"), read_jsonl(data / "imdb/test.jsonl"))
    return {
        name: (train, test if len(test) <= MOST_TEST_ROWS else random.Random(1).sample(test, MOST_TEST_ROWS))
        for name, (train, test) in found.items()
    }


def parser(description: str | None) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bertune")
    options.add_argument("--model", type=pathlib.Path, default=ROOT / ".cache/all-MiniLM-L6-v2")
    options.add_argument("--data", type=pathlib.Path, default=ROOT / "../data")
    options.add_argument("--sets", nargs="*", help="some of them, by name")
    return options


def asked(arguments: argparse.Namespace) -> Iterator[tuple[str, Rows, Rows]]:
    """Name, rows to draw from, and rows to test on."""
    for name, (train, test) in sets(arguments.data).items():
        if not arguments.sets or name in arguments.sets:
            yield name, train, test


def shuffled(rows: Rows, most: int) -> Rows:
    some = rows[:]
    random.Random(0).shuffle(some)
    return some[:most]


def write(path: pathlib.Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def run(*command: object) -> str:
    """What the command prints; ends with its errors where it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False,
                          env=dict(os.environ, HF_HUB_OFFLINE="1"))
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout
