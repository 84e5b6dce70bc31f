"""Which absences of an answer count, which are held back, and which have become removals. Pure."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from registry import absence
from registry.heard import Heard, Size
from registry.upstream import Lack


@dataclass(frozen=True, slots=True)
class Missing:
    """Names of rows. `all` are absent by any count; `counted` by one more definite negative; `held` as part of a mass."""

    all: frozenset[str]
    counted: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()


def missing(heard: Sequence[Heard], size: Size, present: Collection[str]) -> Missing:
    """What upstream definitely does not have, judged over all that was heard in one run."""
    rows = {name: row for one in heard for name, row in one.rows.items()}
    gone = _gone(heard, size, present)
    if not size.is_alive:
        return Missing(gone)
    fresh = {name for name in gone if not rows[name].is_missing and not rows[name].is_held_absent}
    pending = {name for name in gone if not rows[name].is_held_absent and not rows[name].is_removed}
    if size.accept_absence:
        return Missing(gone, frozenset(name for name in gone if not rows[name].is_removed))
    # What only a feed does not list any more goes no further than that, so it is counted once.
    counting = pending if size.absence_means_gone else fresh
    held = _held(counting, heard, size)
    return Missing(gone, frozenset(counting - held), held)


def _gone(heard: Sequence[Heard], size: Size, present: Collection[str]) -> frozenset[str]:
    filled = {name for one in heard for name, row in one.rows.items() if row.facts is not None}
    if size.is_complete:
        # A record that could not be read is there.
        unread = {reject.external_id for one in heard for reject in one.parsed.rejects}
        return frozenset(filled.difference(present, unread))
    asked = (each for one in heard for each in one.parsed.unanswered)
    return frozenset(filled & {each.external_id for each in asked if each.lack is Lack.NOT_FOUND})


def _held(counting: AbstractSet[str], heard: Sequence[Heard], size: Size) -> frozenset[str]:
    elsewhere = size.pending_elsewhere if size.absence_means_gone else 0
    if absence.is_mass(len(counting) + elsewhere, size.known, share=size.most_gone):
        return frozenset(counting)
    groups = {
        name: one.group or str(row.facts.get("host", ""))
        for one in heard
        for name, row in one.rows.items()
        if row.facts is not None and not row.is_removed and (name in counting or not row.is_missing)
    }
    hit = absence.waves(counting, groups)
    return frozenset(name for name in counting if groups.get(name) in hit)
