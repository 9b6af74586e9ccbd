"""What bench/serve.py and bench/serve_rivals.py share: a server that was started, and clients that ask it."""

import asyncio
import json
import pathlib
import re
import subprocess
import sys
import time


def percentile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


class Server:
    def __init__(self, options, *more):
        command = [options.program, "serve", options.model, "--port", "0", "--silent", *more]
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("READY"):
            sys.exit("the server did not start")
        self.port = int(line.rsplit(":", 1)[1])

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Client:
    """A connection that is kept."""

    def __init__(self, port):
        self.port = port

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def ask(self, request):
        """The status, the headers and the body of the answer."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: (\d+)", head, re.I)
        body = await self.reader.readexactly(int(length.group(1))) if length else b""
        return int(head[9:12]), head, body

    def close(self):
        self.writer.close()


def request(method, path, body=b"", more=""):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def predict_request(*texts, more=""):
    inputs = texts[0] if len(texts) == 1 else list(texts)
    return request("POST", "/v1/predict", json.dumps({"inputs": inputs}).encode(), more)


HEALTH = request("GET", "/health/live")
JSON = "Content-Type: application/json\r\n"


async def load(port, texts, clients, end, answers, make=predict_request):
    """Closed loops: each client asks again when it has its answer; (time, status, seconds, version) of each."""

    async def loop(number):
        client = await Client(port).open()
        for place in range(number, 10**9, clients):
            if time.perf_counter() >= end():
                break
            begin = time.perf_counter()
            try:
                status, head, _ = await client.ask(make(texts[place % len(texts)]))
            except (asyncio.IncompleteReadError, ConnectionError):
                answers.append((begin, 0, 0.0, b""))
                client = await Client(port).open()
                continue
            version = re.search(rb"x-bertune-version: (\w+)", head)
            answers.append((begin, status, time.perf_counter() - begin, version.group(1) if version else b""))
        client.close()

    await asyncio.gather(*(loop(number) for number in range(clients)))


async def one_answer(port, text):
    client = await Client(port).open()
    answer = await client.ask(text)
    client.close()
    return answer
