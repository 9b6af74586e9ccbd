"""OpenVINO as the peer in int8 prediction: weights and activations quantized by NNCF on training rows.

usage: openvino_peer.py quantize FOLDER MODEL.onnx INT8.xml ROWS
       openvino_peer.py batch    FOLDER INT8.xml TEXTS --threads N
       openvino_peer.py latency  FOLDER INT8.xml TEXTS --threads N

Runs with a Python that has openvino and nncf (`make bench` sets one up). ROWS and TEXTS hold a text a line; the rest is
as in onnx_peer.py.
"""

from __future__ import annotations

import argparse
import os
import pathlib

from onnx_peer import Predictor, measure


class OpenVino(Predictor):
    def __init__(self, folder: pathlib.Path, path: pathlib.Path, threads: int, latency: bool) -> None:
        import openvino

        super().__init__(folder)
        hint = "LATENCY" if latency else "THROUGHPUT"
        settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": hint}
        if os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2":  # else it chooses bf16, which no operation of AVX2 has
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        self.model = openvino.Core().compile_model(str(path), "CPU", settings)

    def run(self, inputs: dict):
        return self.model(inputs)[0]


class Recorder(Predictor):
    """Keeps what a model would be asked."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(folder)
        self.inputs: list[dict] = []

    def run(self, inputs: dict):
        self.inputs.append(inputs)


def quantize(folder: pathlib.Path, path: pathlib.Path, quantized: pathlib.Path, rows: pathlib.Path) -> None:
    import nncf
    import openvino

    recorder = Recorder(folder)
    for row in recorder.encode(rows.read_text(encoding="utf-8").split("\n")[:-1]):
        recorder.logits([row])
    model = nncf.quantize(
        openvino.convert_model(str(path)),
        nncf.Dataset(recorder.inputs),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(recorder.inputs),
    )
    openvino.save_model(model, str(quantized))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["quantize", "batch", "latency"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("rows", type=pathlib.Path, nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.what == "quantize":
        quantize(arguments.folder, arguments.model, arguments.texts, arguments.rows)
        return
    predictor = OpenVino(arguments.folder, arguments.model, arguments.threads, arguments.what == "latency")
    measure(predictor, arguments.what, arguments.texts)


if __name__ == "__main__":
    main()
