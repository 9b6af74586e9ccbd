"""The other uses of BERT, and other ways to fine-tune it: our speed and memory beside the peer's."""

from __future__ import annotations

import itertools
import json
import pathlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from setting import Row, Setting, Target, alternate, at_least, at_most, progress
from training import PEER, Cost, flags, medians, sets

RECIPE = {"--learning-rate": 5e-5, "--warmup-ratio": 0, "--weight-decay": 0}
FASTER = ["--padding", "longest", "--group-by-length", "--fused"]


@dataclass(frozen=True)
class Use:
    name: str
    task: str
    train: pathlib.Path  # both sides read it
    batch: int
    max_length: int
    ours: list[object]  # command and the options that are its own
    default: list[str]  # as the peer's example script does it
    target: Target | None = None
    epochs: int = 1
    rows_differ: float = 0.1  # tokens a row, where the two sides cut rows alike


def write_questions(data: pathlib.Path, count: int, path: pathlib.Path) -> pathlib.Path:
    """The first paragraphs of SQuAD 1.1's articles in turn (or those of examples/), until they hold so many questions."""
    squad = sets.instead(data / "squad" / "dev-v1.1.json", sets.EXAMPLES / "product_questions" / "train.json")
    articles = json.loads(squad.read_text(encoding="utf-8"))["data"]
    turns = itertools.zip_longest(*(article["paragraphs"] for article in articles))
    chosen, questions = [], 0
    for paragraph in filter(None, itertools.chain.from_iterable(turns)):
        if questions >= count:
            break
        chosen.append(paragraph)
        questions += len(paragraph["qas"])
    document = {"version": "1.1", "data": [{"title": "SQuAD", "paragraphs": chosen}]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def sentences_of(path: pathlib.Path) -> Iterator[dict[str, list[str]]]:
    """Words and parts of speech of CoNLL-U, or words and tags of CoNLL."""
    word, tag = (1, 3) if path.suffix == ".conllu" else (0, 1)
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        cells = [line.split("\t") for line in block.split("\n")]
        words = [row for row in cells if len(row) > tag and (word == 0 or row[0].isdigit())]
        if words:
            yield {"tokens": [row[word] for row in words], "ner_tags": [row[tag] for row in words]}


def write_sentences(data: pathlib.Path, count: int, path: pathlib.Path) -> pathlib.Path:
    """As many sentences of English EWT (or of examples/), from all over it."""
    stand_in = sets.EXAMPLES / "support_entities" / "train.conll"
    sentences = list(sentences_of(sets.instead(data / "ud_english_ewt" / "train.conllu", stand_in)))
    chosen = sentences[:: max(1, len(sentences) // count)][:count]
    path.write_text("".join(json.dumps(sentence) + "\n" for sentence in chosen), encoding="utf-8")
    return path


def write_texts(data: pathlib.Path, count: int, path: pathlib.Path) -> pathlib.Path:
    """Articles of Wikipedia (or texts of examples/), a paragraph a line, a blank line between articles."""
    articles = sets.long_texts(data, count)
    paragraphs = ([line for line in article.split("\n") if line.strip()] for article in articles)
    path.write_text("\n\n".join("\n".join(article) for article in paragraphs) + "\n", encoding="utf-8")
    return path


def ways_to_tune(train: pathlib.Path, layers: int) -> list[Use]:
    """Of texts: what takes less memory or time than fine-tuning all of a model on whole batches."""
    task = "text-classification"
    ours = ["train", "--validation-split", 0, "--no-header", "--text-column", 1, "--label-column", 2]
    frozen = ["--freeze-layers", layers]
    # Without dropout in the frozen layers, what they compute for a text is kept for the next epoch.
    kept = [*frozen, "--hidden-dropout", 0, "--attention-dropout", 0]
    peer_frozen = ["--freeze-layers", str(layers)]
    lora = [*ours, "--lora", "--lora-rank", 8, "--lora-alpha", 16]
    accumulated = [*ours, "--gradient-accumulation-steps", 4]
    return [
        Use("accumulation of 4 x 8, SST-2", task, train, 8, 128, accumulated, ["--accumulation", "4"]),
        Use(f"{layers} layers frozen, SST-2", task, train, 32, 128, ours + frozen, peer_frozen, epochs=3),
        Use(f"{layers} layers frozen and kept, SST-2", task, train, 32, 128, ours + kept, peer_frozen, epochs=3),
        Use("LoRA of rank 8, SST-2", task, train, 32, 128, lora, ["--lora-rank", "8"]),
    ]


def uses(setting: Setting, questions: int, sentences: int, articles: int) -> list[Use]:
    work, data = setting.work, setting.data
    return [
        Use(
            "question answering, SQuAD 1.1",
            "question-answering",
            write_questions(data, questions, work / "squad.json"),
            12,
            384,
            ["train", "--validation-split", 0],
            ["--padding", "max_length"],
            at_least(1.7, 5),
        ),
        Use(
            "token classification, EWT",
            "token-classification",
            write_sentences(data, sentences, work / "ewt.jsonl"),
            32,
            128,
            ["train", "--validation-split", 0],
            [],
            at_least(3, 8),
        ),
        Use(
            "pre-training, Wikipedia",
            "pretraining",
            write_texts(data, articles, work / "wiki.txt"),
            32,
            128,
            ["pretrain", "--config-name", setting.model / "config.json", "--vocabulary", setting.model],
            [],
            at_least(3, 8),
            rows_differ=24,  # ours end where a sentence does, and some are short on purpose
        ),
    ]


def train_ours(setting: Setting, use: Use, *more: str) -> Cost:
    output = setting.work / "ours"
    command, *own = use.ours
    if command == "train":
        own += ["--model", setting.model, "--task", use.task]
    options = RECIPE | {
        "--epochs": use.epochs,
        "--train": use.train,
        "--output": output,
        "--batch-size": use.batch,
        "--max-length": use.max_length,
        "--threads": setting.threads,
    }
    printed = setting.run(setting.bertune, command, "--overwrite", *own, *flags(options), *more)
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    speed = results["train_tokens_per_second"]
    share = re.search(r"([\d.]+)% of the time taken", printed)
    record = {"percent_of_bound": float(share[1])} if share else {}
    return Cost(speed, results["train_peak_rss_mib"], speed / results["train_samples_per_second"], record)


def share_of_bound(setting: Setting, use: Use, repeat: int) -> Row:
    """What `--profile` says of a run's products, attention's too, and its optimizer at the machine's peak."""
    shares = [train_ours(setting, use, "--profile").details["percent_of_bound"] for _ in range(repeat)]
    return Row(use.name, "percent of the time, bound of this machine", median(shares), 100, at_least(0.75))


def train_peer(setting: Setting, use: Use, *more: str) -> Cost:
    options = {
        "--task": use.task,
        "--model": setting.model,
        "--train": use.train,
        "--test": first_of(use, setting.work),
        "--epochs": use.epochs,
        "--batch": use.batch,
        "--max-length": use.max_length,
        "--threads": setting.threads,
        "--out": setting.work / "peer",
    }
    results = setting.run_json(sys.executable, PEER, *flags(options), *more)
    return Cost(results["tokens_per_s"], results["rss_mib"], results["mean_tokens"])


def first_of(use: Use, work: pathlib.Path) -> pathlib.Path:
    """The peer wants something to test on; little, for that is no part of what is measured."""
    path = work / f"test{use.train.suffix}"
    text = use.train.read_text(encoding="utf-8")
    if use.train.suffix == ".json":
        document = json.loads(text)
        document["data"][0]["paragraphs"] = document["data"][0]["paragraphs"][:2]
        path.write_text(json.dumps(document), encoding="utf-8")
    else:
        path.write_text("\n".join(text.split("\n")[:30]) + "\n", encoding="utf-8")
    return path


def measure(setting: Setting, use: Use, repeat: int) -> list[Row]:
    progress(f"{use.name}: {repeat} runs of each")
    sides = {
        "ours": lambda: train_ours(setting, use),
        "default": lambda: train_peer(setting, use, *use.default),
        "faster": lambda: train_peer(setting, use, *use.default, *FASTER),
    }
    runs = alternate(repeat, sides)
    if abs(runs["ours"][0].tokens_per_row - runs["default"][0].tokens_per_row) > use.rows_differ:
        raise RuntimeError(f"{use.name}: the two sides do not train on the same tokens: {runs}")
    speed, memory, record = medians(runs)
    return [
        Row(use.name, "tokens/s, peer's default", speed["ours"], speed["default"], use.target, record),
        Row(use.name, f"tokens/s, peer with {' '.join(FASTER)}", speed["ours"], speed["faster"]),
        share_of_bound(setting, use, repeat),
        Row(use.name, "peak memory, MiB, peer's default", memory["ours"], memory["default"], at_most(0.4)),
    ]
