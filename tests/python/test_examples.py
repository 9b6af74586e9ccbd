#!/usr/bin/env python3
"""The examples with Spark and Ray, on this machine: test_examples.py MODELS-FOLDER. Skipped without the two."""

import csv
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import bertune
from tiny_rows import write_rows

MODELS = pathlib.Path()
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Examples(unittest.TestCase):
    def predicted(self, example):
        model = MODELS / "classes"
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write_rows(folder / "rows.csv", 20)
            settings = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
                        "RAY_USAGE_STATS_ENABLED": "0"}
            subprocess.run([sys.executable, EXAMPLES / example, model, folder / "rows.csv", folder / "out"], check=True,
                           env=settings, timeout=300)
            rows = []
            for path in sorted((folder / "out").glob("*.csv")):
                with open(path, newline="") as file:
                    rows += list(csv.DictReader(file))
        expected = bertune.load(model)
        self.assertEqual(len(rows), 20)
        for row in rows:
            answer = expected(row["text"])
            self.assertEqual(row["label"], answer["label"])
            self.assertAlmostEqual(float(row["score"]), answer["score"], places=5)

    @unittest.skipUnless(importlib.util.find_spec("pyspark") and shutil.which("java"), "Spark or Java is not here")
    def test_spark(self):
        self.predicted("spark_predict.py")

    @unittest.skipUnless(importlib.util.find_spec("ray"), "Ray is not here")
    def test_ray(self):
        self.predicted("ray_predict.py")


if __name__ == "__main__":
    MODELS = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
