"""What changed between two states of a source. Pure.

A difference needs a statement on both sides: what was never stated has not changed, with four exceptions where
the fact is its being there at all (a retirement, a deprecation, a successor, a new name).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from registry.models import ChangeKind, Severity
from registry.records import BaseModel, Gating, ListingRecord, plain

# Below this a price is only rounded, or follows an exchange rate.
PRICE_TOLERANCE = Decimal("0.10")
OPEN: Gating = "open"
OTHER = "other"
PRICES = ("input_price", "output_price")
CAPABILITIES = (
    "mode",
    "task",
    "context_length",
    "embedding_dimension",
    "supports_tools",
    "input_modalities",
    "output_modalities",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One typed change of one listing; `before` and `after` are JSON."""

    kind: ChangeKind
    external_id: str
    severity: Severity
    before: Any = None
    after: Any = None
    effective_on: date | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """`missing` are the ids that only the older state has. Absence is not removal, so it is no difference."""

    differences: tuple[Difference, ...]
    missing: tuple[str, ...]


def diff(before: Mapping[str, ListingRecord], after: Mapping[str, ListingRecord]) -> Diff:
    """The differences in the order of `after`; an id that `before` does not know is `listed` and no more."""
    found: list[Difference] = []
    for external_id, record in after.items():
        known = before.get(external_id)
        found += [listed(record)] if known is None else compare(known, record)
    return Diff(tuple(found), tuple(external_id for external_id in before if external_id not in after))


def listed(record: ListingRecord) -> Difference:
    return Difference(ChangeKind.LISTED, record.external_id, Severity.INFO)


def compare(before: ListingRecord, after: ListingRecord) -> list[Difference]:
    """All differences of one listing, whatever their number."""
    if before == after:
        return []
    return [difference for look in _LOOKS for difference in look(before, after)]


def standing(record: ListingRecord) -> list[Difference]:
    """What the state of a listing asks of a user who comes to it now, as if it had changed from an untroubled one."""
    untroubled = ListingRecord(external_id=record.external_id, gating=OPEN, is_disabled=False)
    looks = (_disabled, _gating, _deprecation, _retirement, _retired, _successor, _renamed)
    return [difference for look in looks for difference in look(untroubled, record)]


