#!/usr/bin/env python3
"""Checks README.md, the other pages of the root, docs/*.md, and the README.md of the examples.

    tools/check_docs.py [--program build/bertune] [PAGE ...]     style, links, flags and defaults; fails where one is wrong
    tools/check_docs.py --run --program build/bertune            runs the commands of the pages, shortened
    tools/check_docs.py --counts [--program build/bertune]       a table of how many findings each check has
"""

import argparse
import os
import sys
from pathlib import Path

from docs_check import commands, flags, links, messages, pages, style


def findings(all_pages, program):
    """{check: [(page, line, what)]}"""
    checks = {**style.CHECKS, **links.CHECKS, **messages.CHECKS,
              "code without a language or a mark": commands.unmarked}
    result = {}
    for name, check in checks.items():
        result[name] = [(page, *found) for page in all_pages for found in check(page)]
    if program:
        for name, check in flags.CHECKS.items():
            result[name] = [(page, *found) for page in all_pages for found in check(page, program)]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("page", nargs="*", type=Path)
    arguments = parser.parse_args()
    program = arguments.program.resolve() if arguments.program else None

    chosen = [pages.read(path.resolve()) for path in arguments.page] or pages.all_pages()
    if arguments.run:
        failed = list(commands.failures(chosen, program, arguments.jobs))
        for page, line, what in failed:
            print(f"{page.name}:{line}: {what}")
        blocks = sum(len(commands.runnable(page)) for page in chosen)
        print(f"{blocks} blocks of commands run, {len(failed)} pages failed", file=sys.stderr)
        return 1 if failed else 0

    found = findings(chosen, flags.Program(program) if program else None)
    if arguments.counts:
        print(f"{len(chosen):6} pages\n{sum(style.count_sentences(page) for page in chosen):6} sentences")
        for name, places in found.items():
            print(f"{len(places):6} {name}")
        return 0
    for name, places in found.items():
        for page, line, what in places:
            print(f"{page.name}:{line}: {name}: {what}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
