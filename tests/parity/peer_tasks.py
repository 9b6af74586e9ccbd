"""What the peer trains and tests on: models, features, collators and metrics as in Transformers' examples.

They are those of run_classification.py and run_glue.py (text classification, multi-label, regression),
run_ner.py (token classification) and run_qa.py (question answering); peer_trainer.py says what the files are.
"""

from __future__ import annotations

import argparse
import itertools
import json
import pathlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import transformers
from question_answering_parity import best_answers, metrics_1, metrics_2, questions_of, windows_of

Features = list[dict]  # never padded: collators do that, to the longest of a batch or to --max-length


@dataclass(frozen=True)
class Prepared:
    model: torch.nn.Module
    train: Features
    test: Features
    collator: Callable[[Features], dict]
    metrics: Callable[[np.ndarray | tuple, np.ndarray | tuple], dict[str, float]]  # of predictions and labels


def read_lines(path: str) -> list[str]:
    return [line for line in pathlib.Path(path).read_text(encoding="utf-8").split("\n") if line]


def padding(arguments: argparse.Namespace) -> dict[str, object]:
    """What a collator takes to pad as asked."""
    return {"padding": arguments.padding, "max_length": arguments.max_length}


# --- Text classification: run_glue.py, run_classification.py ------------------------------------------------


def accuracy(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    return {"accuracy": float((logits.argmax(-1) == labels).mean())}


def multi_label_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import f1_score

    def f1(threshold: float, average: str) -> float:
        chosen = probabilities > threshold
        return float(f1_score(labels, chosen, average=average, zero_division=0))

    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return {
        "f1_micro": f1(0.5, "micro"),
        "f1_macro": f1(0.5, "macro"),
        "best_f1_micro": max(f1(percent / 100, "micro") for percent in range(1, 100)),
        "accuracy": float(((probabilities > 0.5) == labels).all(-1).mean()),
    }


def regression_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from scipy.stats import pearsonr, spearmanr

    outputs = logits.squeeze(-1)
    return {
        "pearson": float(pearsonr(outputs, labels)[0]),
        "spearmanr": float(spearmanr(outputs, labels)[0]),
        "mse": float(((outputs - labels) ** 2).mean()),
    }


def prepare_texts(arguments: argparse.Namespace, tokenizer) -> Prepared:
    train, test = (
        [line.split("\t") for line in read_lines(path)] for path in (arguments.train, arguments.test)
    )
    names = sorted({name for row in train for name in row[-1].split("|")})

    def target(label: str) -> int | float | list[float]:
        if arguments.task == "regression":
            return float(label)
        if arguments.task == "multi-label":
            return [float(name in label.split("|")) for name in names]
        return names.index(label)

    def features(rows: list[list[str]]) -> Features:
        pairs = [row[1] for row in rows] if arguments.pair else None
        encoded = tokenizer([row[0] for row in rows], pairs, truncation=True, max_length=arguments.max_length)
        return [
            {**{key: encoded[key][i] for key in encoded}, "labels": target(row[-1])}
            for i, row in enumerate(rows)
        ]

    kinds = {
        "text-classification": ("single_label_classification", accuracy),
        "multi-label": ("multi_label_classification", multi_label_metrics),
        "regression": ("regression", regression_metrics),
    }
    problem_type, metrics = kinds[arguments.task]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        arguments.model,
        num_labels=1 if arguments.task == "regression" else len(names),
        problem_type=problem_type,
    )
    collator = transformers.DataCollatorWithPadding(tokenizer, **padding(arguments))
    train, test = train[: arguments.limit], test[: arguments.limit]
    return Prepared(model, features(train), features(test), collator, metrics)


# --- Token classification: run_ner.py -----------------------------------------------------------------------


