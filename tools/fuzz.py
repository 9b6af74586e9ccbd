#!/usr/bin/env python3
"""Coverage-guided fuzzing of the readers (docs/testing.md): `make fuzz` and `make fuzz-minimise`.

run       fuzzes every target in turn. New inputs that reach further stay in BUILD/corpus, those that break
          something in BUILD/finds, and the totals of all runs in BUILD/fuzz.json.
minimise  writes the fewest small inputs that reach what BUILD/corpus does to tests/fuzz/corpus, an archive a target.
"""
import argparse
import hashlib
import heapq
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STORED = ROOT / "tests/fuzz/corpus"
# Where the readers of each family of targets lie: the texts in their sources are what files may hold.
SOURCES = {
    "checkpoint": ["checkpoint", "model"],
    "tokenizer": ["text"],
    "tables": ["data/files", "data/texts", "data/documents"],
    "rows": ["data/tagged", "data/questions", "data/choices", "data/files"],
    "options": ["cli/config"],
    "hub": ["hub"],
    "runs": ["train", "tasks", "model/adapters"],
    "serve": ["serve"],
}
MOST_BYTES, MOST_FILES = 4096, 120  # of a stored input; of a target's


def targets():
    """Names and families, in the order of tests/fuzz/CMakeLists.txt."""
    text = (ROOT / "tests/fuzz/CMakeLists.txt").read_text()
    families = re.findall(r"^bertune_fuzz_family\(([^)]*)\)", text, re.MULTILINE)
    return {name: family for family, *names in map(str.split, families) for name in names}


def unpack(name, folder):
    """Puts the stored inputs into the folder, by the checksums of their contents."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (STORED / f"{name}.zip").exists():
        return
    with zipfile.ZipFile(STORED / f"{name}.zip") as archive:
        for entry in archive.namelist():
            (folder / entry).write_bytes(archive.read(entry))


def write_dictionary(family, path):
    words = set()
    for folder in SOURCES[family]:
        for source in sorted((ROOT / "src" / folder).rglob("*.cpp")):
            words.update(re.findall(r'(?<![<\w])"([A-Za-z0-9_#.\[\]:+-]{2,24})"', source.read_text()))
    path.write_text("".join(f'"{word}"\n"\\"{word}\\":"\n' for word in sorted(words)))


def command(build, name, *options):
    # Seconds on the wall, for what waits for ever; driver.cpp limits those of the processors.
    return [build / f"tests/fuzz/fuzz_{name}", *options, "-timeout=600", "-rss_limit_mb=2048"]


def environment(scratch):
    return os.environ | {"TMPDIR": scratch}


def scratch_folder():
    """In memory, for the readers of files; removed with what a crash leaves in it."""
    return tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def fuzz(build, name, family, seconds):
    """Runs one target; returns executions, seconds, and whether it went well."""
    corpus, finds = build / "corpus" / name, build / "finds"
    finds.mkdir(parents=True, exist_ok=True)
    unpack(name, corpus)
    dictionary = build / f"corpus/{family}.dict"
    write_dictionary(family, dictionary)
    begin = time.monotonic()
    with scratch_folder() as scratch:
        run = subprocess.run(
            command(build, name, f"-max_total_time={seconds}", "-print_final_stats=1", f"-max_len={MOST_BYTES}",
                    f"-dict={dictionary}", f"-artifact_prefix={finds}/{name}-", corpus),
            env=environment(scratch), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = run.stdout.decode(errors="replace")
    (build / f"corpus/{name}.log").write_text(output)
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    steps = [int(number) for number in re.findall(r"^#(\d+)\s", output, re.MULTILINE)]
    count = int(executed[1]) if executed else max(steps, default=0)
    return count, time.monotonic() - begin, run.returncode == 0, output


def run(build, chosen, seconds):
    totals_path = build / "fuzz.json"
    failed = []
    for name, family in chosen.items():
        count, taken, well, output = fuzz(build, name, family, seconds)
        totals = json.loads(totals_path.read_text()) if totals_path.exists() else {}
        total = totals.setdefault(name, {"executions": 0, "seconds": 0, "finds": 0})
        total["executions"] += count
        total["seconds"] += round(taken)
        total["finds"] += not well
        totals_path.write_text(json.dumps(totals, indent=1) + "\n")
        covered = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", output)
        edges, features, inputs = covered[-1] if covered else ("?", "?", "?")
        print(f"{name:20} {count:>10} executions in {taken:4.0f} s, {edges} edges, {inputs} inputs", flush=True)
        if not well:
            failed.append(name)
            print(*output.splitlines()[-60:], sep="\n", flush=True)
    if failed:
        sys.exit(f"{build}/finds has inputs that break: {', '.join(failed)}")


def smallest_cover(features):
    """Inputs, the one that adds most first, until all features are covered or there are MOST_FILES."""
    chosen, covered = [], set()
    heap = [(-len(found), size, path) for (path, size), found in features.items()]
    heapq.heapify(heap)
    while heap and len(chosen) < MOST_FILES:
        _, size, path = heapq.heappop(heap)
        gain = len(features[path, size] - covered)
        if heap and -gain > heap[0][0]:
            if gain:
                heapq.heappush(heap, (-gain, size, path))
            continue
        if gain == 0:
            break
        chosen.append(path)
        covered |= features[path, size]
    return chosen


def minimise(build, name):
    corpus = build / "corpus" / name
    unpack(name, corpus)
    with scratch_folder() as scratch:
        control, merged = pathlib.Path(scratch, "control"), pathlib.Path(scratch, "merged")
        merged.mkdir()
        subprocess.run(command(build, name, "-merge=1", f"-merge_control_file={control}", merged, corpus),
                       env=environment(scratch), stderr=subprocess.DEVNULL, check=True)
        lines = control.read_text().splitlines()
    first = int(lines[0])
    paths = lines[2:2 + first]
    sizes, features = {}, {}
    for line in lines[2 + first:]:
        kind, index, *rest = line.split()
        path = pathlib.Path(paths[int(index)])
        if kind == "STARTED":
            sizes[path] = int(rest[0])
        elif kind == "FT" and sizes[path] <= MOST_BYTES:
            features[path, sizes[path]] = set(map(int, rest))
    chosen = sorted(smallest_cover(features), key=lambda path: hashlib.sha1(path.read_bytes()).hexdigest())
    STORED.mkdir(exist_ok=True)
    with zipfile.ZipFile(STORED / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in chosen:  # with the time of the format's beginning, so that equal inputs are an equal file
            contents = path.read_bytes()
            archive.writestr(zipfile.ZipInfo(hashlib.sha1(contents).hexdigest()), contents, zipfile.ZIP_DEFLATED)
    print(f"{name:20} {first:6} inputs, {len(chosen):4} stored, "
          f"{(STORED / f'{name}.zip').stat().st_size:7} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "minimise"])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-fuzz")
    parser.add_argument("--time", type=int, default=60, help="seconds a target")
    parser.add_argument("--target", help="this one alone")
    arguments = parser.parse_args()
    chosen = targets()
    if arguments.target:
        if arguments.target not in chosen:
            parser.error(f"there is no target {arguments.target}; there are {', '.join(chosen)}")
        chosen = {arguments.target: chosen[arguments.target]}
    build = arguments.build.resolve()
    if arguments.what == "run":
        run(build, chosen, arguments.time)
    else:
        for name in chosen:
            minimise(build, name)


if __name__ == "__main__":
    main()
