"""Trained models that answer, and tokenizers."""

import ctypes
import json
import operator
import os
import weakref
from ctypes import byref, c_float, c_int, c_size_t, c_void_p
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from bertune import _native
from bertune._native import lib

#: A text, a pair of texts, or the parts of an input by name: text, text_pair, words, question, context, choices.
Input = Union[str, Tuple[str, str], Mapping[str, Any]]
Prediction = Dict[str, Any]

# Inputs for one call of the library: between calls, Python answers to Ctrl-C.
AT_A_TIME = 1024


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _parts(value: Input) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple) and len(value) == 2:
        return {"text": value[0], "text_pair": value[1]}
    raise TypeError(f"an input is a str, a tuple of two, or a dict, not {type(value).__name__}")


def _is_one(value: Any) -> bool:
    return isinstance(value, (str, Mapping)) or (
        isinstance(value, tuple) and len(value) == 2 and all(isinstance(text, str) for text in value)
    )


def _several(values: Any, what: str) -> Any:
    """The values, of which a text by itself is no list, for all that Python takes it apart letter by letter."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{what} are a list, not a {type(values).__name__}")
    return values


def _id(value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"an id is an int, not {type(value).__name__}") from None
    if not 0 <= number < 2**31:
        raise _native.UsageError(f"an id is from 0 to the size of the vocabulary, not {number}")
    return number


def _input(value: Input) -> _native.Input:
    given = dict(_parts(value))
    one = _native.Input(struct_size=ctypes.sizeof(_native.Input))
    for name in ("text", "text_pair", "question", "context"):
        setattr(one, name, _native.text_of(given.pop(name, None)))
    for name in ("words", "choices"):
        texts = list(_several(given.pop(name, None) or (), name))
        setattr(one, name, _native.texts_of(texts))
        setattr(one, name[:-1] + "_count", len(texts))
    if given:
        raise _native.UsageError(f"an input has no {', '.join(map(repr, given))}")
    return one


def _chunks(values: Iterable[Any]) -> Iterator[List[Any]]:
    chunk: List[Any] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == AT_A_TIME:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _free_after(owner: Any, free: Any, handle: Optional[int]) -> None:
    # At the end of the process the system frees it: other threads may still be at work then.
    weakref.finalize(owner, free, handle).atexit = False


class Tokenizer:
    """The tokenizer of a model. Any number of threads may use it."""

    def __init__(self, handle: int, owner: Any = None):
        self._handle = handle
        self._owner = owner  # the model that it is part of
        if owner is None:
            _free_after(self, lib.tokenizer_free, handle)

    def encode(self, texts: Sequence[Union[str, Tuple[str, str]]], **options: Any) -> List[Dict[str, Any]]:
        """The tokens of texts, or of pairs: "input_ids", "token_type_ids", "offsets" (code points) and "tokens".

        Options: max_length, no_special_tokens, literal_special.
        """
        parts = [_parts(text) for text in _several(texts, "texts")]
        firsts = _native.texts_of([part["text"] for part in parts])
        pairs = [part.get("text_pair") for part in parts]
        if any(pair is not None for pair in pairs) and any(pair is None for pair in pairs):
            raise _native.UsageError("texts and pairs of texts cannot be mixed")
        seconds = _native.texts_of(pairs) if parts and pairs[0] is not None else None
        result = c_void_p()
        try:
            lib.encode(self._handle, firsts, seconds, len(parts), _native.options_of(options), byref(result))
            return [self._encoding(result, index) for index in range(len(parts))]
        finally:
            lib.encodings_free(result)

    def _encoding(self, encodings: c_void_p, index: int) -> Dict[str, Any]:
        count = c_size_t()
        ids = lib.encoding_ids(encodings, index, byref(count))[: count.value]
        places = lib.encoding_offsets(encodings, index, None)[: 2 * count.value]
        return {
            "input_ids": ids,
            "token_type_ids": lib.encoding_type_ids(encodings, index, None)[: count.value],
            "offsets": list(zip(places[::2], places[1::2])),
            "tokens": [lib.token(self._handle, number).decode() for number in ids],
        }

    def __call__(self, text: str, text_pair: Optional[str] = None, **options: Any) -> Dict[str, Any]:
        """The tokens of one text, or of a pair, as encode() gives them."""
        return self.encode([text if text_pair is None else (text, text_pair)], **options)[0]

    def decode(self, ids: Iterable[int], skip_special_tokens: bool = True) -> str:
        """The text of ids."""
        result = c_void_p()
        numbers = [_id(number) for number in _several(ids, "ids")]
        array = (c_int * max(1, len(numbers)))(*numbers)
        lib.decode(self._handle, array, len(numbers), int(skip_special_tokens), byref(result))
        return _native.take_string(result) or ""


class Model:
    """A trained model. Any number of threads may use it, and so may children of fork(); it can be pickled."""

    def __init__(self, model: Union[str, "os.PathLike[str]"], **options: Any):
        self._made_of = (os.fspath(model), options)
        handle = c_void_p()
        try:
            lib.load(_native.path_of(model), _native.options_of(options), byref(handle))
        except BaseException:  # Ctrl-C, too, which comes when the model is there
            lib.model_free(handle)
            raise
        self._handle = handle.value
        _free_after(self, lib.model_free, self._handle)
        #: "folder", "architecture", "model_type", "labels", "max_length", "hidden_size", "vocab_size"
        self.info: Dict[str, Any] = json.loads(lib.model_info(self._handle).decode())

    def __reduce__(self) -> Any:
        model, options = self._made_of
        return _load, (model, options)

    def __repr__(self) -> str:
        return f"bertune.load({self._made_of[0]!r})"

    @property
    def labels(self) -> List[str]:
        """The names of the classes, labels or tags, by their ids."""
        return list(self.info["labels"])

    @property
    def tokenizer(self) -> Tokenizer:
        return Tokenizer(lib.model_tokenizer(self._handle), self)

    def __call__(self, inputs: Any = None, text_pair: Optional[str] = None, **parts: Any) -> Any:
        """The prediction for an input, a dict as `bertune predict` writes it; a list of them for several inputs.

        An input is a text, a tuple of two texts, or a dict with text, text_pair, words, question, context or
        choices; these may also be given by name.
        """
        if inputs is None or isinstance(inputs, str) and (parts or text_pair is not None):
            one = {"text": inputs, "text_pair": text_pair, **parts}
            inputs = {name: value for name, value in one.items() if value is not None}
        if _is_one(inputs):
            return self.predict([inputs])[0]
        return self.predict(inputs)

    def predict(self, inputs: Iterable[Input]) -> List[Prediction]:
        """The predictions for several inputs, in order."""
        return [
            json.loads(lib.prediction_json(predictions, index).decode())
            for predictions, count in self._predictions(inputs)
            for index in range(count)
        ]

    def scores(self, inputs: Iterable[Input]) -> Any:
        """The scores of all labels for each input, [inputs, labels]: an array of NumPy where there is one."""
        rows = []
        for predictions, count in self._predictions(inputs):
            for index in range(count):
                width = c_size_t()
                row = lib.prediction_scores(predictions, index, byref(width))
                if not row:
                    raise _native.UsageError(f"a {self.info['architecture']} gives no scores of labels")
                rows.append(row[: width.value])
        numpy = _numpy()
        if numpy is None or len({len(row) for row in rows}) > 1:  # of choices
            return rows
        return numpy.array(rows).reshape(len(rows), -1 if rows else len(self.labels))

    def _predictions(self, inputs: Iterable[Input]) -> Iterator[Tuple[c_void_p, int]]:
        for chunk in _chunks(_several(inputs, "inputs")):
            asked = (_native.Input * len(chunk))(*map(_input, chunk))
            result = c_void_p()
            try:
                lib.predict(self._handle, asked, len(chunk), byref(result))
                yield result, len(chunk)
            finally:
                lib.predictions_free(result)

    def embed(self, texts: Union[str, Iterable[str]]) -> Any:
        """The embeddings of texts, [texts, hidden_size], or of one text: an array of NumPy where there is one.

        For a model of sentence embeddings; any other is one with load(..., architecture="BertModel").
        """
        width = self.info["hidden_size"]
        numpy = _numpy()
        parts = []
        for chunk in _chunks([texts] if isinstance(texts, str) else texts):
            result = (c_float * (len(chunk) * width))()
            lib.embed(self._handle, _native.texts_of(chunk), len(chunk), result, len(result))
            if numpy is not None:
                parts.append(numpy.frombuffer(result, dtype=numpy.float32).reshape(len(chunk), width))
            else:
                parts.extend(result[i * width : (i + 1) * width] for i in range(len(chunk)))
        if numpy is not None:
            parts = numpy.concatenate(parts) if parts else numpy.zeros((0, width), numpy.float32)
        return parts[0] if isinstance(texts, str) else parts


def load(model: Union[str, "os.PathLike[str]"], **options: Any) -> Model:
    """Loads a trained model: a folder, or a name on the Hugging Face Hub.

    Options are those of `bertune predict` that concern the model: max_length, batch_size, precision, threshold,
    min_confidence, top, doc_stride, n_best_size, max_answer_length, null_score_diff_threshold, revision, cache_dir,
    token, offline; and architecture, another head than that of config.json.
    """
    return Model(model, **options)


def _load(model: str, options: Dict[str, Any]) -> Model:
    return Model(model, **options)


def load_tokenizer(model: Union[str, "os.PathLike[str]"], **options: Any) -> Tokenizer:
    """Loads the tokenizer of a model, without its weights. Options: revision, cache_dir, token, offline."""
    handle = c_void_p()
    try:
        lib.tokenizer_load(_native.path_of(model), _native.options_of(options), byref(handle))
    except BaseException:
        lib.tokenizer_free(handle)
        raise
    return Tokenizer(handle.value or 0)
