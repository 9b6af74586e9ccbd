"""Compares Bertune's integrated gradients with Captum's, and times both ways of explaining.

usage: explain_parity.py --program BERTUNE --model MODEL [--rows 6] [--texts FILE]

MODEL is a folder of classes. With --texts (a text a line), also how faithful the words are (DeYoung et al. 2020, ERASER): what
the probability loses without the fifth of the words that count most (comprehensiveness), and with these alone
(sufficiency), each beside as many random words. For texts of support tickets, Captum's LayerIntegratedGradients on the word embeddings, with
Gauss-Legendre quadrature of as many steps and padding as the baseline, must give each word's contribution to 1e-4 of the
largest. Exits with 1 when one differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
from captum.attr import LayerIntegratedGradients
from transformers import AutoModelForSequenceClassification, AutoTokenizer

TICKETS = pathlib.Path(__file__).parents[2] / "examples" / "support_tickets" / "test.csv"
TOLERANCE = 1e-4


def explain(program: str, model: pathlib.Path, texts: list[str], method: str = "integrated-gradients") -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "texts.jsonl")
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        output = pathlib.Path(folder, "why.jsonl")
        subprocess.run([program, "explain", "--model", str(model), str(path), "--method", method,
                        "--output", str(output), "--silent"], check=True)
        return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def captum(model, tokenizer, text: str, target: int, steps: int) -> tuple[list[float], list[tuple[int, int]], list]:
    encoded = tokenizer(text, return_tensors="pt", return_offsets_mapping=True, truncation=True)
    ids = encoded["input_ids"]
    special = torch.tensor(tokenizer.get_special_tokens_mask(ids[0].tolist(), already_has_special_tokens=True)).bool()
    baseline = torch.where(special, ids[0], torch.tensor(tokenizer.pad_token_id)).unsqueeze(0)

    def log_probability(given):
        return torch.log_softmax(model(given, attention_mask=torch.ones_like(given)).logits, -1)[:, target]

    gradients = LayerIntegratedGradients(log_probability, model.get_input_embeddings())
    found = gradients.attribute(ids, baselines=baseline, n_steps=steps, method="gausslegendre", internal_batch_size=64)
    return found.sum(-1)[0].tolist(), encoded["offset_mapping"][0].tolist(), encoded.word_ids()


def without(text: str, words: list[dict], left_out: set[int]) -> str:
    for i in sorted(left_out, reverse=True):
        text = text[: words[i]["start"]] + text[words[i]["end"] :]
    return text


def faithfulness(arguments, model, tokenizer, method: str) -> bool:
    texts = arguments.texts.read_text(encoding="utf-8").splitlines()[: 20 * arguments.rows]
    drawn = random.Random(0)
    sums = {name: [0.0, 0.0] for name in ("comprehensiveness", "sufficiency")}  # of the words, of random ones
    for text, ours in zip(texts, explain(arguments.program, arguments.model, texts, method)):
        why = ours["explanation"]
        words, target = why["words"], why["targets"][0]
        label = model.config.label2id[target["target"]]
        count = max(1, round(len(words) / 5))
        order = sorted(range(len(words)), key=lambda i: -target["contributions"][i])
        chosen = [set(order[:count]), set(drawn.sample(range(len(words)), count))]
        kept = [without(text, words, set(range(len(words))) - some) for some in chosen]
        changed = [text, *(without(text, words, some) for some in chosen), *kept]
        encoded = tokenizer(changed, return_tensors="pt", padding=True, truncation=True)
        with torch.no_grad():
            whole, *rest = torch.softmax(model(**encoded).logits, -1)[:, label].tolist()
        for name, parts in zip(sums, (rest[:2], rest[2:])):
            sums[name] = [total + whole - part for total, part in zip(sums[name], parts)]
    right = True
    for name, (ours, by_chance) in sums.items():
        better = ours >= 2 * by_chance if name == "comprehensiveness" else 2 * ours <= by_chance
        right &= better
        print(f"{'ok    ' if better else 'FAILED'} {method}, {len(texts)} texts, {name}: {ours / len(texts):.3f}, random words "
              f"{by_chance / len(texts):.3f}")
    return right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--texts", type=pathlib.Path)
    arguments = parser.parse_args()
    with TICKETS.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)][: arguments.rows]
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForSequenceClassification.from_pretrained(arguments.model).eval()
    failed = 0
    for text, ours in zip(texts, explain(arguments.program, arguments.model, texts)):
        why = ours["explanation"]
        target = why["targets"][0]
        label = model.config.label2id[target["target"]]
        tokens, _, words = captum(model, tokenizer, text, label, target["steps"])
        theirs = [0.0] * len(why["words"])
        for contribution, word in zip(tokens, words):
            if word is not None:
                theirs[word] += contribution
        largest = max(map(abs, theirs))
        apart = max(abs(a - b) for a, b in zip(target["contributions"], theirs)) / largest
        right = apart <= TOLERANCE and target["completeness_error"] <= 0.01
        failed += not right
        print(f"{'ok    ' if right else 'FAILED'} {len(theirs)} words, {target['steps']} steps: {apart:.1e} of the largest "
              f"apart; completeness error {target['completeness_error']:.1e}")
    for method in ("leave-one-out", "integrated-gradients") if arguments.texts else ():
        failed += not faithfulness(arguments, model, tokenizer, method)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
