"""Makes fixtures/embeddings/: tiny encoders, and what sentence-transformers makes of pairs of sequences with them.

usage: make_embedding_fixtures.py [--output DIR] [--model DIR]

With --model, the encoder is that of a real checkpoint of BERT.

Each case is one safetensors file as those of make_model_fixtures.py: a packed batch whose sequences 2i and 2i + 1
are a pair, the embeddings ("logits"), the loss and the gradient of every parameter, in double precision, without
dropout. Pooling, normalization and losses are the package's own modules, given the encoder's hidden states.
"""

from __future__ import annotations

import argparse
import copy
import inspect
import pathlib
from dataclasses import dataclass

import peer
import torch
import transformers
from make_head_fixtures import FAMILY_SIZES
from sentence_transformers.base.modules.normalize import Normalize
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss, MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules.pooling import Pooling
from transformers import PreTrainedModel
from transformers.utils import logging

SIZES = dict(
    vocab_size=30, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
    max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)  # fmt: skip
LENGTHS = [9, 3, 23, 32, 4, 16, 7, 7]
PAIRS = len(LENGTHS) // 2


@dataclass(frozen=True)
class Case:
    pooling: str
    normalize: bool
    ranking: bool
    family: str = "Bert"


CASES = {
    "mean_ranking": Case("mean", False, True),
    "mean_normalized_ranking": Case("mean", True, True),
    "mean_cosine": Case("mean", False, False),
    "mean_normalized_cosine": Case("mean", True, False),
    "cls_ranking": Case("cls", False, True),
    "cls_normalized_cosine": Case("cls", True, False),
    "max_ranking": Case("max", False, True),
    "max_cosine": Case("max", False, False),
    "mean_sqrt_len_cosine": Case("mean_sqrt_len_tokens", False, False),
    "distilbert_mean_ranking": Case("mean", True, True, "DistilBert"),
    "roberta_cls_cosine": Case("cls", False, False, "Roberta"),
    "electra_max_ranking": Case("max", True, True, "Electra"),
}


def make_encoder(family: str) -> PreTrainedModel:
    config = getattr(transformers, family + "Config")(**FAMILY_SIZES.get(family, SIZES), attn_implementation="eager")
    kind = getattr(transformers, family + "Model")
    without_pooler = dict(add_pooling_layer=False) if "add_pooling_layer" in inspect.signature(kind).parameters else {}
    model = kind(config, **without_pooler)
    peer.randomize(model, peer.seed_of(family + "Model"))
    return model


def load_encoder(source: pathlib.Path) -> PreTrainedModel:
    dropout = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return transformers.BertModel.from_pretrained(
        source, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32, **dropout
    )


def compute(
    model: PreTrainedModel, case: Case, batch: peer.Batch, targets: torch.Tensor, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """Embeddings, loss and gradients, in `dtype`."""
    worker = copy.deepcopy(model).to(dtype).train()
    inputs = batch.padded(dtype)
    del inputs["labels"]
    tokens = inputs["attention_mask"].bool()
    inputs["input_ids"] = inputs["input_ids"].masked_fill(~tokens, model.config.pad_token_id)
    if "token_type_ids" not in inspect.signature(worker.forward).parameters:
        del inputs["token_type_ids"]
    features = dict(token_embeddings=worker(**inputs).last_hidden_state, attention_mask=inputs["attention_mask"])
    features = Pooling(model.config.hidden_size, pooling_mode=case.pooling)(features)
    if case.normalize:
        features = Normalize()(features)
    embeddings = features["sentence_embedding"]
    pairs = [embeddings[0::2], embeddings[1::2]]
    if case.ranking:
        loss = MultipleNegativesRankingLoss(None).compute_loss_from_embeddings(pairs, None)
    else:
        # The package makes the scores single precision, whatever the embeddings are.
        loss = torch.nn.functional.mse_loss(torch.cosine_similarity(*pairs), targets.to(dtype))
        single = CosineSimilarityLoss(None).compute_loss_from_embeddings([part.float() for part in pairs], targets)
        torch.testing.assert_close(single, loss.float())
    loss.backward()
    prefix = worker.base_model_prefix + "."
    gradients = {prefix + name: parameter.grad for name, parameter in worker.named_parameters()}
    return embeddings.detach(), loss.detach(), gradients


def write_case(output: pathlib.Path, name: str, case: Case, source: pathlib.Path | None) -> None:
    model = load_encoder(source) if source else make_encoder(case.family)
    checkpoint = case.family + "Model"
    model.save_pretrained(output / checkpoint)
    generator = torch.Generator().manual_seed(peer.seed_of(name))
    ids = [torch.randint(5, model.config.vocab_size, (n,), generator=generator).tolist() for n in LENGTHS]
    types = [[0] * n for n in LENGTHS]
    targets = torch.rand(PAIRS, generator=generator)
    batch = peer.Batch(ids, types, targets if not case.ranking else torch.arange(PAIRS))
    embeddings, loss, gradients = compute(model, case, batch, targets, torch.float64)
    single, _, _ = compute(model, case, batch, targets, torch.float32)
    expected = dict(logits=embeddings.float(), loss=loss.float())
    expected |= {f"grad.{key}": gradient.float() for key, gradient in gradients.items()}
    error = (single - embeddings).abs().max().item()
    peer.write_tensors(
        output / f"{name}.safetensors",
        batch.packed() | expected,
        checkpoint=checkpoint,
        pooling=case.pooling,
        normalize=case.normalize,
        peer_float32_error=error,
    )
    print(f"{name:28} loss {loss.item():8.4f}   float32 error of the embeddings: {error:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).parent / "fixtures" / "embeddings"
    )
    parser.add_argument("--model", type=pathlib.Path, help="folder of a BERT checkpoint to take the encoder of")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        if arguments.model and case.family != "Bert":
            continue
        write_case(arguments.output, name, case, arguments.model)


if __name__ == "__main__":
    main()
