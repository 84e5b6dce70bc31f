"""Changes that no poll found: what a person reports, and what stands without anybody having announced it.

People are a source like any other, the least believed: what they say of an offering is kept as an observation, counts
where nobody who knows better says otherwise, and is told as a change unless it was known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from registry.apply import apply_effective, claims_about
from registry.diff import Difference, compare
from registry.effective import combine
from registry.hints import read_soon
from registry.locks import serialise
from registry.models import (
    Change,
    ChangeKind,
    Listing,
    Method,
    Observation,
    Offering,
    PollRun,
    Severity,
    Source,
    User,
    Vendor,
)
from registry.present import present_facts
from registry.records import JSON, ListingRecord, from_facts, to_facts
from registry.refs import HUB
from registry.reportable import REPORTABLE, stated_by
from registry.words import checked_address, checked_sentence, noting

PEOPLE = "people"
_SUMMARY_LENGTH = Change._meta.get_field("summary").max_length or 0

_SEVERITIES: dict[str, Severity] = {
    ChangeKind.REMOVED: Severity.CRITICAL,
    ChangeKind.DISABLED: Severity.CRITICAL,
    ChangeKind.RETIRED: Severity.CRITICAL,
    ChangeKind.RETIREMENT_ANNOUNCED: Severity.WARNING,
    ChangeKind.GATED: Severity.WARNING,
    ChangeKind.DEPRECATED: Severity.NOTICE,
}


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A fact of which a source says something else that counts before a person's word."""

    fact: str
    source: str
    value: Any


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a report: the changes it is told as (none where it was known), and what counts instead of it."""

    changes: Sequence[Change]
    otherwise: Sequence[Otherwise] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    """What a person wrote, checked."""

    summary: str
    source_url: str
    by: User
    now: datetime


@transaction.atomic
def report_change(
    offering: Offering,
    *,
    kind: str,
    facts: Mapping[str, Any],
    summary: str,
    source_url: str,
    reported_by: User,
    now: datetime,
) -> Report:
    """Enter what changed about an offering, with where it can be read; `facts` are those that the kind asks for.

    What was reported before, or counts already, raises nothing. Raises `ValidationError` by field.
    """
    words, stated = _read(kind, facts, summary, source_url, reported_by, now)
    serialise("reports")
    offering = Offering.objects.select_for_update().select_related("model").get(pk=offering.pk)
    if offering.host == HUB:
        # Let the Hub itself say, soon.
        read_soon([offering.external_key.split("/")[0]], now=now)
    if kind == ChangeKind.REMOVED:
        return _report_removal(offering, words)
    return _report_facts(offering, kind, stated, words)


def _read(
    kind: str, facts: Mapping[str, Any], summary: str, source_url: str, by: User, now: datetime
) -> tuple[_Words, JSON]:
    problems: dict[str, list[str]] = {}
    written = {"summary": "", "source_url": ""}
    with noting(problems, "summary"):
        written["summary"] = checked_sentence(summary, longest=_SUMMARY_LENGTH)
    with noting(problems, "source_url"):
        written["source_url"] = checked_address(source_url)
    stated = stated_by(kind, facts, problems)
    if problems:
        raise ValidationError(problems)
    return _Words(**written, by=by, now=now), stated


def _report_facts(offering: Offering, kind: str, stated: JSON, words: _Words) -> Report:
    listing = _listing_of(offering, now=words.now)
    former = from_facts(listing.external_id, listing.current.facts if listing.current else {})
    taken_back = REPORTABLE[kind].takes_back
    facts = _typed(stated) | dict.fromkeys(taken_back)
    known = present_facts(offering, now=words.now)
    news = compare(known, replace(known, **facts))
    if _is_repeated(listing, former, facts, news):
        news = []
    run = _keep(listing, replace(former, **facts), words, is_news=bool(news))
    changes = [_change(one, words, listing=listing, run=run) for one in news]
    apply_effective({offering.pk}, now=words.now, taken_back={offering.pk: taken_back})
    return Report(changes, tuple(_otherwise(offering, facts, now=words.now)))


def _typed(stated: JSON) -> dict[str, Any]:
    record = from_facts("", stated)
    return {name: getattr(record, name) for name in stated}


def _listing_of(offering: Offering, *, now: datetime) -> Listing:
    listing, _ = Listing.objects.select_related("current", "source").get_or_create(
        source=Source.objects.get(slug=PEOPLE),
        external_id=f"{offering.host}/{offering.external_id}"[:300],
        defaults={"offering": offering, "first_seen_at": now},
    )
    listing.offering = offering
    return listing


def _is_repeated(listing: Listing, former: ListingRecord, facts: Mapping[str, Any], news: Sequence[Difference]) -> bool:
    """Whether people have said just this before, whatever counts by now."""
    if any(getattr(former, name) != value for name, value in facts.items()):
        return False
    if all(value is not None for value in facts.values()):
        return True
    # That there is none leaves no trace in what people say; that it was told does.
    told = [(one.kind, one.before, one.after) for one in listing.changes.in_force()]
    return all((one.kind, one.before, one.after) in told for one in news)


def _keep(listing: Listing, record: ListingRecord, words: _Words, *, is_news: bool) -> PollRun:
    """The observation that a report is, in a run of its own."""
    run = PollRun.objects.create(
        source=listing.source,
        slot=_free_slot(listing.source, words.now),
        started_at=words.now,
        lease_until=words.now,
        completed_at=words.now,
        outcome=PollRun.Outcome.CHANGED if is_news else PollRun.Outcome.UNCHANGED,
        url=words.source_url,
        record_count=1,
        change_count=int(is_news),
        log=f"{words.by}: {words.summary}",
    )
    listing.current = Observation.objects.create(
        listing=listing,
        run=run,
        facts=to_facts(record),
        evidence_url=words.source_url,
        observed_at=words.now,
        last_confirmed_at=words.now,
    )
    listing.save()
    Source.objects.filter(pk=listing.source_id).update(last_success_at=words.now, last_observed_at=words.now)
    return run


def _free_slot(source: Source, now: datetime) -> datetime:
    newest = source.runs.filter(slot__gte=now).order_by("-slot").first()
    return newest.slot + timedelta(microseconds=1) if newest else now


def _change(
    one: Difference,
    words: _Words,
    *,
    listing: Listing | None = None,
    offering: Offering | None = None,
    run: PollRun | None = None,
) -> Change:
    return Change.objects.create(
        kind=one.kind,
        severity=one.severity,
        origin=Change.Origin.PERSON,
        listing=listing,
        offering=offering,
        before=one.before,
        after=one.after,
        effective_on=one.effective_on,
        detected_at=words.now,
        run=run,
        reported_by=words.by,
        summary=words.summary,
        evidence_url=words.source_url,
    )


def _otherwise(offering: Offering, facts: Mapping[str, Any], *, now: datetime) -> Iterator[Otherwise]:
    effective = combine(claims_about([offering.pk], now=now)[offering.pk])
    for name, said in facts.items():
        one = effective.get(name)
        if one is not None and one.value != said:
            yield Otherwise(name, _name_of(one.evidence.source), one.value)


def _name_of(claimant: str) -> str:
    source = Source.objects.filter(slug=claimant).first()
    return source.name if source else "A person's correction"


def _report_removal(offering: Offering, words: _Words) -> Report:
    """Told at once; whether it is gone is still for the sources to say, by the evidence that they need for it."""
    lists_it = [
        Otherwise("removed", _name_of(claim.source), claim.last_confirmed_at)
        for claim in claims_about([offering.pk], now=words.now)[offering.pk]
        if not claim.is_stale and claim.method != Method.REPORTED
    ]
    if offering.status == Offering.Status.REMOVED or _was_last_told_as_removed(offering):
        return Report((), ())
    gone = Difference(ChangeKind.REMOVED, offering.external_id, _SEVERITIES[ChangeKind.REMOVED])
    return Report((_change(gone, words, offering=offering),), tuple(lists_it))


def _was_last_told_as_removed(offering: Offering) -> bool:
    told = Change.objects.in_force().filter(Q(offering=offering) | Q(listing__offering=offering))
    last = told.filter(kind__in=(ChangeKind.REMOVED, ChangeKind.RESTORED)).order_by("-detected_at", "-id").first()
    return last is not None and last.kind == ChangeKind.REMOVED


def report_vendor_signal(
    vendor: Vendor, *, summary: str, source_url: str, severity: str, reported_by: User, now: datetime
) -> Change:
    """Enter what a vendor does or says, with where it can be read.

    Raises `ValidationError` by field: a summary of one line and at most 300 characters, an http(s) address, and a
    severity of the list are needed.
    """
    problems: dict[str, list[str]] = {}
    with noting(problems, "summary"):
        summary = checked_sentence(summary, longest=_SUMMARY_LENGTH)
    with noting(problems, "source_url"):
        checked_address(source_url)
    with noting(problems, "severity"):
        if severity not in Severity.values:
            raise ValidationError(f"Choose one of {', '.join(Severity.values)}.")
    if problems:
        raise ValidationError(problems)
    return Change.objects.create(
        kind=ChangeKind.VENDOR_SIGNAL,
        severity=severity,
        origin=Change.Origin.PERSON,
        vendor=vendor,
        summary=summary,
        evidence_url=source_url,
        reported_by=reported_by,
        detected_at=now,
    )
