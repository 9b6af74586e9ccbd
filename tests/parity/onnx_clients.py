"""Loads exported folders as their users do: Optimum's ORTModelFor..., and sentence-transformers on ONNX Runtime.

usage: onnx_clients.py make FOLDER PROGRAM MINILM    makes models, exports them, and stores what Transformers answers
       onnx_clients.py load FOLDER                   loads the exports with Optimum, and compares

Optimum needs Transformers 4, so `load` runs in an environment of its own. Exits with 1 on a difference.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

import torch
import transformers

TEXTS = ["the film was good", "the food was very poor and the room was not fine"]
CLASSES = {
    "bertForSequenceClassification": "ORTModelForSequenceClassification",
    "distilbertForTokenClassification": "ORTModelForTokenClassification",
    "electraForQuestionAnswering": "ORTModelForQuestionAnswering",
    "robertaForMaskedLM": "ORTModelForMaskedLM",
    "bertForMultipleChoice": "ORTModelForMultipleChoice",
    "minilm": "ORTModelForFeatureExtraction",
}
OUTPUTS = ["logits", "start_logits", "end_logits", "last_hidden_state"]


def inputs_of(tokenizer, name: str) -> dict[str, torch.Tensor]:
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    return {key: value.unsqueeze(0) for key, value in inputs.items()} if "Choice" in name else dict(inputs)


def tensors_of(outputs) -> list[torch.Tensor]:
    return [outputs[key] for key in OUTPUTS if key in outputs]


def make(folder: pathlib.Path, program: str, minilm: pathlib.Path) -> None:
    from onnx_parity import make as make_model
    from sentence_transformers import SentenceTransformer

    stored = {}
    for name in CLASSES:
        source = minilm.resolve()
        if name != "minilm":
            family = name.split("For")[0]
            source = folder / name
            make_model(source, family, name.removeprefix(family))
        subprocess.run([program, "export", source, "--output", folder / f"{name}-onnx", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        head = name.split("For")[-1]
        auto = transformers.AutoModel if name == "minilm" else getattr(transformers, f"AutoModelFor{head}")
        model, tokenizer = auto.from_pretrained(source, dtype=torch.float32), transformers.AutoTokenizer.from_pretrained(source)
        with torch.no_grad():
            stored[name] = tensors_of(model(**inputs_of(tokenizer, name)))
    package = SentenceTransformer(str(minilm.resolve()), device="cpu", model_kwargs=dict(dtype="float32"))
    stored["sentences"] = torch.from_numpy(package.encode(TEXTS))
    torch.save(stored, folder / "expected.pt")


def load(folder: pathlib.Path) -> int:
    import optimum.onnxruntime
    from optimum.version import __version__
    from sentence_transformers import SentenceTransformer

    stored, failures = torch.load(folder / "expected.pt"), 0

    def report(what: str, ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> None:
        nonlocal failures
        worst = max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))
        failures += not worst <= 1e-4
        print(f"onnx: {what}: largest difference {worst:.1e}{'' if worst <= 1e-4 else '   FAILED'}")

    for name, kind in CLASSES.items():
        model = getattr(optimum.onnxruntime, kind).from_pretrained(folder / f"{name}-onnx")
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder / f"{name}-onnx")
        inputs = inputs_of(tokenizer, name)
        mask = inputs["attention_mask"].bool()
        ours = [torch.as_tensor(one) for one in tensors_of(model(**inputs))]
        kept = [(a[mask], b[mask]) if a.shape[: mask.dim()] == mask.shape and "Choice" not in name else (a, b)
                for a, b in zip(ours, stored[name], strict=True)]  # fmt: skip
        report(f"{kind} of Optimum {__version__}", *zip(*kept))
    package = SentenceTransformer(str(folder / "minilm-onnx"), backend="onnx", device="cpu")
    report("sentence-transformers on ONNX Runtime", [torch.from_numpy(package.encode(TEXTS))], [stored["sentences"]])
    return 1 if failures else 0


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    place = pathlib.Path(sys.argv[2])
    place.mkdir(exist_ok=True)
    sys.exit(make(place, sys.argv[3], pathlib.Path(sys.argv[4])) if sys.argv[1] == "make" else load(place))
