#!/usr/bin/env python3
"""Compares question answering with Python: SQuAD's metrics, Transformers' windows and positions, its answers.

    python3 tests/parity/question_answering_parity.py --driver build/tests/question_answering_driver --model MODEL
        [--data DIR] [--sample N]

The metrics follow SQuAD's evaluate-v1.1.py and evaluate-v2.0.py, windows and positions follow
prepare_train_features of Transformers' examples/pytorch/question-answering/run_qa.py, on its fast tokenizer, and
answers follow postprocess_qa_predictions of utils_qa.py there; all are written anew from what those do. --sample N
takes N paragraphs of each file for the windows and answers (default: all). Exits 1 on any difference.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import random
import re
import string
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np  # noqa: E402

import sets  # noqa: E402

FILES = ["dev-v1.1", "dev-v2.0", "xquad.ar", "xquad.de", "xquad.en", "xquad.hi", "xquad.th", "xquad.zh"]


# --- SQuAD's metrics ---------------------------------------------------------------------------------------------


def normalize(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def word_f1(prediction, gold, first_version):
    predicted, expected = normalize(prediction).split(), normalize(gold).split()
    if not first_version and not (predicted and expected):
        return float(predicted == expected)
    common = sum((collections.Counter(predicted) & collections.Counter(expected)).values())
    if common == 0:
        return 0.0
    precision, recall = 1.0 * common / len(predicted), 1.0 * common / len(expected)
    return 2 * precision * recall / (precision + recall)


def metrics_1(questions, predictions):
    exact = f1 = 0.0
    for question in questions:
        prediction = predictions[question["id"]][0]
        golds = [answer["text"] for answer in question["answers"]]
        exact += max(normalize(prediction) == normalize(gold) for gold in golds)
        f1 += max(word_f1(prediction, gold, True) for gold in golds)
    return {"exact_match": 100.0 * exact / len(questions), "f1": 100.0 * f1 / len(questions)}


def best_threshold(questions, predictions, scores):
    current = best = sum(not question["answers"] for question in questions)
    threshold = 0.0
    for question in sorted(questions, key=lambda q: predictions[q["id"]][1]):
        prediction, odds = predictions[question["id"]]
        current += scores[question["id"]] if question["answers"] else (-1 if prediction else 0)
        if current > best:
            best, threshold = current, odds
    return 100.0 * best / len(scores), threshold


def metrics_2(questions, predictions, threshold):
    raw = {"exact": {}, "f1": {}}
    for question in questions:
        prediction = predictions[question["id"]][0]
        golds = [answer["text"] for answer in question["answers"] if normalize(answer["text"])] or [""]
        raw["exact"][question["id"]] = max(int(normalize(prediction) == normalize(gold)) for gold in golds)
        raw["f1"][question["id"]] = max(word_f1(prediction, gold, False) for gold in golds)
    final = {
        name: {
            q["id"]: float(not q["answers"]) if predictions[q["id"]][1] > threshold else scores[q["id"]]
            for q in questions
        }
        for name, scores in raw.items()
    }
    result = {}
    for prefix, wanted in (("", (True, False)), ("HasAns_", (True,)), ("NoAns_", (False,))):
        ids = [q["id"] for q in questions if bool(q["answers"]) in wanted]
        if not ids:
            continue
        for name in raw:
            result[prefix + name] = 100.0 * sum(final[name][i] for i in ids) / len(ids)
        result[prefix + "total"] = len(ids)
    for name in raw:
        result[f"best_{name}"], result[f"best_{name}_thresh"] = best_threshold(questions, predictions, raw[name])
    return result


def perturbed(question, context, r):
    """A prediction that is right, nearly right or wrong."""
    words = context.split(" ")
    text = r.choice(question["answers"])["text"] if question["answers"] else " ".join(words[3:6])
    kind = r.randrange(12)
    if kind == 0:
        text = "the " + text.upper() + "."
    elif kind == 1:
        text = " ".join(text.split()[1:])
    elif kind == 2:
        text = text + " " + r.choice(words)
    elif kind == 3:
        begin = r.randrange(len(words))
        text = " ".join(words[begin : begin + r.randrange(1, 8)])
    elif kind == 4:
        text = r.choice(["", "the", "...", "A", " ", "an  apple", "a\u00a0b", "Σ ΟΔΟΣ the"])
    elif kind == 5:
        text = text.replace(" ", r.choice(["\u00a0", "\t", "\u3000", "  ", "-", "\u2009"]))
    elif kind == 6:
        text = text[: len(text) // 2]
    elif kind == 7:
        text = text + " " + text
    elif kind == 8:
        text = text.swapcase()
    return text


# --- Transformers' windows and answers ---------------------------------------------------------------------------


def is_cut(tokenizer, question, context, max_length, stride):
    """Whether we cut the question; for those that are hardly longer Transformers stops with an error."""
    room = max_length - 3
    tokens = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in (question, context)]
    return sum(tokens) > room and tokens[0] > room - stride - max(1, (room - stride) // 8)


def windows_of(tokenizer, question, context, answers, max_length, stride):
    encoded = tokenizer(question.lstrip(), context, truncation="only_second", max_length=max_length, stride=stride,
                        return_overflowing_tokens=True, return_offsets_mapping=True, padding=False)
    for i, offsets in enumerate(encoded["offset_mapping"]):
        ids, sequences = encoded["input_ids"][i], encoded.sequence_ids(i)
        start = end = ids.index(tokenizer.cls_token_id)
        places = [k for k, sequence in enumerate(sequences) if sequence == 1]
        if answers and places:
            begin = answers[0]["answer_start"]
            finish = begin + len(answers[0]["text"])
            if offsets[places[0]][0] <= begin and offsets[places[-1]][1] >= finish:
                first, last = places[0], places[-1]
                while first < len(offsets) and offsets[first][0] <= begin:
                    first += 1
                while offsets[last][1] >= finish:
                    last -= 1
                start, end = first - 1, last + 1
        yield {
            "input_ids": ids,
            "token_type_ids": encoded["token_type_ids"][i],
            "start": start,
            "end": end,
            "places": places,
            "offsets": [o if sequences[k] == 1 else None for k, o in enumerate(offsets)],
        }


def best_answers(context, windows, logits, n_best, longest, negative, threshold):
    candidates, null = [], None
    for window, (starts, ends) in zip(windows, logits):
        score = starts[0] + ends[0]
        if null is None or null["score"] > score:
            null = {"offsets": (0, 0), "score": score, "start_logit": starts[0], "end_logit": ends[0]}
        offsets = window["offsets"]
        # numpy leaves the order of equal logits open there; the earlier goes first here.
        for s in np.argsort(-starts, kind="stable")[:n_best].tolist():
            for e in np.argsort(-ends, kind="stable")[:n_best].tolist():
                if offsets[s] is None or offsets[e] is None or e < s or e - s + 1 > longest:
                    continue
                candidates.append({"offsets": (offsets[s][0], offsets[e][1]), "score": starts[s] + ends[e],
                                   "start_logit": starts[s], "end_logit": ends[e]})
    if negative:
        candidates.append(null)
    chosen = sorted(candidates, key=lambda c: c["score"], reverse=True)[:n_best]
    if negative and all(c["offsets"] != (0, 0) for c in chosen):
        chosen.append(null)
    for candidate in chosen:
        candidate["text"] = context[candidate["offsets"][0] : candidate["offsets"][1]]
    scores = np.array([c["score"] for c in chosen], dtype=np.float64)
    exponentials = np.exp(scores - scores.max()) if chosen else scores
    for candidate, probability in zip(chosen, exponentials / max(exponentials.sum(), 1e-300)):
        candidate["probability"] = probability
    found = next((c for c in chosen if c["text"]), None)
    odds = None
    if negative:
        odds = float(null["score"] - found["start_logit"] - found["end_logit"]) if found else float(null["score"])
    text = found["text"] if found and not (negative and odds > threshold) else ""
    return text, odds, chosen


# --- comparing ---------------------------------------------------------------------------------------------------


class Report:
    def __init__(self):
        self.failed = 0

    def add(self, what, compared, different, more=""):
        print(f"{what}: {compared} compared, {different} different{more}", flush=True)
        self.failed += different


def questions_of(data):
    for article in data["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                yield question, paragraph["context"]


def run(driver, arguments, given=b""):
    done = subprocess.run([driver, *map(str, arguments)], input=given, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare_normalize(driver, texts, report):
    given = "\n".join(json.dumps(text) for text in texts).encode() + b"\n"
    ours = run(driver, ["normalize"], given)
    wrong = [text for text, result in zip(texts, ours, strict=True) if result != normalize(text)]
    for text in wrong[:5]:
        print(f"  {text!r}: {normalize(text)!r}")
    report.add("normalized answers", len(texts), len(wrong))


def odd_texts(count):
    """Without spacing marks (as of Devanagari) next to Latin words, where our tables do not know Python's."""
    r = random.Random(5)
    pieces = ["a", "A", "an", "The", "the", "THE", " ", "  ", "\t", "\u00a0", "\u3000", "\u2028", "\x1c", "\x85", "-", "–",
              ".", "'", "’", "_", "é", "É", "e\u0301", "a\u0301", "ß", "İ", "Σ", "ΟΔΟΣ", "ς", "中", "的", "ไทย", "हिन्द", "عربي",
              "½", "²", "①", "Ⅷ", "1", "42", "x", "word", "\u200b", "\u200d", "\ufeff", "😀", "Ǆ", "ſ", "№", "€", "«", "„", "…"]
    return ["".join(r.choices(pieces, k=r.randrange(0, 9))) for _ in range(count)]


