"""Training."""

import json
import signal
import threading
from ctypes import byref, c_void_p
from typing import Any, Callable, Dict, Optional

from bertune import _native
from bertune._native import lib

Event = Dict[str, Any]


class _Watch:
    """Passes events on, and remembers why a run is to stop: no exception can pass through the library."""

    def __init__(self, on_event: Optional[Callable[[Event], Any]]):
        self.on_event = on_event
        self.interrupted = False
        self.exception: Optional[BaseException] = None

    def __call__(self, event: bytes, _user: Any) -> int:
        if self.on_event is not None and self.exception is None:
            try:
                if self.on_event(json.loads(event.decode())) is True:
                    return 1
            except BaseException as exception:  # is raised again when the run has stopped
                self.exception = exception
        return int(self.interrupted or self.exception is not None)

    def interrupt(self, *_signal: Any) -> None:
        self.interrupted = True


def train(*, on_event: Optional[Callable[[Event], Any]] = None, **options: Any) -> Dict[str, Any]:
    """Fine-tunes a model as `bertune train` does, with its options by name, and to the same bytes.

    At least model, train and output. Options are named as in `bertune help train`, with _ between words; a list is
    several values, a dict is a set of options (optim_args={"eps": 1e-7}), and None is "as if it was not given".

    on_event: called with what happens, a dict whose "event" says what it is ("step", "evaluation", ...). The run
    stops, having saved a checkpoint, where it returns True (Interrupted), where it raises (the exception is raised
    again), and on Ctrl-C (KeyboardInterrupt); the same call with resume=True continues, and with finish=True it ends
    there and keeps the best model so far.

    Returns a dict: "folder", "task", "steps", "epochs", "train_loss", "runtime", and metrics in "validation" and
    "test"; of a cross-validation or of several seeds what cross_validation.json or seeds.json holds.
    """
    watch = _Watch(on_event)
    handler = None
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) not in (None, signal.SIG_IGN):
        handler = signal.signal(signal.SIGINT, watch.interrupt)
    result = c_void_p()
    callback = _native.OnEvent(watch)
    try:
        lib.train(_native.options_of(options), callback, None, byref(result))
    except _native.Interrupted as error:
        if watch.exception is not None:
            raise watch.exception from None
        if watch.interrupted:
            raise KeyboardInterrupt(str(error)) from None
        raise
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
    done: Dict[str, Any] = json.loads(_native.take_string(result) or "{}")
    if watch.exception is not None:
        raise watch.exception
    if watch.interrupted:  # too late to stop anything
        raise KeyboardInterrupt
    return done
