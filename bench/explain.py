#!/usr/bin/env python3
"""Times `bertune explain`: what a text of so many words takes by each method, loading the model left out.

    bench/explain.py --bertune build/bertune --model MODEL [--words 25] [--threads 2] [--texts 20]

MODEL is a folder of classes. Each method explains one text, and then more of them; the difference is what a text takes, in
seconds, and in seconds of all processors' time, which other programs disturb less. The least of several rounds counts.
"""

import argparse
import pathlib
import resource
import subprocess
import tempfile
import time

SENTENCE = ("the film is a slow but often very moving look at a family that tries to hold on to what is left of its past and "
            "finds more of it than anybody in the town had thought").split()


def seconds(options, method, texts):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "texts.txt")
        words = (SENTENCE * (options.words // len(SENTENCE) + 1))[: options.words]
        path.write_text((" ".join(words) + "\n") * texts, encoding="utf-8")
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([options.bertune, "explain", "--model", options.model, str(path), "--method", method, "--output",
                        folder + "/why.jsonl", "--threads", str(options.threads), "--silent"], check=True)
        wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bertune", default="build/bertune")
    parser.add_argument("--model", required=True)
    parser.add_argument("--words", type=int, default=25)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for method, target in (("leave-one-out", 0.1), ("integrated-gradients", 0.4)):
        one, many = ([seconds(options, method, texts) for _ in range(options.rounds)] for texts in (1, 1 + options.texts))
        wall, processor = ((min(r[i] for r in many) - min(r[i] for r in one)) / options.texts for i in (0, 1))
        print(f"{method:22} {options.words} words: {wall:.3f} s, {processor:.3f} s of processors; target {target} s")


if __name__ == "__main__":
    main()
