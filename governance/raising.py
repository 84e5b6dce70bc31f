"""Keep the one open action of a dependency and concern in step with what is known."""

from dataclasses import dataclass, replace
from datetime import date, datetime

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


def raise_action(dependency: Dependency, need: Need, *, now: datetime, moves_deadline: bool = False) -> Action:
    """The open action for what `need` is about: a new one, or the one there is, revised."""
    action = _open_action(dependency, need.concern)
    if action is None:
        return Action.objects.create(
            dependency=dependency,
            team=dependency.system.team,
            concern=need.concern,
            title=need.title,
            what_to_do=need.what_to_do,
            due_on=need.due_on,
            created_at=now,
            updated_at=now,
        )
    standing = Standing(action.title, action.what_to_do, action.due_on, action.state)
    return _write(action, revise(standing, need, moves_deadline=moves_deadline), now=now)


def _open_action(dependency: Dependency, concern: Concern) -> Action | None:
    # Locked, so that a person who closes it at this moment is not overwritten.
    rows = Action.objects.select_for_update().filter(dependency=dependency, concern=concern)
    return rows.exclude(state=Action.State.DONE).first()


def _write(action: Action, revised: Standing, *, now: datetime) -> Action:
    if revised.state != action.state:
        action.state_reason, action.snoozed_until, action.changed_by = "It got worse.", None, None
    action.title, action.what_to_do = revised.title, revised.what_to_do
    action.due_on, action.state = revised.due_on, revised.state
    action.updated_at = now
    action.save()
    return action


def settle_action(dependency: Dependency, concern: Concern, *, reason: str, now: datetime) -> Action | None:
    """Close the open action of this concern because its cause is gone; None where there was none."""
    action = _open_action(dependency, concern)
    if action is None:
        return None
    action.state, action.state_reason, action.snoozed_until = Action.State.DONE, reason[:300], None
    action.changed_by, action.updated_at = None, now
    action.save()
    return action
