"""ONNX Runtime as the peer in prediction: exports a fine-tuned folder once, then predicts with tokenizers.

usage: onnx_peer.py export   FOLDER MODEL.onnx
       onnx_peer.py quantize FOLDER MODEL.onnx INT8.onnx [--per-channel]
       onnx_peer.py batch    FOLDER MODEL.onnx TEXTS --threads N
       onnx_peer.py latency  FOLDER MODEL.onnx TEXTS --threads N

TEXTS holds a text a line, or two with a tab between them. Weights are f32 (`quantize`: int8, with dynamic scales of
activations), all graph optimizations are on. `batch` sorts by length and feeds batches of 32; `latency` goes one text
at a time. Both count tokenization in, loading and a warm-up out, and print one line of JSON.
(The operator fusion of onnxruntime.transformers.optimizer was tried on top: slower on these sizes.)
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time

BATCH, MAX_LENGTH, WARM_UP = 32, 128, 20
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
Row = tuple[list[int], list[int]]  # ids, and types; no types: all are 0


def export(folder: pathlib.Path, path: pathlib.Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    ids = torch.ones(2, 8, dtype=torch.long)
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(path),
        input_names=INPUTS,
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in INPUTS},
        opset_version=17,
        dynamo=False,  # the newer exporter asks for a package more, and gives the same operators
    )


def quantize(path: pathlib.Path, quantized: pathlib.Path, per_channel: bool) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(path), str(quantized), weight_type=QuantType.QInt8, per_channel=per_channel)


class Predictor:
    """Tokenizes, pads and counts time; a subclass computes."""

    def __init__(self, folder: pathlib.Path) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_LENGTH)
        self.tokenizer.no_padding()
        self.labels = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]

    def logits(self, rows: list[Row]):
        import numpy as np

        ids = np.zeros((len(rows), max(len(row) for row, _ in rows)), np.int64)
        mask, types = np.zeros_like(ids), np.zeros_like(ids)
        for i, (row, types_of_row) in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
            if types_of_row:
                types[i, : len(row)] = types_of_row
        return self.run(dict(zip(INPUTS, (ids, mask, types), strict=True)))

    def run(self, inputs: dict):
        raise NotImplementedError

    def encode(self, texts: list[str]) -> list[Row]:
        asked = [tuple(text.split("\t", 1)) if "\t" in text else text for text in texts]
        encodings = self.tokenizer.encode_batch_fast(asked)
        return [
            (encoding.ids, encoding.type_ids if isinstance(text, tuple) else [])
            for text, encoding in zip(asked, encodings, strict=True)
        ]

    def predict(self, texts: list[str]) -> list[str]:
        rows = self.encode(texts)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        labels = [""] * len(rows)
        for begin in range(0, len(order), BATCH):
            chosen = order[begin : begin + BATCH]
            for i, best in zip(chosen, self.logits([rows[i] for i in chosen]).argmax(-1), strict=True):
                labels[i] = self.labels[str(best)]
        return labels

    def seconds_of_one(self, text: str) -> float:
        begin = time.perf_counter()
        self.logits(self.encode([text]))
        return time.perf_counter() - begin


class OnnxRuntime(Predictor):
    def __init__(self, folder: pathlib.Path, path: pathlib.Path, threads: int) -> None:
        import onnxruntime

        super().__init__(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(self, inputs: dict):
        return self.session.run(None, inputs)[0]


def batch(predictor: Predictor, texts: list[str]) -> dict[str, object]:
    predictor.predict(texts[: 4 * BATCH])
    begin = time.perf_counter()
    labels = predictor.predict(texts)
    return {"seconds": time.perf_counter() - begin, "labels": labels}


def latency(predictor: Predictor, texts: list[str]) -> dict[str, object]:
    for text in texts[:WARM_UP]:
        predictor.seconds_of_one(text)
    times = sorted(1000 * predictor.seconds_of_one(text) for text in texts)
    p50, p99 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.99))
    return {"p50_ms": p50, "p99_ms": p99, "texts": len(texts)}


def measure(predictor: Predictor, what: str, path: pathlib.Path) -> None:
    texts = path.read_text(encoding="utf-8").split("\n")[:-1]
    print(json.dumps({"batch": batch, "latency": latency}[what](predictor, texts)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["export", "quantize", "batch", "latency"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("texts", type=pathlib.Path, nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--per-channel", action="store_true")
    arguments = parser.parse_args()
    if arguments.what == "export":
        export(arguments.folder, arguments.model)
    elif arguments.what == "quantize":
        quantize(arguments.model, arguments.texts, arguments.per_channel)
    else:
        predictor = OnnxRuntime(arguments.folder, arguments.model, arguments.threads)
        measure(predictor, arguments.what, arguments.texts)


if __name__ == "__main__":
    main()
