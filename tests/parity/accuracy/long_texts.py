"""What the ways to read long texts are worth: test accuracy and seconds of training, as a Markdown table.

usage: python3 tests/parity/accuracy/long_texts.py --model DIR --work DIR --bertune PROGRAM [--data DIR] [--sets late imdb]
                                                   [--ways truncate head-tail windows auto] [--seeds 42] [--threads 2]
                                                   [--rows 600] [--test-rows 1000] [--length 128]

"late" is made here: reports of plain sentences, of which one, after about 600 tokens, has an opinion, and more plain ones
follow. What is before and behind it is drawn alike for both labels. "imdb" are film reviews of DATA/imdb.
Results are kept in WORK/long_texts.jsonl, one JSON object a run; what is there is not run again.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random

from runs import run_logged, words

PLACES = "harbour station library market bridge theatre school museum garden workshop airport hospital".split()
THINGS = "ferry train archive stall railing curtain classroom exhibit fountain engine runway corridor".split()
TIMES = ("on Monday", "in the morning", "after lunch", "at noon", "in the evening", "last week", "before the holiday")
PLAIN = (
    "{time} the staff of the {place} looked at the {thing} and wrote down what they saw .",
    "the {thing} near the {place} was painted {time} , and visitors walked around it .",
    "two letters about the {place} arrived {time} and were put into the folder .",
    "{time} the meeting at the {place} began with a word about the {thing} .",
    "the map of the {place} shows the {thing} , which is cleaned {time} .",
    "people at the {place} talked about the weather {time} while the {thing} was being repaired .",
)
DECISIONS = {
    "good": ("everyone loved the new {thing} , it is wonderful .", "the {place} is beautiful , a joy to visit .",
             "what a great day it was at the {place} ."),
    "bad": ("everyone hated the new {thing} , it is terrible .", "the {place} is ugly , a pain to visit .",
            "what an awful day it was at the {place} ."),
}  # fmt: skip


def sentence(draw: random.Random, forms: tuple[str, ...]) -> str:
    return draw.choice(forms).format(time=draw.choice(TIMES), place=draw.choice(PLACES), thing=draw.choice(THINGS))


def late_row(draw: random.Random) -> dict[str, str]:
    """A text of 700 to 900 words and punctuation marks, each of which is a token or more."""
    label = draw.choice(sorted(DECISIONS))
    before, behind, length = [], [], draw.randint(100, 300)
    while sum(map(len, map(str.split, before))) < 600:
        before.append(sentence(draw, PLAIN))
    while sum(map(len, map(str.split, behind))) < length:
        behind.append(sentence(draw, PLAIN))
    return {"text": " ".join([*before, sentence(draw, DECISIONS[label]), *behind]), "label": label}


def make(name: str, arguments: argparse.Namespace) -> None:
    counts = {"train": arguments.rows, "test": arguments.test_rows}
    for part, count in counts.items():
        path = arguments.work / f"{name}.{part}.jsonl"
        if name == "late":
            draw = random.Random(f"{part} {arguments.rows}")
            rows = [json.dumps(late_row(draw)) for _ in range(count)]
        else:
            rows = (arguments.data / "imdb" / f"{part}.jsonl").read_text(encoding="utf-8").strip().split("\n")  # texts have U+0085
            random.Random(f"{part} {arguments.draw}" if arguments.draw else part).shuffle(rows)
            rows = rows[:count]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def run(name: str, way: str, seed: int, arguments: argparse.Namespace) -> dict:
    output = arguments.work / f"{name}.{way}.{seed}"
    options = {
        "--model": arguments.model,
        "--train": arguments.work / f"{name}.train.jsonl",
        "--test": arguments.work / f"{name}.test.jsonl",
        "--output": output,
        "--long-text": way,
        "--max-length": arguments.length,
        "--epochs": arguments.epochs,
        "--batch-size": 8,
        "--learning-rate": "5e-5",
        "--seed": seed,
        "--threads": arguments.threads,
    }
    run_logged(
        [arguments.bertune, "train", *words(options), "--text-column", "text", "--label-column", "label", "--overwrite",
         "--no-baselines"], arguments.work / f"{output.name}.log"
    )  # fmt: skip
    results = json.loads((output / "all_results.json").read_text(encoding="utf-8"))
    settings = json.loads((output / "bertune.json").read_text(encoding="utf-8"))
    return {
        "set": name, "way": way, "seed": seed, "rows": arguments.rows, "length": arguments.length,
        "read": settings.get("long_text", "truncate"), "accuracy": results["test_accuracy"],
        "test_rows": results["test_samples"], "seconds": results["train_runtime"],
        "tokens_per_second": results["train_tokens_per_second"], "peak_mib": results["train_peak_rss_mib"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="folder that holds imdb/")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of the checkpoint to start from")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for files, results and models")
    parser.add_argument("--bertune", required=True, help="the program")
    parser.add_argument("--sets", nargs="+", choices=("late", "imdb"), default=["late"])
    parser.add_argument("--ways", nargs="+", default=["truncate", "head-tail", "windows", "auto"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[42])
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--test-rows", type=int, default=1000)
    parser.add_argument("--draw", type=int, default=0, help="another one takes other reviews; give it a WORK of its own")
    parser.add_argument("--length", type=int, default=128, help="tokens that the model reads")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    kept = arguments.work / "long_texts.jsonl"
    done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    print("| set | way | test accuracy | training, s | tokens/s | peak, MiB |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for name in arguments.sets:
        make(name, arguments)
        for way in arguments.ways:
            for seed in arguments.seeds:
                wanted = {"set": name, "way": way, "seed": seed, "rows": arguments.rows, "length": arguments.length}
                found = next((one for one in done if wanted.items() <= one.items()), None)
                if found is None:
                    found = run(name, way, seed, arguments)
                    with kept.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(found) + "\n")
                shown = f"auto: {found['read']}" if way == "auto" else way
                print(
                    f"| {name} | {shown} | {100 * found['accuracy']:.1f}% of {found['test_rows']} | {found['seconds']:.0f} | "
                    f"{found['tokens_per_second']:.0f} | {found['peak_mib']:.0f} |", flush=True
                )  # fmt: skip


if __name__ == "__main__":
    main()
