#!/usr/bin/env python3
"""Checksums of what Bertune computes, over a matrix of small runs: did a change of the code change a bit?

    python3 tools/run_checksums.py --program old/build/bertune --write before.txt
    python3 tools/run_checksums.py --program build/bertune --against before.txt --quick

Each case trains, tests, predicts, converts, ... in a temporary folder, with examples/models/small-bert and a few dozen
rows of the data in examples/. Printed is a line "CASE/FILE SHA256" for each file of weights, predictions and results
that it leaves, without times and paths. A case runs with one thread and with two, and must give the same bits; so must
cases that are another way to the same weights, such as a run that is killed and resumed. The bits depend on the kind
of processor (--isa chooses one that it can do), so compare files of one machine only. With --against, only the
cases of this run are compared, so that --quick and --filter go with a file of all.

Exit status: 0 all the same, 1 a difference or a failed run, 2 wrong usage.
"""
import argparse
import csv
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# predictions.safetensors says what predictions.jsonl and the results say.
HASHED = re.compile(r"(?!predictions\.safetensors).*\.(safetensors|out|jsonl|csv)|vocab\.txt|"
                    r"(all_results|trainer_state|config|adapter_config)\.json")
OF_TIME = re.compile(r".*(runtime|_per_second|peak_rss_mib|seconds)$")
SUFFIXES = {"text": "csv", "pairs": "csv", "numbers": "csv", "topics": "jsonl", "tokens": "conll", "choices": "csv",
            "questions": "json", "impossible": "json", "articles": "txt"}
TAKES_THREADS = {"train", "pretrain", "predict", "evaluate", "fill-mask", "next-sentence", "tokenize"}


@dataclass
class Case:
    name: str
    # Arguments of the program, with "> FILE" and "< FILE" as in a shell. "@PATH" before them kills it when PATH exists.
    commands: list[str]
    quick: bool = False
    same: str = ""  # another case, whose files are the same
    threads: tuple = (1, 2)


