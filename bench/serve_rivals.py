"""Bertune's server beside others in Python, for bench/serve.py: texts a second of 32 clients, on the same threads."""

import argparse
import asyncio
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

from serve_load import JSON, Server, load, one_answer, predict_request, request

THREADS = str(len(os.sched_getaffinity(0)))


def has(python, *modules):
    """Whether this Python has the modules."""
    found = "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))"
    return bool(python) and subprocess.run([python, "-c", found, *modules], stderr=subprocess.DEVNULL).returncode == 0


class Rival:
    """A server in Python, on a port that was free."""

    def __init__(self, command):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        threads = os.environ | {"OMP_NUM_THREADS": THREADS, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
        command = [str(self.port) if word == "PORT" else word for word in command]
        self.process = subprocess.Popen(command, env=threads, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            time.sleep(0.2)
            if self.process.poll() is not None:
                sys.exit(f"the rival ended with {self.process.returncode}: {self.process.args}")
            try:
                if asyncio.run(one_answer(self.port, request("GET", "/health")))[0] == 200:
                    return self
            except OSError:
                pass
        sys.exit("the rival did not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def rate_at(port, texts, seconds, make):
    """Texts a second of 32 clients, after a second that does not count."""
    asyncio.run(load(port, texts, 32, lambda end=time.perf_counter() + 1: end, [], make))
    answers, begin = [], time.perf_counter()
    asyncio.run(load(port, texts, 32, lambda: begin + seconds, answers, make))
    bad = [one[1] for one in answers if one[1] != 200]
    if bad:
        sys.exit(f"{len(bad)} of {len(answers)} answers have the status {bad[0]}")
    return len(answers) / (time.perf_counter() - begin)


def against(what, ours, rival, texts, seconds, at_least):
    """Both sides in turn, twice. Each is a function that starts a server, and one that makes a request."""
    rates = [[], []]
    for _ in range(2):
        for side, (start, make) in enumerate((ours, rival)):
            with start() as server:
                rates[side].append(rate_at(server.port, texts, seconds, make))
    mine, other = (statistics.mean(side) for side in rates)
    return (what, f"{mine:.0f} against {other:.0f} texts/s: {mine / other:.1f} x", f">= {at_least} x", mine >= at_least * other)


def measure_rivals(options, texts):
    rows = []
    seconds = options.seconds / 2
    if has(options.peer, "fastapi", "uvicorn", "transformers", "torch"):
        script = str(pathlib.Path(__file__).with_name("serve_fastapi.py"))
        rows.append(against(
            "32 clients, against FastAPI with a pipeline", (lambda: Server(options), predict_request),
            (lambda: Rival([options.peer, script, options.model, "PORT", THREADS]),
             lambda text: request("POST", "/predict", json.dumps({"inputs": text}).encode(), JSON)), texts, seconds, 5))
    else:
        rows.append(("against FastAPI with a pipeline", "skipped: it is not installed", ">= 5 x", True))
    if not has(options.infinity, "infinity_emb", "torch"):
        return [*rows, ("against infinity-emb", "skipped: it is not installed", ">= 2 x", True)]

    def infinity(model):
        return lambda: Rival([str(pathlib.Path(options.infinity).with_name("infinity_emb")), "v2", "--model-id", model, "--port", "PORT", "--engine",
                              "torch", "--device", "cpu", "--no-bettertransformer", "--served-model-name", "model"])

    def asked_of(path):
        return lambda text: request("POST", path, json.dumps({"model": "model", "input": [text]}).encode(), JSON)

    def embed(text):
        return request("POST", "/v1/embeddings", json.dumps({"input": [text]}).encode())

    if options.embedder:
        embedder = argparse.Namespace(**vars(options) | {"model": options.embedder})
        rows.append(against("32 clients, embeddings, against infinity-emb", (lambda: Server(embedder), embed),
                            (infinity(options.embedder), asked_of("/embeddings")), texts, seconds, 2))
    rows.append(against("32 clients, classes, against infinity-emb", (lambda: Server(options), predict_request),
                        (infinity(options.model), asked_of("/classify")), texts, seconds, 2))
    return rows
