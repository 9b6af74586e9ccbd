"""Commands in pages. A block ```sh is run, in the order of its page; ```sh no-run REASON is not.

They run in a scratch folder that looks like the root of the repository, with a bertune that trains for a few steps, and
with the project's own small model where a page names the checkpoint that `make checkpoint` fetches."""

import os
import shutil
import stat
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import pages

LANGUAGES = {"sh", "text", "yaml", "json", "csv", "python", "c", "cpp", "cmake", "conll", "markdown"}
STEPS = 2
TIMEOUT = 120

# The page's own command runs, but a training ends after a few steps.
WRAPPER = """#!/usr/bin/env bash
case " $* " in
  *" --help "*|*" --max-steps "*|*" --max_steps "*) ;;
  " train "*|" tune "*|" pretrain "*) set -- "$@" --max-steps {steps} ;;
esac
exec {program} "$@"
"""


def unmarked(page):
    """Code whose language is not said, or is a command that says neither that it runs nor why it does not."""
    for block in page.of("code"):
        words = block.info.split()
        if not words or words[0] not in LANGUAGES:
            yield block.line, f"code without a known language: {block.info!r}"
        elif words[0] == "sh" and len(words) > 1 and (words[1] != "no-run" or len(words) < 3):
            yield block.line, f"write `sh`, or `sh no-run` and the reason: {block.info!r}"


def runnable(page):
    return [block for block in page.of("code") if block.info == "sh"]


def scratch_root(folder, program):
    root = pages.ROOT
    for name in ["examples", "tools", "docs", "README.md"]:
        (folder / name).symlink_to(root / name)
    (folder / "build").mkdir()
    wrapper = folder / "build/bertune"
    wrapper.write_text(WRAPPER.format(program=program, steps=STEPS))
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    (folder / ".cache").mkdir()
    (folder / ".cache/all-MiniLM-L6-v2").symlink_to(root / "examples/models/small-bert")


def run(page, program):
    """The first command of a page that fails, or None."""
    blocks = runnable(page)
    if not blocks:
        return None
    folder = Path(tempfile.mkdtemp(prefix="docs-"))
    try:
        scratch_root(folder, program)
        script = "set -euo pipefail\n"
        for block in blocks:
            script += f"echo '=== {page.name}:{block.line}' >&2\n{block.text}\n"
        environment = {**os.environ, "PATH": f"{folder}/build:{os.environ['PATH']}", "HF_HUB_OFFLINE": "1",
                       "HF_HOME": str(folder / ".cache/hf"), "OMP_NUM_THREADS": "1"}
        try:
            done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
                                  timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return blocks[0].line, f"not done in {TIMEOUT} seconds"
        if done.returncode == 0:
            return None
        line = [l for l in done.stderr.split("\n") if l.startswith("=== ")][-1].rsplit(":", 1)[1]
        said = [l for l in done.stderr.strip().split("\n") if l.strip()][-3:]
        return int(line), "exit code %d: %s" % (done.returncode, " / ".join(said))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def failures(all_pages, program, jobs):
    with ThreadPoolExecutor(jobs) as pool:
        for page, failure in zip(all_pages, pool.map(lambda page: run(page, program), all_pages)):
            if failure:
                yield page, *failure
