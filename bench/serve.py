#!/usr/bin/env python3
"""Measures `bertune serve` against its targets, with Python's standard library as the client, and prints a table.

usage: serve.py --program build/bertune --model FOLDER --texts FILE [--latency build/bench/latency] [--only PART ...]
                [--seconds 10] [--slow 1000] [--peer PYTHON] [--infinity PYTHON --embedder FOLDER]

--model is a fine-tuned text classifier, --texts has a text a line, and --latency is the program that measures the library
by itself, which one text is compared with. --peer and --infinity are Pythons of environments with FastAPI and Transformers,
and with infinity-emb: rivals that are not there are skipped. --embedder is a model of embeddings. --seconds is the length of
each load; the targets speak of 60 for overload. The client runs on the same processor, and takes of it.
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from serve_load import HEALTH, Client, Server, load, one_answer, percentile, predict_request, request
from serve_rivals import measure_rivals  # noqa: F401, one of the parts

PARTS = ["start", "single", "throughput", "slow", "saturated", "overload", "leaving", "drain", "reload", "rivals"]


def begin_probe(port, count):
    """Asks for health in a process of its own (serve_probe.py)."""
    probe = pathlib.Path(__file__).with_name("serve_probe.py")
    return subprocess.Popen([sys.executable, probe, str(port), str(count)], stdout=subprocess.PIPE)


def end_probe(probe):
    return json.loads(probe.communicate()[0])


def health_row(what, times, more=""):
    good = [one for one in times if one is not None]
    p99 = 1000 * percentile(good, 0.99)
    return (what, f"{len(good)} of {len(times)} answered, p50 {1000 * statistics.median(good):.2f} ms, p99 {p99:.2f} ms{more}",
            "all, p99 <= 10 ms", len(good) == len(times) and p99 <= 10)


def measure_start(options, texts):
    times = []
    for _ in range(7):
        with Server(options) as server:
            status, _, _ = asyncio.run(one_answer(server.port, predict_request(texts[0])))
            assert status == 200
            times.append(1000 * (time.perf_counter() - server.begin))
    return [("start to first answer", f"{statistics.median(times):.0f} ms", "<= 150 ms", statistics.median(times) <= 150)]


async def singles(port, texts, count):
    client = await Client(port).open()
    times, computing = [], []
    for place in range(count):
        text = predict_request(texts[place % len(texts)])
        begin = time.perf_counter()
        _, _, body = await client.ask(text)
        times.append(1000 * (time.perf_counter() - begin))
        computing.append(json.loads(body)["timing_ms"]["compute"])
    client.close()
    return times[20:], computing[20:]


def measure_single(options, texts):
    count = 2000
    with Server(options) as server:
        times, computing = asyncio.run(singles(server.port, texts, count))
    own = statistics.median(times)
    rows = [("one text", f"{own:.2f} ms, of which {statistics.median(computing):.2f} computing", "", True)]
    if options.latency:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(texts[place % len(texts)] + "\n" for place in range(count))
            file.flush()
            threads = str(len(os.sched_getaffinity(0)))
            run = subprocess.run([options.latency, options.model, file.name, threads, "fp32"], capture_output=True, check=True)
        direct = json.loads(run.stdout)["p50_ms"]
        rows.append(("one text, over the library", f"{own:.2f} ms against {direct:.2f} ms", "<= 0.3 ms more",
                     own - direct <= 0.3))
    return rows


def batch_rate(options, texts):
    """Texts a second of batch prediction: of many and of few, so that the start does not count."""

    def seconds(count):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(texts[place % len(texts)] + "\n" for place in range(count))
            file.flush()
            begin = time.perf_counter()
            command = [options.program, "predict", "--model", options.model, file.name, "--output", "/dev/null", "--silent"]
            subprocess.run(command, check=True)
            return time.perf_counter() - begin

    few, many = 64, 64 + int(400 * options.seconds)
    return (many - few) / (seconds(many) - seconds(few))


def measure_throughput(options, texts):
    batch = batch_rate(options, texts)
    answers = []
    with Server(options) as server:
        begin = time.perf_counter()
        asyncio.run(load(server.port, texts, 32, lambda: begin + options.seconds, answers))
        rate = len(answers) / (time.perf_counter() - begin)
    batch = (batch + batch_rate(options, texts)) / 2
    p99 = 1000 * percentile([one[2] for one in answers], 0.99)
    return [("32 clients, against batch prediction", f"{rate:.0f} of {batch:.0f} texts/s: {rate / batch:.2f}", ">= 0.9",
             rate >= 0.9 * batch),
            ("32 clients, p99", f"{p99:.0f} ms", f"<= {2000 * 32 / rate:.0f} ms", p99 <= 2000 * 32 / rate)]


async def drip(port, count, ready, end):
    """Connections that send a request a byte a second."""
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    ready.set()
    while not end.is_set():
        for writer in writers:
            writer.write(b" ")
        await asyncio.sleep(1)
    for writer in writers:
        writer.close()


def measure_slow(options, _texts):
    with Server(options) as server:
        asyncio.run(one_answer(server.port, HEALTH))
        before = server.memory()
        ready, end = threading.Event(), threading.Event()
        slow = threading.Thread(target=lambda: asyncio.run(drip(server.port, options.slow, ready, end)))
        slow.start()
        ready.wait()
        time.sleep(1)
        times = end_probe(begin_probe(server.port, 300))
        each = (server.memory() - before) / options.slow
        end.set()
        slow.join()
    row = health_row(f"health with {options.slow} clients at a byte a second", times)
    return [row, ("memory of each of them", f"{each / 1024:.1f} KiB", "<= 8 KiB", each <= 8192)]


def measure_saturated(options, texts):
    with Server(options) as server:
        end = time.perf_counter() + options.seconds
        probe = begin_probe(server.port, int(60 * options.seconds))
        asyncio.run(load(server.port, texts, 64, lambda: end, []))
        times = end_probe(probe)
    return [health_row("health with compute saturated by 64 clients", times)]


async def flood(port, text, rate, seconds, seen):
    """An open loop: requests leave when their time has come, whether others were answered or not."""
    free = []

    async def one():
        try:
            client = free.pop() if free else await Client(port).open()
            begin = time.perf_counter()
            status, head, _ = await client.ask(text)
            seen.append((begin, status, time.perf_counter() - begin, b"Retry-After" in head))
            free.append(client)
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            seen.append((time.perf_counter(), 0, 0.0, False))

    tasks, begin = set(), time.perf_counter()
    sent = 0
    while (now := time.perf_counter() - begin) < seconds:
        while sent < now * rate:
            task = asyncio.ensure_future(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)


def measure_overload(options, texts):
    """Each request holds many texts, so that a client in Python can ask for ten times of what can be computed."""
    rows, deadline = 16, 2
    text = predict_request(*texts[:rows])
    with Server(options, "--deadline", str(deadline)) as server:
        answers = []
        begin = time.perf_counter()
        asyncio.run(load(server.port, texts, 8, lambda: begin + 2, answers))
        capacity = len(answers) / 2 / rows
        seen, memory = [], []

        def watch():
            for _ in range(10):
                time.sleep(options.seconds / 10)
                memory.append(server.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        asyncio.run(flood(server.port, text, 10 * capacity, options.seconds, seen))
        watcher.join()
    good = [one[2] for one in seen if one[1] == 200]
    refused = [one[2] for one in seen if one[1] == 429]
    other = len(seen) - len(good) - len(refused)
    retry = all(one[3] for one in seen if one[1] == 429)
    p99 = 1000 * percentile(refused, 0.99)
    growth = max(memory[2:]) / memory[1] - 1
    return [("overload: accepted keep their deadline",
             f"{len(good)} accepted, slowest {max(good):.2f} of {deadline} s; {other} others", "all", max(good) <= deadline and not other),
            ("overload: 429 with Retry-After", f"{len(refused)}, p50 {1000 * statistics.median(refused):.2f} ms, p99 {p99:.1f} ms",
             "p99 <= 5 ms", retry and p99 <= 5),
            ("overload: memory", f"{100 * growth:+.1f} %", "within 10 %", growth <= 0.1)]


async def leave(port, text, stay, go):
    clients = [await Client(port).open() for _ in range(stay + go)]
    for client in clients:
        client.writer.write(text)
    await asyncio.sleep(0.02)
    for client in clients[stay:]:
        client.writer.transport.abort()
    for client in clients[:stay]:
        await client.reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.2)
    _, _, page = await one_answer(port, request("GET", "/metrics"))
    return page.decode()


def measure_leaving(options, texts):
    with Server(options) as server:
        page = asyncio.run(leave(server.port, predict_request(*texts[:4]), 100, 400))
    dropped = int(re.search(r"^bertune_dropped_total (\d+)", page, re.M).group(1))
    computed = float(re.search(r"^bertune_batch_rows_sum (\S+)", page, re.M).group(1))
    return [("500 ask, 400 leave: rows computed", f"{computed:.0f} of {500 * 4}, {dropped} dropped", "near 400",
             computed <= 0.5 * 500 * 4)]


async def drain(server, texts):
    clients = [await Client(server.port).open() for _ in range(101)]
    late = clients.pop()
    asked = [asyncio.ensure_future(client.ask(predict_request(*texts[:8]))) for client in clients]
    await asyncio.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.05)
    status, _, _ = await late.ask(predict_request(texts[0]))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return status, sum(not isinstance(one, BaseException) and one[0] == 200 for one in answers)


def measure_drain(options, texts):
    with Server(options) as server:
        status, good = asyncio.run(drain(server, texts))
        code = server.process.wait(30)
    with Server(options) as server:
        waiting = threading.Thread(target=lambda: asyncio.run(swallow(server.port, predict_request(*texts[:256]))))
        waiting.start()
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        begin = time.perf_counter()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(30)
        second = 1000 * (time.perf_counter() - begin)
        waiting.join()
    return [("SIGTERM with 100 in flight", f"{good} complete, a new one {status}, exit {code}", "100, 503, 0",
             (good, status, code) == (100, 503, 0)),
            ("a second SIGTERM", f"{second:.0f} ms", "<= 100 ms", second <= 100)]


async def swallow(port, text):
    try:
        await one_answer(port, text)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass


def measure_reload(options, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".key") as key:
        key.write("chief\n")
        key.flush()
        with Server(options, "--admin-key-file", key.name) as server:
            asyncio.run(load(server.port, texts, 8, lambda end=time.perf_counter() + 1: end, []))
            answers, reloads, ends, before = [], [], [], server.memory()

            def reload():
                for _ in range(20):
                    again = request("POST", "/admin/reload", b"", "X-Api-Key: chief\r\n")
                    reloads.append(asyncio.run(one_answer(server.port, again))[0])
                ends.append(time.perf_counter())

            thread = threading.Thread(target=reload)
            thread.start()
            asyncio.run(load(server.port, texts, 8, lambda: ends[0] if ends else float("inf"), answers))
            thread.join()
            time.sleep(0.5)
            growth = server.memory() / before
    failed = sum(one[1] != 200 for one in answers) + sum(one != 200 for one in reloads)
    return [("20 reloads under load", f"{len(answers)} answers, {failed} failures, memory {growth:.2f} x",
             "0 failures", failed == 0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bertune")
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--latency")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--slow", type=int, default=1000)
    parser.add_argument("--peer")
    parser.add_argument("--infinity")
    parser.add_argument("--embedder")
    options = parser.parse_args()
    texts = [line for line in pathlib.Path(options.texts).read_text(encoding="utf-8").splitlines() if line]
    print(f"{'what':44} {'measured':62} target")
    for part in options.only:
        for what, measured, target, reached in globals()["measure_" + part](options, texts):
            print(f"{what:44} {measured:62} {target}{'' if reached else '   MISSED'}", flush=True)


if __name__ == "__main__":
    main()
