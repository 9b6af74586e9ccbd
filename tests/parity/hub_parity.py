"""Shares a cache between `bertune` and huggingface_hub, both ways, with a hub that runs on this machine.

usage: hub_parity.py --program BERTUNE --server HUB_SERVER --model FOLDER

What bertune downloaded, huggingface_hub must find without the network, and what huggingface_hub downloaded, bertune,
without downloading it again. Exits with 1 when one does not. No network is needed.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

NAME = "owner/name"
FILES = ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"]


class Server:
    """The hub_server with one repository."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path):
        self.process = subprocess.Popen([program, f"{NAME}={folder}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.url = self.process.stdout.readline().strip()

    def requests(self) -> list[str]:
        """Ends it."""
        return self.process.communicate()[0].splitlines()


def environment(cache: pathlib.Path, url: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    return kept | {"HF_HUB_CACHE": str(cache), "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1"} | more


def python(code: str, variables: dict[str, str]) -> list[str]:
    """What the code prints, in a process of its own: huggingface_hub reads the environment when it is imported."""
    return subprocess.run([sys.executable, "-c", code], env=variables, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()


def inspect(program: pathlib.Path, variables: dict[str, str]) -> str:
    return subprocess.run([program, "inspect", NAME, "--json"], env=variables, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def found_by_huggingface_hub(arguments: argparse.Namespace, cache: pathlib.Path) -> list[str]:
    server = Server(arguments.server, arguments.model)
    inspect(arguments.program, environment(cache, server.url))
    server.requests()
    offline = environment(cache, "http://127.0.0.1:9", HF_HUB_OFFLINE="1")
    [snapshot] = python(f"from huggingface_hub import *; print(snapshot_download('{NAME}', local_files_only=True))", offline)
    paths = python("from huggingface_hub import *\n"
                   f"for file in {FILES}: print(try_to_load_from_cache('{NAME}', file))", offline)
    problems = []
    for name, path in zip(FILES, paths):
        if path != f"{snapshot}/{name}" or pathlib.Path(path).read_bytes() != (arguments.model / name).read_bytes():
            problems.append(f"{name}: found {path}")
    [missing] = python("import huggingface_hub as hub\n"
                       f"print(hub.try_to_load_from_cache('{NAME}', 'merges.txt'), "
                       f"hub.try_to_load_from_cache('{NAME}', 'bertune.json') is hub.file_download._CACHED_NO_EXIST)", offline)
    if missing != "None True":
        problems.append(f"files that are not there: {missing}")
    [scanned] = python("from huggingface_hub import *; cache = scan_cache_dir()\n"
                       "print([repo.repo_id for repo in cache.repos], cache.warnings)", offline)
    if scanned != f"['{NAME}'] []":
        problems.append(f"scan_cache_dir: {scanned}")
    return problems


def found_by_bertune(arguments: argparse.Namespace, cache: pathlib.Path) -> list[str]:
    server = Server(arguments.server, arguments.model)
    download = (f"from huggingface_hub import *\nfor file in {FILES}: hf_hub_download('{NAME}', file)")
    python(download, environment(cache, server.url))
    before = server.requests()
    offline = inspect(arguments.program, environment(cache, "http://127.0.0.1:9", HF_HUB_OFFLINE="1"))
    server = Server(arguments.server, arguments.model)
    online = inspect(arguments.program, environment(cache, server.url))
    after = server.requests()
    problems = []
    if not offline or offline != online:
        problems.append("inspect says something else with the network than without")
    if "HEAD model.safetensors" not in before:
        problems.append(f"huggingface_hub asked for {before}")
    again = [request for request in after if request.split()[1] in FILES and request.startswith("GET")]
    if again:
        problems.append(f"downloaded again: {again}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("program", "server", "model"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    failed = False
    for title, check in [("huggingface_hub finds what bertune downloaded", found_by_huggingface_hub),
                         ("bertune finds what huggingface_hub downloaded", found_by_bertune)]:
        with tempfile.TemporaryDirectory() as scratch:
            problems = check(arguments, pathlib.Path(scratch) / "hub")
        print(f"{title}: {'; '.join(problems) or 'yes'}")
        failed = failed or bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
