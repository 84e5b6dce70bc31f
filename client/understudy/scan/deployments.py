"""Looks for variables in the other files of their deployment: `.env`, compose, Kubernetes, Helm, Terraform, Dockerfiles."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from understudy.scan import names
from understudy.scan.hits import Certainty, Definition, Hit

MOST_VALUES = 5


@dataclass(frozen=True, slots=True)
class Placed:
    """A definition and its file."""

    path: str
    definition: Definition


class Deployments:
    """The definitions of a scan, by name."""

    def __init__(self, definitions: Iterable[Placed]) -> None:
        self._by_name: dict[str, list[Placed]] = defaultdict(list)
        for placed in definitions:
            self._by_name[placed.definition.name].append(placed)

    def resolve(self, path: str, hit: Hit) -> Iterator[Hit]:
        """`hit` for each value that its variable is given nearest to `path`; itself where it is given none.

        A default counts beside them: where the variable is not set, it is what runs.
        """
        if hit.variable is None:
            yield hit
            return
        values = {placed.definition.value: placed for placed in self._nearest(path, hit.variable)}
        found = [(value, placed) for value, placed in values.items() if names.is_name(value)][:MOST_VALUES]
        if hit.ref is not None or not found:
            yield hit
        for value, placed in found:
            if value != hit.ref:
                origin = f"{hit.how}, {hit.variable} of {placed.path}:{placed.definition.line}"
                sure = Certainty.LIKELY if names.is_known(value) or names.is_hub_id(value) else Certainty.GUESS
                yield replace(hit, ref=value, how=origin, certainty=sure.weakened(hit.certainty))

    def _nearest(self, path: str, name: str) -> list[Placed]:
        """The definitions that share the longest folder with `path`: one deployment lies in one folder."""
        known = self._by_name.get(name, ())
        if not known:
            return []
        shared = [_shared(path, placed.path) for placed in known]
        longest = max(shared)
        return [placed for placed, length in zip(known, shared, strict=True) if length == longest]


def _shared(one: str, other: str) -> int:
    """How many folders from the top two paths have in common."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
