"""Ask what would happen, and keep the answer as a report."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.circles import no_circles_collected
from governance.models import WhatIfReport
from governance.rules.english import listed
from governance.terms import terms_in_force
from governance.whatif.answer import Answer, Document, document_of
from governance.whatif.fates import Outcome, judge
from governance.whatif.fixes import most_helpful, shared_alternatives
from governance.whatif.load import load_candidates, load_exposed, of_unknown_country, resolve, touched
from governance.whatif.question import Question, Scene
from registry.models import Dependency, User

LONGEST_TITLE = 200
FURTHEST = timedelta(days=3650)


def ask(question: Question, *, now: datetime) -> Answer:
    """What stops, degrades and survives; raises `ValidationError` by field for a question that cannot be meant."""
    _refuse_a_strange_day(question.gone_on, now.date())
    with no_circles_collected():
        return _ask(question, now)


def _ask(question: Question, now: datetime) -> Answer:
    resolved = resolve(question)
    scene = Scene(resolved.lost, question.gone_on, now.date(), terms_in_force(now))
    exposed = load_exposed(touched(resolved.lost), resolved.lost, now=now)
    fates = tuple(fate for one in exposed if (fate := judge(one, scene)).ways)
    uses = {
        (fate.exposed.dependency.purpose, fate.exposed.system.distribution)
        for fate in fates
        if fate.outcome == Outcome.STOPS
    }
    candidates = load_candidates(uses, now=now) if uses else {}
    # Perhaps these are there as well: silence would read as if they stayed.
    unplaced = (
        touched(of_unknown_country()) - {fate.exposed.dependency.id for fate in fates} if question.countries else ()
    )
    return Answer(
        asked=resolved.asked,
        scene=scene,
        state_at=now,
        total=Dependency.objects.current().count(),
        of_unknown_country=len(unplaced),
        fates=fates,
        shared=tuple(shared_alternatives(fates)),
        helps=tuple(most_helpful(fates, scene, candidates)),
    )


def answer_document(question: Question, *, now: datetime) -> Document:
    return document_of(ask(question, now=now))


def save_report(question: Question, *, title: str, by: User, now: datetime) -> WhatIfReport:
    """Ask, and keep question and answer as they are now; without a title the question is it. Raises as `ask` does."""
    document = answer_document(question, now=now)
    title = title.strip() or title_of(document["asked"])
    row = WhatIfReport(
        title=title[:LONGEST_TITLE], asked=asked_of(question), answer=document, state_at=now, created_by=by
    )
    with transaction.atomic():
        row.save(force_insert=True)
        audit.record(
            "governance:whatifreport:saved",
            row,
            actor=by,
            after={"title": row.title, "asked": row.asked, "counts": document["counts"]},
        )
    return row


def title_of(asked: Mapping[str, Sequence[str]]) -> str:
    """“What if Alibaba and Meta go?”"""
    names = [str(name) for kind in asked.values() for name in kind]
    return f"What if {listed(names)} {'goes' if len(names) == 1 else 'go'}?"


def asked_of(question: Question) -> dict[str, Any]:
    """The question as JSON, such that it can be asked again."""
    lists = {
        name: list(getattr(question, name))
        for name in ("vendors", "hosts", "countries", "license_classes", "models", "offerings")
        if getattr(question, name)
    }
    return {"gone_on": question.gone_on.isoformat(), **lists}


def _refuse_a_strange_day(gone_on: date, today: date) -> None:
    if abs(gone_on - today) > FURTHEST:
        raise ValidationError({"gone_on": ["Choose a day within ten years."]})
