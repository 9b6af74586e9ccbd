#!/usr/bin/env python3
"""Compares our byte-level BPE with Transformers' RobertaTokenizer and with stored tokenizers of its kind.

    python3 tests/parity/byte_level_parity.py --driver build/tests/tokenizer_driver --data DIR [--sample N] [--only NAME...]

Trains vocabularies of 2,000 and 20,000 tokens on DATA/wiki, writes folders of all kinds (byte_level_tokenizers.py), and
compares ids, types, word numbers and offsets on every code point, random strings, DATA/torture, DATA/wiki and DATA/sst2
(N lines of each file), pairs with truncation and strides, what is decoded, and what is saved and read again. Exits 1 on
any difference. Needs transformers and numpy.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import sets
import tokenizer_parity as base
from byte_level_tokenizers import WITHOUT_WINDOWS, random_texts, tokenizers, train, write_folder

import numpy as np
from tokenizers import Tokenizer
from transformers import AutoTokenizer, logging


def code_point_texts():
    """Every code point behind a letter and behind a space, alone and doubled, many to a text."""
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    step = base.CODE_POINTS_A_TEXT
    for form in ("a{0}b ", " {0}", "{0}{0}1", "! {0}!"):
        for start in range(0, len(points), step):
            yield "".join(form.format(c) for c in points[start : start + step]).encode()


def data_texts(data, sample):
    texts = []
    published = [*sorted((data / "torture").glob("*")), data / "sst2" / "train.tsv"]
    for path in published if data.is_dir() else sets.TEXTS:
        lines = path.read_bytes().split(b"\n")
        texts += random.Random(1).sample(lines, min(sample, len(lines))) + [path.read_bytes()[:200000]]
    texts += [line.encode() for text in sets.long_texts(data, sample // 20) for line in text.split("\n")]
    return list(dict.fromkeys(texts))


def compare_decoding(driver, folder, tokenizer, texts, name):
    comparison = base.Comparison(name)
    r = random.Random(5)
    lists = [tokenizer.backend_tokenizer.encode(t.decode("utf-8", "replace")).ids for t in texts]
    lists += [[r.randrange(len(tokenizer)) for _ in range(r.randrange(20))] for _ in range(500)]
    payload = b"".join(np.array([len(ids), *ids], dtype=np.uint32).tobytes() for ids in lists)
    for mode, skip in (("decode", False), ("decode-text", True)):
        out = subprocess.run([driver, str(folder), mode], input=payload, stdout=subprocess.PIPE, check=True).stdout
        place = 0
        for ids in lists:
            size = int.from_bytes(out[place : place + 4], "little")
            ours = out[place + 4 : place + 4 + size].decode("utf-8")
            place += 4 + size
            theirs = tokenizer.decode(ids, skip_special_tokens=skip)
            comparison.compared += 1
            if ours != theirs:
                comparison.different += 1
                print(f"  {name}: {ids} {ours!r} {theirs!r}")
    return comparison


def compare_saved(driver, folder, backend, texts, name):
    comparison = base.Comparison(name)
    strings = [t.decode("utf-8", "replace") for t in texts]
    expected = [e.ids for e in backend.encode_batch(strings)]
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([driver, str(folder), "save", scratch], check=True)
        (pathlib.Path(scratch) / "config.json").write_text('{"model_type": "roberta"}')
        loaded = AutoTokenizer.from_pretrained(scratch)
        assert loaded.model_max_length == 512
        assert loaded.get_vocab() == backend.get_vocab()
        plain = Tokenizer.from_file(scratch + "/tokenizer.json")
        for text, ids, a, b in zip(texts, expected, loaded(strings)["input_ids"], plain.encode_batch(strings)):
            comparison.compared += 1
            if not ids == a == b.ids:
                comparison.different += 1
                print(f"  {name}: {text!r}")
        ours = base.run_driver(driver, scratch, [(text, None) for text in texts])
        for text, windows, encoding in zip(texts, ours, backend.encode_batch(strings), strict=True):
            comparison.check(text, windows, [base.flatten(encoding)])
        # The files of version 4 alone.
        if loaded.__class__.__name__ == "RobertaTokenizer":
            (pathlib.Path(scratch) / "tokenizer.json").unlink()
            (pathlib.Path(scratch) / "special_tokens_map.json").unlink()
            plain_strings = [s for s in strings if "<" not in s]
            loaded = AutoTokenizer.from_pretrained(scratch)
            for text, a, b in zip(plain_strings, loaded(plain_strings)["input_ids"], backend.encode_batch(plain_strings)):
                comparison.compared += 1
                if a != b.ids and not backend.get_added_tokens_decoder().keys() & set(b.ids[1:-1]):
                    comparison.different += 1
                    print(f"  {name}: {text!r} from vocab.json and merges.txt")
    return comparison


def compare(driver, folder, name, texts, fuzz):
    started = time.monotonic()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    results = []

    def report(comparison):
        seconds = time.monotonic() - started
        print(f"{comparison.name}: {comparison.compared} compared, {comparison.different} different ({seconds:.0f} s)", flush=True)
        results.append(comparison)

    for what, some in texts.items():
        report(base.compare_texts(driver, folder, backend, f"{name}: {what}", some))
    report(base.compare_texts(driver, folder, backend, f"{name}: random strings", fuzz))
    report(compare_decoding(driver, folder, tokenizer, fuzz[:1000], f"{name}: decoding"))
    report(compare_saved(driver, folder, backend, fuzz[:1000], f"{name}: saved and read again"))
    if name.rsplit(" ", 1)[0] in WITHOUT_WINDOWS:
        return sum(c.compared for c in results), sum(c.different for c in results)
    with base.silent_stderr():
        report(base.compare_windows(driver, folder, backend, fuzz[:2000] + [b"word " * 30, b"a b c d e f g h " * 9],
                                    f"{name}: pairs, truncation, strides", shortest=4))
    return sum(c.compared for c in results), sum(c.different for c in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--data", type=pathlib.Path, default=sets.DATA)
    parser.add_argument("--sample", type=int, default=2000)
    parser.add_argument("--fuzz", type=int, default=5000, help="random strings of each tokenizer")
    parser.add_argument("--only", nargs="*", help="names of tokenizers")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    compared = different = 0
    corpus = sets.long_texts(arguments.data, 2000)
    lines = data_texts(arguments.data, arguments.sample)
    for size in (2000, 20000):
        vocabulary, merges = train(corpus[: len(corpus) if size > 2000 else 300], size)
        specs = tokenizers(vocabulary)
        for name, spec in specs.items() if size == 2000 else [("roberta", specs["roberta"])]:
            if arguments.only and name not in arguments.only:
                continue
            texts = {"data lines": lines}
            if name == "roberta" and size == 2000:
                texts["every code point, 64 a text"] = list(code_point_texts())
            with tempfile.TemporaryDirectory() as folder:
                write_folder(folder, spec, vocabulary, merges)
                one = compare(arguments.driver, folder, f"{name} {len(vocabulary)}", texts, random_texts(arguments.fuzz, len(name)))
            compared, different = compared + one[0], different + one[1]
    print(f"{compared} compared, {different} different")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
