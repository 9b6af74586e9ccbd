#!/usr/bin/env python3
"""Writes tests/parity/fixtures/byte_level*: a vocabulary, its merges, and what Transformers makes of tricky texts.

    python3 tests/parity/make_byte_level_fixture.py

Needs transformers. The vocabulary is learned from words of make_tokenizer_fixture.py.
"""

import json
import pathlib
import random
import tempfile

from byte_level_tokenizers import WITHOUT_WINDOWS, random_texts, tokenizers, train, write_folder
from make_tokenizer_fixture import FIXTURES, INVALID, SUFFIXES, TEXTS, WORDS, encoding_json
from tokenizer_parity import silent_stderr

from transformers import AutoTokenizer

MORE = [
    "'s 't 're 've 'm 'll 'd 'S 'x ' ''s", "don't I'll we've they'd it's's x's!'s \n's", "  two  spaces ", " a", "\na", " \na", "\n\n a",
    "a \n", "a\u00a0b \u00a0c\u3000\u3000d", "x\x00y !\x00! \x00", "12 345a6 b7", "<mask>a <mask> b  <mask>", "<s>a</s> <pad>", "é", "aéb é",
    "Ġx Ġ", " spaced  x spaced ", "<left> <right> a", "New York  New York", "it 's", "!'s?'t", "naïve 😀😀 é's", "the" * 13, "!" * 66 + "'s",
    " " * 70 + "x", "the people of the world " * 4, "\u1c89\u2c2f\U00010d4a \U000105c0 \u0378", "²½Ⅷ٣ x²",
]


def train_texts():
    for i, word in enumerate(WORDS):
        for text in (word, " " + word, " " + word.capitalize(), word + SUFFIXES[i % len(SUFFIXES)]):
            yield text
    yield from TEXTS * 2


def window(encoding):
    """Without types where all are 0."""
    keep = ["ids", "offsets", "words"] + (["types"] if any(encoding.type_ids) else [])
    return {key: value for key, value in encoding_json(encoding).items() if key in keep}


def cases(name, backend, tokenizer):
    r = random.Random(name)
    fuzz = random_texts(400, len(name))[: 12 if name in ("roberta", "prefix", "added") else 4]
    texts = MORE + TEXTS[::2] if name == "roberta" else MORE[:: 1 if name == "prefix" else 3]
    for raw in [t.encode() for t in texts] + INVALID + fuzz:
        text = raw.decode("utf-8", "replace")
        given = {"text": text} if text.encode() == raw else {"bytes": raw.hex()}
        yield {"on": name, **given, "windows": [window(backend.encode(text))]}
    long = ["a b c d e f g h i j k", "the people of the world", "hello", "", "don't café running  it", "x </s> y. z!"]
    for strategy in () if name in WITHOUT_WINDOWS else ("longest_first", "only_first", "only_second"):
        for max_length, stride in [(4, 0), (5, 0), (7, 1), (9, 3)]:
            first, second = r.choice(long), r.choice(long + [None])
            case = {"on": name, "text": first, "max_length": max_length, "stride": stride, "strategy": strategy}
            if second is not None:
                case["pair"] = second
            try:
                backend.enable_truncation(max_length, stride=stride, strategy=strategy)
                e = backend.encode(*[t for t in (first, second) if t is not None])
                case["windows"] = [window(x) for x in [e, *e.overflowing]]
            except BaseException:
                case["windows"] = None
            yield case
    backend.no_truncation()
    for ids in ([], *(backend.encode(t).ids for t in MORE[:12:3]), [r.randrange(len(tokenizer)) for _ in range(30)]):
        for skip in (True, False):
            yield {"on": name, "ids": ids, "skip": skip, "decoded": tokenizer.decode(ids, skip_special_tokens=skip)}


def main():
    vocabulary, merges = train(list(train_texts()), 600)
    (FIXTURES / "byte_level_vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (FIXTURES / "byte_level_merges.txt").write_text(
        "#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in merges), encoding="utf-8")
    with open(FIXTURES / "byte_level.jsonl", "w", encoding="utf-8") as out:
        for name, spec in tokenizers(vocabulary).items():
            with tempfile.TemporaryDirectory() as folder, silent_stderr():
                write_folder(folder, spec, vocabulary, merges)
                tokenizer = AutoTokenizer.from_pretrained(folder)
                for line in [{"tokenizer": name, **spec}, *cases(name, tokenizer.backend_tokenizer, tokenizer)]:
                    out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
