"""Converts a model folder with `bertune convert`, and compares what Transformers loads with torch's own rounding.

usage: save_dtype_parity.py --program BERTUNE --model FOLDER

Every weight must be the same in every bit, and no tensor missing or left over. Exits with 1 when one is not.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
from transformers import AutoModel

TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def differences(name: str, dtype: torch.dtype, program: pathlib.Path, folder: pathlib.Path) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        output = pathlib.Path(scratch) / name
        command = [program, "convert", "--model", folder, "--output", output, "--save-dtype", name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        converted, loading = AutoModel.from_pretrained(output, output_loading_info=True)
    original = AutoModel.from_pretrained(folder, dtype=torch.float32)
    found = [f"{key}: {value}" for key, value in loading.items() if value]
    if converted.dtype != dtype:
        found.append(f"loaded as {converted.dtype}")
    wanted = original.state_dict()
    for tensor, values in converted.state_dict().items():
        if not torch.equal(values, wanted[tensor].to(dtype) if wanted[tensor].is_floating_point() else wanted[tensor]):
            found.append(f"{tensor}: other numbers")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    failed = False
    for name, dtype in TYPES.items():
        found = differences(name, dtype, arguments.program, arguments.model)
        print(f"{name}: {'every weight as torch rounds it' if not found else '; '.join(found)}")
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
