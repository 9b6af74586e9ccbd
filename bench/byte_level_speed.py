#!/usr/bin/env python3
"""Bertune's byte-level BPE beside `tokenizers`, each on one thread.

    python3 bench/byte_level_speed.py --driver build/bench/tokenizer_benchmark [--data DIR] [--passes 5]

A vocabulary of 20,000 tokens is learned from some articles of DATA/wiki; the texts are others of it and XQuAD's contexts
(DATA/squad/xquad.*.json). Passes as in tokenizer_speed.py: "first" is before anything is in a cache. Ids that differ in
number are an error.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "parity"))

import sets  # noqa: E402
from byte_level_tokenizers import tokenizers, train, write_folder  # noqa: E402
from tokenizer_speed import time_driver, time_passes  # noqa: E402

from transformers import AutoTokenizer  # noqa: E402


def articles_name(data):
    return "wiki" if (data / "wiki").is_dir() else "examples"


def corpora(data):
    articles = sets.long_texts(data, 6000)
    yield articles_name(data), [line for text in articles[len(articles) // 2:] for line in text.split("\n") if line]
    for path in sorted((data / "squad").glob("xquad.*.json")):
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        yield path.stem, [p["context"] for a in articles for p in a["paragraphs"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="tokenizer_benchmark")
    parser.add_argument("--data", type=pathlib.Path, help="folder with wiki/ and squad/", default=sets.DATA)
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    vocabulary, merges = train(sets.long_texts(arguments.data, 3000), 20000)
    with tempfile.TemporaryDirectory() as folder:
        write_folder(folder, tokenizers(vocabulary)["roberta"], vocabulary, merges)
        reference = AutoTokenizer.from_pretrained(folder).backend_tokenizer
        for name, texts in corpora(arguments.data):
            megabytes = sum(len(text.encode()) for text in texts) / 1e6
            ours, tokens = time_driver(arguments.driver, folder, "cased", arguments.passes, texts)
            made = []
            theirs = time_passes(2, lambda: made.append(sum(len(e.ids) for e in reference.encode_batch_fast(texts))))
            if tokens != made[0]:
                sys.exit(f"{name}: {tokens} tokens where `tokenizers` makes {made[0]}")
            print(f"{name:10} {megabytes:5.1f} MB  {megabytes / min(ours):6.0f} MB/s (first {megabytes / ours[0]:4.0f})  "
                  f"tokenizers {megabytes / min(theirs):5.2f}: {min(theirs) / min(ours):5.0f}x, first {theirs[0] / ours[0]:.0f}x",
                  flush=True)
        seconds, _ = time_driver(arguments.driver, folder, "load", 5)
        print(f"reading the tokenizer of {len(vocabulary)} tokens: {seconds[0] * 1e3:.1f} ms, then {min(seconds) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
