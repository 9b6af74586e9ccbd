#!/usr/bin/env python3
"""Draws docs/images/demo.svg, the picture of README.md, from what the program prints.

    tools/draw_demo.py --program build/bertune --model .cache/all-MiniLM-L6-v2 --output docs/images/demo.svg

It trains on examples/support_tickets as `make demo` does (half a minute), labels three new messages, and draws the
lines that SHOWN names. The picture has colors for light and for dark pages."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
TICKETS = "examples/support_tickets"
MESSAGES = ["My parcel has been stuck at the depot since Monday.", "Please pause my coffee box for two months.",
            "The handle of the new kettle is broken."]
# Of the output of a training: its evaluations, and the test with its table of classes; times depend on the machine.
SHOWN = re.compile(r"^(epoch \d|Test on |accuracy )")
TABLE = "Classes"

CHARACTER, LINE, SIZE, MARGIN = 7.83, 18, 13, 16
STYLE = """
  .ground { fill: #f6f8fa; stroke: #d0d7de; }
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #24292f;
         white-space: pre; }
  .command { fill: #0550ae; font-weight: 600; }
  .result { fill: #116329; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #30363d; }
    text { fill: #c9d1d9; }
    .command { fill: #79c0ff; }
    .result { fill: #7ee787; }
  }
"""


def run(arguments, text=None):
    done = subprocess.run(arguments, cwd=ROOT, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"draw_demo: {done.stderr}")
    return done.stdout, done.stderr


def chosen_lines(output):
    lines, in_table = [], False
    for line in output.split("\n"):
        in_table = line == TABLE or (in_table and bool(line.strip()))
        if in_table or SHOWN.match(line):
            lines.append(line)
    return lines


def screen(program, model, folder):
    """(style, line) of each line of the picture."""
    output, progress = run([program, "train", "--model", model, "--train", f"{TICKETS}/train.csv", "--validation",
                            f"{TICKETS}/validation.csv", "--test", f"{TICKETS}/test.csv", "--output", f"{folder}/demo",
                            "--epochs", "4", "--learning-rate", "2e-4"])
    yield "command", "$ bertune train --model all-MiniLM-L6-v2 --train train.csv --validation validation.csv \\"
    yield "command", "    --test test.csv --output demo --epochs 4 --learning-rate 2e-4"
    for line in chosen_lines(progress + "\n" + output):
        line = line.replace(f"{TICKETS}/", "")
        yield "result" if line.startswith("accuracy") else "", line
    yield "", ""
    yield "command", "$ bertune predict --model demo --output-format csv messages.txt"
    answers, _ = run([program, "predict", "--model", f"{folder}/demo", "--output-format", "csv", "--silent"],
                     "\n".join(MESSAGES) + "\n")
    for line in answers.strip().split("\n"):
        yield "", re.sub(r"(0\.\d{3})\d+$", r"\1", line)


def draw(lines):
    width = max(len(line) for _, line in lines) * CHARACTER + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    texts = []
    for number, (style, line) in enumerate(lines):
        y = MARGIN + SIZE + number * LINE
        cls = f' class="{style}"' if style else ""
        texts.append(f'<text x="{MARGIN}" y="{y}"{cls} xml:space="preserve">{escape(line)}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n<title>A fine-tuning with Bertune, from the command to '
            f'predictions</title>\n<style>{STYLE}</style>\n<rect class="ground" x="0.5" y="0.5" width="{width - 1:.0f}" '
            f'height="{height - 1:.0f}" rx="8"/>\n' + "\n".join(texts) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = list(screen(str(arguments.program.resolve()), str(arguments.model.resolve()), folder))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(draw(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
