"""What a letter says about proposals that wait and decisions that end."""

from collections.abc import Callable, Sequence
from datetime import date

from django.urls import reverse

from governance.headlines import one_line
from governance.links import absolute
from governance.models import Notice, Proposal, Reminder
from governance.rules.english import days
from governance.transports.base import Alert, Item

_ABOUT = (
    "proposal__offering__model",
    "proposal__alternative__offering",
    "proposal__dependency__system",
    "proposal__dependency__offering",
    "proposal__dependency__environment",
    "proposal__system",
    "proposal__model",
    "proposal__proposer",
    "proposal__adoption",
    "proposal__approval",
    "proposal__waiver",
)
_FOLLOWS = {
    Reminder.Milestone.OVERDUE: "An undecided proposal expires, and whoever asked has to ask again.",
    Reminder.Milestone.MONTH: "What nobody proposes again ends on its day, and the next check says so.",
    Reminder.Milestone.WEEK: "What nobody proposes again ends on its day, and the next check says so.",
    Reminder.Milestone.ENDED: "What has ended lets nothing pass any more.",
}
_TO_DO = {
    Reminder.Milestone.OVERDUE: "Open the proposal, look at facts and claims, and decide; or ask what is missing.",
    Reminder.Milestone.MONTH: "Open it and choose “Propose again”: the form is filled in from the last time.",
    Reminder.Milestone.WEEK: "Open it and choose “Propose again”: the form is filled in from the last time.",
    Reminder.Milestone.ENDED: "Open it and choose “Propose again”, or end what rested on it.",
}


def alert_about_reminders(notice: Notice, *, today: date) -> Alert:
    """The letter's content, the most pressing first: what ended, what is overdue, what ends."""
    rows = sorted(notice.reminders.select_related(*_ABOUT), key=lambda row: (_ends_on(row.proposal), row.pk))
    sentences = [one_line(_SENTENCES[row.milestone](row.proposal, today)) for row in rows]
    milestones = dict.fromkeys(row.milestone for row in rows)
    return Alert(
        headline=sentences[0].rstrip(".") if len(rows) == 1 else _headline(rows),
        why=(),
        follows=tuple(dict.fromkeys(_FOLLOWS[Reminder.Milestone(one)] for one in milestones)),
        to_do=tuple(dict.fromkeys(_TO_DO[Reminder.Milestone(one)] for one in milestones)),
        url=absolute(reverse("pages:home")),
        link_text="All that waits for you",
        because="One letter before something ends and one after it. An administrator can switch the channel off.",
        items=tuple(
            Item(sentence, absolute(reverse("pages:proposal", args=[row.proposal_id])))
            for sentence, row in zip(sentences, rows, strict=True)
        ),
    )


def _headline(rows: Sequence[Reminder]) -> str:
    overdue = sum(row.milestone == Reminder.Milestone.OVERDUE for row in rows)
    ended = sum(row.milestone == Reminder.Milestone.ENDED for row in rows)
    ending = len(rows) - overdue - ended
    parts = (
        (overdue, "proposal is overdue", "proposals are overdue"),
        (ended, "decision has ended", "decisions have ended"),
        (ending, "decision ends soon", "decisions end soon"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts if count)


def _overdue(proposal: Proposal, today: date) -> str:
    late = (today - proposal.due_on).days if proposal.due_on else 0
    return (
        f"{proposal}: asked by {proposal.proposer}, to be decided {days(late)} ago; it expires on {_ends_on(proposal)}."
    )


def _before(proposal: Proposal, today: date) -> str:
    ends_on = _ends_on(proposal)
    return f"{proposal}: what was decided ends on {ends_on}, in {days((ends_on - today).days)}."


def _after(proposal: Proposal, _today: date) -> str:
    return f"{proposal}: what was decided ended on {_ends_on(proposal)}."


def _ends_on(proposal: Proposal) -> date:
    """The last day of what it left; of an open one, the day on which it expires."""
    for name in ("adoption", "approval", "waiver"):
        if permit := getattr(proposal, name, None):
            last: date = permit.expires_on
            return last
    return proposal.decide_by.date()


_SENTENCES: dict[str, Callable[[Proposal, date], str]] = {
    Reminder.Milestone.OVERDUE: _overdue,
    Reminder.Milestone.MONTH: _before,
    Reminder.Milestone.WEEK: _before,
    Reminder.Milestone.ENDED: _after,
}
