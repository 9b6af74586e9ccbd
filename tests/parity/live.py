"""Compares Bertune with the peer, live, on a real checkpoint: logits, gradients, training, the saved folder.

usage: live.py --model DIR --probe build/tests/parity_probe [--data DIR] [--steps 50]

Both sides get the same weights, with the same new classifier and dropout 0, and the same batches, tokenized
by the peer. Prints a table of what was measured and what is allowed, and exits with 1 on any excess. Texts
are rows of DATA/sst2/train.tsv (text TAB label), or made-up sentences where that file is not there.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import peer
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertForSequenceClassification
from transformers.utils import logging as transformers_logging

Row = tuple[str, int]
LOGITS, GRADIENT, FIRST_LOSSES, LOSSES = 1e-4, 1e-4, 1e-4, 1e-3
WORST = 6  # gradients printed, unless all are asked for


@dataclass(frozen=True)
class Check:
    name: str
    measured: float
    allowed: float
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.measured <= self.allowed  # False for NaN

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "EXCESS"
        return f"{self.name:48} {self.measured:10.2e} {self.allowed:10.0e}  {verdict:7} {self.note}"


def made_up_rows(count: int, generator: random.Random) -> list[Row]:
    """Sentences of three to thirty words about films, and whether they praise."""
    subjects = [
        "the film",
        "this story",
        "every scene",
        "the cast",
        "her second novel on screen",
        "the music",
    ]
    verbs = [
        "is",
        "seems",
        "remains from the first minute to the last",
        "turns out to be",
        "was, in the end,",
    ]
    praise = ["a joy", "wonderful", "moving and funny", "sharply observed", "unforgettable"]
    blame = ["a bore", "lifeless", "loud but empty", "poorly told", "forgettable"]
    links = ["and", "while", "because", "although nobody expected it,"]
    rows = []
    for _ in range(count):
        label = generator.randrange(2)
        parts = (subjects, verbs, praise if label else blame)
        clauses = [" ".join(map(generator.choice, parts)) for _ in range(generator.randint(1, 4))]
        rows.append((f" {generator.choice(links)} ".join(clauses) + " .", label))
    return rows


def read_rows(path: pathlib.Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(text, int(label)) for text, label in (line.rsplit("\t", 1) for line in lines if line)]


def choose_rows(data: pathlib.Path | None, count: int, seed: int) -> list[Row]:
    generator = random.Random(seed)
    path = data / "sst2" / "train.tsv" if data else None
    if path is None or not path.is_file():
        print(f"no {path or 'data folder'}: made-up sentences instead of SST-2")
        return made_up_rows(count, generator)
    return generator.sample(read_rows(path), count)


def save_start(source: pathlib.Path, target: pathlib.Path, seed: int) -> None:
    """The checkpoint with a new classifier and without dropout, as both sides start from it.

    The classifier's weights are larger than a new one's, so that logits are of the order of 1.
    """
    torch.manual_seed(seed)
    model = BertForSequenceClassification.from_pretrained(
        source,
        num_labels=2,
        problem_type="single_label_classification",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout=0.0,
    )
    torch.nn.init.normal_(model.classifier.weight, std=0.1)
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source).save_pretrained(target)


def load_start(folder: pathlib.Path) -> BertForSequenceClassification:
    return BertForSequenceClassification.from_pretrained(folder, attn_implementation="sdpa")


def make_batches(rows: list[Row], tokenizer, size: int, max_length: int) -> list[peer.Batch]:
    batches = []
    for begin in range(0, len(rows), size):
        part = rows[begin : begin + size]
        encoded = tokenizer([text for text, _ in part], truncation=True, max_length=max_length)
        labels = torch.tensor([label for _, label in part])
        batches.append(peer.Batch(encoded["input_ids"], encoded["token_type_ids"], labels))
    return batches


def run_probe(
    arguments: argparse.Namespace, work: pathlib.Path, batches: list[peer.Batch], texts: list[str]
) -> dict[str, torch.Tensor]:
    """Bertune's results; the model after its steps is in work/saved."""
    tensors = {
        key: value for i, batch in enumerate(batches) for key, value in batch.packed(f"batch.{i}.").items()
    }
    peer.write_tensors(work / "batches.safetensors", tensors)
    (work / "texts.txt").write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    command = [arguments.probe, work / "start", work / "batches.safetensors", work / "results.safetensors"]
    command += [
        "--steps",
        arguments.steps,
        "--lr",
        arguments.learning_rate,
        "--max-length",
        arguments.max_length,
    ]
    command += ["--save", work / "saved", "--texts", work / "texts.txt"]
    subprocess.run(list(map(str, command)), check=True)
    return load_file(work / "results.safetensors")


def compare_forward_backward(
    ours: dict[str, torch.Tensor], start: pathlib.Path, batch: peer.Batch, every: bool
) -> list[Check]:
    """Logits, loss and gradients of one batch against the peer's single and double precision."""
    model = load_start(start)
    single = peer.forward_backward(model, batch, torch.float32)
    exact = peer.forward_backward(model, batch, torch.float64)
    checks = [
        Check("logits", (ours["logits"] - single.logits).abs().max().item(), LOGITS),
        Check("loss", abs(ours["loss"].item() - single.loss.item()), LOGITS),
    ]
    gradients = []
    for name, expected in single.gradients.items():
        actual = ours[f"grad.{name}"].reshape(expected.shape)
        scale = peer.gradient_scale(name, exact.gradients)
        to_exact = (
            peer.relative_error(tensor, exact.gradients[name], scale) for tensor in (actual, expected)
        )
        note = "from double precision: ours {:.1e}, peer's {:.1e}".format(*to_exact)
        if "self.key.bias" in name:
            note += "; zero in exact arithmetic, so on the scale of query.bias"
        gradients.append(
            Check(
                f"grad {name.removeprefix('bert.')}",
                peer.relative_error(actual, expected, scale),
                GRADIENT,
                note,
            )
        )
    gradients.sort(key=lambda check: -check.measured)
    missing = {name.removeprefix("grad.") for name in ours if name.startswith("grad.")} ^ set(
        single.gradients
    )
    checks.append(Check("gradients that only one side has", len(missing), 0, " ".join(sorted(missing))))
    worst = [check for i, check in enumerate(gradients) if every or i < WORST or not check.passed]
    zero = [check for check in gradients if "key.bias" in check.name and check not in worst]
    print(f"{len(gradients)} gradients, the worst of them:")
    return checks + worst + zero[:1]


