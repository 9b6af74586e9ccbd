#!/usr/bin/env python3
"""Compares multiple choice with Transformers, from files to scores, on questions made from a text file.

    python3 tests/parity/multiple_choice_parity.py --program build/bertune --model DIR --text FILE

A head is trained for a few steps; the folder is then loaded by Transformers, which encodes the pairs of texts as
run_swag.py and the RACE scripts do and computes the scores that `bertune predict` must give. Prints what was compared
and exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import sets

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

TOLERANCE = 1e-5
LEAST_SPREAD = 0.1  # of the scores of some question: choices that all look alike would show nothing


def swag_rows(words: list[str], count: int) -> list[dict]:
    """Texts of all lengths, so that either of a pair is cut, or both, or none."""
    draw = random.Random(7)

    def text(most: int) -> str:
        begin, size = draw.randrange(len(words) - most), draw.randint(1, most)
        return " ".join(words[begin:begin + size])

    rows = [{"sent1": text(draw.choice((8, 40, 90))), "sent2": text(4),
             **{f"ending{i}": text(draw.choice((8, 90))) for i in range(4)}} for _ in range(count)]
    for row in rows:  # the longest: something that can be learnt, so that scores differ
        row["label"] = max(range(4), key=lambda i, row=row: len(row[f"ending{i}"]))
    return rows


def race_rows(rows: list[dict]) -> list[dict]:
    return [{"article": row["sent1"], "question": row["sent2"] + (" _ ." if i % 2 else " ?"),
             "options": [row[f"ending{c}"] for c in range(4)], "answer": "ABCD"[row["label"]]}
            for i, row in enumerate(rows)]


def pairs_of(row: dict) -> tuple[list[str], list[str]]:
    if "sent1" in row:
        return [row["sent1"]] * 4, [f"{row['sent2']} {row[f'ending{i}']}" for i in range(4)]
    question = row["question"]
    seconds = [question.replace("_", option) if question.find("_") != -1 else question + " " + option
               for option in row["options"]]
    return [row["article"]] * 4, seconds


def scores_of_peer(folder: pathlib.Path, rows: list[dict], max_length: int) -> list[list[float]]:
    import torch
    from transformers import AutoModelForMultipleChoice, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMultipleChoice.from_pretrained(folder).eval()
    scores = []
    with torch.no_grad():
        for row in rows:
            encoded = tokenizer(*pairs_of(row), truncation=True, max_length=max_length, padding=True, return_tensors="pt")
            logits = model(**{key: value.unsqueeze(0) for key, value in encoded.items()}).logits[0]
            scores.append(torch.softmax(logits.double(), -1).tolist())
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, help="any text (default: the support tickets of examples/)",
                        default=sets.EXAMPLES / "support_tickets" / "train.csv")
    parser.add_argument("--questions", type=int, default=60)
    arguments = parser.parse_args()
    try:
        import transformers
    except ImportError as error:
        print(f"multiple choice: skipped ({error})")
        return 0
    transformers.logging.set_verbosity_error()
    words = arguments.text.read_text(encoding="utf-8", errors="replace").split()
    rows = swag_rows(words, arguments.questions)
    worst, spread, compared = 0.0, 0.0, 0
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        with open(work / "swag.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        races = race_rows(rows)
        (work / "race.jsonl").write_text("".join(json.dumps(row) + "\n" for row in races), encoding="utf-8")
        subprocess.run([arguments.program, "train", "--model", arguments.model, "--train", work / "swag.csv", "--output",
                        work / "out", "--epochs", "5", "--max-train-rows", "32", "--batch-size", "4", "--validation-split", "0",
                        "--max-length", "48", "--learning-rate", "1e-3", "--ignore-mismatched-sizes", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        for file, questions in (("swag.csv", rows), ("race.jsonl", races)):
            for max_length in (128, 48):
                lines = subprocess.run([arguments.program, "predict", "--model", work / "out", work / file, "--max-length",
                                        str(max_length)], check=True, capture_output=True, text=True).stdout.splitlines()
                expected = scores_of_peer(work / "out", questions, max_length)
                if len(lines) != len(expected):
                    print(f"multiple choice: {len(lines)} predictions of {len(expected)} questions")
                    return 1
                for line, scores in zip(lines, expected):
                    worst = max([worst, *(abs(a - b) for a, b in zip(json.loads(line)["scores"], scores))])
                    spread = max(spread, max(scores) - min(scores))
                    compared += len(scores)
    print(f"multiple choice: {compared} scores of SWAG's and RACE's forms, whole and cut: largest difference {worst:.1e}, "
          f"largest spread of a question {spread:.2f}")
    return 0 if worst <= TOLERANCE and spread >= LEAST_SPREAD else 1


if __name__ == "__main__":
    sys.exit(main())