def write_data(root: Path, work: Path) -> None:
    """Cuts the examples to some dozens of rows, in work/data, and copies the model to work/model."""
    examples, data = root / "examples", work / "data"
    data.mkdir()
    shutil.copytree(examples / "models/small-bert", work / "model")

    def cut_csv(source, target, rows, of_each_label=False):
        with open(examples / source, newline="", encoding="utf-8") as file:
            header, *table = csv.reader(file)
        if of_each_label:
            seen = Counter()
            table = [row for row in table if seen.update([row[-1]]) or seen[row[-1]] <= rows // 8]
        with open(data / target, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *table[:rows]])

    def cut(source, target, separator, parts):
        text = (examples / source).read_text(encoding="utf-8")
        (data / target).write_text(separator.join(text.split(separator)[:parts]) + separator, encoding="utf-8")

    for part, rows in ("train", 48), ("validation", 24), ("test", 24):
        cut_csv(f"support_tickets/{part}.csv", f"text_{part}.csv", rows, of_each_label=True)
        cut(f"support_entities/{part}.conll", f"tokens_{part}.conll", "\n\n", 2 * rows)
    for part, rows in ("train", 40), ("test", 16):
        cut_csv(f"ticket_details/pairs_{part}.csv", f"pairs_{part}.csv", rows)
        cut_csv(f"ticket_details/urgency_{part}.csv", f"numbers_{part}.csv", rows)
        cut(f"ticket_details/topics_{part}.jsonl", f"topics_{part}.jsonl", "\n", rows)
        cut_csv(f"ticket_replies/{part}.csv", f"choices_{part}.csv", rows // 2)
    sentences = []
    for part, articles in ("train", 4), ("test", 2):
        squad = json.loads((examples / f"product_questions/{part}.json").read_text(encoding="utf-8"))
        contexts = [p["context"] for article in squad["data"] for p in article["paragraphs"]]
        sentences += [context.replace(". ", ".\n") for context in contexts]
        squad["data"] = squad["data"][:articles]
        (data / f"questions_{part}.json").write_text(json.dumps(squad))
        for article in squad["data"]:
            for paragraph in article["paragraphs"]:
                for qa in paragraph["qas"][::3]:
                    qa.update(answers=[], is_impossible=True)
        (data / f"impossible_{part}.json").write_text(json.dumps(squad))
    (data / "articles_train.txt").write_text("\n\n".join(sentences[:14]) + "\n")
    (data / "articles_test.txt").write_text("\n\n".join(sentences[-6:]) + "\n")
    lines = ["Where is my parcel?", "École, 東京 and naïve [SEP] x", "", "  a\tb  ", "long " * 60]
    for name, texts in (("lines", lines), ("pairs", ["Where is it?\tIt is lost.", "Why?\tThe carrier was on strike."]),
                        ("masks", ["the [MASK] of the city.", "She went [MASK] to the [MASK] and came back."])):
        (data / f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    # Sizes that no vector register divides, of each family that can begin anew.
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 3, "hidden_size": 84, "intermediate_size": 150}
    renamed = {"n_layers": 2, "n_heads": 3, "dim": 84, "hidden_dim": 150, "activation": "relu"}
    for name, values in (("bert", {**sizes, "hidden_act": "gelu_new"}), ("roberta", {**sizes, "hidden_act": "relu"}),
                         ("distilbert", renamed)):
        (data / f"{name}.json").write_text(json.dumps({"model_type": name, **values}))


def train(data: str, flags: str = "", output: str = "out") -> str:
    """The command that trains on a data set, such as "text", for two epochs of a few steps."""
    own = {"numbers": "--label-column urgency --problem-type regression --test ../data/numbers_test.csv",
           "text": "--validation ../data/text_validation.csv", "tokens": "--validation ../data/tokens_validation.conll",
           "questions": "--max-length 64 --doc-stride 16", "impossible": "--max-length 96 --doc-stride 32",
           "choices": "--batch-size 4", "articles": "--validation ../data/articles_test.txt --max-length 48"}
    command = "pretrain" if data == "articles" else "train"
    return (f"{command} --model ../model --train ../data/{data}_train.{SUFFIXES[data]} --output {output} "
            "--epochs 2 --batch-size 16 --learning-rate 3e-4 --logging-steps 1 "
            f"{own.get(data, '')} {'' if '--precision' in flags else '--precision fp32'} {flags}")


def last_weights(command: str) -> str:
    """Without a validation set, by which an earlier step may be the best and kept."""
    return re.sub(r"--validation \S+", "--validation-split 0", command)


def use(data: str, more: str = "") -> list[str]:
    """The commands that predict and evaluate with the trained model."""
    test = f"../data/{data}_test.{SUFFIXES[data]}"
    columns = "--label-column urgency" if data == "numbers" else ""
    predict = f"predict --model out {test} {more} --batch-size 6"
    formats = ["jsonl"] + (["csv"] if data in ("text", "pairs", "numbers", "topics") else [])
    return [*[f"{predict} --output-format {f} --output predictions.{f}" for f in formats],
            f"evaluate --model out --test {test} --json {more} {columns} > evaluate.out"]


def all_cases() -> list[Case]:
    cases = []

    def add(name, *commands, **more):
        cases.append(Case(name, list(commands), **more))

    # Every task in both precisions.
    quick_ones = "text.fp32", "text.bf16", "tokens.fp32", "questions.fp32", "choices.fp32"
    for data in "text", "pairs", "numbers", "topics", "tokens", "questions", "impossible", "choices":
        for precision in "--precision fp32", "--precision bf16":
            name = f"{data}.{precision[-4:]}"
            add(name, train(data, precision), *use(data, precision), quick=name in quick_ones)
    ask = ["fill-mask --model out --json < ../data/masks.txt > masks.out",
           "next-sentence --model out --json 'It rained all day.' 'We stayed at home.' > next.out"]
    for precision in "fp32", "bf16":
        add(f"pretrain.{precision}", train("articles", f"--precision {precision}"), *ask, quick=precision == "fp32")
    add("pretrain.mlm", train("articles", "--objective mlm --whole-word-masking --label-smoothing 0.1"), ask[0])
    for family in "bert", "roberta", "distilbert":
        more = "--init local-attention" if family == "bert" else "--objective mlm"
        new = train("articles", more).replace("--model", f"--config-name ../data/{family}.json --vocabulary")
        add(f"family.{family}", new, train("text", output="tuned").replace("../model", "out"), quick=True)
        add(f"family.{family}.bf16", new.replace("fp32", "bf16"),
            train("tokens", "--precision bf16", output="tuned").replace("../model", "out"), quick=True)

    # A part of the model, or the same in another way.
    lora = "--lora --lora-rank 4 --learning-rate 2e-3"
    add("lora.text", train("text", lora), *use("text"), "convert --merge --model out --output merged",
        "convert --merge --model out --output half --save-dtype bfloat16", quick=True)
    add("lora.bf16", train("text", f"{lora} --precision bf16"))
    add("lora.merged", train("text", f"{lora} --merge-lora --save-dtype float16"))
    for data in "tokens", "questions", "choices":
        add(f"lora.{data}", train(data, f"{lora} --lora-targets all-linear --rslora --gradient-accumulation-steps 2"))
    for data in "text", "tokens", "questions", "articles":
        add(f"accumulation.{data}", train(data, "--batch-size 4 --gradient-accumulation-steps 3"),
            quick=data == "text")
    checkpointing = "--gradient-checkpointing"
    add("checkpointing.text", train("text", checkpointing), same="text.fp32", quick=True)
    add("checkpointing.questions", train("questions", f"{checkpointing} --precision bf16"), same="questions.bf16")
    add("checkpointing.pretrain", train("articles", checkpointing), same="pretrain.fp32")
    cached = "--freeze-layers 3 --freeze-eval-mode"
    add("frozen.layers", train("text", "--freeze-layers 2"))
    add("frozen.cached", train("text", f"{cached} --epochs 3"), quick=True)
    add("frozen.uncached", train("text", f"{cached} --epochs 3 --frozen-cache-mib 0"), same="frozen.cached", quick=True)
    add("frozen.tokens", train("tokens", "--freeze-layers 2 --hidden-dropout 0 --attention-dropout 0"))
    add("frozen.pattern", train("text", "--freeze 'bert.encoder.layer.[13].*' --freeze '*.LayerNorm.*'"))
    add("frozen.embeddings", train("choices", "--freeze-embeddings --layer-wise-lr-decay 0.8"))
    add("dropout", train("text", "--hidden-dropout 0.3 --attention-dropout 0 --classifier-dropout 0.5 --seed 7"))

    # Stopped and resumed; other loops.
    add("kept", train("text", "--keep-checkpoints --save-every 2"), threads=(1,))
    for name, data, more in (("text", "text", ""), ("lora", "text", lora), ("frozen", "text", cached),
                             ("pretrain", "articles", "--gradient-accumulation-steps 2")):
        command = train(data, f"{more} --epochs 4 --batch-size 8 --save-every 3")
        add(f"whole.{name}", command, quick=name == "lora")
        add(f"resume.{name}", f"@out/checkpoint-3 {command}", f"@out/checkpoint-9 {command} --resume",
            f"{command} --resume", same=f"whole.{name}", quick=name == "lora")
    add("folds", last_weights(train("text", "--folds 2 --keep-folds")))
    add("early-stopping", train("text", "--epochs 9 --eval-steps 2 --early-stopping-patience 2 --learning-rate 4e-3 "
                                "--metric-for-best-model f1_macro"))
    add("max-steps", train("tokens", "--max-steps 4 --label-all-tokens --save-dtype bfloat16 --max-grad-norm 0"))
    add("cut", train("numbers", "--max-length 12 --max-train-rows 30"))

    # Losses.
    for name, flags in (("smoothing.text", "--label-smoothing 0.1"), ("smoothing.choices", "--label-smoothing 0.2"),
                        ("weights.tokens", "--class-weights balanced --label-smoothing 0.1"),
                        ("weights.text", "--class-weights refund=3,billing=0.5"), ("focal.text", "--focal-loss 2"),
                        ("weights.topics", "--class-weights billing=3 --focal-loss 1.5"),
                        ("focal.tokens", "--focal-loss 2 --class-weights O=0.2")):
        add(f"loss.{name}", train(name.split(".")[1], flags))

    # Every optimizer, with options that take other ways through it.
    for optimizer, rate, options in (
            ("adamw", "3e-4", ["", "amsgrad=true,eps=1e-6"]), ("adam", "3e-4", [""]), ("nadam", "3e-4", [""]),
            ("radam", "1e-3", [""]), ("adamax", "5e-4", [""]), ("lamb", "3e-3", [""]), ("lion", "3e-5", [""]),
            ("muon", "2e-4", ["", "adjust_lr_fn=match_rms_adamw,nesterov=false"]), ("adafactor", "1e-2", [""]),
            ("sgd", "5e-2", ["", "momentum=0.9,nesterov=true"]), ("asgd", "0.5", [""]),
            ("adagrad", "1e-3", ["lr_decay=0.1"]), ("rmsprop", "5e-5", ["", "centered=true,momentum=0.9"]),
            ("adadelta", "1", [""]), ("rprop", "1e-4", [""]), ("sparse_adam", "3e-4", [""]),
            ("lbfgs", "0.1", ["max_iter=3", "line_search_fn=strong_wolfe,max_iter=3"])):
        for i, more in enumerate(options):
            flags = f"--optimizer {optimizer} --learning-rate {rate} --max-steps 4 --warmup-steps 0"
            flags += f" --optim-args {more}" if more else ""
            name = optimizer + str(i or "")
            add(f"optimizer.{name}", last_weights(train("text", flags)), quick=name in ("lamb", "muon"))

    # Every schedule, on adapters, for these are small.
    for schedule, more in (("linear", ""), ("cosine", ""), ("constant", ""), ("constant_with_warmup", ""),
                           ("inverse_sqrt", ""), ("cosine_with_restarts", "num_cycles=2"), ("polynomial", "power=2"),
                           ("cosine_with_min_lr", "min_lr_rate=0.1"), ("cosine_warmup_with_min_lr", "min_lr_rate=0.1"),
                           ("warmup_stable_decay", "num_decay_steps=3,decay_type=1-sqrt"),
                           ("reduce_lr_on_plateau", "patience=0,threshold=0.5"),
                           ("greedy", "patience=0,min_lr=1e-5")):
        flags = f"{lora} --warmup-steps 2 --epochs 3 --schedule {schedule}"
        flags += f" --lr-scheduler-kwargs {more}" if more else ""
        add(f"schedule.{schedule}", train("text", flags), threads=(1,))

    # What needs no training.
    for name, flags, lines in (("plain", "", "lines"), ("offsets", "--offsets", "lines"),
                               ("cut", "--max-length 16", "lines"),
                               ("literal", "--no-special-tokens --literal-special", "lines"),
                               ("pairs", "--pair --offsets", "pairs")):
        add(f"tokenize.{name}", f"tokenize --model ../model {flags} < ../data/{lines}.txt > ids.out", quick=True)
    add("base", *[command.replace("--model out", "--model ../model") for command in ask],
        "inspect --json ../model > inspect.out", quick=True)
    for dtype in "float32", "bfloat16":
        add(f"convert.{dtype}", f"convert --model ../model --output out --save-dtype {dtype}", quick=True)
    for score in "frequency", "likelihood":
        command = f"vocabulary ../data/articles_train.txt --vocab-size 500 --score {score} --output out"
        add(f"vocabulary.{score}", command, threads=(1,), quick=True)
    return cases


def run_command(program: Path, command: str, folder: Path, threads: int, env: dict) -> None:
    words = shlex.split(command)
    awaited = folder / words.pop(0)[1:] if words[0].startswith("@") else None
    streams = {"<": subprocess.DEVNULL, ">": subprocess.DEVNULL}
    for sign, mode in ("<", "rb"), (">", "wb"):
        if sign in words:
            at = words.index(sign)
            streams[sign] = open(folder / words[at + 1], mode)
            del words[at : at + 2]
    if words[0] in TAKES_THREADS:
        words += ["--threads", str(threads)]
    with open(folder / "stderr", "wb") as errors:
        process = subprocess.Popen([program, *words], cwd=folder, env=env, stdin=streams["<"], stdout=streams[">"],
                                   stderr=errors)
        while awaited and process.poll() is None and not awaited.exists():
            time.sleep(0.002)
        if awaited:
            process.kill()
        code = process.wait()
    for stream in streams.values():
        if hasattr(stream, "close"):
            stream.close()
    if code != 0 and not (awaited and code == -9):
        said = (folder / "stderr").read_text(errors="replace")[-500:].strip().split("\n")[-1]
        raise RuntimeError(f"exit status {code} of: bertune {' '.join(words)}\n  {said}")


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(v) for key, v in value.items() if not OF_TIME.fullmatch(key)}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def digest(path: Path, folder: Path) -> str:
    content = path.read_bytes()
    if path.suffix != ".safetensors":
        content = content.replace(bytes(folder), b".").replace(bytes(folder.parent), b"..")
    if path.suffix == ".json" or path.name == "evaluate.out":
        value = without_times(json.loads(content))
        if path.name == "trainer_state.json" and not path.parent.name.startswith("checkpoint-"):
            value.pop("bertune", None)  # which data and settings it was, and not what came of them
        content = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def run_case(program: Path, case: Case, work: Path, env: dict) -> tuple[dict, list[str]]:
    """Digests by "CASE/FILE", and what is wrong."""
    results = []
    try:
        for threads in case.threads:
            folder = work / f"{case.name}.{threads}"
            folder.mkdir()
            for command in case.commands:
                run_command(program, command, folder, threads, env)
            files = [f for f in folder.rglob("*") if f.is_file() and HASHED.fullmatch(f.name)]
            results.append({f"{case.name}/{f.relative_to(folder)}": digest(f, folder) for f in files})
            shutil.rmtree(folder)
    except (RuntimeError, ValueError) as error:
        if "processor does not multiply bf16" in str(error):
            return {}, []  # compare_with() misses its files if they were there before
        return {}, [f"{case.name}: {error}"]
    first, last = results[0], results[-1]
    if not first:
        return {}, [f"{case.name}: leaves no files"]
    return first, [f"{name}: one thread and two give different bits" for name in sorted(first.keys() | last.keys())
                   if first.get(name) != last.get(name)]


