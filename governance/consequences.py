"""Write down what a change means for the dependencies it reached: impacts and actions, and what is to be told."""

from collections.abc import Iterable
from datetime import datetime

from governance.deadlines import LEAD_DAYS, Clock
from governance.headlines import News, headline
from governance.impact import Assessment, assess
from governance.models import Action, Impact
from governance.notices import Item
from governance.raising import raise_action, settle_action
from governance.reach import Touched, news_of
from governance.standing import State, still_asks
from governance.treatments import Response
from registry.models import Change, ChangeKind


def record(change: Change, touched: Iterable[Touched], *, now: datetime) -> list[Item]:
    """Impacts and actions for each dependency in `touched`; returns what its teams have to be told.

    A dependency that the change has reached before in the same way is passed over. Needs a transaction and the lock
    of triage.
    """
    news = news_of(change)
    clock = Clock(today=now.date(), lead_days=LEAD_DAYS)
    known = set(Impact.objects.filter(change=change).values_list("dependency_id", "path"))
    impacts, items = [], []
    for one in touched:
        assessment = assess(news, one.reach, clock)
        if assessment.response is Response.NOTHING or (one.dependency.pk, one.reach.path) in known:
            continue
        action = _act(news, one, assessment, now=now)
        impacts.append(_impact(change, one, assessment, action, now=now))
        if assessment.response >= Response.TELL:
            items.append(Item.about(change, one.dependency, action))
    Impact.objects.bulk_create(impacts)
    return items


def _act(news: News, touched: Touched, assessment: Assessment, *, now: datetime) -> Action | None:
    dependency = touched.dependency
    if assessment.need is not None:
        moves = news.kind == ChangeKind.RETIREMENT_MOVED and touched.reach.path == Impact.Path.DIRECT
        return raise_action(dependency, assessment.need, now=now, moves_deadline=moves)
    if assessment.eases and not still_asks(State.of(dependency.offering), assessment.concern):
        return settle_action(dependency, assessment.concern, reason=f"{headline(news)}.", now=now)
    return None


def _impact(
    change: Change, touched: Touched, assessment: Assessment, action: Action | None, *, now: datetime
) -> Impact:
    return Impact(
        change=change,
        dependency=touched.dependency,
        path=touched.reach.path,
        explanation=assessment.explanation,
        action=action,
        created_at=now,
    )
