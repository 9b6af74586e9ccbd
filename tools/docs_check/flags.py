"""Flags that pages name exist in the program, and their defaults agree with --help."""

import re
import subprocess
from functools import lru_cache

COMMANDS = ["train", "tune", "evaluate", "predict", "embed", "serve", "pretrain", "fill-mask", "next-sentence", "tokenize", "vocabulary",
            "inspect", "convert", "export", "report", "compare", "calibrate", "check", "baseline", "explain", "studio", "completion", "man"]
# Flags of other programs that pages speak of; and of Transformers, where a page says that they are not needed here.
OTHERS = {"--preset", "--build", "--prefix", "--target", "--gtest_filter", "--only", "--isa", "--json", "--write", "--against",
          "--program", "--quick", "--tasks", "--seeds", "--model", "--data", "--work", "--python", "--threads", "--bertune",
          "--run", "--full", "--padding", "--group-by-length", "--fused", "--compile", "--version", "--help", "--help-all",
          "--line_by_line", "--test-dir", "--output-on-failure", "--bind-to", "--mca", "--mpi", "--signal"}
NO_DEFAULT = {"", "none", "off", "required", "detected"}


class Program:
    def __init__(self, path):
        self.path = path

    @lru_cache(maxsize=None)
    def help(self, command):
        return subprocess.run([self.path, command, "--help"], capture_output=True, text=True, check=True).stdout

    @lru_cache(maxsize=None)
    def has(self, command, flag):
        if re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", self.help(command)):
            return True
        # An alias that the help does not show: the program says when it has no such option.
        said = subprocess.run([self.path, command, flag], capture_output=True, text=True).stderr
        return "has no option" not in said

    def has_anywhere(self, flag):
        return any(self.has(command, flag) for command in COMMANDS)

    @lru_cache(maxsize=None)
    def entry(self, command, flag):
        """What the help of a command says of a flag: its names, default and text, on one line."""
        found, lines = None, self.help(command).split("\n")
        for line in lines:
            if re.match(r"^  -", line):
                if found:
                    break
                names = line.strip().split(" ")[0].split(",")
                found = line.strip() if flag in names else None
            elif found and line.startswith("      "):
                found += " " + line.strip()
            elif found:
                break
        return found


def commands_of(block):
    """(command, text behind it) of each call of bertune in a block of code."""
    text = re.sub(r"\\\n\s*", " ", block.text)
    for line in text.split("\n"):
        line = re.sub(r"\s#\s.*$", "", line)
        for match in re.finditer(r"(?:^|[\s|$(/])bertune ([a-z-]+)([^|;&>]*)", line):
            if match.group(1) in COMMANDS:
                yield match.group(1), match.group(2)


def flags_in(text):
    return re.findall(r"(?<![\w-])(--[a-zA-Z][\w-]*)(?![\w-]*\.\.\.)", text)


def unknown_flags(page, program):
    for block in page.of("code"):
        for command, text in commands_of(block):
            for flag in flags_in(re.sub(r"\"[^\"]*\"|'[^']*'", "", text)):
                if not program.has(command, flag):
                    yield block.line, f"bertune {command} has no {flag}"
    for block in page.of("paragraph", "item", "table"):
        for code in re.findall(r"`([^`]+)`", block.text):
            for flag in flags_in(code):
                flag = flag.rstrip("-_")
                if flag not in OTHERS and len(flag) > 3 and not program.has_anywhere(flag):
                    yield block.line, f"no command has {flag}"


def rows_of(table):
    for row in table.text.split("\n"):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def command_of(page):
    return {"docs/pretraining.md": "pretrain", "docs/vocabulary.md": "vocabulary"}.get(page.name, "train")


def help_default(entry):
    said = re.search(r"[(;] ?default: (.*?)(?:; required)?\)$", entry)
    return said.group(1) if said else None


def same(cell, value):
    if cell == value:
        return True
    try:
        return float(cell.replace(",", "")) == float(value.replace(",", ""))
    except ValueError:
        return False


def wrong_defaults(page, program):
    for table in page.of("table"):
        rows = list(rows_of(table))
        header = [cell.lower() for cell in rows[0]]
        if "default" not in header:
            continue
        column = header.index("default")
        for offset, row in enumerate(rows[2:], 2):
            flags = re.findall(r"`(--[\w-]+)", row[0])
            cells = [part.strip(" `") for part in re.split(r", (?=\D)|,(?=\S)", row[column])] if len(flags) > 1 else \
                [row[column].strip(" `")]
            for flag, cell in zip(flags, cells):
                entry = program.entry(command_of(page), flag)
                if entry is None:
                    continue
                said = help_default(entry)
                if said is None or cell.lower() in NO_DEFAULT or same(cell, said):
                    continue
                if cell.split()[0].rstrip(";,") not in said.replace(";", " ").replace(",", " ").split():
                    yield table.line + offset, f"{flag}: {cell!r}, --help says {said!r}"


CHECKS = {"flags that do not exist": unknown_flags, "defaults that differ from --help": wrong_defaults}