def compare_training(
    ours: dict[str, torch.Tensor], start: pathlib.Path, batches: list[peer.Batch], rate: float
) -> list[Check]:
    model = load_start(start)
    begin = time.perf_counter()
    losses, norms = peer.train(model, batches, peer.Recipe(learning_rate=rate))
    elapsed = time.perf_counter() - begin
    print(f"peer: {len(batches)} steps in {elapsed:.1f} s, loss {losses[0]:.4f} to {losses[-1]:.4f}")
    differences = (ours["losses"] - torch.tensor(losses, dtype=torch.float64)).abs()
    norm_error = ((ours["grad_norms"] / torch.tensor(norms, dtype=torch.float64)) - 1).abs()
    first = min(10, len(batches))
    note = "the peer sums squares in single precision: 1e-5 of this is its own"
    return [
        Check(f"losses of the first {first} AdamW steps", differences[:first].max().item(), FIRST_LOSSES),
        Check(f"losses of {len(batches)} AdamW steps", differences.max().item(), LOSSES),
        Check("gradient norm of the first step, relative", norm_error[0].item(), GRADIENT, note),
    ]


@contextlib.contextmanager
def captured_warnings() -> Iterator[list[str]]:
    """What Transformers warns of meanwhile."""
    messages: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler = Keep(level=logging.WARNING)
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_warning()
    transformers_logging.add_handler(handler)
    try:
        yield messages
    finally:
        transformers_logging.remove_handler(handler)
        transformers_logging.set_verbosity(verbosity)


def peer_logits(model: BertForSequenceClassification, batches: list[peer.Batch]) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        return torch.cat([model(**batch.padded()).logits for batch in batches])


def compare_saved(
    ours: dict[str, torch.Tensor], work: pathlib.Path, rows: list[Row], max_length: int
) -> list[Check]:
    """The folder that Bertune wrote, in the peer: it loads in silence, tokenizes alike and predicts alike."""
    with captured_warnings() as warnings:
        model, info = AutoModelForSequenceClassification.from_pretrained(
            work / "saved", output_loading_info=True
        )
        tokenizer = AutoTokenizer.from_pretrained(work / "saved")
    keys = {kind: names for kind, names in info.items() if names}
    batches = make_batches(rows, tokenizer, 32, max_length)
    original = make_batches(rows, AutoTokenizer.from_pretrained(work / "start"), 32, max_length)
    ids = sum((row for batch in batches for row in batch.input_ids), [])
    logits = peer_logits(model, batches)
    other = (logits.argmax(-1) != ours["texts.logits"].argmax(-1)).sum().item()
    return [
        Check("saved folder: warnings while loading", len(warnings), 0, " | ".join(warnings)),
        Check("saved folder: missing or unexpected keys", sum(map(len, keys.values())), 0, str(keys or "")),
        Check("saved folder: tokenizer differs from ours", float(ids != ours["texts.input_ids"].tolist()), 0),
        Check(
            "saved folder: tokenizer differs from start",
            sum(a.input_ids != b.input_ids for a, b in zip(batches, original)),
            0,
        ),
        Check("saved folder: logits", (logits - ours["texts.logits"]).abs().max().item(), LOGITS),
        Check("saved folder: other predictions", other, 0, f"of {len(rows)}"),
    ]


def report(checks: list[Check]) -> bool:
    for check in checks:
        print(check)
    return all(check.passed for check in checks)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", type=pathlib.Path, required=True, help="folder of a BERT checkpoint with its tokenizer"
    )
    parser.add_argument("--probe", type=pathlib.Path, required=True, help="the program parity_probe")
    parser.add_argument("--data", type=pathlib.Path, help="folder that holds sst2/train.tsv")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument(
        "--held-out", type=int, default=200, help="texts to compare predictions on after training"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--all", action="store_true", help="print every gradient, not only the worst")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    trained = arguments.steps * arguments.batch_size
    rows = choose_rows(arguments.data, trained + arguments.held_out, arguments.seed)
    held_out = rows[trained:]
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        save_start(arguments.model, work / "start", arguments.seed)
        tokenizer = AutoTokenizer.from_pretrained(work / "start")
        batches = make_batches(rows[:trained], tokenizer, arguments.batch_size, arguments.max_length)
        begin = time.perf_counter()
        ours = run_probe(arguments, work, batches, [text for text, _ in held_out])
        print(f"bertune: {arguments.steps} steps and the rest in {time.perf_counter() - begin:.1f} s")
        print(f"{'':48} {'measured':>10} {'allowed':>10}")
        passed = report(compare_forward_backward(ours, work / "start", batches[0], arguments.all))
        passed &= report(compare_training(ours, work / "start", batches, arguments.learning_rate))
        passed &= report(compare_saved(ours, work, held_out, arguments.max_length))
    print("parity: " + ("all within what is allowed" if passed else "EXCEEDED"))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
