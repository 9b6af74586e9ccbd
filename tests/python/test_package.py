#!/usr/bin/env python3
"""The Python package, with tiny models of every head: needs the standard library alone.

    BERTUNE_LIBRARY=build/libbertune_c.so BERTUNE_PROGRAM=build/bertune PYTHONPATH=python \
        tests/python/test_package.py MODELS-FOLDER
"""

import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import bertune
from tiny_rows import write_rows

MODELS = pathlib.Path()
def program(*arguments, text="", **more):
    return subprocess.run([sys.executable, "-m", "bertune", *arguments], input=text, capture_output=True, text=True,
                          check=True, **more).stdout


class Predicting(unittest.TestCase):
    def test_every_head_answers_as_the_program(self):
        inputs = {
            "classes": "the film was good", "several_labels": "the film was good", "number": "the film was good",
            "entities": "the film was good", "tags": "the film was good",
            "answers": {"question": "was it good", "context": "the film was good"},
            "choices": {"question": "was it", "choices": ["good", "bad"]},
        }
        for head, given in inputs.items():
            with self.subTest(head):
                answer = bertune.load(MODELS / head)(given)
                line = given if isinstance(given, str) else json.dumps(given)
                expected = json.loads(program("predict", "--silent", "--model", str(MODELS / head), text=line + "\n"))
                self.assertEqual(answer, {name: expected[name] for name in answer})

    def test_heads_that_the_program_has_commands_for(self):
        words = bertune.load(MODELS / "masks", top=3)("the [MASK] was good")["masks"]
        self.assertEqual([len(guesses) for guesses in words], [3])
        self.assertIn("is_next", bertune.load(MODELS / "next_sentence")("the film", "was good"))
        model = bertune.load(MODELS / "embeddings")
        vectors = model.embed(["the film", "good food"])
        self.assertEqual([len(vector) for vector in vectors], [32, 32])
        self.assertAlmostEqual(sum(x * x for x in vectors[0]), 1, places=5)
        self.assertEqual(list(model.embed("the film")), list(vectors[0]))
        pair = model("the film", "good food")
        self.assertAlmostEqual(pair["score"], sum(x * y for x, y in zip(*vectors)), places=5)

    def test_batches(self):
        model = bertune.load(MODELS / "classes")
        texts = ["the film was good", "bad", "", "food \ud800 \0"] * 3
        all_at_once = model(texts)
        self.assertEqual(len(all_at_once), 12)
        for text, answer in zip(texts, all_at_once):
            self.assertEqual(model(text)["label"], answer["label"])
        self.assertEqual(model(iter(texts[:2])), all_at_once[:2])
        self.assertEqual(model([]), [])
        scores = model.scores(texts[:2])
        self.assertEqual(list(scores[0]), [all_at_once[0]["scores"][label] for label in model.labels])
        self.assertEqual(bertune.load(MODELS / "entities")({"words": ["the", "film"]})["tokens"], ["the", "film"])

    def test_errors_name_the_option(self):
        with self.assertRaises(bertune.UsageError) as caught:
            bertune.load(MODELS / "classes", batch_sise=3)
        self.assertEqual(caught.exception.option, "batch_sise")
        self.assertIn("batch", str(caught.exception))
        self.assertIsInstance(caught.exception, ValueError)
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((str(again), again.option), (str(caught.exception), "batch_sise"))
        with self.assertRaisesRegex(bertune.Error, "nowhere"):
            bertune.load("./nowhere/at-all")
        model = bertune.load(MODELS / "classes")
        with self.assertRaises(bertune.UsageError):
            model({"txt": "a"})
        with self.assertRaises(TypeError):
            model([3])
        with self.assertRaises(bertune.UsageError):
            model.embed(["a"])

    def test_a_text_is_no_list_of_texts(self):
        model = bertune.load(MODELS / "entities")
        for ask in (lambda: model({"words": "hello"}), lambda: model(words="hello"), lambda: model.predict("hello"),
                    lambda: model.tokenizer.encode("hello"),
                    lambda: bertune.load(MODELS / "choices")({"question": "was it", "choices": "good"})):
            with self.assertRaisesRegex(TypeError, "are a list, not a str"):
                ask()
        self.assertEqual(model({"words": ("the", "film")})["tokens"], ["the", "film"])

    def test_ids_are_numbers_of_the_vocabulary(self):
        tokenizer = bertune.load_tokenizer(MODELS / "classes")
        ids = tokenizer("the films")["input_ids"]
        self.assertEqual(tokenizer.decode(iter(ids)), "the films")
        for wrong in (2**32 + ids[1], 2**31, -1, 10**30):  # which C would wrap
            with self.assertRaisesRegex(bertune.UsageError, str(wrong)):
                tokenizer.decode([ids[1], wrong])
        for wrong, kind in ((1.0, "float"), ("1", "str"), (None, "NoneType")):
            with self.assertRaisesRegex(TypeError, f"an id is an int, not {kind}"):
                tokenizer.decode([wrong])
        with self.assertRaisesRegex(TypeError, "ids are a list, not a str"):
            tokenizer.decode("the")

    def test_threads_children_and_pickles_have_the_model_too(self):
        model = bertune.load(MODELS / "classes")
        expected = model("the film was good")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(model, ["the film was good"] * 20)), [expected] * 20)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.assertEqual(pool.map(model, ["the film was good"] * 4, chunksize=1), [expected] * 4)
        self.assertEqual(pickle.loads(pickle.dumps(model))("the film was good"), expected)

    def test_tokens(self):
        tokenizer = bertune.load_tokenizer(MODELS / "classes")
        encoding = tokenizer("the films")
        self.assertEqual(encoding["tokens"], ["[CLS]", "the", "film", "##s", "[SEP]"])
        self.assertEqual(encoding["offsets"], [(0, 0), (0, 3), (4, 8), (8, 9), (0, 0)])
        lines = program("tokenize", "--model", str(MODELS / "classes"), text="the films\n")
        self.assertEqual(json.loads(lines), encoding["input_ids"])
        self.assertEqual(tokenizer.decode(encoding["input_ids"]), "the films")
        self.assertEqual(tokenizer("the", "film")["token_type_ids"], [0, 0, 0, 1, 1])
        self.assertEqual(len(tokenizer("the films", max_length=3)["tokens"]), 3)
        self.assertEqual(bertune.load(MODELS / "classes").tokenizer("the films"), encoding)


