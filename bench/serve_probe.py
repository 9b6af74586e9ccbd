#!/usr/bin/env python3
"""Asks a server for its health, each time on a new connection, and prints the seconds of each answer as JSON; null: none.

usage: serve_probe.py PORT COUNT [SECONDS BETWEEN]

This is a process of its own, so that it does not wait for the threads of a client that makes load.
"""

import json
import socket
import sys
import time

HEALTH = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def ask(port):
    begin = time.perf_counter()
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(HEALTH)
            answer = b""
            while b'{"status":"ok"}' not in answer:
                part = connection.recv(4096)
                if not part:
                    return None
                answer += part
            return time.perf_counter() - begin
    except OSError:
        return None


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0.01
    times = []
    for _ in range(count):
        times.append(ask(port))
        time.sleep(pause)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
