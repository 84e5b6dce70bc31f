"""Write down what changes mean for the dependencies they reached: impacts and actions, and what is to be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from governance.deadlines import Clock
from governance.headlines import News, headline
from governance.impact import Assessment, assess
from governance.models import Action, Basis, Impact
from governance.notices import Item
from governance.raising import OpenActions
from governance.reach import Touched, disputes_about, news_of
from governance.standing import State, still_asks
from governance.terms import terms_in_force
from governance.treatments import Response
from registry.models import Change, ChangeKind


def record(touched: Mapping[Change, Sequence[Touched]], *, now: datetime) -> list[Item]:
    """Impacts and actions for each change, in the order given; returns what the teams have to be told.

    A dependency that a change has reached before in the same way is passed over. Needs a transaction and the lock
    of triage.
    """
    clock = Clock(today=now.date(), lead_days=terms_in_force(now).lead_days)
    known = set(Impact.objects.filter(change__in=touched).values_list("change_id", "dependency_id", "path"))
    disputes = disputes_about(touched, now=now)
    actions = OpenActions({one.dependency.pk for ones in touched.values() for one in ones}, now=now)
    impacts: list[Impact] = []
    items: list[Item] = []
    for change, ones in touched.items():
        news = news_of(change, disputes)
        for one in ones:
            if (change.pk, one.dependency.pk, one.reach.path) in known or _was_adopted_so(change, one):
                continue
            assessment = assess(news, one.reach, clock)
            if assessment.response is Response.NOTHING:
                continue
            action = _act(news, one, assessment, actions)
            impacts.append(_impact(change, one, assessment, action, now=now))
            if assessment.response >= Response.TELL:
                items.append(Item.about(change, one.dependency, action))
    actions.write()
    Impact.objects.bulk_create(impacts)
    return items


def _was_adopted_so(change: Change, touched: Touched) -> bool:
    """Whether `change` only says that the offering in use is gated, as it was when it was adopted: that is no news."""
    is_old_state = change.kind == ChangeKind.GATED and change.before is None
    if not is_old_state or touched.reach.path != Impact.Path.DIRECT:
        return False
    dependency = touched.dependency
    return Basis.objects.filter(
        fact="gating",
        value=dependency.offering.gating,
        adoption__ended_at=None,
        adoption__offering=dependency.offering_id,
        adoption__purpose=dependency.purpose,
        adoption__distribution=dependency.system.distribution,
    ).exists()


def _act(news: News, touched: Touched, assessment: Assessment, actions: OpenActions) -> Action | None:
    dependency = touched.dependency
    if assessment.need is not None:
        moves = news.kind == ChangeKind.RETIREMENT_MOVED and touched.reach.path == Impact.Path.DIRECT
        return actions.want(dependency, assessment.need, moves_deadline=moves)
    if assessment.eases and not still_asks(State.of(dependency.offering), assessment.concern):
        return actions.settle(dependency, assessment.concern, reason=f"{headline(news)}.")
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
