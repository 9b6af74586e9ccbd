#!/usr/bin/env python3
"""How fast and in how much memory `bertune train` gets a large CSV ready for its first step.

    python3 bench/csv_speed.py --program build/bertune --model MODEL_FOLDER --texts FILE... [--size 100] [--json FILE]

Makes a CSV of labelled texts: passages of the given files (.jsonl with "text", .csv, .tsv, .txt), from a few words to
a few hundred, one in five with quotes inside and one in ten over several lines. `bertune train` reads it, checks
labels, duplicates and leaks, holds out a validation set and tokenizes; it is stopped when it says that training
begins. Start-up and model are measured on a CSV of a hundred rows and taken off. The best of --repeat runs counts.
Where other programs take turns with it, the wall time says little: the processor seconds of its busiest thread are
what would have passed on idle cores.
"""

import argparse
import csv
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

TARGET_SPEED, TARGET_MEMORY = 80.0, 2.0  # MB/s; peak beyond that of the model / size of the file
LABELS = ["business", "sports", "science", "world", "arts"]


def passages_of(path):
    if path.suffix == ".jsonl":
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines]
    if path.suffix == ".csv":
        with open(path, encoding="utf-8", newline="") as lines:
            return [" ".join(row) for row in csv.reader(lines)]
    return path.read_text(encoding="utf-8", errors="replace").split("\n")


def words_of(paths):
    words = []
    for path in paths:
        for passage in passages_of(path):
            words += passage.split()
    return words


def make_csv(path, words, size, seed=1):
    """Rows whose texts are stretches of real text; as many that nearly none is there twice."""
    pick = random.Random(seed)
    written = 0
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
        writer.writerow(["id", "text", "label"])
        row = 0
        while written < size:
            count = min(400, 3 + int(pick.lognormvariate(3.0, 0.8)))
            begin = pick.randrange(max(1, len(words) - count))
            text = " ".join(words[begin : begin + count])
            if row % 5 == 0:
                text = f'"{text}", they said.'
            if row % 10 == 1:
                middle = len(text) // 2
                text = f"{text[:middle]}\n\n{text[middle:]}"
            writer.writerow([row, text, pick.choice(LABELS)])
            row += 1
            if row % 1000 == 0:
                written = out.tell()
    return row


def peak_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def processor_seconds(pid):
    """Of all threads, and of the busiest."""
    seconds = []
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        seconds.append(int(stat.read_text().split()[0]) / 1e9)
    return sum(seconds), max(seconds)


def run_to_first_step(arguments, path, output):
    """Until training begins: wall seconds, processor seconds, those of the busiest thread, and peak MiB."""
    command = [arguments.program, "train", "--model", arguments.model, "--train", path, "--output", output,
               "--overwrite", "--threads", str(arguments.threads)]
    begin = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("Training on"):
            found = time.monotonic() - begin, *processor_seconds(process.pid), peak_of(process.pid)
            process.kill()
            process.wait()
            return found
    sys.exit("bertune train ended before its first step:\n" + "".join(said[-20:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="bertune")
    parser.add_argument("--model", required=True, help="a checkpoint folder")
    parser.add_argument("--texts", required=True, nargs="+", type=pathlib.Path, help="files to take texts from")
    parser.add_argument("--size", type=float, default=100, help="MB of CSV")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="append the result to this file, a JSON object a line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        words = words_of(arguments.texts)
        rows = make_csv(scratch / "large.csv", words, arguments.size * 1e6)
        (scratch / "small.csv").write_text("text,label\n" + "".join(f"row {i},{'ab'[i % 2]}\n" for i in range(100)))
        size = (scratch / "large.csv").stat().st_size / 1e6
        runs = {name: [run_to_first_step(arguments, scratch / f"{name}.csv", scratch / "model")
                       for _ in range(arguments.repeat)] for name in ("small", "large")}
    seconds, processor, busiest, peak = (
        min(run[i] for run in runs["large"]) - min(run[i] for run in runs["small"]) for i in range(4))
    result = {"benchmark": "csv", "mb": round(size, 1), "rows": rows, "threads": arguments.threads,
              "seconds": round(seconds, 3), "processor_seconds": round(processor, 3),
              "busiest_thread_seconds": round(busiest, 3), "mb_per_second_of_idle_cores": round(size / busiest, 1),
              "mb_per_second": round(size / seconds, 1), "target_mb_per_second": TARGET_SPEED,
              "peak_mib_beyond_model": round(peak, 1), "peak_of_file": round(peak * 1.048576 / size, 2),
              "target_peak_of_file": TARGET_MEMORY,
              "model_seconds": round(min(run[0] for run in runs["small"]), 3),
              "model_peak_mib": round(min(run[3] for run in runs["small"]), 1)}
    print(f"{size:.0f} MB, {rows} rows, {arguments.threads} threads: {result['mb_per_second']} MB/s "
          f"(target {TARGET_SPEED:.0f}), {seconds:.2f} s; {processor:.2f} s of processor time, {busiest:.2f} s of them in "
          f"one thread ({result['mb_per_second_of_idle_cores']} MB/s on idle cores)")
    print(f"peak memory beyond the model's {result['model_peak_mib']} MiB: {peak:.0f} MiB = "
          f"{result['peak_of_file']} x the file (target {TARGET_MEMORY:.0f})")
    if arguments.json:
        with open(arguments.json, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
