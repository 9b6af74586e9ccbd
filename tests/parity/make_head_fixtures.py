"""Makes fixtures/heads/: a tiny checkpoint of each Transformers class with a head, and what PyTorch computes.

usage: make_head_fixtures.py [--output DIR] [--model DIR]

With --model, the encoder is that of a real checkpoint of BERT, under a new head.

Each case is one safetensors file as those of make_model_fixtures.py: a packed batch with its labels, logits,
loss and the gradient of every parameter, in double precision on the padded batch without dropout. Question
answering differs from the peer in one thing: there padding counts as places where an answer could begin. The
peer's loss is therefore made from its logits without those, and checked against its own on a batch that has
no padding.
"""

from __future__ import annotations

import argparse
import copy
import inspect
import pathlib
from collections.abc import Callable
from dataclasses import dataclass

import peer
import torch
import transformers
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel
from transformers.utils import logging

SIZES = dict(
    vocab_size=60,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=40,
    max_position_embeddings=32,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)
# The other families, small: what they share with BERT is tested above.
FAMILY_SIZES = {
    "DistilBert": dict(
        dim=8, n_layers=2, n_heads=2, hidden_dim=12, dropout=0.0, attention_dropout=0.0,
        seq_classif_dropout=0.0, qa_dropout=0.0, vocab_size=30, max_position_embeddings=32,
    ),
    "Roberta": dict(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, vocab_size=30,
        max_position_embeddings=34, type_vocab_size=1, layer_norm_eps=1e-5,
    ),
    "Electra": dict(
        embedding_size=6, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, summary_last_dropout=0.0,
        vocab_size=30, max_position_embeddings=32,
    ),
}  # fmt: skip
FAMILY_SIZES["XLMRoberta"] = FAMILY_SIZES["Roberta"] | dict(type_vocab_size=2)
LENGTHS = [9, 1, 23, 32, 4, 16]
EQUAL = [12] * 4
IGNORED = -100

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Case:
    architecture: str
    lengths: list[int]
    labels: Callable[[list[int], torch.Generator], Tensors]
    num_labels: int = 2


