#!/usr/bin/env python3
"""BertuneClassifier in scikit-learn: test_sklearn.py MODELS-FOLDER. Skipped without scikit-learn."""

import pathlib
import pickle
import sys
import tempfile
import unittest

try:
    import numpy as np
    import sklearn
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.utils import estimator_checks

    from bertune.sklearn import BertuneClassifier
except ImportError:
    sklearn = None
import bertune
from tiny_rows import rows

MODELS = pathlib.Path()
TEXTS = [text for text, _ in rows(48)]
LABELS = [label for _, label in rows(48)]


def classifier(**more):
    return BertuneClassifier(MODELS / "masks", **{"epochs": 3, "learning_rate": 5e-3, "batch_size": 8, **more})


@unittest.skipIf(sklearn is None, "scikit-learn is not here")
class Classifier(unittest.TestCase):
    def test_learns_and_answers_in_the_order_of_its_classes(self):
        fitted = classifier(epochs=8).fit(TEXTS, LABELS)
        self.assertEqual(list(fitted.classes_), ["negative", "positive"])
        probabilities = fitted.predict_proba(TEXTS)
        self.assertEqual(probabilities.shape, (48, 2))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
        predicted = fitted.predict(TEXTS)
        self.assertTrue((fitted.classes_[probabilities.argmax(axis=1)] == predicted).all())
        self.assertGreater(fitted.score(TEXTS, LABELS), 0.9)

    def test_classes_keep_their_type_and_texts_may_be_pairs(self):
        numbers = np.array([10 if label == "positive" else 9 for label in LABELS])
        fitted = classifier(epochs=8).fit(np.array(TEXTS), numbers)
        self.assertEqual(fitted.predict(TEXTS[:3]).dtype, numbers.dtype)
        self.assertGreater((fitted.predict(TEXTS) == numbers).mean(), 0.9)
        pairs = [("the", text) for text in TEXTS]
        self.assertEqual(classifier(epochs=1).fit(pairs, LABELS).predict_proba(pairs[:5]).shape, (5, 2))
        self.assertEqual(classifier(epochs=1).fit([[text] for text in TEXTS], LABELS).predict([["good"]]).shape, (1,))

    def test_trains_as_bertune_train_does(self):
        with tempfile.TemporaryDirectory() as folder:
            fitted = classifier(output=folder + "/model", options={"optimizer": "lamb"}).fit(TEXTS, LABELS)
            self.assertEqual(fitted.result_["steps"], 18)
            answers = bertune.load(folder + "/model")(TEXTS[:4])
            self.assertEqual([answer["label"] for answer in answers], list(fitted.predict(TEXTS[:4])))

    def test_pickles_and_clones(self):
        fitted = classifier().fit(TEXTS, LABELS)
        again = pickle.loads(pickle.dumps(fitted))
        expected = fitted.predict_proba(TEXTS)
        del fitted
        np.testing.assert_array_equal(again.predict_proba(TEXTS), expected)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).predict_proba(TEXTS), expected)
        fresh = clone(again)
        self.assertEqual(fresh.get_params(), again.get_params())
        with self.assertRaises(NotFittedError):
            fresh.predict(TEXTS)

    def test_cross_validation_grids_and_pipelines(self):
        self.assertEqual(len(cross_val_score(classifier(epochs=1), TEXTS, LABELS, cv=2)), 2)
        search = GridSearchCV(classifier(epochs=1), {"learning_rate": [1e-6, 5e-3]}, cv=2, scoring="neg_log_loss")
        search.fit(np.array(TEXTS), LABELS)
        self.assertEqual(search.best_params_, {"learning_rate": 5e-3})
        upper = FunctionTransformer(lambda texts: [text.upper() for text in texts])
        self.assertEqual(len(make_pipeline(upper, classifier(epochs=1)).fit(TEXTS, LABELS).predict(TEXTS[:2])), 2)

    def test_checks_of_scikit_learn_that_need_no_numbers(self):
        for name in ("check_estimator_cloneable", "check_estimator_repr", "check_no_attributes_set_in_init",
                     "check_get_params_invariance", "check_set_params", "check_dont_overwrite_attributes",
                     "check_do_not_raise_errors_in_init_or_set_param", "check_parameters_default_constructible",
                     "check_estimator_tags_renamed", "check_valid_tag_types", "check_mixin_order"):
            check = getattr(estimator_checks, name, None)
            if check is None or name == "check_dont_overwrite_attributes":  # which fits numbers
                continue
            with self.subTest(name):
                check("BertuneClassifier", BertuneClassifier("no/such-model"))

    def test_refuses_what_it_cannot_learn(self):
        for texts, labels in (("a text", ["a"]), ([1, 2], ["a", "b"]), (["a", "b"], [1]), (["a", "b"], [[1], [2]])):
            with self.subTest(texts), self.assertRaises(ValueError):
                classifier().fit(texts, labels)
        with self.assertRaises(bertune.UsageError) as caught:
            classifier(options={"epoch": 3}).fit(TEXTS, LABELS)
        self.assertEqual(caught.exception.option, "epoch")


if __name__ == "__main__":
    MODELS = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
