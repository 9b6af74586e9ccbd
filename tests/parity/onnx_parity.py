"""Compares exported ONNX models with Transformers: every head of every family, on tiny random models.

usage: onnx_parity.py --program BERTUNE --model MINILM

Each model is exported by `bertune export`. ONNX's full check must pass; on batches of two lengths, with padding, ONNX
Runtime must give Transformers' outputs to 1e-5; its transformer optimizer must find all of BERT in the graph; and
`--verify` must find that it gives Bertune's. Weights in a file of their own, an adapter and a calibrated model are exported
too. Prints what was compared, and exits with 1 on a difference.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile

import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.transformers import optimizer
from peft import LoraConfig, get_peft_model
from sentence_transformers import SentenceTransformer

from families_parity import FAMILIES, VOCABULARY

TOLERANCE = 1e-5
LIBRARY = str(next((pathlib.Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.1*")))
LABELS, CHOICES = 3, 4
HEADS = {
    "ForSequenceClassification": ["logits"],
    "ForTokenClassification": ["logits"],
    "ForQuestionAnswering": ["start_logits", "end_logits"],
    "ForMultipleChoice": ["logits"],
    "ForMaskedLM": ["logits"],
    "ForNextSentencePrediction": ["logits"],
    "ForPreTraining": ["prediction_logits", "seq_relationship_logits"],
}
PREFIXES = {"bert": "Bert", "distilbert": "DistilBert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta", "electra": "Electra"}
ACTIVATIONS = ["gelu_new", "quick_gelu", "relu", "silu", "tanh"]
POOLINGS = ["mean", "cls", "max", "mean_sqrt_len_tokens"]


def heads_of(family: str) -> list[str]:
    own = [head for head in HEADS if hasattr(transformers, PREFIXES[family] + head)]
    others = {"electra": ["ForMaskedLM", "ForPreTraining"]}  # its generator's, and what is no pre-training of BERT's
    return [head for head in own if head not in others.get(family, [])]


def write_tokenizer(folder: pathlib.Path) -> None:
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')


def make(folder: pathlib.Path, family: str, head: str, **more: object) -> torch.nn.Module:
    torch.manual_seed(len(head))
    sizes = FAMILIES[family] | dict(vocab_size=len(VOCABULARY), max_position_embeddings=40, initializer_range=0.3)
    config = transformers.AutoConfig.for_model(family, **(sizes | dict(num_labels=2 if head == "ForQuestionAnswering" else LABELS) | more))
    model = getattr(transformers, PREFIXES[family] + head)(config).eval()
    for parameter in model.parameters():  # biases are no zeros, and norms no ones
        parameter.data += torch.randn_like(parameter) * 0.1
    model.tie_weights()
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return model


def batch(inputs: list[str], shape: tuple[int, ...], lengths: list[int], padding: int) -> dict[str, torch.Tensor]:
    """Random ids; each row has one of the lengths, and padding behind it."""
    places = torch.arange(shape[-1])
    rows = torch.tensor(lengths).repeat(torch.Size(shape[:-1]).numel())[: torch.Size(shape[:-1]).numel()]
    mask = (places < rows.reshape(*shape[:-1], 1)).long()
    ids = torch.randint(5, len(VOCABULARY), shape) * mask + padding * (1 - mask)
    made = dict(input_ids=ids, attention_mask=mask)
    if "token_type_ids" in inputs:
        made["token_type_ids"] = (places >= shape[-1] // 2).long().expand(shape) * mask
    return made


class Comparison:
    def __init__(self, program: str, work: pathlib.Path) -> None:
        self.program, self.work, self.failures = program, work, 0

    def report(self, what: str, ok: bool, result: str) -> None:
        self.failures += not ok
        print(f"onnx: {what}: {result}{'' if ok else '   FAILED'}")

    def export(self, folder: pathlib.Path, *flags: str) -> pathlib.Path:
        output = folder.with_name(folder.name + "-onnx")
        command = [self.program, "export", folder, "--output", output, "--quiet", "--verify", *flags]
        said = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | dict(BERTUNE_ONNXRUNTIME=LIBRARY))
        assert f"ONNX Runtime {onnxruntime.__version__} gives its outputs" in said.stdout, said.stdout
        return output / "onnx" / "model.onnx"

    def fused(self, what: str, path: pathlib.Path, layers: int, gelu: bool = True) -> None:
        model = optimizer.optimize_model(str(path), model_type="bert", opt_level=0)
        found = model.get_fused_operator_statistics()
        # The optimizer does not know RoBERTa's positions, which begin behind that of padding.
        wanted = dict(EmbedLayerNormalization=0 if "roberta" in what else 1, Attention=layers, SkipLayerNormalization=2 * layers)
        if gelu:
            wanted["BiasGelu"] = layers
        numbers = {name: found.get(name, 0) for name in wanted}
        self.report(f"{what}, fused", numbers == wanted, " ".join(f"{name} {n}" for name, n in numbers.items()))

    def outputs(self, what: str, path: pathlib.Path, expected, shapes: list[tuple[int, ...]]) -> None:
        """expected(batch): the outputs, in the graph's order."""
        onnx.checker.check_model(str(path), full_check=True)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_inputs()]
        config = json.loads((path.parent.parent / "config.json").read_text())
        worst, padded = 0.0, 0
        for shape in shapes:
            lengths = [shape[-1], max(2, shape[-1] // 2), 3]
            tensors = batch(names, shape, lengths, config.get("pad_token_id") or 0)
            padded += int((tensors["attention_mask"] == 0).sum())
            ours = session.run(None, {name: tensors[name].numpy() for name in names})
            with torch.no_grad():
                theirs = expected(tensors)
            tokens = tensors["attention_mask"].bool()
            for mine, other in zip(ours, theirs, strict=True):
                mine = torch.from_numpy(mine)
                assert mine.shape == other.shape, (what, mine.shape, other.shape)
                over_tokens = other.shape[: tokens.dim()] == tokens.shape and other.dim() <= 3 and len(shape) == 2
                difference = (mine - other).abs()
                if over_tokens:
                    difference = difference[tokens]
                worst = max(worst, (difference.max() / max(1.0, float(other.abs().max()))).item())
        assert padded
        self.report(what, worst <= TOLERANCE, f"largest difference {worst:.1e}")

    def head(self, family: str, head: str, **more: object) -> None:
        name = f"{family}{head}" + "".join(f" {key}={value}" for key, value in more.items())
        folder = self.work / name.replace(" ", "-")
        model = make(folder, family, head, **more)
        path = self.export(folder)
        shapes = [(2, CHOICES, 17), (1, 2, 9)] if head == "ForMultipleChoice" else [(3, 19), (5, 8)]

        def expected(tensors: dict[str, torch.Tensor]) -> list[torch.Tensor]:
            result = model(**tensors)
            return [result[key] for key in HEADS[head]]

        self.outputs(name, path, expected, shapes)
        if head == "ForSequenceClassification":
            self.fused(name, path, 2, "hidden_act" not in more)

    def pooling(self, family: str, pooling: str, normalize: bool) -> None:
        folder = self.work / f"{family}-{pooling}-{normalize}"
        make(folder, family, "Model")
        width = 16
        kinds = ["Transformer", "Pooling"] + ["Normalize"] * normalize
        modules = [dict(idx=i, name=str(i), path=f"{i}_{kind}" if i else "", type=f"sentence_transformers.models.{kind}")
                   for i, kind in enumerate(kinds)]  # fmt: skip
        (folder / "modules.json").write_text(json.dumps(modules))
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(dict(word_embedding_dimension=width, pooling_mode=pooling)))
        (folder / "2_Normalize").mkdir()
        path = self.export(folder)
        package = SentenceTransformer(str(folder), device="cpu")
        self.embeddings(f"{family} {pooling}{' normalized' * normalize}", path, package)

    def embeddings(self, what: str, path: pathlib.Path, package: SentenceTransformer) -> None:
        def expected(tensors: dict[str, torch.Tensor]) -> list[torch.Tensor]:
            features = package(dict(tensors))
            return [features["token_embeddings"], features["sentence_embedding"]]

        self.outputs(f"embeddings, {what}", path, expected, [(3, 19), (5, 8)])

    def real(self, checkpoint: pathlib.Path) -> None:
        """MiniLM, in one file and in two; the same bytes of weights either way."""
        folder = self.work / "minilm"
        folder.symlink_to(checkpoint)
        package = SentenceTransformer(str(checkpoint), device="cpu", model_kwargs=dict(dtype="float32"))
        path = self.export(folder)
        self.embeddings("MiniLM", path, package)
        self.fused("MiniLM", path, 6)
        path = self.export(folder, "--overwrite", "--external-data")
        self.report("MiniLM in two files", path.with_name("model.onnx_data").stat().st_size > 80e6, "model.onnx_data is there")
        self.embeddings("MiniLM in two files", path, package)

    def adapter(self) -> None:
        base = self.work / "adapter-base"
        model = make(base, "bert", "ForSequenceClassification")
        adapted = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", r=2, init_lora_weights=False)).eval()
        folder = self.work / "adapter"
        adapted.save_pretrained(folder)
        settings = json.loads((folder / "adapter_config.json").read_text()) | dict(base_model_name_or_path=str(base))
        (folder / "adapter_config.json").write_text(json.dumps(settings))
        path = self.export(folder)
        self.outputs("an adapter", path, lambda tensors: [adapted(**tensors).logits], [(3, 19), (5, 8)])

    def temperature(self) -> None:
        folder = self.work / "calibrated"
        model = make(folder, "roberta", "ForSequenceClassification")
        (folder / "bertune.json").write_text(json.dumps(dict(calibration=dict(temperature=2.5, folded=False))))
        path = self.export(folder)
        self.outputs("a temperature", path, lambda tensors: [model(**tensors).logits / 2.5], [(3, 19), (5, 8)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        compare = Comparison(arguments.program, pathlib.Path(name))
        for family in FAMILIES:
            for head in heads_of(family):
                compare.head(family, head)
        for activation in ACTIVATIONS:
            compare.head("bert", "ForSequenceClassification", hidden_act=activation)
        compare.head("bert", "ForSequenceClassification", num_labels=1, problem_type="regression")
        compare.head("electra", "ForSequenceClassification", problem_type="multi_label_classification")
        compare.head("bert", "ForTokenClassification", type_vocab_size=1)
        for number, pooling in enumerate(POOLINGS):
            compare.pooling("bert", pooling, number % 2 == 0)
        compare.pooling("distilbert", "mean", False)
        compare.pooling("roberta", "max", True)
        compare.adapter()
        compare.temperature()
        compare.real(arguments.model.resolve())
        print(f"onnx: {compare.failures} of the comparisons failed" if compare.failures else "onnx: all equal")
        return 1 if compare.failures else 0


if __name__ == "__main__":
    sys.exit(main())
