"""Makes fixtures/model/: tiny checkpoints saved by Transformers, and what PyTorch computes with them.

usage: make_model_fixtures.py [--output DIR]

Each case is one safetensors file: a packed batch (input_ids, token_type_ids, cu_seqlens, labels or targets),
the expected logits and loss, and the expected gradient of every parameter as "grad.<name>". The peer computes
them on the padded batch without dropout, in double precision; the metadata says how far its own single
precision is from that.
"training.safetensors" holds ten batches and the losses and gradient norms of ten AdamW steps over them.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field

import peer
import torch
from transformers import BertConfig, BertForSequenceClassification
from transformers.utils import logging

SINGLE, MULTI, REGRESSION = "single_label_classification", "multi_label_classification", "regression"
TINY = dict(
    vocab_size=120,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=40,
)
SMALL = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=24,
)
# No size is a multiple of a vector's, the padding token is not 0 and there are three segments.
ODD = dict(
    vocab_size=41,
    hidden_size=21,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=37,
    max_position_embeddings=19,
    pad_token_id=3,
    type_vocab_size=3,
    layer_norm_eps=1e-5,
)
ACTIVATIONS = [
    "gelu",
    "gelu_fast",
    "gelu_new",
    "gelu_python",
    "gelu_pytorch_tanh",
    "quick_gelu",
    "relu",
    "silu",
    "swish",
    "tanh",
]


@dataclass(frozen=True)
class Checkpoint:
    """A folder of random weights."""

    sizes: dict
    num_labels: int
    problem_type: str


CHECKPOINTS = {
    "two_layers": Checkpoint(TINY, 3, SINGLE),
    "one_layer": Checkpoint(SMALL, 3, SINGLE),
    "odd_sizes": Checkpoint(ODD, 5, SINGLE),
    "multi_label": Checkpoint({**SMALL, "num_hidden_layers": 2}, 4, MULTI),
    "regression": Checkpoint({**SMALL, "num_hidden_layers": 2}, 1, REGRESSION),
    "regression_two_values": Checkpoint(SMALL, 2, REGRESSION),
    "one_label": Checkpoint(SMALL, 1, MULTI),  # as a single class Transformers refuses it
}


@dataclass(frozen=True)
class Case:
    """A batch for one of the checkpoints, whose configuration it may override."""

    checkpoint: str
    lengths: list[int]
    segments: str = "random"  # or "pair": 0 up to the middle, then 1
    overrides: dict = field(default_factory=dict)
    change: Callable[[peer.Batch], None] | None = None  # a last touch on the random batch


def leave_labels_out(batch: peer.Batch) -> None:
    batch.labels[1] = batch.labels[4] = -100


def use_padding_token(token: int) -> Callable[[peer.Batch], None]:
    """The padding token in the middle of a text: it is attended to, but its embedding has no gradient."""

    def change(batch: peer.Batch) -> None:
        for row in batch.input_ids:
            row[len(row) // 2] = token

    return change


CASES = {
    "single_label": Case("two_layers", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 40]),
    "pair": Case("two_layers", [12, 40, 5, 23], segments="pair"),
    "batch_of_one": Case("two_layers", [13]),
    "longest_first": Case("one_layer", [24, 24, 20, 11, 4, 1]),
    "one_token_each": Case("one_layer", [1, 1, 1, 1, 1]),
    "ignored_labels": Case("one_layer", [5, 9, 14, 3, 21, 8], change=leave_labels_out),
    "padding_token": Case("one_layer", [6, 11, 1, 17], change=use_padding_token(0)),
    "no_padding_token": Case(
        "one_layer", [6, 11, 1, 17], overrides={"pad_token_id": None}, change=use_padding_token(0)
    ),
    "odd_sizes": Case("odd_sizes", [19, 1, 7, 10, 4], change=use_padding_token(3)),
    "multi_label": Case("multi_label", [4, 17, 9, 24, 1]),
    "regression": Case("regression", [11, 2, 24, 7]),
    "regression_batch_of_one": Case("regression", [10]),
    "regression_two_values": Case("regression_two_values", [3, 24, 12]),
    "one_label": Case("one_label", [4, 12, 7, 2]),
    **{
        f"hidden_act_{name}": Case("one_layer", [24, 5, 13, 8], overrides={"hidden_act": name})
        for name in ACTIVATIONS
    },
}


def make_model(checkpoint: Checkpoint, seed: int) -> BertForSequenceClassification:
    config = BertConfig(
        **checkpoint.sizes,
        num_labels=checkpoint.num_labels,
        problem_type=checkpoint.problem_type,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    model = BertForSequenceClassification(config)
    peer.randomize(model, seed)
    return model


def make_labels(config: BertConfig, sequences: int, generator: torch.Generator) -> torch.Tensor:
    if config.problem_type == SINGLE:
        return torch.randint(config.num_labels, (sequences,), generator=generator)
    if config.problem_type == MULTI:
        return torch.randint(2, (sequences, config.num_labels), generator=generator).float()
    return torch.randn((sequences, config.num_labels), generator=generator)


def make_batch(
    config: BertConfig, lengths: list[int], segments: str, generator: torch.Generator
) -> peer.Batch:
    ids = [torch.randint(5, config.vocab_size, (n,), generator=generator).tolist() for n in lengths]
    if segments == "pair":
        types = [[0] * (n // 2) + [1] * (n - n // 2) for n in lengths]
    else:
        types = [torch.randint(config.type_vocab_size, (n,), generator=generator).tolist() for n in lengths]
    return peer.Batch(ids, types, make_labels(config, len(lengths), generator))


def load(folder: pathlib.Path, overrides: dict, dtype: torch.dtype) -> BertForSequenceClassification:
    return BertForSequenceClassification.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", **overrides
    )


def write_case(output: pathlib.Path, name: str, case: Case, seed: int) -> None:
    model = load(output / case.checkpoint, case.overrides, torch.float32)
    batch = make_batch(model.config, case.lengths, case.segments, torch.Generator().manual_seed(seed))
    if case.change:
        case.change(batch)
    exact = peer.forward_backward(model, batch, torch.float64)
    single = peer.forward_backward(model, batch, torch.float32)
    expected = {f"grad.{key}": gradient.float() for key, gradient in exact.gradients.items()}
    errors = dict(
        logits=(single.logits - exact.logits).abs().max().item(),
        loss=abs(single.loss.item() - exact.loss.item()),
        gradients=max(
            peer.relative_error(gradient, exact.gradients[key], peer.gradient_scale(key, exact.gradients))
            for key, gradient in single.gradients.items()
        ),
    )
    peer.write_tensors(
        output / f"{name}.safetensors",
        {**batch.packed(), **expected, "logits": exact.logits.float(), "loss": exact.loss.float()},
        checkpoint=case.checkpoint,
        config=case.overrides,
        peer_float32_error=errors,
    )
    print(
        f"{name:28} loss {exact.loss.item():8.4f}   float32 errors: "
        + ", ".join(f"{k} {v:.1e}" for k, v in errors.items())
    )


def write_training(output: pathlib.Path, checkpoint: str, recipe: peer.Recipe, seed: int) -> None:
    """Ten steps in double precision: losses and gradient norms before each step."""
    generator = torch.Generator().manual_seed(seed)
    model = load(output / checkpoint, {}, torch.float64)
    lengths = [torch.randint(1, 41, (8,), generator=generator).tolist() for _ in range(10)]
    batches = [make_batch(model.config, row, "random", generator) for row in lengths]
    losses, norms = peer.train(model, batches, recipe)
    single_losses, _ = peer.train(load(output / checkpoint, {}, torch.float32), batches, recipe)
    error = max(abs(a - b) for a, b in zip(losses, single_losses))
    tensors = {
        key: value for i, batch in enumerate(batches) for key, value in batch.packed(f"batch.{i}.").items()
    }
    tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
    tensors["grad_norms"] = torch.tensor(norms, dtype=torch.float64)
    peer.write_tensors(
        output / "training.safetensors",
        tensors,
        checkpoint=checkpoint,
        recipe=vars(recipe),
        weight_decay_names=sorted(peer.decay_names(model)),
        peer_float32_error=dict(losses=error),
    )
    print(f"training: losses {losses[0]:.4f} to {losses[-1]:.4f}, float32 error {error:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).parent / "fixtures" / "model"
    )
    output = parser.parse_args().output
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    output.mkdir(parents=True, exist_ok=True)
    for name, checkpoint in CHECKPOINTS.items():
        make_model(checkpoint, peer.seed_of(name)).save_pretrained(output / name)
    for name, case in CASES.items():
        write_case(output, name, case, peer.seed_of(name))
    write_training(
        output,
        "two_layers",
        peer.Recipe(learning_rate=1e-3, weight_decay=0.01, warmup_steps=2),
        seed=peer.seed_of("training"),
    )


if __name__ == "__main__":
    main()
