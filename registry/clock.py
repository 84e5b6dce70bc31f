"""What time alone changes: a day of retirement that has come."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from registry.apply import claims_about
from registry.effective import Claim, Effective, combine
from registry.locks import serialise
from registry.models import Change, ChangeKind, Method, Observation, Offering, Severity

BATCH = 500
# What has ended already cannot retire.
OVER = (Offering.Status.RETIRED, Offering.Status.REMOVED, Offering.Status.DISABLED)


def retire_due(*, now: datetime) -> list[Change]:
    """Retire the offerings whose day has come, once each, and tell it as changes of the clock.

    A day counts if the vendor's own API names it, or a person, or if a feed named it before it came: a feed that
    brings a day of the past for a living model corrects its data, which is for a person to look at. A source that says
    that the model still runs is believed: its day is overdue.
    """
    told: list[Change] = []
    due = Offering.objects.filter(retires_on__lte=now.date()).exclude(status__in=OVER).order_by("pk")
    ids = list(due.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        told += _retire(ids[start : start + BATCH], now=now)
    return told


@transaction.atomic
def _retire(ids: list[int], *, now: datetime) -> list[Change]:
    serialise("clock")
    claims = claims_about(ids, now=now)
    # Asked again under the lock: another worker may have retired some meanwhile.
    due = Offering.objects.select_for_update().filter(pk__in=ids).exclude(status__in=OVER).order_by("pk")
    retired = [offering for offering in due if _has_retired(offering, claims.get(offering.pk, ()))]
    for offering in retired:
        offering.status = Offering.Status.RETIRED
    Offering.objects.bulk_update(retired, ["status"])
    return Change.objects.bulk_create(_retirement(one, claims.get(one.pk, ()), now=now) for one in retired)


def _has_retired(offering: Offering, claims: Iterable[Claim]) -> bool:
    values = combine(claims)
    if "is_retired" in values and values["is_retired"].value is False:
        return False
    # Without a source a person has entered the day.
    stated = values.get("retires_on")
    return stated is None or _is_credible(offering, stated)


def _is_credible(offering: Offering, stated: Effective) -> bool:
    claim = stated.evidence
    if claim.corrects or claim.method == Method.VENDOR_API:
        return True
    assert isinstance(stated.value, date), "the day of a retirement"  # noqa: S101
    saying_so = Observation.objects.filter(
        listing__offering=offering, listing__source__slug=claim.source, facts__retires_on=stated.value.isoformat()
    )
    first = saying_so.order_by("observed_at").values_list("observed_at", flat=True).first()
    return first is not None and first.date() <= stated.value


def _retirement(offering: Offering, claims: Iterable[Claim], *, now: datetime) -> Change:
    stated = combine(claims).get("retires_on")
    return Change(
        kind=ChangeKind.RETIRED,
        severity=Severity.CRITICAL,
        origin=Change.Origin.CLOCK,
        offering=offering,
        detected_at=now,
        effective_on=offering.retires_on,
        summary="Its announced day has come",
        evidence_url=stated.evidence.evidence_url if stated else "",
        evidence_sha256=stated.evidence.evidence_sha256 if stated else "",
    )
