#!/usr/bin/env python3
"""Makes fixtures/token_metrics.json: what seqeval and scikit-learn say of small sets of tagged sentences.

usage: make_token_fixture.py [--output FILE]

Each case holds the scheme, the tags [sentences][words] of both sides, and what is expected: the values under the names
of src/tasks/token_classification/metrics.h, [precision, recall, f1, support] of each entity type, and the entities of the truth as
[sentence, type, first word, end word]; each "lenient" and "strict" as src/data/tagged/tag_scheme.h defines them.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import warnings

from seqeval.metrics import accuracy_score, classification_report
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB2, IOBES, Entities
from sklearn.metrics import accuracy_score as tag_accuracy
from sklearn.metrics import matthews_corrcoef, precision_recall_fscore_support

HERE = pathlib.Path(__file__).parent
LETTERS = {"IOB1": "BIO", "IOB2": "BIO", "BIOES": "BIOES", "BILOU": "BILOU"}
STRICT = {"IOB2": IOB2, "BIOES": IOBES, "BILOU": BILOU}
Sentences = list[list[str]]


def as_bioes(sentences: Sentences) -> Sentences:
    """seqeval knows BILOU in strict mode only; the letters L and U mean the same as E and S."""
    return [[{"L": "E", "U": "S"}.get(tag[0], tag[0]) + tag[1:] for tag in tags] for tags in sentences]


def entities(sentences: Sentences, scheme: str, strict: bool) -> list[list]:
    found = []
    if strict:
        for index, part in enumerate(Entities(sentences, STRICT[scheme]).entities):
            found += [[index, one.tag, one.start, one.end] for one in part]
        return found
    for index, tags in enumerate(as_bioes(sentences) if scheme == "BILOU" else sentences):
        found += [[index, kind, first, last + 1] for kind, first, last in get_entities(tags)]
    return found


def expected(truth: Sentences, predicted: Sentences, scheme: str, strict: bool) -> dict:
    accuracy = accuracy_score(truth, predicted)
    options = {"mode": "strict", "scheme": STRICT[scheme]} if strict else {}
    sides = (truth, predicted) if strict or scheme != "BILOU" else (as_bioes(truth), as_bioes(predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report(*sides, output_dict=True, zero_division=0, **options)
    row = {name: [float(v["precision"]), float(v["recall"]), float(v["f1-score"]), int(v["support"])]
           for name, v in report.items()}
    values = {"accuracy": accuracy}
    for average, suffix in (("micro avg", ""), ("macro avg", "_macro"), ("weighted avg", "_weighted")):
        for name, value in zip(("precision", "recall", "f1"), row.pop(average)):
            values[name + suffix] = value
    return {"values": values, "types": row, "entities": entities(truth, scheme, strict)}


def tag_values(truth: Sentences, predicted: Sentences) -> dict:
    """Of tags that name no entities: words are the rows of a classification."""
    right, said = ([tag for tags in side for tag in tags] for side in (truth, predicted))
    macro, weighted = (precision_recall_fscore_support(right, said, average=average, zero_division=0)
                       for average in ("macro", "weighted"))
    return {"values": {"accuracy": tag_accuracy(right, said), "f1_macro": macro[2], "f1_weighted": weighted[2],
                       "precision_macro": macro[0], "recall_macro": macro[1],
                       "matthews_correlation": matthews_corrcoef(right, said)}}


def in_scheme(spans: list[tuple[str, int, int]], words: int, scheme: str) -> list[str]:
    """The tags that entities (type, first word, end word) have."""
    tags = ["O"] * words
    for number, (kind, first, end) in enumerate(spans):
        touches = number > 0 and spans[number - 1][0] == kind and spans[number - 1][2] == first
        begin = "I" if scheme == "IOB1" and not touches else "B"
        letters = [begin] + ["I"] * (end - first - 1)
        if scheme in ("BIOES", "BILOU"):
            letters[-1] = LETTERS[scheme][2 if scheme == "BILOU" else 3] if len(letters) > 1 else (
                "U" if scheme == "BILOU" else "S")
        tags[first:end] = [f"{letter}-{kind}" for letter in letters]
    return tags


def perturbed(tags: list[str], labels: list[str], rate: float, r: random.Random) -> list[str]:
    return [r.choice(labels) if r.random() < rate else tag for tag in tags]


def random_sentence(scheme: str, types: list[str], r: random.Random) -> list[str]:
    words = r.randrange(1, 12)
    spans, position = [], 0
    while position < words:
        if r.random() < 0.5:
            end = min(words, position + r.choice([1, 1, 2, 3]))
            spans.append((r.choice(types), position, end))
            position = end
        else:
            position += 1
    return in_scheme(spans, words, scheme)


def case(truth: Sentences, predicted: Sentences, scheme: str) -> dict:
    made = {"scheme": scheme, "truth": truth, "predicted": predicted,
            "lenient": expected(truth, predicted, scheme, strict=False)}
    if scheme in STRICT:
        made["strict"] = expected(truth, predicted, scheme, strict=True)
    return made


def cases() -> dict[str, dict]:
    r = random.Random(5)
    types = ["LOC", "PER", "creative-work"]
    made = {}
    for scheme, letters in LETTERS.items():
        labels = ["O"] + [f"{letter}-{kind}" for letter in letters if letter != "O" for kind in types]
        for name, rate in (("few_errors", 0.1), ("many_errors", 0.7)):
            truth = [random_sentence(scheme, types, r) for _ in range(12)]
            predicted = [perturbed(tags, labels, rate, r) for tags in truth]
            made[f"{scheme}_{name}"] = case(truth, predicted, scheme)
        broken = [perturbed(random_sentence(scheme, types, r), labels, 0.6, r) for _ in range(12)]
        made[f"{scheme}_broken_truth"] = case(broken, [perturbed(tags, labels, 0.3, r) for tags in broken], scheme)
    truth = [["B-LOC", "I-LOC", "O"], ["O", "B-PER"]]
    made["nothing_predicted"] = case(truth, [["O", "O", "O"], ["O", "O"]], "IOB2")
    made["nothing_to_find"] = case([["O", "O", "O"], ["O", "O"]], truth, "IOB2")
    made["another_type"] = case(truth, [["B-ORG", "I-ORG", "O"], ["O", "B-PER"]], "IOB2")
    made["letters_alone"] = case([["B", "I", "O", "B"]], [["B", "O", "O", "B"]], "IOB2")
    parts = ["ADJ", "NOUN", "VERB", "X"]
    truth = [[r.choice(parts[:3]) for _ in range(r.randrange(1, 9))] for _ in range(10)]
    predicted = [perturbed(tags, parts, 0.4, r) for tags in truth]
    made["parts_of_speech"] = {"scheme": "no entity scheme", "truth": truth, "predicted": predicted,
                               "lenient": tag_values(truth, predicted)}
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "fixtures" / "token_metrics.json")
    lines = [f"  {json.dumps(name)}: {json.dumps(made)}" for name, made in cases().items()]
    parser.parse_args().output.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
