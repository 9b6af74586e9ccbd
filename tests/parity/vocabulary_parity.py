#!/usr/bin/env python3
"""Compares `bertune vocabulary` with the WordPieceTrainer of the `tokenizers` package on the same texts.

    python3 tests/parity/vocabulary_parity.py --program build/bertune [--vocab-size N]... [--cased] TEXT_FILE...

Both merge the most frequent pair first, so they can differ only in which of equally frequent pairs goes first: the
peer goes by the ids of pieces, which depend on the order of a hash table, we go by their text. Since one such choice
changes what is counted afterwards, the sets of pieces are compared by their share in common, and the vocabularies by
how many pieces they cut the texts into. Two things are done alike first: the peer has no "##c" for characters that
only begin words, so we get as many tokens more; and words of more than 100 characters, which BERT never reads, are
taken out of the texts. Exits 1 when less than 98 % of the pieces are in common, or the numbers of pieces differ by
more than 0.1 %. Needs tokenizers.
"""

import argparse
import json
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


def train_peer(texts, vocab_size, cased):
    tokenizer = peer_tokenizer(cased)
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, min_frequency=2, limit_alphabet=10**9, special_tokens=SPECIAL, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return set(tokenizer.get_vocab())


def train_ours(program, path, vocab_size, cased):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "vocabulary", path, "--output", folder, "--vocab-size", str(vocab_size), "--json"]
        command += ["--limit-alphabet", str(10**9)] + (["--cased"] if cased else [])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return pathlib.Path(folder, "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]


def pieces_in(texts, vocabulary, cased):
    tokenizer = peer_tokenizer(cased)
    tokenizer.model = models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]")
    return sum(len(e.ids) for e in tokenizer.encode_batch(texts, add_special_tokens=False))


def compare(program, texts, path, vocab_size, cased):
    start = time.perf_counter()
    peer = train_peer(texts, vocab_size, cased)
    peer_seconds = time.perf_counter() - start
    characters = {t for t in train_ours(program, path, vocab_size, cased) if t.startswith("##") and len(t) == 3}
    only_ours = characters - peer
    start = time.perf_counter()
    ours = train_ours(program, path, vocab_size + len(only_ours), cased)
    our_seconds = time.perf_counter() - start
    shared = len(peer & set(ours)) / len(peer)
    counts = pieces_in(texts, sorted(peer), cased), pieces_in(texts, ours, cased)
    difference = abs(counts[1] - counts[0]) / counts[0]
    good = len(set(ours) - only_ours) == len(peer) and shared >= 0.98 and difference <= 1e-3
    print(json.dumps({"vocab_size": vocab_size, "cased": cased, "tokens": [len(peer), len(ours) - len(only_ours)],
                      "in_common": round(shared, 5), "pieces": counts, "seconds": [round(peer_seconds, 2),
                      round(our_seconds, 2)], "good": good}), flush=True)
    return good


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