def integers(high: int, size: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(high, (size,), generator=generator)


def token_labels(classes: int, share: float) -> Callable[[list[int], torch.Generator], Tensors]:
    """Labels of tokens end to end; a share of them has one."""

    def make(lengths: list[int], generator: torch.Generator) -> Tensors:
        labels = integers(classes, sum(lengths), generator)
        has_none = torch.rand(sum(lengths), generator=generator) >= share
        has_none[0] = False
        return dict(labels=labels.masked_fill(has_none, IGNORED))

    return make


def positions(lengths: list[int], generator: torch.Generator) -> Tensors:
    starts = torch.tensor([int(integers(n, 1, generator)) for n in lengths])
    ends = torch.tensor([int(s + integers(n - int(s), 1, generator)) for s, n in zip(starts, lengths)])
    return dict(start_positions=starts, end_positions=ends)


def positions_out_of_reach(lengths: list[int], generator: torch.Generator) -> Tensors:
    made = positions(lengths, generator)
    made["start_positions"][1] = made["end_positions"][1] = -1
    made["end_positions"][3] = lengths[3] + 2
    return made


def choices(lengths: list[int], generator: torch.Generator) -> Tensors:
    return dict(labels=integers(3, len(lengths) // 3, generator))


def next_sentence(lengths: list[int], generator: torch.Generator) -> Tensors:
    return dict(labels=integers(2, len(lengths), generator))


def masked_words(lengths: list[int], generator: torch.Generator) -> Tensors:
    return token_labels(SIZES["vocab_size"], 0.2)(lengths, generator)


def pretraining(lengths: list[int], generator: torch.Generator) -> Tensors:
    return masked_words(lengths, generator) | dict(next_sentence_labels=integers(2, len(lengths), generator))


CASES = {
    "token_classification": Case("BertForTokenClassification", LENGTHS, token_labels(5, 0.7), 5),
    "question_answering": Case("BertForQuestionAnswering", LENGTHS, positions),
    "question_answering_equal": Case("BertForQuestionAnswering", EQUAL, positions),
    "question_answering_out": Case("BertForQuestionAnswering", LENGTHS, positions_out_of_reach),
    "multiple_choice": Case("BertForMultipleChoice", LENGTHS, choices, 1),
    "next_sentence_prediction": Case("BertForNextSentencePrediction", LENGTHS, next_sentence),
    "masked_lm": Case("BertForMaskedLM", LENGTHS, masked_words),
    "pretraining": Case("BertForPreTraining", LENGTHS, pretraining),
}
FAMILY_HEADS = {
    "sequence_classification": ("ForSequenceClassification", lambda n, g: dict(labels=integers(3, len(n), g)), 3),
    "token_classification": ("ForTokenClassification", token_labels(5, 0.7), 5),
    "question_answering": ("ForQuestionAnswering", positions, 2),
    "multiple_choice": ("ForMultipleChoice", choices, 1),
    "masked_lm": ("ForMaskedLM", token_labels(30, 0.2), 2),
}
# ELECTRA's discriminator predicts no words. XLM-RoBERTa is RoBERTa under another name.
LEFT_OUT = {
    "Electra": ["masked_lm"],
    "XLMRoberta": ["token_classification", "question_answering", "multiple_choice"],
}
for family in FAMILY_SIZES:
    for head, (suffix, labels, num_labels) in FAMILY_HEADS.items():
        if head not in LEFT_OUT.get(family, []):
            CASES[f"{family.lower()}_{head}"] = Case(family + suffix, LENGTHS, labels, num_labels)


def make_model(architecture: str, num_labels: int) -> PreTrainedModel:
    family = architecture.partition("For")[0]
    sizes = FAMILY_SIZES.get(family, SIZES)
    config_class = getattr(transformers, family + "Config")
    config = config_class(**sizes, num_labels=num_labels, attn_implementation="eager")
    model = getattr(transformers, architecture)(config)
    peer.randomize(model, peer.seed_of(architecture))
    return model


def load_model(source: pathlib.Path, architecture: str, num_labels: int) -> PreTrainedModel:
    """The encoder of `source` without dropout. The head is a new one, its biases too: zeros would hide theirs."""
    torch.manual_seed(peer.seed_of(architecture))
    dropout = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout=0.0)
    model, info = getattr(transformers, architecture).from_pretrained(
        source, num_labels=num_labels, attn_implementation="eager", output_loading_info=True, **dropout
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in info["missing_keys"]:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return model


def padded(values: torch.Tensor, lengths: list[int], fill: int) -> torch.Tensor:
    rows = torch.full((len(lengths), max(lengths)), fill, dtype=values.dtype)
    for row, part in zip(rows, values.split(lengths)):
        row[: len(part)] = part
    return rows


def position_loss(logits: torch.Tensor, target: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """The peer's loss for one end of the answer over the tokens that there are."""
    sizes = torch.tensor(lengths)
    beyond = torch.arange(logits.shape[1])[None] >= sizes[:, None]
    inside = (target >= 0) & (target < sizes)
    target = torch.where(inside, target, IGNORED)
    return cross_entropy(logits.masked_fill(beyond, float("-inf")), target, ignore_index=IGNORED)


def compute(
    model: PreTrainedModel, case: Case, batch: peer.Batch, labels: Tensors, dtype: torch.dtype
) -> tuple[Tensors, Tensors]:
    """Outputs and gradients, in `dtype`."""
    worker = copy.deepcopy(model).to(dtype).train()
    inputs = batch.padded(dtype)
    del inputs["labels"]
    tokens = inputs["attention_mask"].bool()
    # RoBERTa counts positions by what is padding.
    inputs["input_ids"] = inputs["input_ids"].masked_fill(~tokens, model.config.pad_token_id)
    if "token_type_ids" not in inspect.signature(worker.forward).parameters:
        del inputs["token_type_ids"]
    head = case.architecture.partition("For")[2]
    if head == "QuestionAnswering":
        output = worker(**inputs)
        ends = [output.start_logits, output.end_logits]
        names = ["start_positions", "end_positions"]
        loss = sum(position_loss(l, labels[n], case.lengths) for l, n in zip(ends, names)) / 2
        if len(set(case.lengths)) == 1:
            torch.testing.assert_close(worker(**inputs, **labels).loss, loss)
        results = dict(loss=loss, logits=torch.stack([l[tokens] for l in ends], dim=1))
    elif head == "MultipleChoice":
        inputs = {k: v.view(-1, 3, v.shape[1]) for k, v in inputs.items()}
        output = worker(**inputs, **labels)
        results = dict(loss=output.loss, logits=output.logits)
    elif head == "TokenClassification":
        output = worker(**inputs, labels=padded(labels["labels"], case.lengths, IGNORED))
        results = dict(loss=output.loss, logits=output.logits[tokens])
    elif head in ("MaskedLM", "PreTraining"):
        wanted = padded(labels["labels"], case.lengths, IGNORED)
        extra = {}
        if "next_sentence_labels" in labels:
            extra["next_sentence_label"] = labels["next_sentence_labels"]
        output = worker(**inputs, labels=wanted, **extra)
        logits = output.prediction_logits if extra else output.logits
        results = dict(loss=output.loss, logits=logits[wanted != IGNORED])
        if extra:
            results["next_sentence_logits"] = output.seq_relationship_logits
            results["masked_lm_loss"] = cross_entropy(results["logits"], wanted[wanted != IGNORED])
    else:
        output = worker(**inputs, **labels)
        results = dict(loss=output.loss, logits=output.logits)
    results["loss"].backward()
    # XLM-RoBERTa makes its decoder first, which gives the tied matrix that name; saved it has the other.
    tied = worker._tied_weights_keys or {}
    gradients = {tied.get(name, name): parameter.grad for name, parameter in worker.named_parameters()}
    return {name: value.detach() for name, value in results.items()}, gradients


def write_case(output: pathlib.Path, name: str, case: Case, source: pathlib.Path | None) -> None:
    if source is None:
        model = make_model(case.architecture, case.num_labels)
    else:
        model = load_model(source, case.architecture, case.num_labels)
    model.save_pretrained(output / case.architecture)
    generator = torch.Generator().manual_seed(peer.seed_of(name))
    ids = [torch.randint(5, model.config.vocab_size, (n,), generator=generator).tolist() for n in case.lengths]
    # DistilBERT has no token types: whatever they are, they must not matter.
    kinds = getattr(model.config, "type_vocab_size", 2)
    types = [torch.randint(kinds, (n,), generator=generator).tolist() for n in case.lengths]
    if not case.architecture.startswith("Bert"):
        ids[2][7] = model.config.pad_token_id  # a text may hold the token of padding
    labels = case.labels(case.lengths, generator)
    batch = peer.Batch(ids, types, torch.zeros(len(ids), dtype=torch.long))
    exact, gradients = compute(model, case, batch, labels, torch.float64)
    single, _ = compute(model, case, batch, labels, torch.float32)
    packed = batch.packed() | {key: value.to(torch.int32) for key, value in labels.items()}
    if "labels" not in labels:
        del packed["labels"]
    expected = {key: value.float() for key, value in exact.items()}
    expected |= {f"grad.{key}": gradient.float() for key, gradient in gradients.items()}
    error = (single["logits"] - exact["logits"]).abs().max().item()
    peer.write_tensors(
        output / f"{name}.safetensors", packed | expected, checkpoint=case.architecture, peer_float32_error=error
    )
    print(f"{name:28} loss {exact['loss'].item():8.4f}   float32 error of the logits: {error:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).parent / "fixtures" / "heads"
    )
    parser.add_argument("--model", type=pathlib.Path, help="folder of a BERT checkpoint to take the encoder of")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        if arguments.model and not case.architecture.startswith("Bert"):
            continue
        write_case(arguments.output, name, case, arguments.model)


if __name__ == "__main__":
    main()
