#!/usr/bin/env python3
"""What can be read off the page of the server: its size, that it asks nobody else, and never makes HTML of data.

    tests/serve/page/check_file.py [--write]

The page allows its own style and script by their hashes; --write puts those of the file as it is.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "src/serve/page.html"
MOST_BYTES = 40000
FORBIDDEN = {
    r"\w+://|['\"(]//": "an address elsewhere",
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|DOMParser|createContextualFragment|srcdoc": "HTML made of data",
    r"\beval\b|new Function|javascript:|import\(|setTimeout\(\s*[\"'`]": "a script made of data",
    r"\bstyle=|\son\w+=": "style or script in an attribute",
    r"<(script|link|img|iframe|object)[^>]*\s(src|href)=(?!\"data:,\")": "a file of its own",
    r"localStorage|sessionStorage|indexedDB|document\.cookie|serviceWorker": "something that stays",
}


def with_hashes(page):
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        page = re.sub(rf"{tag}-src 'sha256-[^']*'", lambda _: f"{tag}-src 'sha256-{digest}'", page, count=1)
    return page


def main():
    page = PAGE.read_text(encoding="utf-8")
    if "--write" in sys.argv[1:]:
        page = with_hashes(page)
        PAGE.write_text(page, encoding="utf-8")
    wrong = []
    if (size := len(page.encode())) > MOST_BYTES:
        wrong.append(f"{size} bytes, and {MOST_BYTES} may be")
    if with_hashes(page) != page:
        wrong.append("the hashes of its style and script are others; run check_file.py --write")
    for pattern, what in FORBIDDEN.items():
        for match in re.finditer(pattern, page):
            line = page.count("\n", 0, match.start()) + 1
            wrong.append(f"line {line}: {what}: {match.group(0)}")
    for line in wrong:
        print(f"{PAGE.name}: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
