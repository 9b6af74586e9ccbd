#!/usr/bin/env python3
"""Pre-trains on much text, and shows that memory does not grow with it.

    bench/large_text.py --program build/bertune --folder /tmp/large --gigabytes 4

Makes the text by repetition with variation (paragraphs of random words in another order in every file), tokenizes
it into --text-cache, takes a few steps, and takes them again from the cache. Prints for each run how long it took and
what the process had in memory at most, of its own and with the pages of files. Fails where that is more than
--limit-mib beyond the model. Uses nothing but the standard library.
"""
import argparse
import itertools
import json
import pathlib
import random
import subprocess
import sys
import time

CONFIG = {"model_type": "bert", "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
          "intermediate_size": 512}
FILE_BYTES = 256 << 20


def make_text(folder, size):
    """Files of paragraphs, a blank line between them; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(20000)]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    paragraphs = []
    for _ in range(4000):
        sentences = []
        for _ in range(draw.randint(3, 30)):
            sentences.append(" ".join(draw.choices(words, cum_weights=weights, k=draw.randint(5, 25))) + ".")
        paragraphs.append("\n".join(sentences) + "\n\n")
    number = 0
    while number * FILE_BYTES < size:
        path = folder / f"text-{number:04}.txt"
        wanted = min(FILE_BYTES, size - number * FILE_BYTES)
        if not path.exists() or path.stat().st_size < wanted:
            with open(path, "w", encoding="ascii") as file:
                written = 0
                while written < wanted:
                    draw.shuffle(paragraphs)
                    cut = draw.randint(0, 40)  # the first sentence of each is another one
                    block = "".join(paragraph[cut:] if len(paragraph) > 200 else paragraph for paragraph in paragraphs)
                    written += file.write(block)
        number += 1
    return folder


def peak_of(command):
    """Runs the command; returns seconds, and the most MiB of its own and of files that were in memory at a time."""
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    own = files = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except FileNotFoundError:
            break
        values = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Rss")}
        own = max(own, int(values.get("RssAnon", 0)) // 1024)
        files = max(files, int(values.get("RssFile", 0)) // 1024)
        time.sleep(0.05)
    message = process.stderr.read()
    if process.wait() != 0:
        sys.exit(message)
    return time.time() - start, own, files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--steps", default="5")
    parser.add_argument("--limit-mib", type=int, default=1024)
    options = parser.parse_args()
    text = make_text(options.folder / "text", int(options.gigabytes * 1e9))
    config = options.folder / "config.json"
    config.write_text(json.dumps(CONFIG))
    vocabulary = options.folder / "vocabulary"
    if not vocabulary.exists():
        head = options.folder / "head.txt"
        with open(text / "text-0000.txt", encoding="ascii") as file:
            head.write_text(file.read(8 << 20))
        subprocess.run([options.program, "vocabulary", head, "--vocab-size", "8000", "--output", vocabulary], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    few = options.folder / "few.txt"
    few.write_text((options.folder / "head.txt").read_text()[:100000])
    command = [options.program, "pretrain", "--config-name", config, "--vocabulary", vocabulary, "--output",
               options.folder / "model", "--overwrite", "--max-steps", options.steps, "--quiet"]
    rows = [("little text", peak_of(command + ["--train", few]))]
    cache = ["--train", text / "*.txt", "--text-cache", options.folder / "cache"]
    rows.append((f"{options.gigabytes:g} GB, tokenized", peak_of(command + cache)))
    rows.append((f"{options.gigabytes:g} GB, again", peak_of(command + cache)))
    print("| run | seconds | MiB of its own | MiB of files |\n| --- | ---: | ---: | ---: |")
    for name, (seconds, own, files) in rows:
        print(f"| {name} | {seconds:.0f} | {own} | {files} |")
    model = sum(rows[0][1][1:])
    most = max(own + files for _, (_, own, files) in rows[1:])
    if most - model > options.limit_mib:
        sys.exit(f"{most - model} MiB beyond the model and little text")


if __name__ == "__main__":
    main()
