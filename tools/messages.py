#!/usr/bin/env python3
"""The library names options, and the program their flags: `lora_rank`, and --lora-rank.

Fails where a text or a comment outside of src/cli, and of src/studio, whose steps are commands, speaks of a flag or of
a command of the program, or names an option (`name`, `name=value`, or `command(name)`) that no command of the program
has. The table of options in src/options declares flags with their help, and may name them.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
COMMENT = re.compile(r"(?<![:\"])//.*")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*|\bbertune (?:train|predict|evaluate|convert|inspect|pretrain|tokenize)\b")
NAMED = re.compile(r"`(?:[a-z_]+\()?([a-z][a-z0-9_]*)(?:=[^`]*)?\)?`")
DECLARED = re.compile(r"--([a-z][a-z0-9_-]*)")


def library_files():
    faces = [ROOT / "src" / face for face in ("cli", "studio")]
    for folder in ("include", "src"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp") and not any(path.is_relative_to(face) for face in faces):
                yield path


def main():
    sources = (path for folder in ("cli", "options") for path in (ROOT / "src" / folder).rglob("*.cpp"))
    flags = "".join(path.read_text() for path in sources)
    options = {name.replace("-", "_") for name in DECLARED.findall(flags)}
    wrong = []
    for path in library_files():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            literals = LITERAL.findall(line)
            texts = [] if path.is_relative_to(ROOT / "src" / "options") else literals
            for text in texts + COMMENT.findall(LITERAL.sub('""', line)):
                wrong += [(path, number, f"speaks of {flag}") for flag in FLAG.findall(text)]
            for text in literals:
                unknown = [name for name in NAMED.findall(text) if name not in options]
                wrong += [(path, number, f"names `{name}`, which is no option") for name in unknown]
    for path, number, what in wrong:
        print(f"{path.relative_to(ROOT)}:{number}: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
