#!/usr/bin/env python3
"""Predicts a column of texts with Ray Data: actors hold the model, and answer batch after batch.

    examples/ray_predict.py MODEL INPUT.csv OUTPUT-FOLDER
"""

import sys

import ray


class Predictor:
    def __init__(self, model):
        import bertune

        self.model = bertune.load(model)

    def __call__(self, batch):
        answers = self.model.predict(batch["text"])
        batch["label"] = [answer["label"] for answer in answers]
        batch["score"] = [answer["score"] for answer in answers]
        return batch


def main(model, source, output):
    rows = ray.data.read_csv(source).select_columns(["text"])
    rows.map_batches(Predictor, fn_constructor_args=[model], batch_size=256, concurrency=1).write_csv(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
