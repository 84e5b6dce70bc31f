"""What the token in use reaches: everything, one system, or what one team owns.

Whoever lets a request in says so once (`within`); every list, look-up and reference then goes through `narrow`, so that
a row beyond the bounds is as absent as one that never was. Without a token nothing is narrowed: the register is read by
the whole organisation.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Model, Q, QuerySet

from registry import models


class Kind(StrEnum):
    """What a token may do; each includes the one before."""

    CHECK = "check"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the token in use may do, and to what: the whole register where it names neither system nor team."""

    kind: Kind
    system_id: int | None = None
    team_id: int | None = None

    @property
    def is_scoped(self) -> bool:
        return self.system_id is not None or self.team_id is not None


@dataclass(frozen=True, slots=True)
class Way:
    """Look-ups from a row to the system, and to the team, that it belongs to; any of them is enough."""

    system: tuple[str, ...] = ()
    team: tuple[str, ...] = ()


def of_system(*paths: str) -> Way:
    """The way of rows that belong to a system, and so to the team that owns it."""
    return Way(system=paths, team=tuple(f"{path}__team" for path in paths))


_PLAN = "plan_revision__plan__dependency__system"

# Models whose rows belong to a system or a team. Governance adds its own.
WAYS: dict[type[Model], Way] = {
    models.System: Way(system=("pk",), team=("team",)),
    models.Team: Way(system=("systems",), team=("pk",)),
    models.Dependency: of_system("system"),
    models.FallbackPlan: of_system("dependency__system"),
    models.PlanRevision: of_system("plan__dependency__system"),
    models.Alternative: of_system(_PLAN),
    models.Drill: of_system(f"alternative__{_PLAN}"),
}

# Models that are the same for everybody: a scoped token reads them and changes none. What stands in neither table,
# such as the audit chain, tells of all systems at once, and a scoped token does not see it.
SHARED: set[type[Model]] = {
    models.AIModel,
    models.Change,
    models.Correction,
    models.Environment,
    models.Incident,
    models.License,
    models.Listing,
    models.Observation,
    models.Offering,
    models.Source,
    models.User,
    models.Vendor,
}

_bounds: ContextVar[Bounds | None] = ContextVar("bounds", default=None)


def bounds() -> Bounds | None:
    """The bounds of the token in use; None where a person came in by another door, or the platform works by itself."""
    return _bounds.get()


def enter(inside: Bounds | None) -> None:
    """From here on the request is held to `inside`, until the `unbound` around it ends."""
    _bounds.set(inside)


@contextmanager
def unbound() -> Iterator[None]:
    """Around a request: what its token allows ends with it, for the thread goes on to another."""
    token = _bounds.set(None)
    try:
        yield
    finally:
        _bounds.reset(token)


def narrow(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows` within the bounds of the token in use."""
    inside = _bounds.get()
    if inside is None or not inside.is_scoped or rows.model in SHARED:
        return rows
    if (way := WAYS.get(rows.model)) is None:
        return rows.none()
    if inside.system_id is not None:
        return rows.filter(_any(way.system, inside.system_id))
    return rows.filter(_any(way.team, inside.team_id))


def reaches(row: Model) -> bool:
    """Whether a row, as it stands in the database, may be read within the bounds of the token in use."""
    return not _is_scoped() or type(row) in SHARED or _is_among(row)


def belongs(row: Model | None) -> bool:
    """Whether a row belongs to what the token in use is bound to, and so may be changed; what is shared does not."""
    return not _is_scoped() or (row is not None and type(row) in WAYS and _is_among(row))


def _is_scoped() -> bool:
    inside = _bounds.get()
    return inside is not None and inside.is_scoped


def _is_among(row: Model) -> bool:
    return narrow(type(row)._default_manager.filter(pk=row.pk)).exists()  # noqa: SLF001 - the manager that every model has


def reaches_system(system_id: int) -> bool:
    """The same for a system that only its key is known of."""
    return not _is_scoped() or narrow(models.System.objects.filter(pk=system_id)).exists()


def _any(paths: Iterable[str], value: int | None) -> Q:
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{path: value})
    return found
