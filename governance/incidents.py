"""What is wrong with a source, and the people who look after it: each incident is told once, and its end once.

What is to be told is found by looking: an open incident without an `IncidentTold` row. Releasing and dismissing what
is held back is `registry.incidents`'; here stands who may, and the line of audit.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from governance import audit
from governance.models import Channel, IncidentTold, Notice
from governance.permissions import ADMIN
from governance.refused import Refused, written
from governance.transports import Style, style_of
from registry import incidents
from registry.locks import serialise
from registry.models import Incident, User
from registry.upstream import UpstreamError

_LONGEST_NOTE = Incident._meta.get_field("note").max_length or 0


@transaction.atomic
def tell(*, now: datetime) -> int:
    """Queue a letter to every operator about what nobody was told of yet; returns how many letters.

    An incident that ended before anybody was told is left unsaid. While there is nobody to tell it waits.
    """
    serialise("triage")
    news = list(Incident.objects.open().filter(told=None))
    ended = list(IncidentTold.objects.filter(end_told_at=None, incident__closed_at__isnull=False))
    channels = operator_channels(now=now) if news or ended else []
    if not channels:
        return 0
    IncidentTold.objects.bulk_create(IncidentTold(incident=one, told_at=now) for one in news)
    IncidentTold.objects.filter(pk__in=[told.pk for told in ended]).update(end_told_at=now)
    letters = [*_letters(channels, [one.pk for one in news], is_over=False, now=now)]
    letters += _letters(channels, [told.pk for told in ended], is_over=True, now=now)
    Notice.objects.bulk_create(letters)
    return len(letters)


def _letters(
    channels: Iterable[Channel], incident_ids: Iterable[int], *, is_over: bool, now: datetime
) -> Iterable[Notice]:
    ending = ":over" if is_over else ""
    return [
        Notice(
            channel=channel,
            key=f"incident:{pk}:{channel.pk}{ending}",
            incident_id=pk,
            is_over=is_over,
            item_count=1,
            due_at=now,
            created_at=now,
        )
        for pk in incident_ids
        for channel in channels
    ]


def operator_channels(*, now: datetime) -> list[Channel]:
    """The channels of those who look after the sources: the ones without a team.

    Each administrator with an address has one, made here the first time; switching it off stays so. The address of
    somebody who may not log in any more gets nothing.
    """
    for address in _addresses(is_active=True):
        Channel.objects.get_or_create(
            team=None, person=None, transport="email", address=address, defaults={"introduced_at": now}
        )
    enabled = Channel.objects.filter(team=None, person=None, is_enabled=True).order_by("pk")
    left = _addresses(is_active=False) - _addresses(is_active=True)
    return [one for one in enabled if style_of(one.transport) is Style.DIGEST and one.address not in left]


def _addresses(*, is_active: bool) -> set[str]:
    administrators = User.objects.filter(Q(groups__name=ADMIN) | Q(is_superuser=True), is_active=is_active)
    return set(administrators.exclude(email="").values_list("email", flat=True))


def release(incident: Incident, *, by: User, note: str, now: datetime) -> Incident:
    """Let what is held back count: it was true. Refused: `not_allowed`, `invalid`, `closed`."""
    return _end(incident, incidents.release, "released", by=by, note=note.strip(), now=now)


def dismiss(incident: Incident, *, by: User, note: str, now: datetime) -> Incident:
    """Drop what is held back: it was wrong, and `note` says why. Refused: `not_allowed`, `invalid`, `closed`."""
    return _end(incident, incidents.dismiss, "dismissed", by=by, note=written("note", note), now=now)


@transaction.atomic
def _end(
    incident: Incident, act: Callable[..., Incident], verb: str, *, by: User, note: str, now: datetime
) -> Incident:
    # Read anew: what the caller holds may be older than the loss of the right.
    if not User.objects.get(pk=by.pk).has_perm("registry.change_incident", incident):
        raise Refused("not_allowed", "Only reviewers and administrators release or dismiss what is held back.")
    if len(note) > _LONGEST_NOTE or "\x00" in note:
        raise Refused("invalid", f"note: at most {_LONGEST_NOTE} characters, and no NUL.", field="note")
    if incident.kind == Incident.Kind.FAILING:
        raise Refused("invalid", "kind: a source that does not answer holds nothing back; its next good poll ends it.")
    before = {"verdict": incident.verdict, "reason": incident.reason}
    try:
        ended = act(incident, by=by, note=note, now=now)
    except incidents.Closed as closed:
        raise Refused("closed", str(closed)) from closed
    except UpstreamError as missing:
        raise Refused("invalid", f"source: {missing}", field="source") from missing
    audit.record(f"governance:incident:{verb}", ended, actor=by, before=before, after={"note": note})
    return ended
