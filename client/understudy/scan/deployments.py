"""Looks for variables in the other files of their deployment: `.env`, compose, Kubernetes, Helm, Terraform, Dockerfiles."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from understudy.scan import names
from understudy.scan.config_keys import variable_in
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
        nearest, is_related = self._nearest(path, hit.variable)
        values = {_value(placed.definition): placed for placed in nearest}
        found = [(value, placed) for value, placed in values.items() if names.is_name(value)][:MOST_VALUES]
        if hit.ref is not None or not found:
            yield hit
        # Files that lie apart may be of one deployment, unless they disagree or the code knows better.
        is_sure = is_related or (len(found) == 1 and hit.ref is None)
        for value, placed in found:
            if value != hit.ref:
                origin = f"{hit.how}, {hit.variable} of {placed.path}:{placed.definition.line}"
                sure = (
                    Certainty.LIKELY
                    if is_sure and (names.is_known(value) or names.is_hub_id(value))
                    else Certainty.GUESS
                )
                yield replace(hit, ref=value, how=origin, certainty=sure.weakened(hit.certainty))

    def _nearest(self, path: str, name: str) -> tuple[list[Placed], bool]:
        """The definitions of one deployment with `path`, and whether that is sure: one folder holds the other."""
        known = self._by_name.get(name, [])
        # What a file sets itself is what it runs with, whatever the files beside it say.
        if own := [placed for placed in known if placed.path == path]:
            return own, True
        related = [placed for placed in known if _holds(path, placed.path) or _holds(placed.path, path)]
        among = related or known
        shared = [_shared(path, placed.path) for placed in among]
        nearest = [placed for placed, length in zip(among, shared, strict=True) if length == max(shared)]
        return nearest, bool(related)


def _value(definition: Definition) -> str:
    """The value, or the default of the variable that it is handed on from."""
    variable = variable_in(definition.value)
    return definition.value if variable is None else variable[1] or ""


def _holds(one: str, other: str) -> bool:
    """Whether the folder of `one` holds `other`."""
    return other.startswith(one[: one.rfind("/") + 1])


def _shared(one: str, other: str) -> int:
    """How many folders from the top two paths have in common."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
