"""Keep the one open action of a dependency and concern in step with what is known."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from governance.impact import Need
from governance.models import Action, Concern
from registry.models import Dependency


@dataclass(frozen=True, slots=True)
class Standing:
    """An action that is not done, as far as a later change may alter it."""

    title: str
    what_to_do: str
    due_on: date
    state: str


def revise(standing: Standing, need: Need, *, moves_deadline: bool) -> Standing:
    """The action after a later change of the same concern; pure.

    The earlier deadline stays unless the change itself moved the day. The text follows whatever sets the deadline.
    Somebody who acknowledged or snoozed it is asked again where it got worse.
    """
    is_leading = moves_deadline or need.is_urgent or need.due_on <= standing.due_on
    is_worse = need.is_urgent or need.due_on < standing.due_on
    revised = standing
    if is_leading:
        due_on = need.due_on if moves_deadline else min(need.due_on, standing.due_on)
        revised = replace(standing, title=need.title, what_to_do=need.what_to_do, due_on=due_on)
    return replace(revised, state=Action.State.OPEN) if is_worse else revised


# What was settled by itself and comes back within these days was never over: a vendor that gates, opens and gates again
# gives nobody a new time of grace.
COMES_BACK = timedelta(days=30)


class OpenActions:
    """The unfinished actions of some dependencies: altered in memory by one change after the other, written once.

    Needs a transaction and the lock of triage. The rows are locked, so that a person who finishes one at this moment
    is not overwritten.
    """

    def __init__(self, dependency_ids: Collection[int], *, now: datetime) -> None:
        self._now = now
        rows = Action.objects.select_for_update().filter(dependency_id__in=dependency_ids)
        self._open = {(row.dependency_id, row.concern): row for row in rows.exclude(state=Action.State.DONE)}
        # By nobody: what a person finished is over.
        settled = Action.objects.filter(
            dependency_id__in=dependency_ids, state=Action.State.DONE, changed_by=None, updated_at__gte=now - COMES_BACK
        )
        self._settled = {(row.dependency_id, row.concern): row for row in settled.order_by("updated_at", "pk")}
        self._new: list[Action] = []
        self._altered: dict[int, Action] = {}

    def want(self, dependency: Dependency, need: Need, *, moves_deadline: bool = False) -> Action:
        """The open action for what `need` is about: a new one, or the one there is, revised."""
        action = self._open.get((dependency.pk, need.concern))
        if action is None:
            former = self._settled.get((dependency.pk, need.concern))
            action = _new(dependency, _as_before(need, former) if former else need, now=self._now)
            self._open[dependency.pk, need.concern] = action
            self._new.append(action)
            return action
        standing = Standing(action.title, action.what_to_do, action.due_on, action.state)
        self._alter(action, revise(standing, need, moves_deadline=moves_deadline))
        return action

    def settle(self, dependency: Dependency, concern: Concern, *, reason: str) -> Action | None:
        """Finish the action of this concern because its cause is gone; None where there is none."""
        action = self._open.pop((dependency.pk, concern), None)
        if action is not None:
            standing = Standing(action.title, action.what_to_do, action.due_on, Action.State.DONE)
            self._alter(action, standing, why=reason[:300])
            self._settled[dependency.pk, concern] = action
        return action

    def _alter(self, action: Action, revised: Standing, *, why: str = "It got worse.") -> None:
        if revised.state != action.state:
            action.state_reason, action.snoozed_until, action.changed_by = why, None, None
        action.title, action.what_to_do = revised.title, revised.what_to_do
        action.due_on, action.state, action.updated_at = revised.due_on, revised.state, self._now
        if action.pk is not None:
            self._altered[action.pk] = action

    def write(self) -> None:
        # What was finished comes first: it makes room for a new one of the same concern.
        fields = [*Standing.__slots__, "state_reason", "snoozed_until", "changed_by", "updated_at"]
        Action.objects.bulk_update(self._altered.values(), fields)
        Action.objects.bulk_create(self._new)


def _as_before(need: Need, former: Action) -> Need:
    """The need of what has come back: due when it was due at first, so that the time until then is not begun anew."""
    if former.due_on >= need.due_on:
        return need
    said = f"{need.what_to_do} It was so before, and what was due on {former.due_on} was not done: that day stands."
    return replace(need, due_on=former.due_on, what_to_do=said)


def _new(dependency: Dependency, need: Need, *, now: datetime) -> Action:
    return Action(
        dependency=dependency,
        team=dependency.system.team,
        concern=need.concern,
        title=need.title,
        what_to_do=need.what_to_do,
        due_on=need.due_on,
        created_at=now,
        updated_at=now,
    )
