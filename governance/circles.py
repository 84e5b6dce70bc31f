"""A pause of Python's search for circles of objects that only hold each other."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_circles_collected() -> Iterator[None]:
    """Facts are trees of values and go by themselves; to look for circles among them took a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            # Moved among the old, what was made meanwhile is not looked through at once.
            gc.freeze()
            gc.unfreeze()
            gc.enable()
