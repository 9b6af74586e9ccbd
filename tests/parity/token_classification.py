#!/usr/bin/env python3
"""Compares token classification with Transformers (features, entities of a text) and seqeval (metrics) on real data.

    python3 tests/parity/token_classification.py --driver build/tests/token_driver --model DIR [--data DIR]

Needs transformers for features and entities and seqeval for metrics, and skips, saying so, what it cannot import. Prints
what was compared and exits 1 on any difference.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
from types import SimpleNamespace

import sets

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

FILES = [f"{folder}/{split}.{ending}" for folder, ending in (("wnut17", "conll"), ("ud_english_ewt", "conllu"))
         for split in ("train", "dev", "test")]
ENTITIES = sets.EXAMPLES / "support_entities"  # where the published sets are not
IGNORED = -100


def read(path: pathlib.Path) -> tuple[list[list[str]], list[list[str]]]:
    """Words and tags of the sentences, read in the plainest way."""
    words, tags = [[]], [[]]
    for line in path.read_text(encoding="utf-8").split("\n"):
        cells = line.split("\t")
        if not line.strip():
            words.append([])
            tags.append([])
        elif path.suffix == ".conll":
            words[-1].append(cells[0])
            tags[-1].append(cells[1])
        elif cells[0].isdigit():
            words[-1].append(cells[1])
            tags[-1].append(cells[3])
    return [part for part in words if part], [part for part in tags if part]


def features_of_peer(tokenizer, words, tags, labels, max_length, label_all) -> list[dict]:
    """tokenize_and_align_labels of run_ner.py."""
    ids = {name: index for index, name in enumerate(labels)}
    inside = [ids.get("I-" + name[2:], index) if name.startswith("B-") else index for name, index in ids.items()]
    encoded = tokenizer(words, is_split_into_words=True, truncation=max_length is not None, max_length=max_length)
    rows = []
    for row, sentence in enumerate(tags):
        word_ids, before, row_labels = encoded.word_ids(row), None, []
        for word in word_ids:
            if word is None:
                row_labels.append(IGNORED)
            elif word != before:
                row_labels.append(ids[sentence[word]])
            else:
                row_labels.append(inside[ids[sentence[word]]] if label_all else IGNORED)
            before = word
        if len(word_ids) > 2:
            rows.append({"sentence": row, "input_ids": encoded["input_ids"][row], "labels": row_labels,
                         "words": [-1 if word is None else word for word in word_ids]})
    return rows


def check_windows(rows: list[dict], whole: list[dict], last: dict, max_length: int) -> list[str]:
    """Each word of the sentence is asked once, at its first piece, in a row that is a part of the whole sentence."""
    problems = []
    tokens = [(row, place) for row in rows for place in range(len(row["input_ids"]))]
    asked = iter(last["word_tokens"])
    by_sentence = {row["sentence"]: row for row in whole}
    for row in rows:
        if len(row["input_ids"]) > max_length:
            problems.append(f"a row of {len(row['input_ids'])} tokens")
        full = by_sentence[row["sentence"]]
        pieces = list(zip(row["words"], row["input_ids"]))[1:-1]
        pairs = list(zip(full["words"], full["input_ids"]))
        begin = full["words"].index(pieces[0][0])
        if pairs[begin : begin + len(pieces)] != pieces:
            problems.append(f"sentence {row['sentence']}: a window is no part of it")
    for sentence, count in enumerate(last["words"]):
        full = by_sentence.get(sentence, {"words": []})
        for word in range(count):
            token = next(asked)
            if token < 0 and word in full["words"]:
                problems.append(f"sentence {sentence}: word {word} is lost")
            elif token >= 0:
                row, place = tokens[token]
                if row["words"][place] != word or row["words"][place - 1] == word or row["sentence"] != sentence:
                    problems.append(f"sentence {sentence}: word {word} is asked at another token")
    labelled = sum(label != IGNORED for row in rows for label in row["labels"])
    if labelled != sum(token >= 0 for token in last["word_tokens"]):
        problems.append("another number of labels than of words")
    return problems


def compare_features(arguments) -> int:
    try:
        from transformers import AutoTokenizer, logging
    except ImportError:
        print("features: skipped, for transformers is not installed")
        return 0
    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    different = 0
    paths = [arguments.data / name for name in FILES]
    for path in sets.here(paths) or sorted(ENTITIES.glob("*.conll")):
        name = f"{path.parent.name}/{path.name}"
        words, tags = read(path)
        labels = sorted(set(itertools.chain.from_iterable(tags)))
        for max_length, long, which in ((512, "truncate", "first"), (512, "truncate", "all"), (24, "truncate", "first"),
                                        (24, "windows", "first"), (7, "windows", "first")):
            command = [arguments.driver, "features", arguments.model, path, str(max_length), long, which]
            lines = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE).stdout.splitlines()
            head, *ours, last = map(json.loads, lines)
            windows = long == "windows"
            theirs = features_of_peer(tokenizer, words, tags, labels, None if windows else max_length, which == "all")
            problems = [] if head == {"labels": labels, "sentences": len(words)} else ["other labels or sentences"]
            if windows:
                problems += check_windows(ours, theirs, last, max_length)
            else:
                problems += [f"{a} {b}" for a, b in itertools.zip_longest(ours, theirs) if a != b]
            print(f"features of {name}, {max_length} tokens, {long}, {which} pieces: {len(ours)} rows compared, "
                  f"{len(problems)} different", flush=True)
            for problem in problems[:3]:
                print("  " + problem[:400])
            different += len(problems)
    return different


def compare_entities(arguments) -> int:
    """Entities of texts, from random logits, against the pipeline with aggregation_strategy="first"."""
    try:
        import numpy as np
        from transformers import AutoTokenizer, TokenClassificationPipeline
        from transformers.pipelines.token_classification import AggregationStrategy
    except ImportError:
        print("entities: skipped, for transformers is not installed")
        return 0
    first = AggregationStrategy.FIRST
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    labels = ["B-LOC", "B-PER", "I-LOC", "I-PER", "O"]
    pipeline = object.__new__(TokenClassificationPipeline)  # what follows needs no model
    pipeline.tokenizer = tokenizer
    pipeline.model = SimpleNamespace(config=SimpleNamespace(id2label=dict(enumerate(labels))))
    treebank = arguments.data / "ud_english_ewt" / "dev.conllu"
    if treebank.exists():
        lines = treebank.read_text(encoding="utf-8").splitlines()
        texts = [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]
    else:
        print(f"{treebank} is not here: the sentences of examples/support_entities instead")
        texts = [" ".join(words) for words in read(ENTITIES / "train.conll")[0]]
    random_numbers, requests, answers = np.random.default_rng(4), [], []
    for text in texts:
        encoded = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
        ids, mask = encoded["input_ids"], encoded["special_tokens_mask"]
        logits = random_numbers.normal(0, 2, (len(ids), len(labels))).round(2)
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        parts = pipeline.gather_pre_entities(text, ids, scores, encoded["offset_mapping"], mask, first)
        groups = [group for group in pipeline.aggregate(parts, first) if group["entity_group"] != "O"]
        requests.append(json.dumps({"text": text, "labels": labels, "logits": logits.tolist()}))
        answers.append([[g["entity_group"], g["start"], g["end"], float(g["score"])] for g in groups])
    output = subprocess.run([arguments.driver, "predict", arguments.model], input="\n".join(requests).encode(),
                            check=True, stdout=subprocess.PIPE).stdout.decode()
    different = count = 0
    for text, theirs, line in zip(texts, answers, output.splitlines(), strict=True):
        entities = json.loads(line)["entities"]
        ours = [[one["label"], one["start"], one["end"], one["score"]] for one in entities]
        slices = all(one["text"] == text[one["start"] : one["end"]] ==
                     text.encode()[one["start_byte"] : one["end_byte"]].decode() for one in entities)
        equal = len(ours) == len(theirs) and all(
            a[:3] == b[:3] and abs(a[3] - b[3]) < 1e-6 for a, b in zip(ours, theirs))
        count += len(theirs)
        if not (slices and equal):
            different += 1
            if different <= 3:
                print(f"  {text!r}\n    {ours}\n    {theirs}")
    print(f"entities: {count} in {len(texts)} texts compared, {different} texts different")
    return different


def compare_words(arguments) -> int:
    """A text cut into words gives the tokens of the whole text."""
    different = 0
    for path in sets.here([arguments.data / name for name in arguments.texts]) or sets.TEXTS:
        name, text = path.name, path.read_bytes()
        answer = json.loads(subprocess.run([arguments.driver, "words", arguments.model], input=text, check=True,
                                           stdout=subprocess.PIPE).stdout)
        print(f"words of {name}: {answer['texts']} texts compared, {len(answer['different'])} different", flush=True)
        for line in answer["different"][:3]:
            print(f"  {line!r}")
        different += len(answer["different"])
    return different


def is_close(ours, theirs) -> bool:
    if isinstance(theirs, dict):
        return theirs.keys() <= ours.keys() and all(is_close(ours[name], theirs[name]) for name in theirs)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(is_close, ours, theirs))
    return abs(ours - theirs) <= 1e-12 if isinstance(theirs, float) else ours == theirs


def compare_metrics(arguments) -> int:
    try:
        import make_token_fixture as peer
    except ImportError as error:
        print(f"metrics: skipped, for {error.name} is not installed (pip install seqeval)")
        return 0
    r, requests, answers = random.Random(1), [], []
    published = [arguments.data / "wnut17" / f"{split}.conll" for split in ("train", "dev", "test")]
    for path in sets.here(published) or sorted(ENTITIES.glob("*.conll")):
        _, truth = read(path)
        spans = [[(kind, first, last + 1) for kind, first, last in peer.get_entities(tags)] for tags in truth]
        for scheme, letters in peer.LETTERS.items():
            sentences = [peer.in_scheme(part, len(tags), scheme) for part, tags in zip(spans, truth)]
            kinds = sorted({kind for part in spans for kind, _, _ in part})
            labels = ["O"] + [f"{letter}-{kind}" for letter in letters if letter != "O" for kind in kinds]
            for rate, broken in ((0.0, 0.0), (0.05, 0.0), (0.5, 0.0), (0.3, 0.3)):
                right = [peer.perturbed(tags, labels, broken, r) for tags in sentences]
                said = [peer.perturbed(tags, labels, rate, r) for tags in right]
                for strict in (False, True) if scheme in peer.STRICT else (False,):
                    requests.append({"scheme": scheme, "truth": right, "predicted": said, "strict": strict})
                    answers.append(peer.expected(right, said, scheme, strict))
    _, truth = read(sets.instead(arguments.data / "ud_english_ewt" / "dev.conllu", ENTITIES / "test.conll"))
    tags = sorted(set(itertools.chain.from_iterable(truth)))
    said = [peer.perturbed(part, tags, 0.2, r) for part in truth]
    requests.append({"scheme": "none", "truth": truth, "predicted": said, "strict": False})
    answers.append(peer.tag_values(truth, said))
    lines = "\n".join(map(json.dumps, requests)) + "\n"
    output = subprocess.run([arguments.driver, "metrics"], input=lines.encode(), check=True, stdout=subprocess.PIPE)
    different = 0
    for request, theirs, line in zip(requests, answers, output.stdout.splitlines(), strict=True):
        ours = json.loads(line)
        types = theirs.get("types", {})
        if is_close(ours, theirs) and (not types or ours["types"].keys() == types.keys()):
            continue
        different += 1
        print(f"  {request['scheme']} strict={request['strict']}: {ours['values']} {theirs['values']}")
    print(f"metrics: {len(requests)} sets of tagged sentences compared, {different} different")
    return different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, default=sets.DATA)
    parser.add_argument("--texts", nargs="*", metavar="FILE", help="files under the data, a text a line",
                        default=["torture/naughty_strings.txt", "imdb/test.jsonl", "goemotions/train.tsv",
                                 "torture/utf8_assigned.txt", "torture/UTF-8-test.txt"])
    arguments = parser.parse_args()
    different = compare_metrics(arguments) + compare_entities(arguments) + compare_words(arguments) + compare_features(arguments)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
