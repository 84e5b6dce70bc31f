"""What a letter says about a source: what is wrong, what follows from it, what to do; and later how it ended."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Max
from django.urls import reverse

from governance.facts.staleness import load_staleness
from governance.headlines import one_line
from governance.links import absolute
from governance.rules.english import span
from governance.transports.base import Alert
from registry.health import MOMENT, cause_of, with_held_counts
from registry.models import Change, Dependency, HeldFact, Incident, Offering, PollRun

Sentences = tuple[str, ...]


def alert_about(incident: Incident, *, is_over: bool) -> Alert:
    """The letter's content. Upstream's words are put on one line; nothing else is done to them."""
    (counted,) = with_held_counts(Incident.objects.filter(pk=incident.pk).select_related("source", "decided_by"))
    headline, why, follows, to_do = _ENDS[counted.verdict](counted) if is_over else _STARTS[counted.kind](counted)
    return Alert(
        headline=one_line(headline),
        why=tuple(map(one_line, why)),
        follows=tuple(map(one_line, follows)),
        to_do=tuple(map(one_line, to_do)),
        url=absolute(reverse("pages:source", args=[counted.source_id])),
    )


Parts = tuple[str, Sentences, Sentences, Sentences]


def _failing(incident: Incident) -> Parts:
    source, since = incident.source, _last_answer(incident)
    count = _unconfirmed_models(incident)
    why = cause_of(source, now=incident.opened_at) or "The last poll says nothing of a reason."
    return (
        f"{source} has not answered since {since:{MOMENT}}",
        (why,),
        (
            f"The facts of {_models(count)} in use are no longer confirmed: production checks answer “unknown” about "
            "them (UD306)."
            if count
            else "No model in use hangs on this source alone; checks go on as before.",
            "What it said last still counts. Silence takes no model for gone, and raises no change.",
        ),
        (
            "Look at its latest polls: a wrong key or address stays wrong until somebody changes it.",
            "An outage passes by itself: the source is asked again, and you get one more letter when it answers.",
        ),
    )


def _suspect(incident: Incident) -> Parts:
    return (
        f"{incident.source} states a mass change, which is held back",
        (incident.reason,),
        (
            f"Held back: {_held(incident)}, about {_models(_held_models(incident))} in use.",
            "Nobody was told of them, and checks go by what was known before.",
            "Everything else that the source says is taken in as usual.",
        ),
        (
            "Compare with the source itself. Release what is true: it counts from then on, and the teams are told.",
            "Dismiss what is a mistake of theirs: it is dropped, and your note says why.",
        ),
    )


def _empty(incident: Incident) -> Parts:
    return (
        f"{incident.source} answers with far less than it used to",
        (incident.reason,),
        ("What is lacking is taken neither for gone nor for confirmed; it keeps what was known of it.",),
        (
            "Look at the source itself: has its format or its address changed, or does our key see less than before?",
            "If it is back to normal with the next poll, this ends by itself and you are told.",
        ),
    )


def _passed(incident: Incident) -> Parts:
    source = incident.source
    if not source.is_enabled:
        return _switched_off(incident)
    closed_at = incident.closed_at or incident.opened_at
    if incident.kind != Incident.Kind.FAILING:
        said = f"{source} is back to normal since {closed_at:{MOMENT}}."
        return f"{source} is back to normal", (said, f"It was: {incident.reason}"), ("Nothing has to be done.",), ()
    silent = span(closed_at - _last_answer(incident))
    changes = Change.objects.in_force().filter(run__source=source, detected_at__gte=closed_at).count()
    came = "1 change" if changes == 1 else f"{changes or 'no'} changes"
    return (
        f"{source} answers again",
        (f"It answers since {closed_at:{MOMENT}}. It was silent for {silent}; {came} came in.",),
        ("Its facts are confirmed again. Nothing has to be done.",),
        (),
    )


def _switched_off(incident: Incident) -> Parts:
    return (
        f"{incident.source} was switched off",
        (f"It had not answered since {_last_answer(incident):{MOMENT}}.",),
        ("What it said is no longer watched: nobody will notice when it changes.",),
        (),
    )


def _released(incident: Incident) -> Parts:
    return _decided(incident, "released", "What was held back counts now; the teams that it concerns are told.")


def _dismissed(incident: Incident) -> Parts:
    return _decided(incident, "dismissed", "What was held back was dropped; what was known before stands.")


def _decided(incident: Incident, verb: str, follows: str) -> Parts:
    note = (f"The note: {incident.note}",) if incident.note else ()
    said = f"{incident.decided_by or 'Somebody'} {verb} it on {incident.decided_at or incident.closed_at:{MOMENT}}."
    return (
        f"{incident.source}: what was held back was {verb}",
        (f"It was: {incident.reason}", said, *note),
        (follows,),
        (),
    )


_STARTS: dict[str, Callable[[Incident], Parts]] = {
    Incident.Kind.FAILING: _failing,
    Incident.Kind.SUSPECT: _suspect,
    Incident.Kind.EMPTY: _empty,
}
_ENDS: dict[str, Callable[[Incident], Parts]] = {
    Incident.Verdict.PASSED: _passed,
    Incident.Verdict.RELEASED: _released,
    Incident.Verdict.DISMISSED: _dismissed,
}


def _last_answer(incident: Incident) -> datetime:
    """The last good poll before the incident; where the runs of that time are gone, the incident's beginning."""
    last = incident.source.last_success_at
    if last is not None and last <= incident.opened_at:
        return last
    before = PollRun.objects.filter(source=incident.source_id, completed_at__lt=incident.opened_at)
    newest: datetime | None = before.aggregate(newest=Max("completed_at"))["newest"]
    return newest or incident.opened_at


def _unconfirmed_models(incident: Incident) -> int:
    """Models in use that this source lists and that no other source has confirmed in time."""
    used = Dependency.objects.current().values("offering")
    listed = Offering.objects.filter(pk__in=used, listings__source=incident.source_id)
    models = dict(listed.values_list("pk", "model_id"))
    stale = load_staleness(models, now=incident.opened_at)
    return len({models[pk] for pk in stale})


def _held_models(incident: Incident) -> int:
    used = Dependency.objects.current().values("offering__model")
    held = HeldFact.objects.filter(incident=incident, listing__offering__model__in=used)
    changed = Change.objects.filter(incident=incident, listing__offering__model__in=used)
    models = (rows.values_list("listing__offering__model", flat=True) for rows in (held, changed))
    return len(set().union(*models))


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count} models"


def _held(incident: Incident) -> str:
    facts, changes = incident.fact_count, incident.change_count  # type: ignore[attr-defined]  # loaded with its counts
    return f"{facts} fact{'' if facts == 1 else 's'} and {changes} change{'' if changes == 1 else 's'}"
