"""Messages that the page of troubles quotes are those of the program."""

import re
from functools import lru_cache

from . import pages
from .flags import rows_of

PAGE = "docs/troubleshooting.md"


@lru_cache(maxsize=None)
def literals():
    """All string literals of the sources, those that follow one another joined."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((pages.ROOT / "src").rglob("*.cpp")))
    return re.sub(r'"\s*\n\s*"', "", text)


def unknown_messages(page):
    if page.name != PAGE:
        return
    for table in page.of("table"):
        rows = list(rows_of(table))
        if rows[0][0] != "message":
            continue
        for offset, row in enumerate(rows[2:], 2):
            for code in re.findall(r"`([^`]+)`", row[0]):
                for part in code.split("…"):
                    if part.strip() not in literals():
                        yield table.line + offset, f"no message of the program: {part.strip()!r}"


CHECKS = {"messages that the program does not have": unknown_messages}
