"""Which offerings nobody has confirmed for too long, and whose silence that is: one query for any number of them."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from governance.rules.facts import StaleFacts
from registry.among import Among
from registry.effective import is_stale
from registry.models import Listing

_COLUMNS = (
    "offering_id",
    "source_id",
    "source__name",
    "source__interval",
    "current__last_confirmed_at",
    "section__confirmed_at",
    "missing_since",
    "last_absent_at",
)


class _Voice(NamedTuple):
    """One source that lists an offering, and when it last answered about it."""

    source_id: int
    name: str
    answered_at: datetime
    is_stale: bool


def load_staleness(offering_ids: Collection[int], *, now: datetime) -> dict[int, StaleFacts]:
    """By offering, the source that answered last, where even that was more than two of its intervals ago.

    An offering that no polled source lists is never stale: nobody was there to confirm it.
    """
    voices: dict[int, list[_Voice]] = defaultdict(list)
    listings = Listing.objects.filter(Among("offering", offering_ids), source__is_enabled=True, current__isnull=False)
    for offering_id, source_id, name, interval, *moments in listings.order_by("pk").values_list(*_COLUMNS):
        answered_at = _answered_at(*moments)
        is_late = is_stale(answered_at, interval=interval, now=now)
        voices[offering_id].append(_Voice(source_id, name, answered_at, is_late))
    return {
        offering_id: _facts(max(heard, key=lambda voice: voice.answered_at))
        for offering_id, heard in voices.items()
        if all(voice.is_stale for voice in heard)
    }


def _answered_at(
    confirmed_at: datetime, section_at: datetime | None, missing_since: datetime | None, absent_at: datetime | None
) -> datetime:
    """When the source last answered about it. That it does not list it any more is an answer too."""
    by_section = section_at if missing_since is None else absent_at
    return max(confirmed_at, by_section or confirmed_at)


def _facts(voice: _Voice) -> StaleFacts:
    return StaleFacts(source_id=voice.source_id, source=voice.name, since=voice.answered_at)
