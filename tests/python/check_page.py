#!/usr/bin/env python3
"""Runs the code of docs/python.md, block after block, with tiny models in the place of its own.

    check_page.py MODELS-FOLDER
"""

import contextlib
import importlib.util
import io
import os
import pathlib
import re
import shutil
import sys
import tempfile

from tiny_rows import write_rows

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/python.md"
BLOCK = re.compile(r"^```python(?: needs (\w+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main():
    models = pathlib.Path(sys.argv[1]).resolve()
    blocks = list(BLOCK.finditer(PAGE.read_text()))
    assert len(blocks) > 5, "the page has no code"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, model in {"my-model": "classes", "bert-base-uncased": "masks", "answers": "answers",
                            "choices": "choices", "entities": "entities"}.items():
            shutil.copytree(models / model, name)
        write_rows("train.csv", 64)
        write_rows("test.csv", 32)
        names = {}
        for block in blocks:
            needed, code = block.groups()
            if needed and importlib.util.find_spec(needed) is None:
                continue
            line = PAGE.read_text().count("\n", 0, block.start()) + 1
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * line + code, str(PAGE), "exec"), names)
        os.chdir("/")


if __name__ == "__main__":
    main()