def compare_ways(cases: list[Case], digests: dict) -> list[str]:
    """Where a case is another way to what another case does, and leaves other files."""
    problems = []
    for case in cases:
        for name in sorted(n for n in digests if case.same and n.startswith(case.name + "/")):
            other = case.same + name.removeprefix(case.name)
            if digests[name] != digests.get(other, digests[name]):
                problems.append(f"{name}: differs from {other}")
    return problems


def compare_with(path: Path, cases: list[Case], digests: dict) -> list[str]:
    ran = {case.name for case in cases}
    before = dict(line.split(" ") for line in path.read_text().splitlines())
    before = {name: value for name, value in before.items() if name.split("/")[0] in ran}
    kinds = {(False, True): "is new", (True, False): "is missing", (True, True): "differs"}
    return [f"{name}: {kinds[name in before, name in digests]}" for name in sorted(before.keys() | digests.keys())
            if before.get(name) != digests.get(name)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="the project's folder, which holds examples/ (default: the parent of "
                        "this script's folder, or else the current folder)")
    parser.add_argument("--program", type=Path, help="the program to run (default: ROOT/build/bertune)")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with checksums written before")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the checksums there, and do not print them")
    parser.add_argument("--quick", action="store_true", help="only some of the cases")
    parser.add_argument("--filter", default="", metavar="REGEX",
                        help="only cases whose name holds this, such as '^lora|bf16'")
    parser.add_argument("--isa", metavar="NAME", help="kernels to use, as BERTUNE_ISA: avx2, avx512, ...")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="cases at a time (default: 2)")
    parser.add_argument("--list", action="store_true", help="print the names of the cases and run nothing")
    parser.add_argument("--verbose", action="store_true", help="print the seconds of each case to standard error")
    options = parser.parse_args()
    cases = [c for c in all_cases() if re.search(options.filter, c.name) and (c.quick or not options.quick)]
    if options.list:
        print("\n".join(sorted(case.name for case in cases)))
        return 0
    root = options.root or Path(__file__).resolve().parent.parent
    if not options.root and not (root / "examples").is_dir():
        root = Path.cwd()
    program = (options.program or root / "build/bertune").resolve()
    for path in program, root / "examples/models/small-bert", options.against:
        if path and not path.exists():
            parser.error(f"{path}: is not there")
    env = {name: value for name, value in os.environ.items() if name != "BERTUNE_ISA"}
    if options.isa:
        env["BERTUNE_ISA"] = options.isa
    start = time.monotonic()
    digests, problems = {}, []
    with tempfile.TemporaryDirectory(prefix="checksums-") as name, ThreadPoolExecutor(options.jobs) as pool:
        work = Path(name).resolve()
        write_data(root, work)

        def timed(case):
            began = time.monotonic()
            result = run_case(program, case, work, env)
            if options.verbose:
                print(f"{time.monotonic() - began:6.1f} s  {case.name}", file=sys.stderr)
            return result

        try:
            for found, wrong in pool.map(timed, cases):
                digests.update(found)
                problems += wrong
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            return 130
    problems += compare_ways(cases, digests)
    if options.against:
        problems += compare_with(options.against, cases, digests)
    lines = "".join(f"{name} {value}\n" for name, value in sorted(digests.items()))
    if options.write:
        options.write.write_text(lines)
    elif not options.against:
        print(lines, end="")
    for problem in problems:
        print(problem)
    seconds = time.monotonic() - start
    print(f"{len(cases)} cases, {len(digests)} files, {len(problems)} problems, {seconds:.0f} s", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
