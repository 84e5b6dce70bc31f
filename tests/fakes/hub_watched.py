"""A register that watches repositories of the fake Hub, and what it tells of them while simulated time goes by."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate, cycle, islice
from pathlib import Path

from django.db.models.functions import Coalesce

from registry.ingest import poll
from registry.models import Change, ChangeKind, Offering
from tests import factories as make
from tests.fakes.hub import Hub

# A commit moves the revision whatever it is about, and what is new is listed: neither is what these tests are about.
BESIDES = frozenset({ChangeKind.LISTED, ChangeKind.REVISION_MOVED})
# From a nervous operator's interval to the usual one; twelve of them are a day and a third.
STEPS = (timedelta(minutes=15), timedelta(hours=6), timedelta(hours=1), timedelta(hours=6), timedelta(minutes=30))


def watch(names: Iterable[str]) -> None:
    """Offerings of one model, for the names are what matters; those that are there already stay as they are."""
    model, weights = make.model(), Offering.Kind.WEIGHTS
    fresh = (
        Offering(model=model, kind=weights, host="huggingface", external_id=name, external_key=name.casefold())
        for name in names
    )
    Offering.objects.bulk_create(fresh, ignore_conflicts=True)


def sweep(hub: Hub, now: datetime) -> None:
    """Poll once, when it is `now` for the register and for the Hub."""
    hub.clock.set(now)
    poll("huggingface", now=now)


def read_once(hub: Hub, folder: Path, now: datetime) -> None:
    """Let the register know every repository of the Hub, as if it had read them one by one, and then sweep."""
    document = folder / "hub.json"
    document.write_text(json.dumps(list(hub.repositories.values())), encoding="utf-8")
    poll("huggingface", now=now, document=document)
    sweep(hub, now)


def sweep_on(hub: Hub, moments: Iterable[datetime]) -> datetime:
    """Poll at each of the moments; returns the last of them."""
    *_, last = (_swept(hub, moment) for moment in moments)
    return last


def moments(after: datetime, *, times: int, steps: Iterable[timedelta] = STEPS) -> Iterator[datetime]:
    """So many moments after that one, the steps taken in turn."""
    return islice(accumulate(cycle(steps), initial=after), 1, times + 1)


def told(*, since: datetime) -> list[tuple[str, str]]:
    """Kind and repository of each change that counts and was noticed after `since`, in order."""
    rows = Change.objects.in_force().exclude(kind__in=BESIDES).filter(detected_at__gt=since)
    name = Coalesce("listing__external_id", "offering__external_id")
    return sorted(rows.annotate(name=name).values_list("kind", "name"))


def removals() -> list[tuple[str, datetime]]:
    """Repository and moment of each removal that counts."""
    rows = Change.objects.in_force().filter(kind=ChangeKind.REMOVED)
    return sorted(rows.values_list("listing__external_id", "detected_at"))


def _swept(hub: Hub, moment: datetime) -> datetime:
    sweep(hub, moment)
    return moment
