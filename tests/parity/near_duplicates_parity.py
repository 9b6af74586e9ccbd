"""Compares the near-duplicates that `bertune check` finds with datasketch's MinHash LSH, on 20,000 rows whose truth is known.

usage: near_duplicates_parity.py --program BERTUNE [--rows 20000] [--seed 1]

Half of the rows are made-up sentences, and each of the others is one of these with some letters changed. Similarities are exact:
Jaccard's of the five-character shingles that both programs take. Rows above 0.8 must be found, those below must not. datasketch
has the threshold 0.8 and as many hashes (128), once with the bands that it chooses itself and once with Bertune's (16 of 8), and
its candidates are checked exactly too. Exits with 1 where Bertune misses more than 6% of those above 0.8, finds 2% less than
datasketch with the same bands, or reports one below.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from datasketch import MinHash, MinHashLSH

LETTERS = "abcdefghijklmnopqrstuvwxyz"
THRESHOLD, LEAST_RECALL = 0.8, 0.94


def shingles(text: str) -> set[bytes]:
    whole = (text + "\x1f").encode()  # a text ends with the mark that stands between two texts
    return {whole[i:i + 5] for i in range(len(whole) - 4)}


def similarity(one: set[bytes], other: set[bytes]) -> float:
    return len(one & other) / len(one | other)


def made_texts(rows: int, source: random.Random) -> tuple[list[str], list[tuple[int, str, float]]]:
    """Sentences of made-up words; and (number of the sentence, changed sentence, similarity)."""
    words = ["".join(source.choices(LETTERS, k=source.randint(3, 9))) for _ in range(4000)]
    texts = [" ".join(source.choices(words, k=source.randint(10, 22))) for _ in range(rows // 2)]
    changed = []
    for number, text in enumerate(texts):
        letters = list(text)
        for _ in range(source.randint(1, max(1, len(text) // 35))):
            letters[source.randrange(len(letters))] = source.choice(LETTERS)
        other = "".join(letters)
        if other == text:  # which is told apart from those that are nearly equal
            continue
        changed.append((number, other, similarity(shingles(text), shingles(other))))
    return texts, changed


def found_by_bertune(program: pathlib.Path, folder: pathlib.Path, texts: list[str], others: list[str]) -> tuple[int, float]:
    def write(name: str, rows: list[str]) -> pathlib.Path:
        path = folder / name
        path.write_text("text,label\n" + "".join(f"{row},{'ab'[i % 2]}\n" for i, row in enumerate(rows)))
        return path

    start = time.perf_counter()
    command = [program, "check", write("train.csv", texts), "--test", write("test.csv", others), "--json"]
    findings = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["findings"]
    return sum(one["rows"] for one in findings if one["kind"] == "near_leak"), time.perf_counter() - start


def found_by_datasketch(texts: list[str], others: list[str], bands: tuple[int, int] | None = None) -> tuple[int, float]:
    start = time.perf_counter()
    index, kept = MinHashLSH(threshold=THRESHOLD, num_perm=128, params=bands), [shingles(text) for text in texts]

    def signature(own: set[bytes]) -> MinHash:
        made = MinHash(num_perm=128)
        made.update_batch(list(own))
        return made

    for number, own in enumerate(kept):
        index.insert(number, signature(own))
    found = 0
    for other in others:
        own = shingles(other)
        found += any(similarity(own, kept[number]) >= THRESHOLD for number in index.query(signature(own)))
    return found, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    texts, changed = made_texts(options.rows, random.Random(options.seed))
    above = [text for _, text, alike in changed if alike >= THRESHOLD]
    close = [text for _, text, alike in changed if THRESHOLD <= alike < THRESHOLD + 0.05]
    below = [text for _, text, alike in changed if alike < THRESHOLD]
    failed = False
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        for name, rows in (f"similarity from {THRESHOLD}", above), (f"from {THRESHOLD} to {THRESHOLD + 0.05:.2f}", close):
            ours, seconds = found_by_bertune(options.program, folder, texts, rows)
            theirs, their_seconds = found_by_datasketch(texts, rows)
            alike, _ = found_by_datasketch(texts, rows, (16, 8))
            print(f"{name}: {len(rows)} rows among {len(texts)}; Bertune finds {ours / len(rows):.2%} in {seconds:.2f} s, "
                  f"datasketch {theirs / len(rows):.2%} in {their_seconds:.1f} s, with the same bands {alike / len(rows):.2%}")
            failed |= ours < alike - 0.02 * len(rows) or ours < LEAST_RECALL * len(rows) or ours > len(rows)
        wrong, _ = found_by_bertune(options.program, folder, texts, below)
        print(f"below {THRESHOLD}: {len(below)} rows; Bertune reports {wrong}")
        failed |= wrong > 0
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