def compare_metrics(driver, path, report):
    questions = list(questions_of(json.loads(path.read_text())))
    first = all(question["answers"] for question, _ in questions)
    compared = different = 0
    for seed in range(3):
        r = random.Random(seed)
        predictions = {q["id"]: (perturbed(q, c, r), round(r.gauss(0, 3), r.choice([0, 6]))) for q, c in questions}
        only = [question for question, _ in questions]
        versions = [("1.1", metrics_1(only, predictions))] if first else []
        versions.append(("2.0", metrics_2(only, predictions, seed - 0.5)))
        for version, theirs in versions:
            given = json.dumps(predictions).encode()
            (ours,) = run(driver, ["metrics", path, version, seed - 0.5], given)
            compared += len(theirs)
            wrong = {k for k in theirs.keys() | ours.keys() if k not in ours or k not in theirs or ours[k] != theirs[k]}
            different += len(wrong)
            for key in sorted(wrong):
                print(f"  {path.name} {version} {key}: ours {ours.get(key)}, theirs {theirs.get(key)}")
    report.add(f"{path.name}: metrics of {len(questions)} questions, 3 sets of predictions", compared, different)


def sampled(path, count, scratch):
    data = json.loads(path.read_text())
    if count:
        paragraphs = [(a, p) for a in data["data"] for p in a["paragraphs"]]
        kept = {id(p) for _, p in random.Random(1).sample(paragraphs, min(count, len(paragraphs)))}
        for article in data["data"]:
            article["paragraphs"] = [p for p in article["paragraphs"] if id(p) in kept]
    written = scratch / path.name
    written.write_text(json.dumps(data))
    return written, data


