"""What was found out already, for who judges many by one policy on one day."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Known:
    """Answers to questions about facts that many dependencies have in common: the same object is asked about once."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[Any, tuple[object, ...]]] = {}

    def once(self, words: Hashable, things: tuple[object, ...], answer: Callable[[], Answer]) -> Answer:
        """The answer to the question that `words` put about `things`, which are told apart by identity."""
        key = (words, *map(id, things))
        known = self._answers.get(key)
        if known is None:
            # The things are kept as well, so that no other can take over their ids.
            known = self._answers[key] = answer(), things
        found: Answer = known[0]
        return found
