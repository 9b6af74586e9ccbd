"""Fine-tunes a tiny random model of each family with the program, and predicts with it here and there.

usage: families_parity.py --program BERTUNE

The base is what AutoModel saves: an encoder alone, without its prefix in the names of tensors. Transformers must
load what `bertune train` wrote without a missing or an unexpected tensor, and give pairs of texts the scores
that `bertune predict` gives them. Exits with 1 when it does not.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

WORDS = "good bad fine poor film food the was very not story room band soup plot staff".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *"abcdefghijklmnopqrstuvwxyz"]
DISTILBERT = dict(dim=16, n_layers=2, n_heads=2, hidden_dim=24)
OTHERS = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
FAMILIES = {
    "bert": OTHERS,
    "distilbert": DISTILBERT,
    "roberta": OTHERS | dict(pad_token_id=0),  # as this vocabulary has it
    "xlm-roberta": OTHERS | dict(pad_token_id=0),
    "electra": OTHERS | dict(embedding_size=10),
}
TOLERANCE = 1e-5


def write_base(folder: pathlib.Path, family: str) -> None:
    torch.manual_seed(1)
    sizes = FAMILIES[family] | dict(vocab_size=len(VOCABULARY), max_position_embeddings=40, initializer_range=0.3)
    AutoModel.from_config(AutoConfig.for_model(family, **sizes)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')


def write_rows(path: pathlib.Path, rows: int) -> list[tuple[str, str]]:
    generator = random.Random(path.name)
    pairs = [
        (" ".join(generator.choices(WORDS, k=5)), " ".join(generator.choices(WORDS, k=generator.randint(1, 7))))
        for _ in range(rows)
    ]
    lines = [f"{a},{b},{'yes' if 'good' in a else 'no'}" for a, b in pairs]
    path.write_text("\n".join(["first,second,label", *lines]) + "\n")
    return pairs


def differences(program: pathlib.Path, scratch: pathlib.Path, family: str) -> list[str]:
    base, output = scratch / f"{family}-base", scratch / family
    write_base(base, family)
    write_rows(scratch / "train.csv", 60)
    pairs = write_rows(scratch / "test.csv", 25)
    texts = ["--text-column", "first", "--text-pair-column", "second", "--threads", "1"]
    train = [program, "train", "--model", base, "--train", scratch / "train.csv", "--output", output, *texts]
    train += ["--label-column", "label", "--epochs", "1", "--learning-rate", "1e-3", "--quiet"]
    subprocess.run(train, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    predict = [program, "predict", "--model", output, scratch / "test.csv", *texts]
    printed = subprocess.run(predict, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line)["scores"] for line in printed.splitlines()]

    model, loading = AutoModelForSequenceClassification.from_pretrained(output, output_loading_info=True)
    found = [f"{key}: {value}" for key, value in loading.items() if value]
    tokenizer = AutoTokenizer.from_pretrained(output)
    inputs = tokenizer([a for a, _ in pairs], [b for _, b in pairs], padding=True, return_tensors="pt")
    if family == "distilbert" and "token_type_ids" in inputs:
        found.append("the tokenizer gives token types")
    with torch.no_grad():
        scores = model.eval()(**inputs).logits.softmax(-1)
    ours = torch.tensor([[row[model.config.id2label[i]] for i in range(2)] for row in rows])
    error = (scores - ours).abs().max().item()
    if not error <= TOLERANCE:
        found.append(f"scores differ by {error:.1e}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for family in FAMILIES:
            found = differences(arguments.program, pathlib.Path(scratch), family)
            print(f"{family:12} {'; '.join(found) or 'loads whole, and predicts the same'}")
            failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
