"""Fine-tune BERT on your own data, and use it: classes, tags, answers, choices, embeddings.

    import bertune

    bertune.train(model="bert-base-uncased", train="train.csv", test="test.csv", output="my-model")
    model = bertune.load("my-model")
    model("where is my parcel?")["label"]

It computes in a native library, without other packages; the program `bertune` comes with it.
"""

from bertune._model import Model, Tokenizer, load, load_tokenizer
from bertune._native import AlreadyDone, Error, Interrupted, UsageError, set_threads, version
from bertune._training import train

__version__ = version()
__all__ = [
    "AlreadyDone",
    "Error",
    "Interrupted",
    "Model",
    "Tokenizer",
    "UsageError",
    "load",
    "load_tokenizer",
    "set_threads",
    "train",
]
