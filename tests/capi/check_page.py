#!/usr/bin/env python3
"""Compiles and runs the programs of docs/c_api.md, with a tiny model.

    check_page.py --page docs/c_api.md --compiler cc --include include --library build/src/libbertune_c.so --models DIR
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))
from tiny_rows import write_rows  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("page", "compiler", "include", "library", "models"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    programs = re.findall(r"^```c\n(.*?)^```", args.page.read_text(), re.MULTILINE | re.DOTALL)
    assert len(programs) >= 2, "the page has no programs"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(args.models / "classes", folder / "my-model")
        shutil.copytree(args.models / "masks", folder / "bert-base-uncased")
        write_rows(folder / "train.csv", 64)
        write_rows(folder / "test.csv", 32)
        for number, text in enumerate(programs):
            source = folder / f"program{number}.c"
            source.write_text(text)
            program = folder / f"program{number}"
            subprocess.run([args.compiler, "-std=c89", "-pedantic", "-Wall", "-Werror", f"-I{args.include}", source, "-o",
                            program, args.library, f"-Wl,-rpath,{args.library.parent}"], check=True)
            print(subprocess.run([program], cwd=folder, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
