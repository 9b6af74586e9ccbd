"""Makes the fixtures of models and optimizers anew and compares them with those in the repository.

usage: check_fixtures.py

Another processor may round otherwise, so tensors need to agree within 1e-6 of their norm, not in every bit.
Exits with 1 when anything differs: the peer has changed, or a script without its fixtures.
"""

from __future__ import annotations

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent
SCRIPTS = {
    "model": "make_model_fixtures.py",
    "heads": "make_head_fixtures.py",
    "optim": "make_optimizer_fixtures.py",
    "losses": "make_loss_fixtures.py",
    "embeddings": "make_embedding_fixtures.py",
}
TOLERANCE = 1e-6


def files(folder: pathlib.Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def differing_tensors(old: pathlib.Path, new: pathlib.Path) -> list[str]:
    """Names of tensors that only one file has, or that differ."""
    before, after = load_file(old), load_file(new)
    names = sorted(before.keys() ^ after.keys())
    for name in sorted(before.keys() & after.keys()):
        a, b = before[name].double(), after[name].double()
        # Gradients that are zero in exact arithmetic are rounding of the order of 1e-17.
        if a.shape != b.shape or not (a - b).norm() <= TOLERANCE * torch.clamp(a.norm(), min=1e-6):
            names.append(name)
    return names


def agree(old: object, new: object) -> bool:
    """Whether two values of JSON files are the same but for the rounding of numbers."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(agree(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(agree, old, new))
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 1e-6)
    return old == new


def differences(old: pathlib.Path, new: pathlib.Path) -> list[str]:
    found = [f"{name}: only on one side" for name in sorted(files(old) ^ files(new))]
    for name in sorted(files(old) & files(new)):
        if name.endswith(".safetensors"):
            found += [f"{name}: {tensor}" for tensor in differing_tensors(old / name, new / name)]
        elif not agree(*(json.loads((side / name).read_text(encoding="utf-8")) for side in (old, new))):
            found.append(f"{name}: differs")
    return found


def main() -> int:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, script in SCRIPTS.items():
            made = pathlib.Path(folder) / kind
            subprocess.run(
                [sys.executable, HERE / script, "--output", made], check=True, stdout=subprocess.DEVNULL
            )
            found += [f"{kind}/{line}" for line in differences(HERE / "fixtures" / kind, made)]
    print("\n".join(found) if found else "fixtures: the same when made anew")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
