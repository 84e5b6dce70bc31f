"""Would the last release still get through? Asked again before the next one, so that its owner hears of it first.

What a pipeline asked last is kept; where it was answered well and would be stopped now, the owning team is told, once for
each set of findings. What may be touched comes first, and each look does a bounded amount of work: the rest is found by
the next one. Nobody is told again what an action of theirs says already.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, Exists, F, Max, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest

from governance.answer import Answer, AnsweredFinding, Location
from governance.canonical import sha256_of
from governance.check import CheckRequest, RequestedModel, UnknownEnvironment, UnknownSystem, evaluate
from governance.models import Action, AuditEntry, Check, Forewarning, Impact, NoticeItem, Outlook, Policy
from governance.notices import digest_channels, open_digest
from governance.rules.catalogue import ERROR
from governance.rules.verdict import FAIL
from governance.triage import pending
from registry.locks import serialise

# A place takes some 20 ms, so a look takes half a second.
LIMIT = 25
# The clock moves things too: retirements come near, approvals end.
AT_LEAST_EVERY = timedelta(hours=6)
_GOOD = (Check.Verdict.PASS, Check.Verdict.WARN)


def look(*, now: datetime, limit: int = LIMIT) -> int:
    """Ask up to `limit` last questions again, those that something touched first; how many releases would be stopped.

    Any number of workers may look at once: each place is claimed by its row. What triage has to say is said first, so that
    nobody hears it twice.
    """
    if pending().exists():
        return 0
    return sum(_look_at(check, now=now) for check in due(now=now)[:limit])


def due(*, now: datetime) -> QuerySet[Check]:
    """The last answers that were good and may not be so any more: first what a change reached, then the longest unseen."""
    later = Check.objects.filter(
        system=OuterRef("system"), environment=OuterRef("environment"), checked_at__gt=OuterRef("checked_at")
    )
    looked = Outlook.objects.filter(system=OuterRef("system"), environment=OuterRef("environment"))
    reached = Impact.objects.filter(
        dependency__system=OuterRef("system"),
        dependency__environment=OuterRef("environment"),
        created_at__gt=OuterRef("seen_at"),
    )
    rows = (
        Check.objects.filter(~Exists(later), verdict__in=_GOOD)
        .annotate(seen_at=Greatest("checked_at", Coalesce(looked.values("looked_at")[:1], F("checked_at"))))
        .annotate(is_reached=Exists(reached))
    )
    stale = Q(is_reached=True) | Q(seen_at__lte=now - AT_LEAST_EVERY)
    if moved := _last_moved(now):
        stale |= Q(seen_at__lt=moved)
    first = Case(When(is_reached=True, then=Value(0)), default=Value(1))
    return rows.filter(stale).select_related("system", "environment").order_by(first, "seen_at", "pk")


def _last_moved(now: datetime) -> datetime | None:
    """When people last decided or entered anything, or a policy took force: that may touch any place."""
    moments = (
        AuditEntry.objects.filter(at__lte=now).aggregate(newest=Max("at"))["newest"],
        Policy.objects.filter(in_force_from__lte=now).aggregate(newest=Max("in_force_from"))["newest"],
    )
    return max((moment for moment in moments if moment is not None), default=None)


def _look_at(check: Check, *, now: datetime) -> bool:
    """Whether the team was told that this release would be stopped now. False where another worker looks at it."""
    if not _claim(check, now=now):
        return False
    try:
        answer = evaluate(question_of(check), now=now)
    except (UnknownSystem, UnknownEnvironment):
        return False
    if answer.verdict != FAIL:
        return False
    return _tell(check, answer, now=now)


def _claim(check: Check, *, now: datetime) -> bool:
    outlook, is_new = Outlook.objects.get_or_create(
        system=check.system, environment=check.environment, defaults={"looked_at": now}
    )
    seen = Outlook.objects.filter(pk=outlook.pk, looked_at=outlook.looked_at, looked_at__lt=now)
    return is_new or seen.update(looked_at=now) == 1


def question_of(check: Check) -> CheckRequest:
    """The question as it was understood, to be asked again."""
    return CheckRequest(
        system=check.system.slug,
        environment=check.environment.slug,
        is_complete=check.request["complete"],
        models=tuple(
            RequestedModel(
                ref=model["ref"],
                via=model["via"] or None,
                revision=model["revision"] or None,
                purpose=model["purpose"] or None,
                locations=tuple(Location(place["path"], place["line"]) for place in model["locations"]),
            )
            for model in check.request["models"]
        ),
    )


@transaction.atomic
def _tell(check: Check, answer: Answer, *, now: datetime) -> bool:
    """Queue the news for the team's digest; False where it was told this already, or knows it by its actions."""
    serialise("triage")
    stops = [finding for finding in answer.findings if finding.level == ERROR]
    forewarning, is_new = Forewarning.objects.get_or_create(
        check_run=check,
        digest=sha256_of(sorted({(one.rule, one.ref) for one in stops})),
        defaults={"findings": [_kept(one) for one in stops], "found_at": now},
    )
    team_id = check.system.team_id
    if not is_new or _is_told(stops, team_id):
        return False
    for channel in digest_channels([team_id]).get(team_id, []):
        open_digest(channel, 1, now=now, about="outlook").forewarnings.add(forewarning)
    return True


def _kept(finding: AnsweredFinding) -> dict[str, str]:
    return {"rule": finding.rule, "ref": finding.ref, "message": finding.message, "fix": finding.fix}


def _is_told(stops: Collection[AnsweredFinding], team_id: int) -> bool:
    """Whether the team was sent an open action about each of them: the letter would say the same again."""
    about = {pair for one in stops for pair in one.about}
    if not all(one.about for one in stops):
        return False
    sent = NoticeItem.objects.filter(action=OuterRef("pk"), notice__channel__team=team_id)
    open_actions = Action.objects.open().filter(Exists(sent), dependency__in={pk for pk, _ in about})
    known = set(open_actions.values_list("dependency_id", "concern"))
    return all(known.issuperset(one.about) for one in stops)
