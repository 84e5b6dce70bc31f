"""Load what is known of the rows of a source, some at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from registry.absence import Absence
from registry.believe import Hold
from registry.heard import Row
from registry.models import HeldFact, Listing
from registry.runs import Held

BATCH = 500
Item = TypeVar("Item")


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def rows_of(held: Held, names: Collection[str] | None = None) -> dict[str, Row]:
    """The listings of the source with what was last said and what of it is held, all or those `names`."""
    found: dict[str, Row] = {}
    for batch in [None] if names is None else batches(sorted(names)):
        listings = held.source.listings.all() if batch is None else held.source.listings.filter(external_id__in=batch)
        holds = _holds_of(listings)
        columns = listings.values_list(
            "external_id", "pk", "offering_id", "current_id", "current__facts", "section_id",
            "missing_since", "last_absent_at", "absences", "removed_at",
        )  # fmt: skip
        for (
            name,
            pk,
            offering_id,
            current_id,
            facts,
            section_id,
            since,
            last_at,
            absences,
            gone_at,
        ) in columns.iterator():
            found[name] = Row(
                listing_id=pk,
                offering_id=offering_id,
                current_id=current_id,
                facts=facts,
                section_id=section_id,
                absence=_absence(since, last_at, absences),
                is_removed=gone_at is not None,
                holds=holds.get(pk, {}),
            )
    return found


def _absence(since: datetime | None, last_at: datetime | None, negatives: int) -> Absence | None:
    return None if since is None else Absence(since, last_at or since, negatives)


def _holds_of(listings: QuerySet[Listing]) -> dict[int, dict[str, Hold]]:
    found: dict[int, dict[str, Hold]] = defaultdict(dict)
    held = HeldFact.objects.filter(listing__in=listings.values("pk"))
    for pk, fact, believed, said, reason in held.values_list("listing_id", "fact", "believed", "said", "reason"):
        found[pk][fact] = Hold(believed, said, reason)
    return found
