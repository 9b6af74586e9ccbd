"""The sets of data that parity and benchmarks take: published ones from the folder that --data names, where they are there, and
else the examples of this repository, which are small. What has no stand-in is skipped by name."""

from __future__ import annotations

import itertools
import json
import pathlib
from typing import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# The published sets lie beside the project where there are any.
DATA = ROOT.parent / "shared" / "data"
TEXTS = [EXAMPLES / "support_tickets" / "train.csv", EXAMPLES / "film_reviews.csv", EXAMPLES / "ticket_replies" / "train.csv",
         EXAMPLES / "product_questions" / "train.json", EXAMPLES / "support_entities" / "train.conll",
         EXAMPLES / "ticket_details" / "topics_train.jsonl"]


def here(paths: list[pathlib.Path]) -> list[pathlib.Path]:
    """Those that are there; the others are named as skipped."""
    for path in paths:
        if not path.exists():
            print(f"skipped: {path} is not here", flush=True)
    return [path for path in paths if path.exists()]


def instead(path: pathlib.Path, stand_in: pathlib.Path) -> pathlib.Path:
    """The path, or its stand-in, which is named."""
    if path.exists():
        return path
    print(f"{path} is not here: {stand_in.relative_to(ROOT)} instead", flush=True)
    return stand_in


def long_texts(data: pathlib.Path, count: int) -> list[str]:
    """Articles of Wikipedia; without them the texts of the examples, a few dozen lines together."""
    path = data / "wiki" / "docs.jsonl"
    if path.exists():
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in itertools.islice(lines, count)]
    print(f"{path} is not here: the texts of examples/ instead", flush=True)
    lines = "\n".join(path.read_text(encoding="utf-8") for path in TEXTS).split("\n")
    return ["\n".join(lines[begin:begin + 30]) for begin in range(0, len(lines), 30)][:count]


def text_files(data: pathlib.Path) -> Iterator[pathlib.Path]:
    """All files of the published sets, or the texts of the examples."""
    if data.is_dir():
        yield from (path for path in sorted(data.rglob("*")) if path.is_file())
    else:
        print(f"{data} is not here: the texts of examples/ instead", flush=True)
        yield from TEXTS
