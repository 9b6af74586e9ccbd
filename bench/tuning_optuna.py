"""Optuna with the Transformers Trainer on a file of labeled texts, for tuning.py: prints what was found as JSON.

The settings are those that `bertune tune` searches; trials are judged on the same validation rows after each epoch, and
pruned by successive halving. Seconds count from the first trial to the last answer for the test rows.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import time

import numpy
import optuna
import torch
from datasets import Dataset
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer,
                          TrainerCallback, TrainingArguments, set_seed)


def read(path: str) -> tuple[list[str], list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


class Judge(TrainerCallback):
    """Tells Optuna each epoch's accuracy, and ends a trial that is pruned or too late."""

    def __init__(self, trial: optuna.Trial, end: float):
        self.trial, self.end, self.best, self.pruned = trial, end, 0.0, False

    def on_evaluate(self, args, state, control, metrics, **_):
        self.best = max(self.best, metrics["eval_accuracy"])
        self.trial.report(metrics["eval_accuracy"], int(state.epoch))
        self.pruned = self.trial.should_prune()
        control.should_training_stop |= self.pruned

    def on_step_end(self, args, state, control, **_):
        control.should_training_stop |= time.monotonic() > self.end


def main() -> None:
    folder, train, validation, test, rate, budget = sys.argv[1:]
    begin = time.monotonic()
    end = begin + float(budget)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    names = sorted(set(read(train)[1]))

    def encoded(path: str) -> Dataset:
        texts, labels = read(path)
        known = [(text, names.index(label)) for text, label in zip(texts, labels, strict=True) if label in names]
        return Dataset.from_dict({**tokenizer([text for text, _ in known], truncation=True, max_length=128),
                                  "label": [label for _, label in known]})

    sets = [encoded(path) for path in (train, validation, test)]
    best = {"accuracy": -1.0}

    def trainer_of(trial: optuna.Trial, output: str, callbacks: list) -> Trainer:
        seed = trial.suggest_categorical("seed", [42, 43, 44, 45, 46])
        settings = TrainingArguments(
            output_dir=output, report_to="none", disable_tqdm=True, save_strategy="no", eval_strategy="epoch",
            logging_strategy="no", use_cpu=True, seed=seed, per_device_train_batch_size=32,
            per_device_eval_batch_size=64, weight_decay=0.01,
            learning_rate=trial.suggest_categorical("rate", [float(rate) * factor for factor in (0.2, 0.4, 0.6, 1, 1.6)]),
            num_train_epochs=trial.suggest_categorical("epochs", [2, 3, 4, 8]),
            warmup_steps=trial.suggest_categorical("warmup", [0.06, 0.1]))  # shares of the steps
        set_seed(seed)
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names))
        return Trainer(
            model=model, args=settings, train_dataset=sets[0], eval_dataset=sets[1],
            data_collator=DataCollatorWithPadding(tokenizer), callbacks=callbacks,
            compute_metrics=lambda told: {"accuracy": float(numpy.mean(told.predictions.argmax(-1) == told.label_ids))})

    def objective(trial: optuna.Trial) -> float:
        judge = Judge(trial, end)
        with tempfile.TemporaryDirectory() as output:
            trainer = trainer_of(trial, output, [judge])
            trainer.train()
            if judge.pruned:
                raise optuna.TrialPruned
            reached = trainer.evaluate()["eval_accuracy"]
            if reached > best["accuracy"]:
                told = trainer.predict(sets[2])
                best.update(accuracy=reached, test=told.metrics["test_accuracy"], settings=trial.params)
        return reached

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=42),
                                pruner=optuna.pruners.SuccessiveHalvingPruner())
    study.optimize(objective, timeout=float(budget))
    print(json.dumps({"accuracy": best.get("test", 0.0), "validation": best["accuracy"], "trials": len(study.trials),
                      "settings": best.get("settings"), "seconds": time.monotonic() - begin}))


if __name__ == "__main__":
    main()
