"""Compares Bertune's statistics of results with the packages that people trust for them.

usage: insight_parity.py --program BERTUNE [--seed 1]

Writes prediction tables of made-up rows, and asks the program: temperature and loss against scipy's minimum, the expected
calibration error against torchmetrics, McNemar's exact test against statsmodels, F1 and correlations against scikit-learn and
scipy, Holm's correction against statsmodels, its events as TensorBoard reads them, calibrated weights in Transformers, and
TF-IDF with linear models against scikit-learn. Exits with 1 when one differs.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import seed_groups
import torch
from safetensors.numpy import save_file
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import beta, pearsonr
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, log_loss
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from torchmetrics.functional.classification import binary_calibration_error

FAILED = []


def check(what: str, ours: float, theirs: float, tolerance: float) -> None:
    right = abs(ours - theirs) <= tolerance
    print(f"{'ok    ' if right else 'FAILED'} {what}: {ours:.9g}, reference {theirs:.9g}")
    if not right:
        FAILED.append(what)


def write_table(folder: pathlib.Path, sets: dict, outcome: str = "classes", labels: list[str] | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tensors, described = {}, {}
    for name, (logits, truth) in sets.items():
        tensors[f"{name}.logits"], tensors[f"{name}.truth"] = logits.astype(np.float32), truth.astype(np.float32)
        rows = [{"row": i, "where": f"{name}.csv:{i + 2}", "text": f"{name} {i}", "hash": f"{name}{i}", "tokens": 5}
                for i in range(len(logits))]
        described[name] = {"path": f"{name}.csv", "in_all": len(rows), "rows": rows}
    save_file(tensors, folder / "predictions.safetensors")
    (folder / "predictions.json").write_text(json.dumps({
        "format": 1, "task": "text-classification", "outcome": outcome, "labels": labels or [],
        "width": logits.shape[1], "unit": "row", "sets": described}))
    (folder / "bertune.json").write_text("{}")


def draw(random: np.random.Generator, rows: int, classes: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    logits = random.normal(size=(rows, classes)) * 1.5
    truth = np.array([random.choice(classes, p=p) for p in softmax(logits, axis=1)])
    return (logits * scale).astype(np.float32), truth


def asked(program: pathlib.Path, *arguments: object) -> dict:
    return json.loads(subprocess.run([program, *map(str, arguments), "--json"], check=True, capture_output=True).stdout)


def calibration(program: pathlib.Path, random: np.random.Generator, work: pathlib.Path) -> None:
    for rows, classes, scale in (200, 2, 0.6), (800, 5, 1.8), (3000, 30, 3.0):
        folder = work / f"calibration{rows}"
        logits, truth = draw(random, rows, classes, scale)
        write_table(folder, {"validation": (logits, truth)}, labels=[str(i) for i in range(classes)])
        ours = asked(program, "calibrate", "--model", folder)
        wide = logits.astype(np.float64)

        def loss(log_t: float) -> float:
            return -log_softmax(wide / np.exp(log_t), axis=1)[np.arange(rows), truth].mean()

        best = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-10})
        check(f"temperature, {rows} rows", ours["temperature"], float(np.exp(best.x)), 1e-3)
        check("  loss after", ours["nll_after"], best.fun, 1e-9)
        check("  loss before", ours["nll_before"], log_loss(truth, softmax(wide, axis=1), labels=range(classes)), 1e-9)
        probabilities = softmax(wide / ours["temperature"], axis=1)
        confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
        # Claims above .5 and not: torchmetrics' binary error bins the probability that it is given.
        theirs = binary_calibration_error(torch.tensor(confidence), torch.tensor(right.astype(int)), n_bins=15, norm="l1")
        check("  expected calibration error", ours["ece_after"], float(theirs), 1e-6)
        edges = np.linspace(0, 1, 16)
        simulated = []
        for _ in range(400):
            drawn = random.random(rows) < confidence
            bins = np.clip(np.digitize(confidence, edges) - 1, 0, 14)
            simulated.append(sum(abs(drawn[bins == b].sum() - confidence[bins == b].sum()) for b in range(15)) / rows)
        check("  expected error of a perfect model", ours["ece_expected"], float(np.mean(simulated)), 0.003)
        for line in ours["abstentions"]:
            k, n = line["right"], line["answered"]
            check(f"  bound of {k} of {n}", line["accuracy_at_least"], float(beta.ppf(0.05, k, n - k + 1)) if k else 0, 1e-9)


def comparison(program: pathlib.Path, random: np.random.Generator, work: pathlib.Path) -> None:
    folders, predictions = [], []
    truth = random.integers(0, 3, 300)
    for name, quality in ("a", 1.0), ("b", 1.4), ("c", 1.8):
        logits = random.normal(size=(300, 3)).astype(np.float32)
        logits[np.arange(300), truth] += quality
        write_table(work / name, {"test": (logits, truth)}, labels=["x", "y", "z"])
        folders.append(work / name)
        predictions.append(logits.argmax(1))
    result = asked(program, "compare", *folders)
    p_values = []
    for pair, (i, j) in zip(result["comparisons"], ((0, 1), (0, 2), (1, 2))):
        one, other = predictions[i] == truth, predictions[j] == truth
        b, c = int((one & ~other).sum()), int((~one & other).sum())
        check(f"rows that one alone gets right, {i} {j}", pair["only_first"] * 1000 + pair["only_second"], b * 1000 + c, 0)
        check("  exact p of McNemar", pair["p_value_exact"], mcnemar([[0, b], [c, 0]], exact=True).pvalue, 1e-12)
        difference = other.astype(float) - one.astype(float)
        draws = difference[random.integers(0, 300, (4000, 300))].mean(1)
        for place, quantile in enumerate((2.5, 97.5)):
            check(f"  interval at {quantile} %", pair["interval"][place], float(np.percentile(draws, quantile)), 0.008)
        p_values.append(pair["p_value"])
    adjusted = multipletests(p_values, method="holm")[1]
    for pair, value in zip(result["comparisons"], adjusted):
        check("Holm", pair["p_value_holm"], float(value), 1e-12)
    macro = asked(program, "compare", *folders[:2], "--metric", "f1_macro")["comparisons"][0]
    check("macro F1", macro["second_value"], f1_score(truth, predictions[1], average="macro"), 1e-12)


def groups(program: pathlib.Path, random: np.random.Generator, work: pathlib.Path) -> None:
    """Runs of several seeds on each side: the difference of their means, its interval and p, by numpy and scipy."""
    for first, second, rows in (2, 3, 150), (5, 5, 400):
        difficulty, sides, folders = random.normal(1, 2, rows), [], []
        for name, seeds, better in ("first", first, 0.0), ("second", second, 0.4):
            sides.append(seed_groups.draw(random, seeds, difficulty + better, 0.3))
            folders.append(work / f"{name}{rows}")
            for seed, right in enumerate(sides[-1], 42):
                said = np.where(right == 1, 1, -1)[:, None] * np.array([[-1, 1]])  # the right class is always 1
                write_table(folders[-1] / f"seed-{seed}", {"test": (said, np.ones(rows))}, labels=["a", "b"])
            (folders[-1] / "seeds.json").write_text(json.dumps({"seeds": list(range(42, 42 + seeds))}))
        ours = asked(program, "compare", *folders)["comparisons"][0]
        value, error, degrees = seed_groups.difference(*sides)
        what = f"{first} seeds against {second}"
        check(f"{what}: difference", ours["difference"], value, 1e-12)
        check("  p", ours["p_value"], 2 * student.sf(abs(value) / error, degrees), 1e-6)
        check("  interval", ours["interval"][0], value - student.ppf(0.975, degrees) * error, 1e-6)


def numbers(program: pathlib.Path, random: np.random.Generator, work: pathlib.Path) -> None:
    truth = random.normal(size=(150, 1))
    for name, noise in ("n1", 0.5), ("n2", 0.3):
        write_table(work / name, {"test": (truth + noise * random.normal(size=(150, 1)), truth)}, "numbers")
    said = truth  # read again below, rounded as the file has it
    report = asked(program, "report", work / "n2")
    values = {one["name"]: one["value"] for one in report["metrics"]}
    from safetensors.numpy import load_file
    stored = load_file(work / "n2/predictions.safetensors")
    said, right = stored["test.logits"][:, 0].astype(float), stored["test.truth"][:, 0].astype(float)
    check("mean absolute error", values["mae"], float(np.abs(said - right).mean()), 1e-12)
    check("Pearson", values["pearson"], float(pearsonr(said, right)[0]), 1e-9)


def intervals(program: pathlib.Path, random: np.random.Generator, work: pathlib.Path) -> None:
    logits, truth = draw(random, 250, 3, 1)
    write_table(work / "wilson", {"test": (logits, truth)}, labels=["x", "y", "z"])
    head = asked(program, "report", work / "wilson")["headline"]
    low, high = proportion_confint(head["right"], head["of"], method="wilson")
    check("Wilson, low", head["interval"][0], low, 1e-12)
    check("Wilson, high", head["interval"][1], high, 1e-12)


def events(program: pathlib.Path, _random: np.random.Generator, work: pathlib.Path) -> None:
    """TensorBoard reads every number of the log, under the names that the Trainer gives them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    root = pathlib.Path(__file__).resolve().parents[2] / "examples"
    tickets = root / "support_tickets"
    subprocess.run([program, "train", "--model", root / "models/small-bert", "--train", tickets / "train.csv", "--validation",
                    tickets / "validation.csv", "--test", tickets / "test.csv", "--output", work / "run", "--max-train-rows",
                    "96", "--epochs", "2", "--report-to", "tensorboard", "--silent"], check=True, stdout=subprocess.DEVNULL)
    folder, = (work / "run/runs").iterdir()
    read = EventAccumulator(str(folder)).Reload()
    scalars = {tag: {event.step: event.value for event in read.Scalars(tag)} for tag in read.Tags()["scalars"]}
    state = json.loads((work / "run/trainer_state.json").read_text())
    wanted = {}
    for row in state["log_history"]:
        for key, value in row.items():
            tag = f"eval/{key[5:]}" if key.startswith("eval_") else f"train/{key}"
            if isinstance(value, (int, float)) and key != "step":
                wanted.setdefault(tag, {})[row["step"]] = value
    largest = max(abs(scalars[tag][step] - value) / max(1, abs(value))
                  for tag, values in wanted.items() for step, value in values.items())
    check(f"{sum(map(len, wanted.values()))} logged numbers, largest difference", largest, 0, 1e-6)
    results = json.loads((work / "run/all_results.json").read_text())
    check("test accuracy", list(scalars["test/accuracy"].values())[0], results["test_accuracy"], 1e-6)
    check("texts", len(read.Tags()["tensors"]), 2, 0)


