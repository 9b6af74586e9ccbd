"""Writes the checkpoints of fixtures/checkpoint with torch and Transformers: run once, results are committed.

    python tests/parity/make_checkpoint_fixtures.py
"""

import collections
import io
import json
import os
import pathlib
import pickle
import shutil
import zipfile

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForPreTraining, BertForSequenceClassification

ROOT = pathlib.Path(__file__).parent / "fixtures" / "checkpoint"


def folder(name):
    path = ROOT / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def tiny_config(**more):
    return BertConfig(vocab_size=11, hidden_size=4, num_hidden_layers=1, num_attention_heads=2, intermediate_size=6,
                      max_position_embeddings=5, **more)


def layouts():
    """Every way in which a tensor can lie in its storage, with values that the tests know."""
    base = torch.arange(12, dtype=torch.float32)
    shared = torch.arange(6, dtype=torch.float32)
    return {
        "contiguous": base.reshape(3, 4),
        "transposed": torch.arange(6, dtype=torch.float32).reshape(2, 3).t(),
        "sliced": base[1:10:3],
        "permuted": torch.arange(24, dtype=torch.float16).reshape(2, 3, 4).permute(2, 0, 1),
        "shared.a": shared,
        "shared.b": shared.reshape(2, 3),
        "shared.tail": shared[4:],
        "parameter": torch.nn.Parameter(torch.tensor([1.5, -2.5])),
        "scalar": torch.tensor(7.0),
        "empty": torch.zeros(0, 3),
        "half": torch.tensor([1.0, 6e-8, -65504.0, float("inf")], dtype=torch.float16),
        "bfloat16": torch.tensor([1.0, 3.0e38, -1e-40], dtype=torch.bfloat16),
        "double": torch.tensor([0.1, 1e300, 1e-320], dtype=torch.float64),
        "integers": torch.arange(5),
    }


def old_names(state):
    renamed = {}
    for name, tensor in state.items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        renamed["module." + name] = tensor
    renamed["module.bert.embeddings.position_ids"] = torch.arange(5).unsqueeze(0)
    return renamed


class Malicious:
    def __reduce__(self):
        return os.system, ("touch owned",)


class Python2Dict:
    """An OrderedDict as Python 2 pickled it: made from a list of pairs."""

    def __init__(self, items):
        self.items = [list(item) for item in items]

    def __reduce__(self):
        return collections.OrderedDict, (self.items,)


def save_views(path):
    """What torch before 0.4 and Python 2 wrote: parts of a storage as views of it. torch.load checks it."""
    whole = torch.arange(8.0)
    parts = {"whole": (whole, None), "part": (torch.arange(3.0), ("view", 2, 3)), "end": (torch.zeros(1), ("end", 7, 1))}

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            if not isinstance(value, torch.storage.TypedStorage):
                return None
            view = next(view for tensor, view in parts.values() if tensor.data_ptr() == value.data_ptr())
            return "storage", torch.FloatStorage, "7", "cpu", 8, view

    with open(path, "wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}):
            pickle.dump(value, file, protocol=2)
        Pickler(file, protocol=2).dump(Python2Dict((name, tensor) for name, (tensor, _) in parts.items()))
        pickle.dump(["7"], file, protocol=2)
        file.write((8).to_bytes(8, "little") + whole.numpy().tobytes())
    loaded = torch.load(path, weights_only=False)
    assert {name: tensor.tolist() for name, tensor in loaded.items()} == {
        "whole": whole.tolist(), "part": [2, 3, 4], "end": [7]}


def rewrite_zip(source, target, change, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.namelist():
            new.writestr(zipfile.ZipInfo(entry), change(entry, old.read(entry)), compression)


def pickles():
    path = folder("layouts") / "pytorch_model.bin"
    torch.save(layouts(), path)
    torch.save(layouts(), folder("protocol4") / "pytorch_model.bin", pickle_protocol=4)
    torch.save(layouts(), folder("legacy") / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    torch.save(layouts(), folder("legacy_protocol4") / "pytorch_model.bin", _use_new_zipfile_serialization=False,
               pickle_protocol=4)
    save_views(folder("legacy_views") / "pytorch_model.bin")
    torch.save({"weight": torch.ones(2), "hook": Malicious()}, folder("malicious") / "pytorch_model.bin")
    torch.save({"epoch": 3, "state_dict": {"weight": torch.ones(2)}}, folder("training") / "pytorch_model.bin")
    torch.save(torch.ones(2), folder("tensor_only") / "pytorch_model.bin")
    small = io.BytesIO()
    torch.save({"weight": torch.arange(3.0)}, small)
    rewrite_zip(small, folder("big_endian") / "pytorch_model.bin",
                lambda name, data: b"big" if name.endswith("byteorder") else data)
    rewrite_zip(small, folder("compressed") / "pytorch_model.bin", lambda _, data: data, zipfile.ZIP_DEFLATED)
    rewrite_zip(small, folder("short_storage") / "pytorch_model.bin",
                lambda name, data: data[:8] if name.endswith("data/0") else data)


def models():
    torch.manual_seed(1)
    config = tiny_config()
    model = BertForPreTraining(config)
    path = folder("pretraining_old_names")
    torch.save(old_names(model.state_dict()), path / "pytorch_model.bin")
    config.save_pretrained(path)
    state = {name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder("pretraining_expected") / "model.safetensors", metadata={"format": "pt"})

    classifier = BertForSequenceClassification(tiny_config(num_labels=3))
    classifier.save_pretrained(folder("classifier"))
    sharded = folder("sharded")
    classifier.save_pretrained(sharded, max_shard_size="1KB")
    for dtype, name in ((torch.float16, "f16"), (torch.bfloat16, "bf16")):
        half = BertForSequenceClassification(tiny_config(num_labels=3)).to(dtype)
        half.save_pretrained(folder(name))
        widened = {key: tensor.float() for key, tensor in half.state_dict().items()}
        save_file(widened, folder(name + "_expected") / "model.safetensors", metadata={"format": "pt"})


def sharded_bin():
    path = folder("sharded_bin")
    torch.save({"embeddings.LayerNorm.weight": torch.arange(3.0)}, path / "pytorch_model-00001-of-00002.bin")
    torch.save({"pooler.dense.bias": torch.arange(2.0)}, path / "pytorch_model-00002-of-00002.bin")
    index = {"metadata": {"total_size": 20},
             "weight_map": {"embeddings.LayerNorm.weight": "pytorch_model-00001-of-00002.bin",
                            "pooler.dense.bias": "pytorch_model-00002-of-00002.bin"}}
    (path / "pytorch_model.bin.index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    pickles()
    models()
    sharded_bin()
