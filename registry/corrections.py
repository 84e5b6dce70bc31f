"""A person puts a fact right that sources state wrongly: it stands above all of them until it ends or is lifted."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field

from registry.apply import apply_effective, claims_about
from registry.correctable import CORRECTABLE, stated
from registry.diff import compare
from registry.locks import serialise
from registry.models import Change, Correction, Offering, Revision, User
from registry.present import present_facts
from registry.records import JSON, ListingRecord, jsonable
from registry.words import checked_address, checked_sentence, noting

# Nobody remembers for longer why a source was wrong, and by then it may be right.
LONGEST = timedelta(days=365)
_LONGEST_REASON = Correction._meta.get_field("reason").max_length or 0


@transaction.atomic
def correct(
    offering: Offering,
    *,
    fact: str,
    value: Any,
    reason: str,
    evidence_url: str,
    ends_on: date,
    by: User,
    now: datetime,
) -> Correction:
    """Let `value` count for the fact from now on, whatever sources say; None says that there is none.

    Raises `ValidationError` by field, also where the fact is corrected already.
    """
    made = _read(fact=fact, value=value, reason=reason, evidence_url=evidence_url, ends_on=ends_on, today=now.date())
    serialise("corrections")
    offering = Offering.objects.select_for_update().select_related("model").get(pk=offering.pk)
    _end_passed(Correction.objects.filter(offering__model=offering.model_id), now=now)
    _refuse_second(offering, fact)
    before = present_facts(offering, now=now)
    made.offering, made.made_by, made.made_at = offering, by, now
    made.replaced = _what_nobody_states(offering, fact, now=now)
    made.save()
    summary = f"Corrected by {by}: {made.reason}"
    _follow(made, before, summary, Change.Origin.PERSON, by=by, now=now)
    return made


@transaction.atomic
def lift(correction: Correction, *, by: User, now: datetime) -> Correction:
    """End a correction before its day: what sources say counts again. Raises `ValidationError` where it has ended."""
    serialise("corrections")
    locked = Correction.objects.select_for_update().select_related("offering__model").get(pk=correction.pk)
    if locked.lifted_at is not None:
        raise ValidationError(f"This correction ended on {locked.lifted_at:%d %B %Y} already.")
    return _end(locked, f"The correction was lifted by {by}", Change.Origin.PERSON, by=by, now=now)


@transaction.atomic
def end_passed(*, now: datetime) -> list[Correction]:
    """End the corrections whose last day has passed; returns them."""
    serialise("corrections")
    return _end_passed(Correction.objects.all(), now=now)


def _end_passed(corrections: Any, *, now: datetime) -> list[Correction]:
    passed = corrections.filter(lifted_at=None, ends_on__lt=now.date()).select_related("offering__model")
    return [_end(one, "The correction has ended", Change.Origin.CLOCK, by=None, now=now) for one in passed]


def _end(correction: Correction, summary: str, origin: Change.Origin, *, by: User | None, now: datetime) -> Correction:
    before = _under(correction, now=now)
    correction.lifted_at, correction.lifted_by = now, by
    correction.save(update_fields=["lifted_at", "lifted_by"])
    _restore(correction, now=now)
    _follow(correction, before, summary, origin, by=by, now=now)
    return correction


def _under(correction: Correction, *, now: datetime) -> ListingRecord:
    """What counted with the correction, also after its last day."""
    still = min(now, datetime.combine(correction.ends_on, now.timetz()))
    return present_facts(correction.offering, now=still)


def _follow(
    correction: Correction,
    before: ListingRecord,
    summary: str,
    origin: Change.Origin,
    *,
    by: User | None,
    now: datetime,
) -> None:
    """Let the effective value follow at once, and tell whoever uses the model what is different."""
    offering, fact = correction.offering, correction.fact
    apply_effective({offering.pk}, now=now)
    offering.refresh_from_db()
    after = present_facts(offering, now=now)
    for one in compare(before, replace(before, **{fact: getattr(after, fact)})):
        Change.objects.create(
            kind=one.kind,
            severity=one.severity,
            origin=origin,
            offering=offering,
            before=one.before,
            after=one.after,
            effective_on=one.effective_on,
            detected_at=now,
            reported_by=by,
            summary=summary[:300],
            evidence_url=correction.evidence_url,
        )


def _read(*, fact: str, value: Any, reason: str, evidence_url: str, ends_on: date, today: date) -> Correction:
    made = Correction(fact=fact, ends_on=ends_on)
    problems: dict[str, list[str]] = {}
    with noting(problems, "fact"):
        if fact not in CORRECTABLE:
            raise ValidationError(f"Choose one of {', '.join(CORRECTABLE)}.")
        with noting(problems, "value"):
            made.value = stated(fact, value)
    with noting(problems, "reason"):
        made.reason = checked_sentence(reason, longest=_LONGEST_REASON)
    with noting(problems, "evidence_url"):
        made.evidence_url = checked_address(evidence_url)
    with noting(problems, "ends_on"):
        _check_end(ends_on, today)
    if problems:
        raise ValidationError(problems)
    return made


def _check_end(ends_on: date, today: date) -> None:
    if ends_on < today:
        raise ValidationError("This day has passed already.")
    if ends_on > today + LONGEST:
        latest = today + LONGEST
        raise ValidationError(
            f"At most {LONGEST.days} days ahead, until {latest}: by then somebody has to look at it again."
        )


def _refuse_second(offering: Offering, fact: str) -> None:
    standing = Correction.objects.filter(fact=fact, lifted_at=None)
    # Offerings of one model share its row, so that one of them alone can correct it.
    is_shared = CORRECTABLE[fact].is_of_model
    mine = standing.filter(offering__model=offering.model_id) if is_shared else standing.filter(offering=offering)
    if other := mine.select_related("made_by").first():
        raise ValidationError(
            {"fact": f"{other.made_by} has corrected it already, until {other.ends_on}: lift that correction first."}
        )


def _what_nobody_states(offering: Offering, fact: str, *, now: datetime) -> JSON:
    """By column: what stands in the register without a source behind it. A source can say its own again."""
    claims = claims_about([offering.pk], now=now)[offering.pk]
    is_stated = any(claim.states(fact) for claim in claims)
    if fact == "license":
        kept = _license_row(offering)
        return {} if is_stated or kept is None else {"license": kept.license_id, "as_given": kept.license_as_given}
    row = offering.model if CORRECTABLE[fact].is_of_model else offering
    columns = [name for name in CORRECTABLE[fact].columns if not (is_stated and name != "status")]
    return {name: jsonable(getattr(row, name)) for name in columns}


def _restore(correction: Correction, *, now: datetime) -> None:
    """Put back what stood there before; what sources say of it is applied afterwards."""
    offering, fact = correction.offering, correction.fact
    kept: JSON = correction.replaced or {}
    if fact == "license":
        _restore_license(offering, kept)
        return
    row = offering.model if CORRECTABLE[fact].is_of_model else offering
    for name in CORRECTABLE[fact].columns:
        field = cast("Field[Any, Any]", row._meta.get_field(name))
        setattr(row, name, field.to_python(kept[name]) if name in kept else field.get_default())
    if "status" in kept:
        offering.status = _status_before(offering, kept["status"], now=now)
    row.save(update_fields=CORRECTABLE[fact].columns)


def _status_before(offering: Offering, status: str, *, now: datetime) -> str:
    """Where sources speak the status is worked out from them anew; but that it is gone is not a correction's to say."""
    present = Offering.objects.values_list("status", flat=True).get(pk=offering.pk)
    if present == Offering.Status.REMOVED:
        return present
    return Offering.Status.UNKNOWN if claims_about([offering.pk], now=now)[offering.pk] else status


def _restore_license(offering: Offering, kept: JSON) -> None:
    if "license" in kept:
        Revision.objects.filter(offering=offering, revision=offering.head_revision).update(
            license=kept["license"], license_as_given=kept["as_given"]
        )


def _license_row(offering: Offering) -> Revision | None:
    return offering.revisions.filter(revision=offering.head_revision).first()
