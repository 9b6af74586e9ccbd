"""Links, anchors, and paths of the repository that pages name."""

import re

from . import pages

PATH = re.compile(r"^(src|include|tests|tools|bench|examples|docs|cmake)/[\w./\-]+$")


def anchors_of(path):
    page, seen, result = pages.read(path), {}, set()
    for block in page.of("heading"):
        anchor = pages.slug(block.text)
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        result.add(anchor if count == 0 else f"{anchor}-{count}")
    return result


def dead_links(page):
    for block in page.of("paragraph", "item", "table", "heading", "html"):
        targets = re.findall(r"\]\(([^)\s]+)\)", block.text) + re.findall(r"(?:src|href|srcset)=\"([^\"]+)\"", block.text)
        for target in targets:
            if re.match(r"^[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (page.path.parent / name).resolve() if name else page.path
            if not path.exists():
                yield block.line, f"no such file: {target}"
            elif anchor and path.suffix == ".md" and anchor not in anchors_of(path):
                yield block.line, f"no such heading: {target}"


def dead_paths(page):
    for block in page.of("paragraph", "item", "table"):
        for code in re.findall(r"`([^`]+)`", block.text):
            if PATH.match(code) and not (pages.ROOT / code).exists():
                yield block.line, f"no such path: {code}"


def foreign_paths(page):
    """Folders that a reader does not have."""
    for block in page.blocks:
        if "../shared" in block.text:
            yield block.line, "../shared is not part of the repository"


CHECKS = {"dead links and anchors": dead_links, "paths that do not exist": dead_paths, "folders that a reader lacks": foreign_paths}
