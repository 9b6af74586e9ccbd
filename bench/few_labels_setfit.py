"""SetFit on a file of labeled texts, for few_labels.py: prints accuracy and the seconds of training as JSON."""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import time

import torch
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

STEPS = 100


def read(path: str) -> tuple[list[str], list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def main() -> None:
    folder, train, test = sys.argv[1:]
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    texts, labels = read(train)
    names = sorted(set(labels))
    ids = [names.index(label) for label in labels]
    model = SetFitModel.from_pretrained(folder, labels=names)
    with tempfile.TemporaryDirectory() as output:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(output_dir=output, batch_size=16, max_steps=STEPS, report_to="none", seed=42,
                                   save_strategy="no", show_progress_bar=False),
            train_dataset=Dataset.from_dict({"text": texts, "label": ids}),
        )
        begin, cpu_begin = time.monotonic(), time.process_time()
        trainer.train()
        seconds, cpu = time.monotonic() - begin, time.process_time() - cpu_begin
    asked, right = read(test)
    predicted = model.predict(asked)
    hits = sum(str(one) == other for one, other in zip(predicted, right, strict=True))
    print(json.dumps({"accuracy": hits / len(right), "seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    main()
