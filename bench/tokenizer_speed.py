#!/usr/bin/env python3
"""Bertune's tokenizer beside the fastest ones in Python, each on one thread.

    python3 bench/tokenizer_speed.py --driver build/bench/tokenizer_benchmark --model DIR [--data DIR --vocab DIR]
                                     [--passes 20] [--json FILE]

The texts are SST-2's (DATA/sst2/train.tsv, text TAB label) and XQuAD's contexts (DATA/squad/xquad.*.json); the
vocabularies bert-base-uncased and bert-base-multilingual-cased (VOCAB/NAME.vocab.txt). Peers are `tokenizers`
(encode_batch_fast) and, where it is installed, `nanotoken` (encode_batch into flat arrays, its quickest form). The best
of --passes counts, in seconds of the processor; "first" is the first pass, before anything is in a cache. Ids that
differ are an error. Last, how long it takes to read the tokenizer of the folder --model.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers.implementations import BertWordPieceTokenizer  # noqa: E402

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "parity"))
import sets  # noqa: E402

try:
    import nanotoken
except ImportError:
    nanotoken = None

VOCABULARIES = {"bert-base-uncased": True, "bert-base-multilingual-cased": False}
TARGET_ENGLISH, TARGET_OTHERS, TARGET_NANOTOKEN, TARGET_LOAD_MS = 100, 20, 1, 25


def corpora(data):
    if not data.is_dir():
        yield "examples", True, [line for text in sets.long_texts(data, 10000) for line in text.split("\n") if line]
        return
    lines = (data / "sst2" / "train.tsv").read_text(encoding="utf-8").split("\n")
    yield "sst2", True, [line.rsplit("\t", 1)[0] for line in lines if line]
    for path in sorted((data / "squad").glob("xquad.*.json")):
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        language = path.suffixes[-2][1:]
        yield f"xquad.{language}", language == "en", [p["context"] for a in articles for p in a["paragraphs"]]


def time_passes(passes, function):
    seconds = []
    for _ in range(passes):
        begin = time.process_time()
        function()
        seconds.append(time.process_time() - begin)
    return seconds


def time_driver(driver, model, what, passes, texts=()):
    """Seconds of each pass, and the tokens of the last."""
    done = subprocess.run([driver, model, what, str(passes)], input=b"".join(t.encode() + b"\0" for t in texts),
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    return [float(seconds) for seconds, _ in lines], int(lines[-1][1])


def verdict(ratio, target):
    return f"{ratio:6.1f}x {'>=' if ratio >= target else '< '} {target}"


def compare(arguments, name, lowercase, corpus, is_english, texts):
    vocabulary = arguments.vocab / f"{name}.vocab.txt"
    if not vocabulary.exists():  # that of the checkpoint is the English one
        vocabulary = pathlib.Path(arguments.model) / "vocab.txt"
    reference = BertWordPieceTokenizer(str(vocabulary), lowercase=lowercase)._tokenizer
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    ours, tokens = time_driver(arguments.driver, vocabulary, "uncased" if lowercase else "cased", arguments.passes, texts)
    expected = [encoding.ids for encoding in reference.encode_batch_fast(texts)]
    if tokens != sum(map(len, expected)):
        sys.exit(f"{corpus}, {name}: {tokens} tokens where `tokenizers` makes {sum(map(len, expected))}")
    hf = time_passes(2, lambda: reference.encode_batch_fast(texts))
    row = {"benchmark": "tokenizer", "corpus": corpus, "vocabulary": name, "mb": round(megabytes, 2),
           "mb_per_second": round(megabytes / min(ours), 1), "first_mb_per_second": round(megabytes / ours[0], 1),
           "tokenizers_mb_per_second": round(megabytes / min(hf), 2), "times_tokenizers": round(min(hf) / min(ours), 1),
           "target_times_tokenizers": TARGET_ENGLISH if is_english else TARGET_OTHERS}
    line = (f"{corpus:9} {name:28} {row['mb_per_second']:6.0f} MB/s (first {row['first_mb_per_second']:4.0f})  "
            f"tokenizers {row['tokenizers_mb_per_second']:5.2f}: "
            f"{verdict(row['times_tokenizers'], row['target_times_tokenizers'])}")
    if nanotoken:
        peer = nanotoken.Tokenizer(reference)
        if peer.encode_batch(texts, parallel=False).to_list() != expected:
            line += "  nanotoken: other ids"
        else:
            peer = nanotoken.Tokenizer(reference)
            nano = time_passes(arguments.passes, lambda: peer.encode_batch(texts, parallel=False))
            row |= {"nanotoken_mb_per_second": round(megabytes / min(nano), 1),
                    "times_nanotoken": round(min(nano) / min(ours), 2), "target_times_nanotoken": TARGET_NANOTOKEN}
            line += f"  nanotoken {row['nanotoken_mb_per_second']:4.0f}: {verdict(row['times_nanotoken'], 1)}"
    print(line, flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="tokenizer_benchmark")
    parser.add_argument("--data", type=pathlib.Path, help="folder with sst2/ and squad/", default=sets.DATA)
    parser.add_argument("--vocab", type=pathlib.Path, help="folder with NAME.vocab.txt", default=sets.DATA / "vocab")
    parser.add_argument("--model", help="a checkpoint folder, to time reading its tokenizer", required=True)
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--json", type=pathlib.Path, help="append the results to this file, a JSON object a line")
    arguments = parser.parse_args()
    rows = [compare(arguments, name, lowercase, *corpus)
            for name, lowercase in VOCABULARIES.items() if lowercase or arguments.vocab.is_dir()
            for corpus in corpora(arguments.data)]
    seconds, _ = time_driver(arguments.driver, arguments.model, "load", 5)
    rows.append({"benchmark": "tokenizer_load", "first_ms": round(seconds[0] * 1e3, 1),
                 "best_ms": round(min(seconds) * 1e3, 1), "target_ms": TARGET_LOAD_MS})
    print(f"reading the tokenizer of {arguments.model}: {seconds[0] * 1e3:.1f} ms, then {min(seconds) * 1e3:.1f} ms "
          f"(target {TARGET_LOAD_MS})")
    if arguments.json:
        with open(arguments.json, "a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    main()
