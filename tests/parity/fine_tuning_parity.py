"""Compares adapters (LoRA) with PEFT, and rates by layer with PyTorch's parameter groups, on a tiny random BERT.

usage: fine_tuning_parity.py --program BERTUNE

Both sides train the same batch, 20 steps, without dropout, in f32, from the same weights; Bertune through its
command line, from and to folders. Prints what was measured and what is allowed; exits with 1 on any excess.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification, BertTokenizerFast

STEPS, LAYERS = 20, 3
WORDS = "good bad fine poor film food the was very not".split()
ROWS = [(f"the {a} was {'very ' * n}{b}", int(b in ("good", "fine"))) for n, a in enumerate(("film", "food"))
        for b in ("good", "bad", "fine", "poor")]


def make_base(folder: pathlib.Path) -> None:
    torch.manual_seed(5)
    config = BertConfig(vocab_size=5 + len(WORDS), hidden_size=32, num_hidden_layers=LAYERS, num_attention_heads=4,
                        intermediate_size=64, max_position_embeddings=40, initializer_range=0.1,
                        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]) + "\n")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}')


class Bertune:
    def __init__(self, program: pathlib.Path, work: pathlib.Path) -> None:
        self.program, self.work = program, work
        self.rows = work / "rows.csv"
        self.rows.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS))

    def train(self, model: pathlib.Path, name: str, *flags: str, steps: int = STEPS) -> tuple[pathlib.Path, list[float]]:
        output = self.work / name
        command = [self.program, "train", "--model", model, "--train", self.rows, "--output", output,
                   "--validation-split", "0", "--batch-size", len(ROWS), "--max-steps", steps, "--schedule", "constant",
                   "--max-grad-norm", 0, "--logging-steps", 1, "--precision", "fp32", "--threads", 1, "--quiet",
                   "--problem-type", "single_label_classification", *flags]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        log = json.loads((output / "trainer_state.json").read_text())["log_history"]
        return output, [row["loss"] for row in log if "loss" in row]

    def probabilities(self, model: pathlib.Path) -> torch.Tensor:
        texts = "".join(text + "\n" for text, _ in ROWS)
        result = subprocess.run([self.program, "predict", "--model", model], input=texts, text=True, check=True,
                                capture_output=True)
        scores = [list(json.loads(line)["scores"].values()) for line in result.stdout.splitlines()]
        return torch.tensor(scores, dtype=torch.float64)


class Checks:
    def __init__(self) -> None:
        self.failed = False

    def __call__(self, name: str, measured: float, allowed: float) -> None:
        self.failed |= not measured <= allowed
        print(f"{name:64} {measured:9.1e} {allowed:9.0e}  {'ok' if measured <= allowed else 'EXCESS'}")


def distance(actual: torch.Tensor, expected: torch.Tensor) -> float:
    return ((actual - expected).norm() / expected.norm().clamp_min(1e-12)).item()


def batch_of(base: pathlib.Path) -> dict[str, torch.Tensor]:
    tokenizer = BertTokenizerFast(str(base / "vocab.txt"), do_lower_case=True)
    batch = dict(tokenizer([text for text, _ in ROWS], padding=True, return_tensors="pt"))
    return {**batch, "labels": torch.tensor([label for _, label in ROWS])}


def train_peer(model: torch.nn.Module, optimizer: torch.optim.Optimizer, batch: dict[str, torch.Tensor]) -> list[float]:
    model.train()
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def decays(name: str) -> bool:
    return not name.endswith("bias") and "LayerNorm" not in name


def softmax(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        return model(**batch).logits.double().softmax(-1)


def check_lora(own: Bertune, base: pathlib.Path, batch: dict[str, torch.Tensor], check: Checks, lr: float,
               *flags: str) -> None:
    what = " ".join(("--lora", *flags))
    start, _ = own.train(base, "start" + what, "--lora", *flags, "--lr", "0", steps=1)
    result, losses = own.train(base, "result" + what, "--lora", *flags, "--lr", str(lr), "--weight-decay", "0.01")
    peer = PeftModel.from_pretrained(BertForSequenceClassification.from_pretrained(base), str(start), is_trainable=True)
    trained = {name: p for name, p in peer.named_parameters() if p.requires_grad}
    groups = [{"params": [p for n, p in trained.items() if decays(n) == decay], "weight_decay": 0.01 * decay}
              for decay in (True, False)]
    expected = train_peer(peer, torch.optim.AdamW(groups, lr=lr), batch)
    check(f"{what}: losses", max(abs(a - b) / abs(b) for a, b in zip(losses, expected, strict=True)), 1e-5)
    stored = load_file(result / "adapter_model.safetensors")
    wanted = {n.replace(".default", "").replace(".modules_to_save", ""): p.detach() for n, p in trained.items()}
    check(f"{what}: tensors that one side lacks", len(stored.keys() ^ wanted.keys()), 0)
    check(f"{what}: A, B and classifier", max(distance(stored[n], wanted[n]) for n in wanted), 1e-5)
    loaded = PeftModel.from_pretrained(BertForSequenceClassification.from_pretrained(base), str(result))
    check(f"{what}: PEFT with our adapter", (softmax(loaded, batch) - own.probabilities(result)).abs().max().item(), 1e-5)
    merged = own.work / ("merged" + what)
    subprocess.run([own.program, "convert", "--merge", "--model", result, "--output", merged], check=True,
                   stdout=subprocess.DEVNULL)
    whole = AutoModelForSequenceClassification.from_pretrained(merged)
    check(f"{what}: Transformers with it merged", (softmax(whole, batch) - softmax(loaded, batch)).abs().max().item(), 1e-5)


def check_peft_folder(own: Bertune, base: pathlib.Path, batch: dict[str, torch.Tensor], check: Checks) -> None:
    """An adapter as PEFT leaves it: its own names of targets, no config.json, no tokenizer."""
    config = LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=6, target_modules=r".*layer\.[12]\..*\.(key|dense)",
                        init_lora_weights=False, use_rslora=True)
    model = get_peft_model(BertForSequenceClassification.from_pretrained(base), config)
    folder = own.work / "peft"
    model.save_pretrained(folder)
    check("PEFT's own folder: bertune predict", (softmax(model, batch) - own.probabilities(folder)).abs().max().item(), 1e-5)


def check_rates(own: Bertune, base: pathlib.Path, batch: dict[str, torch.Tensor], check: Checks, name: str, lr: float) -> None:
    decay = 0.7
    start, _ = own.train(base, f"rates-start-{name}", "--lr", "0", steps=1)
    result, losses = own.train(start, f"rates-{name}", "--optimizer", name, "--lr", str(lr), "--weight-decay", "0.01",
                               "--layer-wise-lr-decay", str(decay))
    peer = BertForSequenceClassification.from_pretrained(start)

    def scale(parameter: str) -> float:
        if ".embeddings." in parameter:
            return decay ** (LAYERS + 1)
        return decay ** (LAYERS - int(parameter.split(".")[3])) if ".layer." in parameter else 1.0

    groups = [{"params": [p], "lr": lr * scale(n), "weight_decay": 0.01 * decays(n)} for n, p in peer.named_parameters()]
    optimizer = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[name](groups, lr=lr)
    expected = train_peer(peer, optimizer, batch)
    check(f"--layer-wise-lr-decay, {name}: losses", max(abs(a - b) / abs(b) for a, b in zip(losses, expected, strict=True)), 1e-5)
    stored, wanted = load_file(result / "model.safetensors"), peer.state_dict()
    # A gradient of zero but for rounding, as of the keys' biases, is a step of Adam all the same.
    check(f"--layer-wise-lr-decay, {name}: weights",
          max(distance(stored[n], wanted[n]) for n in stored if not n.endswith("key.bias")), 1e-4)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    program = parser.parse_args().program.resolve()
    torch.set_num_threads(1)
    check = Checks()
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        base = work / "base"
        make_base(base)
        own, batch = Bertune(program, work), batch_of(base)
        check_lora(own, base, batch, check, 1e-2)
        check_lora(own, base, batch, check, 1e-3, "--lora-rank", "3", "--lora-alpha", "7", "--lora-targets", "all-linear", "--rslora")
        check_peft_folder(own, base, batch, check)
        check_rates(own, base, batch, check, "adamw", 1e-3)
        check_rates(own, base, batch, check, "sgd", 1e-1)
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
