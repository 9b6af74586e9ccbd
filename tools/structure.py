#!/usr/bin/env python3
"""What the folders of src/ may include, and what they do include.

CMake writes STRUCTURE, a line a folder: its name, a colon, and the folders that it is granted.

    tools/structure.py check STRUCTURE   # fails where a grant is unused, or one that is used is missing
    tools/structure.py grants STRUCTURE  # prints the grants that the includes need
"""

import argparse
import pathlib
import re
import sys

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "src"
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def read_structure(path):
    grants = {}
    for line in pathlib.Path(path).read_text().splitlines():
        folder, _, granted = line.partition(":")
        grants[folder] = granted.split()
    return grants


def folder_of(path, folders):
    """The longest folder that the path, relative to src/, lies in."""
    parents = [str(parent) for parent in pathlib.PurePosixPath(path).parents]
    return next((parent for parent in parents if parent in folders), None)


def includes_of(path):
    return [name for name in INCLUDE.findall((SOURCES / path).read_text()) if (SOURCES / name).exists()]


def needed_grants(folders):
    """For each folder the others whose headers its files see, through other headers too."""
    headers = {}  # of a header, all headers that it brings along

    def closure(header):
        if header not in headers:
            headers[header] = set()
            for name in includes_of(header):
                headers[header] |= {name} | closure(name)
        return headers[header]

    needed = {folder: set() for folder in folders}
    for file in sorted(SOURCES.rglob("*")):
        path = file.relative_to(SOURCES).as_posix()
        folder = folder_of(path, folders)
        if file.suffix not in (".h", ".cpp") or folder is None:
            continue
        for name in includes_of(path):
            for header in {name} | closure(name):
                needed[folder].add(folder_of(header, folders))
    return {folder: needed[folder] - {folder, None} for folder in folders}


def check(grants):
    order = {folder: place for place, folder in enumerate(grants)}
    complaints = []
    for folder, needed in needed_grants(grants).items():
        granted = set(grants[folder])
        complaints += [f"{folder} is granted {name} and includes nothing of it" for name in sorted(granted - needed)]
        complaints += [f"{folder} includes {name} and is not granted it" for name in sorted(needed - granted)]
        complaints += [f"{folder} comes before {name}, which it is granted" for name in sorted(granted)
                       if order.get(name, len(order)) > order[folder]]
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "grants"])
    parser.add_argument("structure")
    arguments = parser.parse_args()
    grants = read_structure(arguments.structure)
    if arguments.action == "grants":
        order = list(grants)
        for folder, needed in needed_grants(grants).items():
            print(f"{folder}: {' '.join(sorted(needed, key=order.index))}")
        return 0
    complaints = check(grants)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