def compare_windows(driver, model, tokenizer, path, data, max_length, stride, report):
    ours = iter(run(driver, ["features", model, path, max_length, stride]))
    compared = different = slips = uncovered = cut = 0
    collected = []
    for question, context in questions_of(data):
        whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        utf8, covered = context.encode(), set()
        given = question["question"], context
        if is_cut(tokenizer, *given, max_length, stride):  # nothing to compare with but ourselves
            cut += 1
            windows = []
            while not covered or tuple(mine["offsets"][-1]) != tuple(whole[-1]):
                mine = next(ours)
                windows.append({"input_ids": mine["input_ids"],
                                "offsets": [None] * mine["begin"] + mine["offsets"] + [None]})
                covered.update(map(tuple, mine["offsets"]))
        else:
            windows = list(windows_of(tokenizer, *given, question["answers"], max_length, stride))
            for theirs in windows:
                mine = next(ours)
                offsets = [list(o) for o in theirs["offsets"] if o]
                start = theirs["start"]
                if start > theirs["end"]:  # run_qa.py runs past an answer in the last token, onto [SEP]
                    slips += 1
                    start = theirs["places"][-1]
                slices = [context[a:b].encode() == utf8[c:d] for (a, b), (c, d) in zip(mine["offsets"], mine["bytes"])]
                equal = (mine["id"] == question["id"] and mine["input_ids"] == theirs["input_ids"]
                         and mine["token_type_ids"] == theirs["token_type_ids"] and mine["begin"] == theirs["places"][0]
                         and mine["offsets"] == offsets and (mine["start"], mine["end"]) == (start, theirs["end"])
                         and len(slices) == len(offsets) and all(slices))
                covered.update(map(tuple, offsets))
                compared += 1
                different += not equal
                if not equal and different <= 3:
                    print(f"  {question['id']}: ours {mine['start'], mine['end']}, theirs {start, theirs['end']}")
        collected.append((question, context, windows))
        uncovered += sum(tuple(o) not in covered for o in whole)
    different += sum(1 for _ in ours) + uncovered
    report.add(f"{path.name}: windows of {max_length} tokens, stride {stride}", compared, different,
               f" ({slips} start positions on [SEP] in the reference, {cut} questions cut and not compared,"
               f" {uncovered} tokens in no window)")
    return collected


