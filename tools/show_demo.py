#!/usr/bin/env python3
"""Shows what a model of `make demo` can do: its test result, three messages with predictions, and what to try next.

    tools/show_demo.py --program build/bertune --model build/demo --test examples/support_tickets/test.csv"""

import argparse
import csv
import json
import math
import subprocess
from pathlib import Path

Z = 1.959963984540054  # the 97.5% point of the normal distribution


def wilson(right, rows):
    """The 95% interval of a share."""
    share, scale = right / rows, 1 + Z * Z / rows
    center = (share + Z * Z / (2 * rows)) / scale
    half = Z * math.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows)) / scale
    return center - half, center + half


def shortened(text, width=64):
    return text if len(text) <= width else text[:width - 3].rsplit(" ", 1)[0] + "..."


def examples(rows):
    """Two messages that the model labels right, and the wrong one of which it was most sure. Others where there are none."""
    right = [row for row in rows if row["label"] == row["true"]]
    wrong = sorted((row for row in rows if row["label"] != row["true"]), key=lambda row: -row["score"])
    chosen = right[:2] + wrong[:1]
    return chosen + (right[2:] + wrong[1:])[:3 - len(chosen)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    arguments = parser.parse_args()
    program, model, test = arguments.program, arguments.model, arguments.test

    answers = subprocess.run([program, "predict", "--model", model, test, "--silent"], check=True, capture_output=True,
                             text=True).stdout
    with open(test, encoding="utf-8", newline="") as file:
        rows = [{**json.loads(answer), "true": row["label"]} for answer, row in zip(answers.splitlines(),
                                                                                    csv.DictReader(file))]
    right = sum(row["label"] == row["true"] for row in rows)
    low, high = wilson(right, len(rows))
    print(f"\nThe model labels {right} of {len(rows)} test messages right: {right / len(rows):.1%} "
          f"(95% interval {100 * low:.1f}–{100 * high:.1f}).\nThree of them:\n")
    for row in examples(rows):
        verdict = "right" if row["label"] == row["true"] else f"wrong: it is {row['true']}"
        print(f"  \"{shortened(row['text'])}\"\n    {row['label']}, {row['score']:.0%} ({verdict})")
    print(f"\nEverything is in {model}: the model (model.safetensors), all results (all_results.json), and all settings "
          f"(run.yaml).\nWhere it is right and wrong is in its report: open {model / 'report.html'} in a browser.\nTry it, test it, and train on your own file:\n\n"
          f"  echo \"Please pause my coffee box for two months.\" | {program} predict --model {model}\n"
          f"  {program} evaluate --model {model} --test {test}\n"
          f"  {program} train --model bert-base-uncased --train my.csv --output my-model")


if __name__ == "__main__":
    main()
