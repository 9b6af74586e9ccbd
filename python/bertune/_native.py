"""The C interface of Bertune (bertune/bertune.h) through ctypes, whose calls let go of the GIL."""

import ctypes
import json
import os
import pathlib
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_size_t, c_uint, c_void_p
from typing import Any, List, Mapping, Optional, Sequence

ABI_VERSION = 1


class Error(Exception):
    """Something went wrong; the message says what, where, and what to do."""

    #: The option that is at fault, "learning_rate"; None where none is, or several are.
    option: Optional[str] = None

    def __init__(self, message: str = "", option: Optional[str] = None):
        super().__init__(message)
        self.option = option

    def __reduce__(self) -> Any:
        return type(self), (str(self), self.option)


class UsageError(Error, ValueError):
    """An option or an input cannot be as it is."""


class Interrupted(Error):
    """A run was stopped by its callback; a checkpoint is saved, and resume=True continues."""


class AlreadyDone(Error):
    """The run that was to be resumed has finished before."""


ERRORS = {2: UsageError, 3: AlreadyDone, 130: Interrupted}


class Text(ctypes.Structure):
    _fields_ = [("bytes", c_char_p), ("length", c_size_t)]


class Input(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("text", Text),
        ("text_pair", Text),
        ("question", Text),
        ("context", Text),
        ("words", POINTER(Text)),
        ("word_count", c_size_t),
        ("choices", POINTER(Text)),
        ("choice_count", c_size_t),
    ]


Options = POINTER(c_char_p)
OnEvent = ctypes.CFUNCTYPE(c_int, c_char_p, c_void_p)

# Of each function that is used: what it returns, and its arguments. What returns `Status` is checked.
Status = object()
FUNCTIONS = {
    "abi_version": (c_int, []),
    "version": (c_char_p, []),
    "last_error": (c_char_p, []),
    "last_error_option": (c_char_p, []),
    "set_threads": (Status, [c_int]),
    "string_free": (None, [c_void_p]),
    "load": (Status, [c_char_p, Options, POINTER(c_void_p)]),
    "model_free": (None, [c_void_p]),
    "model_info": (c_char_p, [c_void_p]),
    "model_tokenizer": (c_void_p, [c_void_p]),
    "predict": (Status, [c_void_p, POINTER(Input), c_size_t, POINTER(c_void_p)]),
    "predictions_free": (None, [c_void_p]),
    "prediction_json": (c_char_p, [c_void_p, c_size_t]),
    "prediction_scores": (POINTER(c_double), [c_void_p, c_size_t, POINTER(c_size_t)]),
    "embed": (Status, [c_void_p, POINTER(Text), c_size_t, POINTER(c_float), c_size_t]),
    "tokenizer_load": (Status, [c_char_p, Options, POINTER(c_void_p)]),
    "tokenizer_free": (None, [c_void_p]),
    "encode": (Status, [c_void_p, POINTER(Text), POINTER(Text), c_size_t, Options, POINTER(c_void_p)]),
    "encodings_free": (None, [c_void_p]),
    "encoding_ids": (POINTER(c_int), [c_void_p, c_size_t, POINTER(c_size_t)]),
    "encoding_type_ids": (POINTER(c_int), [c_void_p, c_size_t, POINTER(c_size_t)]),
    "encoding_offsets": (POINTER(c_uint), [c_void_p, c_size_t, POINTER(c_size_t)]),
    "decode": (Status, [c_void_p, POINTER(c_int), c_size_t, c_int, POINTER(c_void_p)]),
    "token": (c_char_p, [c_void_p, c_int]),
    "train": (Status, [Options, OnEvent, c_void_p, POINTER(c_void_p)]),
}


def _path_of_library() -> str:
    """That of BERTUNE_LIBRARY, the package's own, or the system's."""
    if os.environ.get("BERTUNE_LIBRARY"):
        return os.environ["BERTUNE_LIBRARY"]
    own = pathlib.Path(__file__).parent / "lib" / "libbertune_c.so.1"
    return str(own) if own.exists() else "libbertune_c.so.1"


def _check(status: int, _function: Any, _arguments: Any) -> None:
    if status != 0:
        message = (lib.last_error() or b"").decode(errors="replace")
        option = (lib.last_error_option() or b"").decode(errors="replace")
        raise ERRORS.get(status, Error)(message, option or None)


def path_of(path: Any) -> bytes:
    """A path as C takes it, which ends at a zero byte."""
    data = os.fsencode(path)
    if b"\0" in data:
        raise UsageError("`model` contains a zero byte", "model")
    return data


class Library:
    """The functions by their names without bertune_."""

    def __init__(self, path: str):
        loaded = ctypes.CDLL(path)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(loaded, "bertune_" + name)
            function.argtypes = arguments
            function.restype = c_int if result is Status else result
            if result is Status:
                function.errcheck = _check
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


lib = Library(_path_of_library())
if lib.abi_version() != ABI_VERSION:
    raise ImportError(f"libbertune_c has the interface {lib.abi_version()}; this package needs {ABI_VERSION}")


def version() -> str:
    return str(lib.version().decode())


def set_threads(threads: int) -> None:
    """Sets how many threads the process computes with; 0: all CPUs. Results do not depend on it."""
    lib.set_threads(threads)


def encoded(text: str) -> bytes:
    """The text as UTF-8; half a surrogate pair becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def text_of(text: Optional[str]) -> Text:
    if text is None:
        return Text(None, 0)
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str, not {type(text).__name__}")
    data = encoded(text)
    return Text(data, len(data))


def texts_of(texts: Sequence[Optional[str]]) -> Any:
    return (Text * max(1, len(texts)))(*map(text_of, texts))


def values_of(value: Any) -> List[str]:
    """An option's value as the texts that the library takes."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", 0) == 0:
        value = value.item()  # a number of NumPy
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, Mapping):
        return [json.dumps(dict(value))]
    if isinstance(value, (str, os.PathLike)):
        return [os.fspath(value)]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in values_of(one)]
    return [repr(value)]


def options_of(options: Mapping[str, Any]) -> Any:
    """Names and values, with NULL behind the last."""
    texts: List[Optional[bytes]] = []
    for name, value in options.items():
        for text in values_of(value):
            if "\0" in text:
                raise UsageError(f"`{name}` contains a zero byte", name)
            texts += [name.encode(), os.fsencode(text)]
    return (c_char_p * (len(texts) + 1))(*texts, None)


def take_string(pointer: c_void_p) -> Optional[str]:
    """The text of a string that the library hands over."""
    if not pointer.value:
        return None
    try:
        return ctypes.string_at(pointer.value).decode()
    finally:
        lib.string_free(pointer)


