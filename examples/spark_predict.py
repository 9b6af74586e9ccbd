#!/usr/bin/env python3
"""Predicts a column of texts with Spark: each worker loads the model once, and answers batch after batch.

    examples/spark_predict.py MODEL INPUT.csv OUTPUT-FOLDER
"""

import sys

from pyspark.sql import SparkSession


def predictor(model):
    def predict(batches):
        import bertune

        loaded = bertune.load(model)  # once for all batches of a partition
        for batch in batches:
            answers = loaded.predict(batch["text"])
            batch["label"] = [answer["label"] for answer in answers]
            batch["score"] = [answer["score"] for answer in answers]
            yield batch[["text", "label", "score"]]

    return predict


def main(model, source, output):
    spark = SparkSession.builder.appName("bertune").getOrCreate()
    rows = spark.read.csv(source, header=True).select("text")
    rows.mapInPandas(predictor(model), "text string, label string, score double").write.csv(output, header=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
