#!/usr/bin/env python3
"""Programs that know nothing of Bertune, against its server, for a tiny model of every head (`make clients`).

    check_clients.py --program build/bertune --models build/page_models [--examples 50] [--head NAME ...]

schemathesis asks what /openapi.json says may be asked, and what it says may not; clients.py asks with the clients of Hugging
Face, Triton, OpenAI and Prometheus. Runs in a Python that has them.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

KNOWN_TO_CLIENTS = ["classes", "entities", "answers", "masks", "embeddings"]


def check(program, model, examples):
    """Whether all goes well with one head."""
    command = [program, "serve", model, "--port", "0", "--silent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().split()[1]
            schemathesis = pathlib.Path(sys.executable).with_name("schemathesis")
            good = run([schemathesis, "run", url + "/openapi.json", "--checks", "all", "--max-examples", str(examples),
                        "--continue-on-failure", "--seed", "1", "--suppress-health-check", "all", "--warnings", "off",
                        "--generation-database", "none"], model.name)
            if model.name in KNOWN_TO_CLIENTS:
                good &= run([sys.executable, pathlib.Path(__file__).resolve().with_name("clients.py"), url, model.name], model.name)
        finally:
            server.terminate()
    return good


def run(command, head):
    with tempfile.TemporaryDirectory() as scratch:  # schemathesis keeps what it finds in its folder
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch)
    lines = result.stdout.strip().splitlines() or ["nothing was said"]
    print(f"{head}: {lines[-1].strip('= ')}", flush=True)
    if result.returncode != 0:
        print(result.stdout[-6000:], result.stderr[-3000:], flush=True)
    return result.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bertune")
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path("build/page_models"))
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--head", nargs="+")
    options = parser.parse_args()
    heads = options.head or sorted(path.name for path in options.models.iterdir())
    return 0 if all([check(options.program, options.models / head, options.examples) for head in heads]) else 1


if __name__ == "__main__":
    sys.exit(main())