class Training(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        write_rows(self.folder / "train.csv", 96)
        write_rows(self.folder / "test.csv", 32)
        self.options = dict(model=MODELS / "masks", train=self.folder / "train.csv", test=self.folder / "test.csv",
                            output=self.folder / "out", learning_rate=5e-3, batch_size=16, epochs=2)

    def weights(self, name="out"):
        return (self.folder / name / "model.safetensors").read_bytes()

    def test_trains_to_the_bytes_of_the_program(self):
        done = bertune.train(**self.options, optim_args={"eps": 1e-7}, freeze=["*embeddings*"], validation=None)
        self.assertGreaterEqual(done["test"]["accuracy"], 0.5)
        self.assertEqual(done["steps"], 12)
        of_python = self.weights()
        program("train", "--model", str(MODELS / "masks"), "--train", str(self.folder / "train.csv"), "--test",
                str(self.folder / "test.csv"), "--output", str(self.folder / "out"), "--learning-rate", "5e-3",
                "--batch-size", "16", "--epochs", "2", "--optim-args", "eps=1e-7",
                "--freeze", "*embeddings*", "--overwrite", "--silent")
        self.assertEqual(of_python, self.weights())
        self.assertIn("label", bertune.load(done["folder"])("the film was good"))

    def test_stops_where_the_callback_asks_and_continues(self):
        bertune.train(**{**self.options, "output": self.folder / "whole"})
        with self.assertRaises(bertune.Interrupted):
            bertune.train(**self.options, on_event=lambda event: event.get("step") == 4)
        with self.assertRaises(ZeroDivisionError):
            bertune.train(**self.options, resume=True, on_event=lambda event: event.get("step") == 7 and 1 // 0)
        events = []
        bertune.train(**self.options, resume=True, on_event=events.append)
        self.assertEqual([event["step"] for event in events if event["event"] == "resumed"], [7])
        self.assertEqual(self.weights(), self.weights("whole"))
        with self.assertRaises(bertune.AlreadyDone):
            bertune.train(**self.options, resume=True)

    def test_control_c_saves_a_checkpoint(self):
        def press(event):
            if event.get("step") == 5:
                os.kill(os.getpid(), signal.SIGINT)

        # A shell starts what runs in the background with Ctrl-C ignored.
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        before = signal.default_int_handler
        signal.signal(signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            bertune.train(**self.options, on_event=press)
        self.assertIs(signal.getsignal(signal.SIGINT), before)
        self.assertTrue(list((self.folder / "out").glob("checkpoint-*")))

    def test_other_threads_run_meanwhile(self):
        done = []
        thread = threading.Thread(target=lambda: done.append(bertune.train(**self.options)))
        thread.start()
        turns = 0
        while thread.is_alive():
            turns += 1
        thread.join()
        self.assertEqual(len(done), 1)
        self.assertGreater(turns, 100)

    def test_refuses_by_the_name_of_the_option(self):
        for wrong in ({"epoch": 3}, {"epochs": "three"}, {"learning_rate": -1.0}, {"lora": "perhaps"}, {"quiet": True}):
            with self.subTest(wrong), self.assertRaises(bertune.UsageError) as caught:
                bertune.train(**{**self.options, **wrong})
            self.assertEqual(caught.exception.option, next(iter(wrong)))


if __name__ == "__main__":
    MODELS = pathlib.Path(sys.argv.pop(1))
    unittest.main()
