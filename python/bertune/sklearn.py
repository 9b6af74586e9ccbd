"""BERT as a classifier of scikit-learn: fit, predict, predict_proba; in pipelines, cross-validation and grids."""

import json
import os
import pathlib
import shutil
import tempfile
import weakref
from typing import Any, Dict, List, Optional

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_consistent_length

import bertune


def _rows(X: Any) -> List[Any]:
    """Texts, or pairs of texts, of a list, an array, a column or a frame."""
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if isinstance(X, str):
        raise ValueError("X is one text; give a list of texts")
    rows = []
    for row in X:
        if isinstance(row, (list, tuple, np.ndarray)):
            row = tuple(map(str, row))
            row = row[0] if len(row) == 1 else row
        if not isinstance(row, str) and not (isinstance(row, tuple) and len(row) == 2):
            raise ValueError(f"X must hold texts, or pairs of texts, not {type(row).__name__}")
        rows.append(str(row) if isinstance(row, str) else row)
    return rows


class BertuneClassifier(ClassifierMixin, BaseEstimator):
    """Fine-tunes a model on texts and their classes.

    model: a folder, or a name on the Hugging Face Hub. epochs, learning_rate, batch_size, max_length and seed are
    those of bertune.train(), and so are the names of `options`, a dict for all others. output: where the model is
    written; None: to a temporary folder, that lives as long as the classifier. on_event is passed on.

    No rows are held out, unless `options` ask for it: scikit-learn has its own ways to do so.
    """

    def __init__(
        self,
        model: Any = "bert-base-uncased",
        *,
        epochs: float = 3,
        learning_rate: float = 5e-5,
        batch_size: int = 32,
        max_length: Optional[int] = None,
        seed: int = 42,
        output: Any = None,
        options: Optional[Dict[str, Any]] = None,
        on_event: Any = None,
    ):
        self.model = model
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_length = max_length
        self.seed = seed
        self.output = output
        self.options = options
        self.on_event = on_event

    def fit(self, X: Any, y: Any) -> "BertuneClassifier":
        rows, labels = _rows(X), np.asarray(y)
        check_consistent_length(rows, labels)
        if labels.ndim != 1:
            raise ValueError("y must hold one class for each text")
        classes = np.unique(labels)
        names = [str(one).strip() for one in classes.tolist()]
        if len(set(names)) != len(names):
            raise ValueError("two classes have the same text")
        folder = self._new_folder()
        data = pathlib.Path(folder) / "train.jsonl"
        with data.open("w", encoding="utf-8") as file:
            for row, label in zip(rows, labels.tolist()):
                first, second = row if isinstance(row, tuple) else (row, None)
                pair = {} if second is None else {"text_pair": second}
                file.write(json.dumps({"text": first, **pair, "label": str(label)}) + "\n")
        has_pairs = bool(rows) and isinstance(rows[0], tuple)
        settings: Dict[str, Any] = {
            "task": "text-classification",
            "problem_type": "single_label_classification",
            "validation_split": 0,
            "overwrite": self.output is not None,
            **(self.options or {}),
        }
        output = os.fspath(self.output) if self.output is not None else os.path.join(folder, "model")
        self.result_ = bertune.train(
            model=self.model,
            train=data,
            output=output,
            text_column="text",
            text_pair_column="text_pair" if has_pairs else None,
            label_column="label",
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_length=self.max_length,
            seed=self.seed,
            on_event=self.on_event,
            **settings,
        )
        self.classes_ = classes
        self._keep(output)
        return self

    def _new_folder(self) -> str:
        folder = tempfile.mkdtemp(prefix="bertune-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _keep(self, output: str) -> None:
        self._output = output
        self._model = bertune.load(output)
        # A model that was trained before may know more classes.
        self._columns = np.array([self._model.labels.index(str(one).strip()) for one in self.classes_.tolist()])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, [texts, classes], in the order of classes_."""
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("this BertuneClassifier is not fitted yet; call fit() first")
        scores = self._model.scores(_rows(X)).reshape(-1, len(self._model.labels))[:, self._columns]
        if len(self._columns) == len(self._model.labels):
            return scores
        return scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-300)

    def predict(self, X: Any) -> Any:
        """The most probable class of each text."""
        scores = self.predict_proba(X)
        return self.classes_[scores.argmax(axis=1)]

    def __getstate__(self) -> Dict[str, Any]:
        state = dict(super().__getstate__())
        if self.__sklearn_is_fitted__():
            files = [path for path in pathlib.Path(self._output).iterdir() if path.is_file()]
            state["_files"] = {path.name: path.read_bytes() for path in files if not path.name.startswith(".")}
            for name in ("_output", "_model", "_columns"):
                del state[name]
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        state = dict(state)
        files = state.pop("_files", None)
        super().__setstate__(state)
        if files is None:
            return
        folder = self._new_folder()
        for name, data in files.items():
            (pathlib.Path(folder) / name).write_bytes(data)
        self._keep(folder)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _more_tags(self) -> Dict[str, Any]:  # scikit-learn before 1.6
        return {"X_types": ["string"], "no_validation": True}