def folded(program: pathlib.Path, _random: np.random.Generator, work: pathlib.Path) -> None:
    """Transformers gives the calibrated scores of a model whose temperature is folded into its weights."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    model, texts = work / "run", ["Where is my parcel?", "The grinder makes a terrible noise.", "Cancel my box."]

    def predicted() -> np.ndarray:
        lines = subprocess.run([program, "predict", "--model", model, "--silent"], input="\n".join(texts) + "\n", check=True,
                               capture_output=True, text=True).stdout.splitlines()
        return np.array([list(json.loads(line)["scores"].values()) for line in lines])

    before = predicted()
    temperature = asked(program, "calibrate", "--model", model)["temperature"]
    calibrated = predicted()
    scaled = softmax(np.log(before) / temperature, axis=1)
    check("scores after calibration, largest difference", float(np.abs(calibrated - scaled).max()), 0, 1e-5)
    asked(program, "calibrate", "--model", model, "--fold-calibration")
    network, tokenizer = AutoModelForSequenceClassification.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    with torch.no_grad():
        theirs = torch.softmax(network(**tokenizer(texts, padding=True, return_tensors="pt")).logits, dim=1).numpy()
    check("scores of Transformers, largest difference", float(np.abs(theirs - calibrated).max()), 0, 1e-6)
    check("labels that changed", int((before.argmax(1) != calibrated.argmax(1)).sum()), 0, 0)


def baselines(program: pathlib.Path, random: np.random.Generator, work: pathlib.Path) -> None:
    """The linear models of TF-IDF beside scikit-learn's, on made-up texts."""
    rows, held = 1200, 400
    words = np.array([f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in "ckmnrst"])
    chances = 1 / np.arange(1, len(words) + 1)
    drawn = [random.choice(words, random.integers(4, 25), p=chances / chances.sum()) for _ in range(rows + held)]
    texts = [" ".join(one) for one in drawn]
    leaning = random.normal(size=(len(words), 5))
    number = {word: i for i, word in enumerate(words)}
    said = np.array([leaning[[number[word] for word in one]].sum(axis=0) for one in drawn])
    said += random.normal(size=said.shape)
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    known = vectors.fit_transform(texts[:rows])
    asked_rows = vectors.transform(texts[rows:])

    def ours(labels: list, *more: str) -> dict[str, float]:
        for name, part in ("baseline_train.csv", slice(rows)), ("baseline_test.csv", slice(rows, None)):
            lines = [f"{text},{label}" for text, label in zip(texts[part], labels[part])]
            (work / name).write_text("\n".join(["text,label", *lines]) + "\n")
        found = asked(program, "baseline", work / "baseline_train.csv", "--test", work / "baseline_test.csv", *more)
        return found["baselines"][1]["values"]

    for classes in 2, 5:
        labels = said[:, :classes].argmax(axis=1)
        model = LogisticRegression(C=10, tol=1e-6, max_iter=2000).fit(known, labels[:rows])
        values = ours([f"class{label}" for label in labels])
        check(f"TF-IDF, {classes} classes: accuracy", values["accuracy"], model.score(asked_rows, labels[rows:]), 0.005)
        check("  loss", values["loss"], log_loss(labels[rows:], model.predict_proba(asked_rows)), 0.003)
    has = (said > 1).astype(int)
    several = ["|".join(f"l{i}" for i in np.flatnonzero(row)) or "none" for row in has]
    has = np.column_stack([has, has.sum(axis=1) == 0]).astype(int)
    predicted = np.stack([LogisticRegression(C=10, tol=1e-6, max_iter=2000).fit(known, column[:rows]).predict(asked_rows)
                          for column in has.T], axis=1)
    values = ours(several, "--problem-type", "multi_label_classification")
    check("TF-IDF, several labels: micro F1", values["f1_micro"], f1_score(has[rows:], predicted, average="micro"), 0.005)
    ridge = Ridge(alpha=0.5, solver="lsqr", tol=1e-9).fit(known, said[:rows, 0])
    error = float(np.mean((ridge.predict(asked_rows) - said[rows:, 0]) ** 2))
    values = ours(list(said[:, 0]), "--problem-type", "regression")
    check("TF-IDF, numbers: squared error", values["mse"], error, 0.003 * error)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as work:
        for part in calibration, comparison, groups, numbers, intervals, events, folded, baselines:
            part(arguments.program.resolve(), random, pathlib.Path(work))
    print(f"{len(FAILED)} differ")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
