"""The peer's side of the parity tests: PyTorch and Transformers on the padded form of a packed batch."""

from __future__ import annotations

import copy
import json
import pathlib
import zlib
from dataclasses import dataclass

import torch
from safetensors.torch import save
from transformers import BertForSequenceClassification, Trainer, get_scheduler


@dataclass(frozen=True)
class Batch:
    """Sequences of token ids with their segments, and one row of labels for each."""

    input_ids: list[list[int]]
    token_type_ids: list[list[int]]
    labels: torch.Tensor  # class ids [sequences], or targets [sequences, num_labels] in floating point

    def padded(self, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
        """The arguments of the peer's forward: [sequences, longest] with an attention mask."""
        longest = max(map(len, self.input_ids))

        def rows(values: list[list[int]]) -> torch.Tensor:
            return torch.tensor([row + [0] * (longest - len(row)) for row in values])

        mask = rows([[1] * len(row) for row in self.input_ids])
        labels = self.labels.to(dtype) if self.labels.is_floating_point() else self.labels.long()
        return dict(
            input_ids=rows(self.input_ids),
            token_type_ids=rows(self.token_type_ids),
            attention_mask=mask,
            labels=labels,
        )

    def packed(self, prefix: str = "") -> dict[str, torch.Tensor]:
        """The tensors of Bertune's batch: tokens end to end, without padding."""
        lengths = torch.tensor([0] + [len(row) for row in self.input_ids])
        floating = self.labels.is_floating_point()
        tensors = dict(
            input_ids=torch.tensor(sum(self.input_ids, []), dtype=torch.int32),
            token_type_ids=torch.tensor(sum(self.token_type_ids, []), dtype=torch.int32),
            cu_seqlens=lengths.cumsum(0).to(torch.int32),
        )
        tensors["targets" if floating else "labels"] = self.labels.to(
            torch.float32 if floating else torch.int32
        )
        return {prefix + name: tensor.contiguous() for name, tensor in tensors.items()}


@dataclass(frozen=True)
class Result:
    logits: torch.Tensor
    loss: torch.Tensor
    gradients: dict[str, torch.Tensor]


def forward_backward(model: BertForSequenceClassification, batch: Batch, dtype: torch.dtype) -> Result:
    """Logits, loss and every gradient, computed in `dtype` by a copy of the model."""
    worker = copy.deepcopy(model).to(dtype).train()
    output = worker(**batch.padded(dtype))
    output.loss.backward()
    gradients = {name: parameter.grad for name, parameter in worker.named_parameters()}
    return Result(output.logits.detach(), output.loss.detach(), gradients)


@dataclass(frozen=True)
class Recipe:
    """The settings of the Trainer that decide an optimizer step; the defaults are its own."""

    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    max_grad_norm: float = 1.0
    warmup_steps: int = 0


def decay_names(model: BertForSequenceClassification) -> list[str]:
    """The parameters that the Trainer decays: all but biases and LayerNorm."""
    # The method uses nothing of its object, and a Trainer would want a model, arguments and data.
    return Trainer.get_decay_parameter_names(None, model)


def parameter_groups(model: BertForSequenceClassification, weight_decay: float) -> list[dict]:
    decayed = set(decay_names(model))
    named = list(model.named_parameters())
    return [
        dict(params=[p for name, p in named if name in decayed], weight_decay=weight_decay),
        dict(params=[p for name, p in named if name not in decayed], weight_decay=0.0),
    ]


def train(
    model: BertForSequenceClassification, batches: list[Batch], recipe: Recipe
) -> tuple[list[float], list[float]]:
    """One AdamW step a batch on the model, in its own precision: the loss and gradient norm of each."""
    optimizer = torch.optim.AdamW(
        parameter_groups(model, recipe.weight_decay),
        lr=recipe.learning_rate,
        betas=(recipe.beta1, recipe.beta2),
        eps=recipe.eps,
    )
    schedule = get_scheduler("linear", optimizer, recipe.warmup_steps, len(batches))
    losses, norms = [], []
    model.train()
    for batch in batches:
        loss = model(**batch.padded(model.dtype)).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_grad_norm).item())
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return losses, norms


def relative_error(actual: torch.Tensor, expected: torch.Tensor, scale: float | None = None) -> float:
    """The 2-norm of the difference on `scale`, by default the 2-norm of what is expected."""
    scale = expected.double().norm().item() if scale is None else scale
    difference = (actual.double() - expected.double()).norm().item()
    return difference / scale if scale > 0 else difference


def gradient_scale(name: str, gradients: dict[str, torch.Tensor]) -> float:
    """What to measure the error of a gradient on.

    A key's bias adds the same number to all scores of a query, and softmax does not see it: its gradient is
    exactly zero, and what either side computes is rounding. Its error is measured on the gradient of the
    query's bias.
    """
    return gradients[name.replace("self.key.bias", "self.query.bias")].double().norm().item()


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights so large that no part is nearly linear or flat, and so small that rounding does not grow."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1 and name.endswith("weight"):  # LayerNorm's
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_((0.1 if name.endswith("bias") else 0.2) * noise)


def seed_of(name: str) -> int:
    """A seed of its own for each fixture, so that a new one leaves the others as they are."""
    return zlib.crc32(name.encode())


def write_tensors(path: pathlib.Path, tensors: dict[str, torch.Tensor], **about: object) -> None:
    """A safetensors file with one metadata entry, "about", a JSON text; several come in random order."""
    contents = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    path.write_bytes(save(contents, metadata={"about": json.dumps(about, sort_keys=True)}))
