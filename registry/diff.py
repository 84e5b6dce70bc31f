"""Two records of the same row become typed changes; pure.

What is missing from a document is reported apart: absence is not removal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from registry.records import ListingRecord

# A price that moves less than this is noise of rounding and regional tables.
PRICE_TOLERANCE = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Difference:
    """One typed change of one row; the kinds are those of `registry.models.ChangeKind`."""

    external_id: str
    kind: str
    severity: str
    before: Any = None
    after: Any = None
    effective_on: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    changes: tuple[Difference, ...]
    missing: frozenset[str]


def compare(
    before: Mapping[str, ListingRecord], after: Mapping[str, ListingRecord], *, is_baseline: bool = False
) -> Outcome:
    """What changed from `before` to `after`, both by external id. A baseline knows nothing but `listed`."""
    changes: list[Difference] = []
    for external_id, record in after.items():
        known = before.get(external_id)
        if known is None:
            changes.append(Difference(external_id, "listed", "info"))
        elif not is_baseline and known != record:
            changes += differences(known, record)
    return Outcome(tuple(changes), frozenset(before.keys() - after.keys()))


def differences(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    """The changes of one row, the graver first."""
    if _is_another(before, after):
        # Same name, other identity: whatever else differs is the consequence.
        yield _change("reregistered", "critical", after, before.upstream_id, after.upstream_id)
        return
    yield from _names(before, after)
    yield from _access(before, after)
    yield from _license(before, after)
    yield from _retirement(before, after)
    yield from _made_of(before, after)
    yield from _price(before, after)
    yield from _capabilities(before, after)


def _change(
    kind: str, severity: str, record: ListingRecord, before: Any, after: Any, effective_on: date | None = None
) -> Difference:
    return Difference(record.external_id, kind, severity, before, after, effective_on)


def _is_another(before: ListingRecord, after: ListingRecord) -> bool:
    return bool(before.upstream_id and after.upstream_id and before.upstream_id != after.upstream_id)


def _names(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    if after.renamed_to and after.renamed_to != before.renamed_to:
        yield _change("renamed", "warning", after, after.external_id, after.renamed_to)


def _access(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    if after.is_disabled and not before.is_disabled:
        yield _change("disabled", "critical", after, before.is_disabled, True)
    if before.is_disabled and after.is_disabled is False:
        yield _change("restored", "notice", after, True, False)
    if before.gating and after.gating and before.gating != after.gating:
        if after.gating == "open":
            yield _change("ungated", "notice", after, before.gating, after.gating)
        elif before.gating == "open":
            yield _change("gated", "warning", after, before.gating, after.gating)


def _license(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    was, now = _license_of(before), _license_of(after)
    if now and was != now:
        yield _change("license_changed", "warning", after, was or None, now)
    if before.revision and after.revision and before.revision != after.revision:
        yield _change("revision_moved", "info", after, before.revision, after.revision)


def _license_of(record: ListingRecord) -> dict[str, str]:
    stated = {
        "license": record.license,
        "license_name": record.license_name,
        "license_link": record.license_link,
    }
    return {name: value.strip().casefold() for name, value in stated.items() if value}


def _retirement(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    was, now = before.retires_on, after.retires_on
    if was is None and now is not None:
        yield _change("retirement_announced", "warning", after, None, now.isoformat(), now)
    elif was is not None and now is None:
        yield _change("retirement_withdrawn", "notice", after, was.isoformat(), None)
    elif was is not None and now is not None and was != now:
        severity = "critical" if now < was else "notice"
        yield _change("retirement_moved", severity, after, was.isoformat(), now.isoformat(), now)
    if after.is_deprecated and not before.is_deprecated:
        yield _change("deprecated", "notice", after, before.is_deprecated, True)
    if before.is_deprecated and after.is_deprecated is False:
        yield _change("undeprecated", "info", after, True, False)
    if after.successor and after.successor != before.successor:
        yield _change("successor_named", "info", after, before.successor, after.successor)


def _made_of(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    if before.bases is not None and after.bases is not None and set(before.bases) != set(after.bases):
        was, now = (
            sorted(f"{base.relation}:{base.external_id}" for base in side) for side in (before.bases, after.bases)
        )
        yield _change("lineage_changed", "warning", after, was, now)


def _price(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    pairs = {
        "input": (before.input_price, after.input_price),
        "output": (before.output_price, after.output_price),
    }
    moved = {name: pair for name, pair in pairs.items() if _moves(*pair)}
    if moved:
        is_dearer = any(now > was for was, now in moved.values() if was is not None and now is not None)
        yield _change(
            "price_changed",
            "notice" if is_dearer else "info",
            after,
            {name: str(was) for name, (was, _) in moved.items()},
            {name: str(now) for name, (_, now) in moved.items()},
        )


def _moves(was: Decimal | None, now: Decimal | None) -> bool:
    if was is None or now is None or was == now:
        return False
    return was == 0 or abs(now - was) / was > PRICE_TOLERANCE


def _capabilities(before: ListingRecord, after: ListingRecord) -> Iterable[Difference]:
    names = ("task", "context_length", "embedding_dimension", "supports_tools")
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in names}
    changed = {name: pair for name, pair in pairs.items() if None not in pair and pair[0] != pair[1]}
    if changed:
        was = {name: pair[0] for name, pair in changed.items()}
        now = {name: pair[1] for name, pair in changed.items()}
        yield _change("capability_changed", "info", after, was, now)
