#!/usr/bin/env python3
"""Compares sentence embeddings with the sentence-transformers package, from files to vectors.

    python3 tests/parity/embedding_parity.py --program build/bertune --model DIR --data SHARED_DATA

`bertune embed` must give the embeddings of SentenceTransformer.encode, for the model's own pooling and for others, on
real texts, long ones, and odd ones; `bertune evaluate` the package's Spearman and Pearson correlations on STS-B; and a
folder that `bertune train` wrote must be loaded by the package and give the same embeddings there. Losses and gradients
are compared by make_embedding_fixtures.py. Prints what was compared and exits 1 on a difference.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import sets
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator

TOLERANCE = 1e-5
METRIC_TOLERANCE = 1e-4
ODD = ["", " ", "a", "[SEP]", "Ünïcödé ŞTRASSE İ", "\U0001f600 smile", "x" * 500, "word " * 600, "don't\tstop \n now"]


def sentences_of(path: pathlib.Path) -> tuple[list[str], list[str], list[float]]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [r["sentence1"] for r in rows], [r["sentence2"] for r in rows], [float(r["score"]) for r in rows]


def pairs_of(data: pathlib.Path, work: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Pairs with scores to train and to test on: STS-B, or the requests of the examples, which are alike (1) or not (0)."""
    stsb = data / "stsb"
    if stsb.is_dir():
        return stsb / "train.tsv", stsb / "dev.tsv"
    print(f"{stsb} is not here: examples/ticket_details instead")
    for name, part in ("train", "pairs_train.csv"), ("dev", "pairs_test.csv"):
        with open(sets.EXAMPLES / "ticket_details" / part, newline="", encoding="utf-8") as file:
            rows = [(row["sentence1"], row["sentence2"], float(row["label"] == "same_request")) for row in csv.DictReader(file)]
        lines = ["sentence1\tsentence2\tscore", *("\t".join(map(str, row)) for row in rows)]
        (work / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return work / "train.tsv", work / "dev.tsv"


def run(program: str, *arguments: object) -> str:
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def variant(model: pathlib.Path, folder: pathlib.Path, pooling: dict | None, normalize: bool, length: int) -> pathlib.Path:
    """The model with other files of sentence-transformers, or none."""
    folder.mkdir()
    for file in model.iterdir():
        if file.is_file() and "sentence" not in file.name and file.name != "modules.json":
            (folder / file.name).symlink_to(file)
    if pooling is None:
        return folder
    kinds = ["Transformer", "Pooling"] + ["Normalize"] * normalize
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        dict(idx=i, name=str(i), path=paths[i], type=f"sentence_transformers.models.{kind}") for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps(dict(max_seq_length=length, do_lower_case=False)))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


class Comparison:
    def __init__(self, program: str, work: pathlib.Path) -> None:
        self.program, self.work, self.failures = program, work, 0

    def report(self, what: str, difference: float, allowed: float) -> None:
        ok = difference <= allowed  # a NaN is not
        self.failures += not ok
        print(f"embeddings: {what}: largest difference {difference:.1e}{'' if ok else '   FAILED'}")

    def embeddings(self, what: str, model: pathlib.Path, texts: list[str]) -> None:
        source = self.work / "texts.jsonl"
        source.write_text("".join(json.dumps(dict(text=text)) + "\n" for text in texts), encoding="utf-8")
        run(self.program, "embed", "--model", model, source, "--output", self.work / "out.npy")
        run(self.program, "embed", "--model", model, source, "--output", self.work / "out.jsonl", "--batch-size", "7")
        array = np.load(self.work / "out.npy")
        lines = [json.loads(line)["embedding"] for line in (self.work / "out.jsonl").read_text().splitlines()]
        package = SentenceTransformer(str(model), model_kwargs=dict(dtype="float32"))
        expected = package.encode(texts, batch_size=32, show_progress_bar=False)
        if array.shape != expected.shape or array.dtype != np.float32:
            print(f"embeddings: {what}: {array.shape} {array.dtype} instead of {expected.shape}")
            self.failures += 1
            return
        scale = max(1.0, float(np.abs(expected).max()))
        for form, actual in ((f"{len(texts)} texts as .npy", array), ("as JSON Lines", np.array(lines))):
            self.report(f"{what}, {form}", float(np.abs(actual - expected).max()) / scale, TOLERANCE)

    def correlations(self, model: pathlib.Path, test: pathlib.Path) -> None:
        first, second, scores = sentences_of(test)
        package = SentenceTransformer(str(model))
        expected = EmbeddingSimilarityEvaluator(first, second, scores, main_similarity="cosine")(package)
        metrics = json.loads(run(self.program, "evaluate", "--model", model, "--test", test, "--json"))
        for ours, theirs in (("spearmanr", "spearman_cosine"), ("pearson", "pearson_cosine")):
            value = metrics[f"test_{ours}"]
            self.report(f"{ours} on {test.name} of the pairs ({value:.4f})", abs(value - expected[theirs]), METRIC_TOLERANCE)

    def trained(self, what: str, model: pathlib.Path, train: pathlib.Path, texts: list[str], *options: str) -> None:
        output = self.work / "trained"
        shutil.rmtree(output, ignore_errors=True)
        run(self.program, "train", "--task", "sentence-embedding", "--model", model, "--train", train, "--output", output,
            "--validation-split", "0", "--max-train-rows", "64", "--epochs", "1", "--quiet", *options)  # fmt: skip
        _, info = transformers.AutoModel.from_pretrained(output, output_loading_info=True, add_pooling_layer=False)
        found = {key: value for key, value in info.items() if value}
        if found:
            print(f"embeddings: {what}: Transformers says {found}")
            self.failures += 1
        self.embeddings(what, output, texts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--data", default=sets.DATA, type=pathlib.Path)
    parser.add_argument("--texts", type=int, default=500)
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        train, dev = pairs_of(arguments.data, pathlib.Path(name))
        texts = [text for pair in zip(*sentences_of(dev)[:2]) for text in pair][: arguments.texts]
        some = texts[:60] + ODD
        compare = Comparison(arguments.program, pathlib.Path(name))
        compare.embeddings("as the model is", arguments.model, texts + ODD)
        compare.embeddings("without files", variant(arguments.model, compare.work / "none", None, False, 0), some)
        width = json.loads((arguments.model / "config.json").read_text())["hidden_size"]
        for mode, normalize, length in (("cls", False, 64), ("max", True, 32), ("mean_sqrt_len_tokens", False, 512)):
            pooling = dict(embedding_dimension=width, pooling_mode=mode, include_prompt=True)
            folder = variant(arguments.model, compare.work / mode, pooling, normalize, length)
            compare.embeddings(f"{mode} of {length} tokens", folder, some)
        compare.correlations(arguments.model, dev)
        compare.trained("trained with scores", arguments.model, train, some)
        compare.trained("trained by ranking", compare.work / "cls", train, some, "--embedding-loss",
                        "multiple-negatives-ranking")  # fmt: skip
    return 1 if compare.failures else 0


if __name__ == "__main__":
    sys.exit(main())
