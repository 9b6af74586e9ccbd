#!/usr/bin/env python3
"""Compares `bertune vocabulary` with the WordPieceTrainer of the `tokenizers` package on the same texts.

    python3 tests/parity/vocabulary_parity.py --program build/bertune [--vocab-size N]... [--cased] TEXT_FILE...

Both merge the most frequent pair first, and of equally frequent ones the pair with the lower ids. The peer numbers
"##c" pieces in the order of a hash table, and only those that occur, so it is given ours beforehand, as if they were
special tokens. Words of more than 100 characters, which BERT never reads, are taken out of the texts. Then all tokens
must be the same, in the same order: exits 1 otherwise. Needs tokenizers.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LONGEST_WORD = 100


def peer_tokenizer(cased):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def texts_without_long_words(paths):
    for path in paths:
        for line in open(path, encoding="utf-8", errors="replace", newline="\n"):
            yield " ".join(word for word in line.split() if len(word) <= LONGEST_WORD)


def train_peer(texts, characters, vocab_size, cased):
    tokenizer = peer_tokenizer(cased)
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, min_frequency=2, special_tokens=SPECIAL + characters, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]


def train_ours(program, path, vocab_size, cased):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "vocabulary", path, "--output", folder, "--vocab-size", str(vocab_size), "--json"]
        command += ["--quiet", "--limit-alphabet", str(10**9)] + (["--cased"] if cased else [])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return pathlib.Path(folder, "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]


def is_character(token):
    return len(token.removeprefix("##")) == 1


def compare(program, texts, path, vocab_size, cased):
    start = time.perf_counter()
    ours = train_ours(program, path, vocab_size, cased)
    our_seconds = time.perf_counter() - start
    start = time.perf_counter()
    peer = train_peer(texts, [t for t in ours if is_character(t)], vocab_size, cased)
    peer_seconds = time.perf_counter() - start
    same = next((i for i, pair in enumerate(zip(ours, peer)) if pair[0] != pair[1]), min(len(ours), len(peer)))
    shared = len(set(ours) & set(peer))
    print(f"{vocab_size} tokens{' cased' if cased else ''}: {len(ours)} ours, {len(peer)} the peer's, {shared} in common, "
          f"the first {same} in the same order; {our_seconds:.2f} s, {peer_seconds:.2f} s", flush=True)
    return ours == peer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--vocab-size", type=int, action="append")
    parser.add_argument("--cased", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    texts = list(texts_without_long_words(options.files))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "texts.txt")
        path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        results = [compare(options.program, texts, str(path), size, options.cased)
                   for size in options.vocab_size or [2000, 8000, 30522]]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