def compare_answers(driver, model, path, collected, max_length, stride, settings, report):
    n_best, longest, negative, threshold = settings
    r = np.random.default_rng(n_best)
    logits = [[tuple(r.normal(0, 4, (2, len(w["input_ids"]))).astype(np.float32)) for w in windows]
              for _, _, windows in collected]
    given = b"".join(part.tobytes() for of_question in logits for pair in of_question for part in pair)
    arguments = ["answers", model, path, max_length, stride, n_best, longest, int(negative), threshold]
    ours = run(driver, arguments, given)
    different = 0
    for mine, (question, context, windows), of_question in zip(ours, collected, logits, strict=True):
        text, odds, chosen = best_answers(context, windows, of_question, n_best, longest, negative, threshold)
        utf8 = context.encode()
        equal = mine["id"] == question["id"] and mine["best"]["text"] == text and len(mine["n_best"]) == len(chosen)
        equal = equal and (odds is None) == (mine["null_odds"] is None) and (odds is None or odds == mine["null_odds"])
        for a, b in zip(mine["n_best"], chosen):
            equal = equal and a["text"] == b["text"] and tuple(a["offsets"]) == tuple(b["offsets"])
            equal = equal and utf8[slice(*a["bytes"])].decode() == a["text"]
            equal = equal and math.isclose(a["probability"], b["probability"], rel_tol=1e-9)
            equal = equal and a["start_logit"] == b["start_logit"] and a["end_logit"] == b["end_logit"]
        different += not equal
        if not equal and different <= 3:
            print(f"  {question['id']}: ours {mine['best']['text']!r} {mine['null_odds']}, theirs {text!r} {odds}")
    report.add(f"{path.name}: answers, n-best {n_best}, at most {longest} tokens, negative {negative}", len(collected),
               different)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", type=pathlib.Path, default=sets.DATA / "squad")
    parser.add_argument("--sample", type=int, default=0)
    arguments = parser.parse_args()
    report = Report()
    paths = sets.here([arguments.data / f"{name}.json" for name in FILES])
    paths = paths or sorted((sets.EXAMPLES / "product_questions").glob("*.json"))
    texts = {a["text"] for path in paths for q, _ in questions_of(json.loads(path.read_text())) for a in q["answers"]}
    contexts = {c for path in paths for _, c in questions_of(json.loads(path.read_text()))}
    compare_normalize(arguments.driver, sorted(texts) + sorted(contexts) + odd_texts(20000), report)
    for path in paths:
        compare_metrics(arguments.driver, path, report)

    from transformers import AutoTokenizer, logging

    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    with tempfile.TemporaryDirectory() as scratch:
        for path in paths:
            written, data = sampled(path, arguments.sample, pathlib.Path(scratch))
            for max_length, stride in ((384, 128), (96, 32)):
                given = (arguments.driver, arguments.model)
                collected = compare_windows(*given, tokenizer, written, data, max_length, stride, report)
                for settings in ((20, 30, False, 0.0), (20, 30, True, 0.0), (3, 5, True, -2.5)):
                    compare_answers(*given, written, collected, max_length, stride, settings, report)
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
