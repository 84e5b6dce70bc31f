"""What a vendor's behaviour suggests, taken up or dismissed by a person: who may, and the line of audit."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from governance import audit
from governance.links import absolute
from governance.refused import Refused, refuse, written
from registry.models import Change, ProposedSignal, User
from registry.reports import report_vendor_signal

_LONGEST_NOTE = ProposedSignal._meta.get_field("note").max_length or 0
_LONGEST_SUMMARY = Change._meta.get_field("summary").max_length or 0
_State = ProposedSignal.State


def open_signals() -> QuerySet[ProposedSignal]:
    """What waits for a person, the longest first."""
    return ProposedSignal.objects.filter(state=_State.PROPOSED).select_related("vendor").order_by("first_seen_at", "pk")


def accept(signal: ProposedSignal, *, severity: str, note: str, by: User, now: datetime) -> Change:
    """Enter it as news of the vendor, with the vendor's page as evidence; everyone concerned is told by the usual way.

    Refused: `not_allowed`, `invalid`, `already_decided`.
    """
    with transaction.atomic():
        row = _locked(signal, by)
        note = _checked(note.strip())
        try:
            change = report_vendor_signal(
                row.vendor,
                summary=summary_of(row, note),
                source_url=absolute(reverse("pages:vendor", args=[row.vendor.slug])),
                severity=severity,
                reported_by=by,
                now=now,
            )
        except ValidationError as error:
            refuse(error)
        row.change = change
        _close(row, _State.ACCEPTED, note=note, by=by, now=now)
    return change


def dismiss(signal: ProposedSignal, *, note: str, by: User, now: datetime) -> ProposedSignal:
    """Put it aside, and say why; it comes back only when the numbers are materially worse. Refused: as `accept`."""
    with transaction.atomic():
        row = _locked(signal, by)
        return _close(row, _State.DISMISSED, note=_checked(written("note", note)), by=by, now=now)


def summary_of(signal: ProposedSignal, note: str) -> str:
    """The sentence with its numbers, and what the person adds as far as there is room."""
    said = f"{signal.sentence} {note}".strip()
    return said if len(said) <= _LONGEST_SUMMARY else f"{said[: _LONGEST_SUMMARY - 1]}…"


def _locked(signal: ProposedSignal, by: User) -> ProposedSignal:
    # Read anew: what the caller holds may be older than the loss of the right, or than another's decision.
    if not User.objects.get(pk=by.pk).has_perm("registry.change_proposedsignal"):
        raise Refused("not_allowed", "Only reviewers and administrators decide about signals of a vendor.")
    rows = ProposedSignal.objects.select_for_update(of=("self",)).select_related("vendor")
    row = rows.filter(pk=signal.pk).first()
    if row is None:
        raise Refused("closed", "The numbers do not bear it any more: it was taken back.")
    if row.state != _State.PROPOSED:
        raise Refused("already_decided", f"{row.decided_by} has decided about it already: {row.get_state_display()}.")
    return row


def _checked(note: str) -> str:
    if len(note) > _LONGEST_NOTE or "\x00" in note:
        raise Refused("invalid", f"note: at most {_LONGEST_NOTE} characters, and no NUL.", field="note")
    return note


def _close(row: ProposedSignal, state: str, *, note: str, by: User, now: datetime) -> ProposedSignal:
    row.state, row.note, row.decided_by, row.decided_at = state, note, by, now
    row.save()
    said = {"vendor": row.vendor.slug, "part": row.part, "sentence": row.sentence, "numbers": row.numbers}
    after = {"state": state, "note": note, "change": row.change_id}
    audit.record(f"governance:vendor_signal:{state}", row, actor=by, before=said, after=after)
    return row
