"""Which offerings a row that nobody has mapped may be about: suggestions for a person, never a mapping.

Feeds write one model in many ways: `gpt-5` and `gpt-5-2025-08-07`, `Claude 3.7 Sonnet` and
`anthropic.claude-3-7-sonnet-20250219-v1:0`. A row is suggested at the same host under the same name, its date, its
version and a vendor's prefix aside. The day and the version are what a person has to look at.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.db.models import F, QuerySet

from registry.models import Listing, Offering

MAX_SUGGESTIONS = 3
# A day at the end, a version such as v1:0, and words that say no more than which of several names is meant.
_ASIDE = re.compile(r"[-@_ ](?:20\d{6}|20\d\d-\d\d-\d\d)\b|\bv\d+(?::\d+)?\b|\b(?:latest|models?|snapshots?)\b")
_WORD = re.compile(r"[a-z]+|\d+")

Name = tuple[str, ...]


def suggest(listings: QuerySet[Listing]) -> dict[int, list[Offering]]:
    """By listing: what those of `listings` may mean that nobody has mapped; a listing without a suggestion is left out.

    An offering that the source already has another row for is not suggested.
    """
    offerings = _by_host()
    rows = _candidates(listings, offerings.keys())
    taken = set(Listing.objects.filter(offering__isnull=False, missing_since=None).values_list("source", "offering"))
    found: dict[int, list[Offering]] = {}
    for pk, source, external_id, host, host_id in rows:
        name = name_of(host_id or external_id.partition("/")[2] or external_id)
        free = (o for o, known in offerings[host] if (source, o.pk) not in taken and is_same(name, known))
        if near := sorted(free, key=lambda offering: offering.external_id)[:MAX_SUGGESTIONS]:
            found[pk] = near
    return found


def could_be_ours(listings: QuerySet[Listing]) -> QuerySet[Listing]:
    """Those of `listings` that nobody has mapped and that have a suggestion."""
    return listings.filter(pk__in=suggest(listings))


def _by_host() -> Mapping[str, list[tuple[Offering, Name]]]:
    found: dict[str, list[tuple[Offering, Name]]] = defaultdict(list)
    for offering in Offering.objects.filter(kind=Offering.Kind.SERVICE).select_related("model"):
        found[offering.host].append((offering, name_of(offering.external_id)))
    return found


def _candidates(listings: QuerySet[Listing], hosts: Iterable[str]) -> Iterable[tuple[int, int, str, str, str | None]]:
    rows = listings.filter(offering=None, missing_since=None, current__facts__host__in=list(hosts))
    facts = (F("current__facts__host"), F("current__facts__host_id"))
    return rows.values_list("pk", "source_id", "external_id", *facts)


@lru_cache(maxsize=20_000)
def name_of(text: str) -> Name:
    """The words and numbers of an id or a heading, without what is set aside. Pure."""
    return tuple(_WORD.findall(_ASIDE.sub(" ", text.casefold())))


def is_same(one: Name, other: Name) -> bool:
    """Whether two names are the same, but for words in front of one of them: `anthropic.claude-…`, `us.anthropic.…`."""
    short, long = sorted((one, other), key=len)
    front = long[: len(long) - len(short)]
    return bool(short) and long[len(front) :] == short and not any(word.isdigit() for word in front)
