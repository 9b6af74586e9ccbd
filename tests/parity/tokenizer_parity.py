#!/usr/bin/env python3
"""Compares our tokenizer with Transformers' on every line of the shared data, every code point and random strings.

    python3 tests/parity/tokenizer_parity.py --driver build/tokenizer_driver [--sample N] [--data DIR] MODEL_OR_VOCAB...

A MODEL is a checkpoint folder; a VOCAB is a vocab.txt, tried cased and uncased. --sample N takes N lines of each data
file (0: none); every code point and random strings are always compared. Prints what was compared and exits 1 on any
difference. Needs transformers and numpy; tokenizer_driver is built from tests/parity/tokenizer_driver/main.cpp.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["RUST_BACKTRACE"] = "0"

import numpy as np  # noqa: E402
import sets  # noqa: E402

NONE, ERROR = 0xFFFFFFFF, 0xFFFFFFFE
CODE_POINTS_A_TEXT = 64


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)


def data_texts(data, sample):
    """Lines of all data files, and the strings inside those that are JSON: unique, as bytes."""
    texts = {}
    for path in sets.text_files(data):
        content = path.read_bytes()
        lines = content.split(b"\n")
        if sample is not None and len(lines) > sample:
            lines = random.Random(1).sample(lines, sample)
        texts.update(dict.fromkeys(lines))
        if path.suffix == ".json":
            found = list(dict.fromkeys(strings_in(json.loads(content))))
        elif path.suffix == ".jsonl":
            found = list(dict.fromkeys(itertools.chain.from_iterable(strings_in(json.loads(l)) for l in lines if l)))
        else:
            continue
        if sample is not None and len(found) > sample:
            found = random.Random(2).sample(found, sample)
        texts.update(dict.fromkeys(s.encode("utf-8", "surrogatepass") for s in found))
    return list(texts)


def code_point_texts():
    """Every code point between two letters, many to a text: a text costs more than what is in it."""
    words = ["a" + chr(c) + "b" for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return [" ".join(words[i : i + CODE_POINTS_A_TEXT]).encode() for i in range(0, len(words), CODE_POINTS_A_TEXT)]


def random_texts(count, seed):
    """Short strings of what tokenizers get wrong: marks in odd orders, controls, wide scripts, special tokens."""
    r = random.Random(seed)
    marks = [chr(c) for c in range(0x300, 0x370)] + list(
        "\u0591\u05b0\u064b\u0651\u0670\u093c\u094d\u09bc\u0e38\u0eb8\u0f71\u0f72\u0f73\u0f75\u0f80\u0f81\u0344\u1037\u17d2"
        "\u1b44\u1dc2\u1dce\u20d0\u20e1\u302a\u302b\u302e\u302f\u3099\u309a\ua953\ufb1e\ufe20\U0001d165\U0001d166\U0001d16d"
        "\U0001d172\U0001d17b\U000111c0\U00011c3f\U00016af0\U0001e8d0\U0001e944\u08d4\u1cf4\u1df6\u0c3c\u1abf"
    )
    letters = list("abcdefghijklmnopqrstuvwxyzABCXYZ019") + list(
        "éÉñÅöŞşİıßſςΣσÀḍṩỗǖΐΰЙйЁёїאבّאֵשׂשּׁעربيहिन्दीกำไทยがぱガ한국어각닭\u1100\u1161\u11a8中文字々〆\uf900\ufa30\U0002f800"
        "\U00020000\U0002b820\U0002b920ﬁﬂ①Ⅷ™ΩÅ\u212a\u1e9e\u0958\u09dc\u0fb9\u1d15e\U0001d15e\U0001d1bc\U0001f600\U0001f468"
    )
    odd = list("\u0000\u0001\t\n\r\x0b\x0c\x1f\x7f\x80\x85\xa0\xad\u1680\u180e\u2000\u200b\u200c\u200d\u200e\u2028\u2029"
               "\u202f\u205f\u2060\u3000\ufeff\ufffd\ufffe\uffff\ue000\U000e0001\U000f0000\U0010ffff\u0378\u061c\u070f")
    special = ["[SEP]", "[CLS]", "[MASK]", "[UNK]", "[PAD]", "[sep]", "[ MASK ]", "[unused1]", "##ing", "[", "]", "##"]
    texts = []
    for _ in range(count):
        kind = r.random()
        out = []
        for _ in range(r.randrange(0, 30)):
            x = r.random()
            if x < 0.35:
                out.append(r.choice(letters))
            elif x < 0.55:
                out.append(r.choice(marks))
            elif x < 0.65:
                out.append(r.choice(odd))
            elif x < 0.78:
                out.append(" ")
            elif x < 0.86:
                out.append(r.choice(".,!?'\"-_/\\()$%&#@~`^+=<>|、。！？「」«»—…·¿§"))
            elif x < 0.89:
                out.append(r.choice(special))
            elif kind < 0.5:
                out.append("".join(r.choices("etaoinshrdlu", k=r.randrange(1, 25))))
            else:
                c = r.randrange(0x110000)
                out.append(chr(c) if not 0xD800 <= c < 0xE000 else "\ufffd")
        texts.append("".join(out).encode())
        if r.random() < 0.02:
            texts[-1] += b" " + r.choice(["a", "é", "ß", "中", "a\u0301", "\U0001f600"]).encode() * r.randrange(95, 106)
        if r.random() < 0.05:  # bytes that are no UTF-8
            cut = r.randrange(len(texts[-1]) + 1)
            texts[-1] = texts[-1][:cut] + bytes(r.randrange(128, 256) for _ in range(r.randrange(1, 4))) + texts[-1][cut:]
    return texts


def run_driver(driver, folder, records, arguments=()):
    """Yields for each record the list of its windows, or None for an error."""
    payload = bytearray()
    for text, pair in records:
        payload += len(text).to_bytes(4, "little") + (NONE if pair is None else len(pair)).to_bytes(4, "little")
        payload += text + (pair or b"")
    done = subprocess.run([driver, str(folder), *map(str, arguments)], input=bytes(payload), stdout=subprocess.PIPE,
                          check=True)
    numbers = np.frombuffer(done.stdout, dtype=np.uint32)
    position, windows = 0, []
    while position < len(numbers):
        count = int(numbers[position])
        position += 1
        if count in (NONE, ERROR):
            yield None if count == ERROR else windows
            windows = []
            continue
        windows.append(numbers[position : position + 7 * count])
        position += 7 * count


def flatten(encoding):
    ids = encoding.ids
    count = len(ids)
    result = np.empty(5 * count, dtype=np.uint32)
    result[:count] = ids
    result[count : 2 * count] = encoding.type_ids
    result[2 * count : 3 * count] = [NONE if w is None else w for w in encoding.word_ids]
    result[3 * count :] = np.fromiter(itertools.chain.from_iterable(encoding.offsets), dtype=np.uint32, count=2 * count)
    return result


class Comparison:
    def __init__(self, name):
        self.name, self.compared, self.different = name, 0, 0

    def check(self, record, ours, theirs):
        self.compared += 1
        equal = (ours is None) == (theirs is None)
        if equal and ours is not None:
            equal = len(ours) == len(theirs) and all(
                len(a) * 5 == len(b) * 7 and np.array_equal(a[: len(b)], b) for a, b in zip(ours, theirs)
            )
        if equal:
            return
        self.different += 1
        if self.different <= 5:
            print(f"  {self.name}: {record!r}")
            for who, windows in (("ours", ours), ("theirs", theirs)):
                shown = None if windows is None else [
                    (w[: len(w) // (7 if who == "ours" else 5)].tolist(),
                     w[3 * (len(w) // (7 if who == "ours" else 5)):][: 2 * (len(w) // (7 if who == "ours" else 5))].tolist())
                    for w in windows
                ]
                print(f"    {who:7}{str(shown)[:600]}")


def compare_texts(driver, folder, backend, name, texts, block=20000):
    comparison = Comparison(name)
    for start in range(0, len(texts), block):
        part = texts[start : start + block]
        ours = run_driver(driver, folder, [(text, None) for text in part])
        theirs = backend.encode_batch([text.decode("utf-8", "replace") for text in part])
        for text, windows, encoding in zip(part, ours, theirs, strict=True):
            comparison.check(text, windows, [flatten(encoding)])
    return comparison


@contextlib.contextmanager
def silent_stderr():
    """The library writes about each panic before Python sees it."""
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def compare_windows(driver, folder, backend, texts, name, shortest=3):
    """Pairs, truncation and strides; `shortest`: a length with room for the special tokens."""
    comparison = Comparison(name)
    r = random.Random(3)
    for strategy in ("longest_first", "only_first", "only_second"):
        for _ in range(12):
            max_length, stride = r.randrange(shortest, 40), r.choice([0, 0, 1, 2, 5, 9])
            records = [(r.choice(texts), r.choice(texts) if r.random() < 0.7 else None) for _ in range(150)]
            try:
                backend.enable_truncation(max_length=max_length, stride=stride, strategy=strategy)
            except Exception:  # a stride that is too long for the length
                continue
            ours = run_driver(driver, folder, records, (max_length, stride, strategy))
            for record, windows in zip(records, ours, strict=True):
                inputs = [t.decode("utf-8", "replace") for t in record if t is not None]
                try:
                    encoding = backend.encode(*inputs)
                    theirs = [flatten(e) for e in [encoding, *encoding.overflowing]]
                except BaseException as error:  # the library panics on some strides
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    theirs = None
                comparison.check((record, max_length, stride, strategy), windows, theirs)
    backend.no_truncation()
    return comparison


def compare_saved(driver, folder, backend, texts, name):
    """What Transformers reads from the files that we write must be the tokenizer that it read from the original."""
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    comparison = Comparison(name)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([driver, str(folder), "save", scratch], check=True)
        (pathlib.Path(scratch) / "config.json").write_text('{"model_type": "bert"}')
        loaded = AutoTokenizer.from_pretrained(scratch)
        assert type(loaded).__name__ == "BertTokenizer" and loaded.model_max_length == 512
        # White space alone is no token to the reader of vocab.txt; we keep its line.
        vocabulary = loaded.get_vocab()
        assert all(vocabulary.get(t) == i for t, i in backend.get_vocab().items() if t.strip())
        plain = Tokenizer.from_file(scratch + "/tokenizer.json")
        strings = [t.decode("utf-8", "replace") for t in texts]
        expected = [e.ids for e in backend.encode_batch(strings)]
        for text, ids, a, b in zip(texts, expected, loaded(strings)["input_ids"], plain.encode_batch(strings)):
            comparison.compared += 1
            if not ids == a == b.ids:
                comparison.different += 1
                print(f"  {name}: {text!r}")
        ours = run_driver(driver, scratch, [(text, None) for text in texts])
        for text, windows, encoding in zip(texts, ours, backend.encode_batch(strings), strict=True):
            comparison.check(text, windows, [flatten(encoding)])
    return comparison


def compare_one(job):
    driver, folder, name, what, data, sample = job
    from transformers import AutoTokenizer, logging

    logging.set_verbosity_error()
    backend = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    results = []

    started = time.monotonic()

    def report(comparison):
        seconds = time.monotonic() - started
        print(f"{comparison.name}: {comparison.compared} compared, {comparison.different} different ({seconds:.0f} s)",
              flush=True)
        results.append(comparison)

    if "data" in what and data is not None and sample != 0:
        texts = data_texts(data, sample)
        report(compare_texts(driver, folder, backend, f"{name}: data lines", texts))
    if "code points" in what:
        report(compare_texts(driver, folder, backend, f"{name}: every code point, {CODE_POINTS_A_TEXT} a text", code_point_texts()))
    fuzz = random_texts(20000, seed=len(name))
    report(compare_texts(driver, folder, backend, f"{name}: random strings", fuzz))
    report(compare_saved(driver, folder, backend, fuzz[:2000], f"{name}: saved and read again"))
    with silent_stderr():
        report(compare_windows(driver, folder, backend, fuzz + [b"word " * 30, b"a b c d e f g h " * 9],
                                       f"{name}: pairs, truncation, strides"))
    return sum(c.compared for c in results), sum(c.different for c in results)


def jobs_for(arguments, scratch):
    data = arguments.data
    for index, given in enumerate(arguments.models):
        if given.is_dir():
            yield (arguments.driver, given, given.name, ("data", "code points"), data, arguments.sample)
            continue
        settings = [("uncased", {"do_lower_case": True}), ("cased", {"do_lower_case": False})]
        if index == 0:  # the other settings need no vocabulary of their own
            settings += [("lower-case with accents", {"do_lower_case": True, "strip_accents": False}),
                         ("cased without accents", {"do_lower_case": False, "strip_accents": True}),
                         ("Chinese in words", {"do_lower_case": True, "tokenize_chinese_chars": False})]
        for label, config in settings:
            folder = scratch / f"{index}-{label.replace(' ', '-')}"
            folder.mkdir()
            (folder / "vocab.txt").write_bytes(given.read_bytes())
            (folder / "config.json").write_text('{"model_type": "bert"}')
            (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", **config}))
            what = ("data", "code points") if label in ("uncased", "cased") else ("code points",)
            yield (arguments.driver, folder, f"{given.name} {label}", what, data, arguments.sample)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL_OR_VOCAB")
    parser.add_argument("--driver", required=True)
    parser.add_argument("--data", type=pathlib.Path, default=sets.DATA)
    parser.add_argument("--sample", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    compared = different = 0
    with tempfile.TemporaryDirectory() as scratch:
        jobs = list(jobs_for(arguments, pathlib.Path(scratch)))
        with multiprocessing.Pool(arguments.jobs) as pool:
            for count, differences in pool.imap_unordered(compare_one, jobs):
                compared += count
                different += differences
    print(f"{compared} compared, {different} different")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
