"""Markdown pages as blocks: headings, paragraphs, list items, tables, and code with its language."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Block:
    kind: str  # heading, paragraph, item, table, code, html
    line: int  # of its first line, from 1
    text: str
    info: str = ""  # of code: what stands behind the opening fence; "indented" where there is none
    level: int = 0  # of headings


@dataclass
class Page:
    path: Path
    blocks: list = field(default_factory=list)

    @property
    def name(self):
        return str(self.path.relative_to(ROOT))

    def of(self, *kinds):
        return [block for block in self.blocks if block.kind in kinds]


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def without_code(text):
    """Inline code becomes the word CODE, and a link its text."""
    text = re.sub(r"(`+)(?:.*?)\1", "CODE", text, flags=re.S)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return text.replace("**", "")


def sentences(text):
    """The sentences of a paragraph or an item."""
    text = re.sub(r"\b(e\.g|i\.e|vs|et al|cf|approx|no|Fig|Sec)\.", lambda m: m.group(0).replace(".", ""), text)
    parts = re.split(r"(?<=[.!?])[)\"”]*\s+(?=[\"“(]?[A-Z0-9`*\[])", text.strip())
    return [part for part in (p.strip() for p in parts) if part]


def words(text):
    return [word for word in text.split() if re.search(r"\w", word)]


def read(path):
    page = Page(path)
    lines = path.read_text(encoding="utf-8").split("\n")
    at = 0
    open_text = None  # the paragraph or item that the next line may belong to

    def close():
        nonlocal open_text
        if open_text is not None:
            page.blocks.append(open_text)
        open_text = None

    in_list = False
    while at < len(lines):
        line = lines[at]
        fence = re.match(r"^\s*(```+|~~~+)\s*(.*)$", line)
        if fence:
            close()
            begin = at
            at += 1
            body = []
            while at < len(lines) and not lines[at].strip().startswith(fence.group(1)):
                body.append(lines[at])
                at += 1
            page.blocks.append(Block("code", begin + 1, "\n".join(body), fence.group(2).strip()))
        elif not line.strip():
            close()
        elif re.match(r"^#{1,6} ", line):
            close()
            in_list = False
            marks, text = line.split(" ", 1)
            page.blocks.append(Block("heading", at + 1, text.strip(), level=len(marks)))
        elif line.lstrip().startswith("|"):
            close()
            begin = at
            while at + 1 < len(lines) and lines[at + 1].lstrip().startswith("|"):
                at += 1
            page.blocks.append(Block("table", begin + 1, "\n".join(lines[begin:at + 1])))
        elif re.match(r"^ {4}", line) and open_text is None and not in_list:
            begin = at
            while at + 1 < len(lines) and (lines[at + 1].startswith("    ") or
                                           (not lines[at + 1].strip() and at + 2 < len(lines) and
                                            lines[at + 2].startswith("    "))):
                at += 1
            text = "\n".join(l[4:] for l in lines[begin:at + 1])
            page.blocks.append(Block("code", begin + 1, text, "indented"))
        elif re.match(r"^\s*([-*+]|\d+\.) ", line):
            close()
            in_list = True
            open_text = Block("item", at + 1, re.sub(r"^\s*([-*+]|\d+\.) ", "", line))
        elif line.lstrip().startswith("<") and open_text is None:
            begin = at
            while at + 1 < len(lines) and lines[at + 1].strip():
                at += 1
            page.blocks.append(Block("html", begin + 1, "\n".join(lines[begin:at + 1])))
        elif open_text is not None:
            open_text.text += "\n" + line
        else:
            in_list = line.startswith(" ") and in_list
            open_text = Block("paragraph", at + 1, line)
        at += 1
    close()
    return page


def all_pages():
    found = [path for pattern in ("*.md", "docs/*.md", "examples/**/README.md") for path in sorted(ROOT.glob(pattern))]
    return [read(path) for path in found]
