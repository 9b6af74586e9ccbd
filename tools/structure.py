#!/usr/bin/env python3
"""What the folders of src/ may include, and what they do include.

CMake writes STRUCTURE (cmake/BertuneFolders.cmake): a line "# NAME: what it owns" for each layer, and below it a line
a folder, its path, a colon and the folders that it is granted.

    tools/structure.py check STRUCTURE   # fails where a grant is unused, or one that is used is missing, or where
                                         # docs/architecture.svg is the picture of another structure
    tools/structure.py grants STRUCTURE  # prints the grants that the includes need
    tools/structure.py draw STRUCTURE    # prints the picture of docs/architecture.md, an SVG
"""

import argparse
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
PICTURE = ROOT / "docs/architecture.svg"
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def read_structure(path):
    """The grants of each folder, in order, and the layers: (name, what it owns, its folders)."""
    grants, layers = {}, []
    for line in pathlib.Path(path).read_text().splitlines():
        name, _, rest = line.partition(":")
        if name.startswith("# "):
            layers.append((name[2:], rest.strip(), []))
        else:
            grants[name] = rest.split()
            layers[-1][2].append(name)
    return grants, layers


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


def check(grants, layers):
    order = {folder: place for place, folder in enumerate(grants)}
    complaints = []
    for folder, needed in needed_grants(grants).items():
        granted = set(grants[folder])
        complaints += [f"{folder} is granted {name} and includes nothing of it" for name in sorted(granted - needed)]
        complaints += [f"{folder} includes {name} and is not granted it" for name in sorted(needed - granted)]
        complaints += [f"{folder} comes before {name}, which it is granted" for name in sorted(granted)
                       if order.get(name, len(order)) > order[folder]]
    return complaints


def essential_arrows(grants):
    """The grants that do not follow from others: the fewest arrows that say the same."""
    reach = {}
    for folder, granted in grants.items():  # in order: those granted come first
        reach[folder] = set(granted).union(*(reach[name] for name in granted))
    return {folder: [name for name in granted if not any(name in reach[other] for other in granted)]
            for folder, granted in grants.items()}


BOX_WIDTH, BOX_HEIGHT, GAP, ROW, LEFT, MARGIN = 150, 30, 16, 66, 190, 20


def place_folders(grants, layers):
    """Rows from the top: a folder stands below those of its layer that it includes. Returns places and bands."""
    arrows = essential_arrows(grants)
    places, bands, y, row_number = {}, [], MARGIN, 0
    for name, owns, folders in layers:
        depth = {}
        for folder in folders:
            depth[folder] = 1 + max((depth[other] for other in grants[folder] if other in depth), default=-1)
        rows = [[folder for folder in folders if depth[folder] == level] for level in range(max(depth.values()) + 1)]
        top = y
        for row in rows:
            wanted = {folder: [places[other][0] for other in arrows[folder] if other in places] for folder in row}
            row.sort(key=lambda folder: sum(wanted[folder]) / len(wanted[folder]) if wanted[folder] else 0)
            for column, folder in enumerate(row):
                # Every other row is shifted by half a box, so that arrows pass between the boxes of the row above.
                shift = row_number % 2 * (BOX_WIDTH + GAP) // 2
                places[folder] = (LEFT + shift + column * (BOX_WIDTH + GAP), y)
            y += ROW
            row_number += 1
        bands.append((name, owns, top, y))
    return places, bands, arrows


def draw(grants, layers):
    places, bands, arrows = place_folders(grants, layers)
    width = max(x for x, _ in places.values()) + BOX_WIDTH + MARGIN
    height = bands[-1][3] + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="13" role="img">',
        "<title>The folders of src/ and what each includes</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#5b6b7b"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for i, (name, owns, top, bottom) in enumerate(bands):
        fill = "#f3f6f9" if i % 2 == 0 else "#ffffff"
        lines.append(f'<rect x="0" y="{top - 12}" width="{width}" height="{bottom - top}" fill="{fill}"/>')
        lines.append(f'<text x="{MARGIN}" y="{top + 14}" font-weight="bold" fill="#1f2d3a">{html.escape(name)}</text>')
        for row, part in enumerate(wrap(owns, 26)):
            lines.append(f'<text x="{MARGIN}" y="{top + 31 + 14 * row}" font-size="11" fill="#44525f">'
                         f"{html.escape(part)}</text>")
    for folder, used in arrows.items():
        x, y = places[folder]
        for other in used:
            to_x, to_y = places[other]
            start, end = x + BOX_WIDTH / 2, to_x + BOX_WIDTH / 2
            bend = (y + to_y + BOX_HEIGHT) / 2
            lines.append(f'<path d="M{start:g} {y}C{start:g} {bend:g} {end:g} {bend:g} {end:g} {to_y + BOX_HEIGHT + 2}" '
                         'fill="none" stroke="#5b6b7b" stroke-opacity="0.6" marker-end="url(#head)"/>')
    for folder, (x, y) in places.items():
        lines.append(f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5" fill="#ffffff" '
                     'stroke="#2d5f8b"/>')
        lines.append(f'<text x="{x + BOX_WIDTH / 2:g}" y="{y + 19}" text-anchor="middle" '
                     f'font-size="{13 if len(folder) < 20 else 10}" fill="#12212e">{html.escape(folder)}</text>')
    lines.append("</svg>")
    return "\n".join(lines)


def wrap(text, width):
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "grants", "draw"])
    parser.add_argument("structure")
    arguments = parser.parse_args()
    grants, layers = read_structure(arguments.structure)
    if arguments.action == "draw":
        print(draw(grants, layers))
        return 0
    if arguments.action == "grants":
        order = list(grants)
        for folder, needed in needed_grants(grants).items():
            print(f"{folder}: {' '.join(sorted(needed, key=order.index))}")
        return 0
    complaints = check(grants, layers)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