def prepare_tokens(arguments: argparse.Namespace, tokenizer) -> Prepared:
    train, test = (
        [json.loads(line) for line in read_lines(path)] for path in (arguments.train, arguments.test)
    )
    names = sorted({tag for row in train for tag in row["ner_tags"]})
    has_entities = any(name.startswith("B-") for name in names)

    def features(rows: list[dict]) -> Features:
        encoded = tokenizer(
            [row["tokens"] for row in rows],
            is_split_into_words=True,
            truncation=True,
            max_length=arguments.max_length,
        )
        result = []
        for i, row in enumerate(rows):
            words = encoded.word_ids(i)
            first = [
                word is not None and word != before
                for before, word in zip([None, *words[:-1]], words, strict=True)
            ]
            labels = [
                names.index(row["ner_tags"][word]) if begins else -100
                for word, begins in zip(words, first, strict=True)
            ]
            result.append({**{key: encoded[key][i] for key in encoded}, "labels": labels})
        return result

    def metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score

        predicted, expected = (
            [[names[k] for k in row[kept]] for row, kept in zip(ids, labels != -100, strict=True)]
            for ids in (logits.argmax(-1), labels)
        )
        scores = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
        result = (
            {name: float(score(expected, predicted)) for name, score in scores.items()}
            if has_entities
            else {}
        )
        return {**result, "accuracy": float(accuracy_score(expected, predicted))}

    model = transformers.AutoModelForTokenClassification.from_pretrained(
        arguments.model, num_labels=len(names)
    )
    collator = transformers.DataCollatorForTokenClassification(tokenizer, **padding(arguments))
    train, test = train[: arguments.limit], test[: arguments.limit]
    return Prepared(model, features(train), features(test), collator, metrics)


# --- Question answering: run_qa.py, utils_qa.py -------------------------------------------------------------


def prepare_questions(arguments: argparse.Namespace, tokenizer) -> Prepared:
    train, test = (
        list(questions_of(json.loads(pathlib.Path(path).read_text(encoding="utf-8"))))[: arguments.limit]
        for path in (arguments.train, arguments.test)
    )
    negative = any(not question["answers"] for question, _ in train)

    def windows(question: dict, context: str) -> list[dict]:
        given = question["question"], context, question["answers"]
        return list(windows_of(tokenizer, *given, arguments.max_length, arguments.doc_stride))

    def feature(window: dict, **positions: int) -> dict:
        return {key: window[key] for key in ("input_ids", "token_type_ids")} | positions

    test_windows = [windows(question, context) for question, context in test]

    def metrics(logits: tuple[np.ndarray, np.ndarray], _: object) -> dict[str, float]:
        rows = iter(zip(*logits, strict=True))
        predictions = {}
        for (question, context), of_question in zip(test, test_windows, strict=True):
            pairs = [tuple(row[: len(window["input_ids"])] for row in next(rows)) for window in of_question]
            text, odds, _ = best_answers(context, of_question, pairs, 20, 30, negative, 0.0)
            predictions[question["id"]] = (text, odds)
        questions = [question for question, _ in test]
        return metrics_2(questions, predictions, 0.0) if negative else metrics_1(questions, predictions)

    return Prepared(
        transformers.AutoModelForQuestionAnswering.from_pretrained(arguments.model),
        [
            feature(window, start_positions=window["start"], end_positions=window["end"])
            for question, context in train
            for window in windows(question, context)
        ],
        [feature(window) for of_question in test_windows for window in of_question],
        transformers.DataCollatorWithPadding(tokenizer, **padding(arguments)),
        metrics,
    )


# --- Pre-training: masked words and next sentences ----------------------------------------------------------


def pairs_of(path: str, arguments: argparse.Namespace, tokenizer) -> Iterator[dict]:
    """Rows of --max-length tokens, cut from running text; half of the second parts are from elsewhere."""
    lines = (line for line in pathlib.Path(path).read_text(encoding="utf-8").split("\n") if line.strip())
    first, second = (arguments.max_length - 3) // 2, (arguments.max_length - 2) // 2
    r, stream, seen = random.Random(arguments.seed), [], []
    for line in lines:
        stream += tokenizer(line, add_special_tokens=False)["input_ids"]
        while len(stream) >= first + second:
            a, b, stream = stream[:first], stream[first : first + second], stream[first + second :]
            seen.append(b)
            other = r.random() < 0.5
            b = r.choice(seen) if other else b
            ids = [tokenizer.cls_token_id, *a, tokenizer.sep_token_id, *b, tokenizer.sep_token_id]
            types = [0] * (first + 2) + [1] * (second + 1)
            yield {"input_ids": ids, "token_type_ids": types, "next_sentence_label": int(other)}


def prepare_pretraining(arguments: argparse.Namespace, tokenizer) -> Prepared:
    train, test = (
        list(itertools.islice(pairs_of(path, arguments, tokenizer), arguments.limit))
        for path in (arguments.train, arguments.test)
    )
    model = transformers.BertForPreTraining(transformers.AutoConfig.from_pretrained(arguments.model))
    collator = transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
    return Prepared(model, train, test, collator, lambda predictions, labels: {})


PREPARE = {
    "text-classification": prepare_texts,
    "multi-label": prepare_texts,
    "regression": prepare_texts,
    "token-classification": prepare_tokens,
    "question-answering": prepare_questions,
    "pretraining": prepare_pretraining,
}