def _identity(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if _both_state("upstream_id", before, after):
        yield _said(ChangeKind.REREGISTERED, Severity.CRITICAL, before.upstream_id, after, "upstream_id")


def _renamed(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if after.renamed_to and after.renamed_to != before.renamed_to:
        former = before.renamed_to or before.external_id
        yield _said(ChangeKind.RENAMED, Severity.WARNING, former, after, "renamed_to")


def _disabled(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if after.is_disabled and not before.is_disabled:
        yield Difference(ChangeKind.DISABLED, after.external_id, Severity.CRITICAL)
    elif before.is_disabled and after.is_disabled is False:
        yield Difference(ChangeKind.RESTORED, after.external_id, Severity.NOTICE)


def _gating(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if not _both_state("gating", before, after):
        return
    if before.gating == OPEN:
        yield _said(ChangeKind.GATED, Severity.WARNING, before.gating, after, "gating")
    elif after.gating == OPEN:
        yield _said(ChangeKind.UNGATED, Severity.INFO, before.gating, after, "gating")


def _license(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if before.license is None or after.license is None:
        return
    if normalised_license(before) != normalised_license(after):
        yield Difference(
            ChangeKind.LICENSE_CHANGED,
            after.external_id,
            Severity.WARNING,
            license_as_given(before),
            license_as_given(after),
        )


def _license_text(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    """Another LICENSE file behind the same license: what `other` means may have changed without any field of the card."""
    if _both_state("license_file", before, after) and normalised_license(before) == normalised_license(after):
        yield _said(ChangeKind.LICENSE_TEXT_CHANGED, Severity.WARNING, before.license_file, after, "license_file")


def normalised_license(record: ListingRecord) -> tuple[frozenset[str], str, str]:
    """What decides whether two cards state the same license: name and link say which only behind `other`."""
    ids = frozenset(part.strip().casefold() for part in record.license or ())
    if OTHER not in ids:
        return ids, "", ""
    return ids, (record.license_name or "").strip().casefold(), (record.license_link or "").strip()


def license_as_given(record: ListingRecord) -> str:
    """The three fields in one line: `other, flux-1-dev-non-commercial-license, LICENSE.md`; "" if none is stated."""
    return ", ".join(filter(None, (*(record.license or ()), record.license_name, record.license_link)))


def _revision(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if _both_state("sha", before, after):
        yield _said(ChangeKind.REVISION_MOVED, Severity.INFO, before.sha, after, "sha")


def _lineage(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if before.base_models is None or after.base_models is None:
        return
    old, new = _relations(before.base_models), _relations(after.base_models)
    # The Hub learns the relation of an old repository later; that makes it no other lineage.
    is_other_relation = any(old[base] and new[base] and old[base] != new[base] for base in old.keys() & new.keys())
    if old.keys() != new.keys() or is_other_relation:
        yield Difference(ChangeKind.LINEAGE_CHANGED, after.external_id, Severity.WARNING, _bases(before), _bases(after))


def _relations(bases: tuple[BaseModel, ...]) -> dict[str, str]:
    return {base.id.casefold(): base.relation for base in bases}


def _bases(record: ListingRecord) -> list[str]:
    return [f"{base.id} ({base.relation})" if base.relation else base.id for base in record.base_models or ()]


def _successor(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    if after.successor and after.successor != before.successor:
        yield _said(ChangeKind.SUCCESSOR_NAMED, Severity.NOTICE, before.successor, after, "successor")


def _deprecation(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    was, is_now = _is_deprecated(before), _is_deprecated(after)
    if is_now and not was:
        yield Difference(ChangeKind.DEPRECATED, after.external_id, Severity.NOTICE, effective_on=after.deprecated_on)
    elif was and not is_now:
        yield Difference(ChangeKind.UNDEPRECATED, after.external_id, Severity.INFO)


def _is_deprecated(record: ListingRecord) -> bool:
    return bool(record.is_deprecated or record.deprecated_on)


def _retired(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    """Upstream's own word, which a day that has passed is not."""
    if after.is_retired and not before.is_retired:
        yield Difference(ChangeKind.RETIRED, after.external_id, Severity.CRITICAL, effective_on=after.retires_on)
    elif before.is_retired and after.is_retired is False:
        yield Difference(ChangeKind.RESTORED, after.external_id, Severity.NOTICE)


def _retirement(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    old, new = before.retires_on, after.retires_on
    if old == new:
        return
    if old is None:
        kind, severity = ChangeKind.RETIREMENT_ANNOUNCED, Severity.WARNING
    elif new is None:
        kind, severity = ChangeKind.RETIREMENT_WITHDRAWN, Severity.NOTICE
    else:
        kind, severity = ChangeKind.RETIREMENT_MOVED, Severity.WARNING if new < old else Severity.NOTICE
    yield Difference(kind, after.external_id, severity, _written(old), _written(new), effective_on=new)


def _prices(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    moved = [name for name in PRICES if _moved(getattr(before, name), getattr(after, name))]
    if moved:
        yield Difference(
            ChangeKind.PRICE_CHANGED,
            after.external_id,
            Severity.NOTICE,
            {name: plain(getattr(before, name)) for name in moved},
            {name: plain(getattr(after, name)) for name in moved},
        )


def _moved(old: Decimal | None, new: Decimal | None) -> bool:
    """Whether a price moved by more than the tolerance; from nothing to something it always did."""
    if old is None or new is None or old == new:
        return False
    return old == 0 or abs(new - old) / old > PRICE_TOLERANCE


def _capabilities(before: ListingRecord, after: ListingRecord) -> Iterator[Difference]:
    changed = [name for name in CAPABILITIES if _both_state(name, before, after)]
    if changed:
        yield Difference(
            ChangeKind.CAPABILITY_CHANGED,
            after.external_id,
            Severity.NOTICE,
            {name: _written(getattr(before, name)) for name in changed},
            {name: _written(getattr(after, name)) for name in changed},
        )


def _both_state(name: str, before: ListingRecord, after: ListingRecord) -> bool:
    """Whether both sides state the fact and differ in it."""
    old, new = getattr(before, name), getattr(after, name)
    return old is not None and new is not None and old != new


def _said(kind: ChangeKind, severity: Severity, old: str | None, after: ListingRecord, name: str) -> Difference:
    return Difference(kind, after.external_id, severity, old, getattr(after, name))


def _written(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


_LOOKS: tuple[Callable[[ListingRecord, ListingRecord], Iterator[Difference]], ...] = (
    _identity,
    _renamed,
    _disabled,
    _gating,
    _license,
    _license_text,
    _revision,
    _lineage,
    _successor,
    _deprecation,
    _retirement,
    _retired,
    _prices,
    _capabilities,
)
