"""For each operation that changes something, a request that succeeds: the row as it has to be, who asks, and with what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from governance import attest
from governance.models import BreakGlass, Proposal
from governance.proposals import delegate, digest, state_of
from registry.models import AIModel, Member, PlanRevision, User
from tests import factories as make
from tests.governance.reach_table import soon, team_of

Prepared = tuple[User, dict[str, Any]]


def in_role(person: User, role: str = "owner") -> User:
    person.groups.add(Group.objects.get(name=role))
    return person


def owner_of(row: Any) -> User:
    person = make.user(role="owner")
    Member.objects.create(team=team_of(row), user=person)
    return person


def _attest(row: Any) -> Prepared:
    person = owner_of(row)
    lines = attest.lines_for(person, now=timezone.now())
    line = next(one for one in lines if one.subject == row.dependency)
    return person, {"dependency": row.dependency_id, "digest": line.digest}


def _decide(row: Any) -> Prepared:
    return make.user(role="reviewer"), {"verdict": "approve", "state_digest": digest(state_of(row))}


def _answer(row: Any) -> Prepared:
    asked_of = make.user(role="owner")
    question = row.comments.create(
        kind="question", author=make.user(role="reviewer"), asked_of=asked_of, text="Why?", written_at=timezone.now()
    )
    return asked_of, {"question": question.pk, "text": "Because."}


def _again(row: Any) -> Prepared:
    Proposal.objects.filter(pk=row.pk).update(state=Proposal.State.WITHDRAWN, closed_at=timezone.now())
    return make.user(role="reviewer"), {"reason": "Still.", "until": soon(20)}


def _review(row: Any) -> Prepared:
    BreakGlass.objects.filter(pk=row.pk).update(closed_at=timezone.now(), closed_by=row.opened_by)
    return make.user(role="reviewer"), {"verdict": "justified", "review": "It was."}


def _submit(row: Any) -> Prepared:
    person = owner_of(row)
    draft = PlanRevision.objects.create(
        plan=row,
        number=2,
        trigger="It retires.",
        switch_procedure="Change the route.",
        switched_by="On call",
        created_by=person,
    )
    draft.alternatives.create(order=1, kind="manual", description="By hand.", impact_statement="Slower.")
    return person, {}


def _end(_row: Any) -> Prepared:
    made = delegate(
        delegator=make.user(role="reviewer"),
        delegate=make.user(role="viewer"),
        until=timezone.now().date() + timedelta(days=3),
        reason="A holiday.",
        now=timezone.now(),
    )
    return make.user(role="admin"), {"in_place_of_the_row": made.pk}


def _drill(row: Any) -> Prepared:
    body = {"alternative": row.alternative_id, "drilled_on": soon(0), "suite": "retrieval", "answered_by": "bge-m3"}
    numbers = {"primary_score": 0.8, "alternative_score": 0.8, "switch_time": "00:05:00", "reindex_time": "01:00:00"}
    return owner_of(row), body | numbers


def _transfer(row: Any) -> Prepared:
    make.token(row)
    User.objects.filter(pk=row.pk).update(is_active=False)
    return make.user(role="admin"), {"successor": make.user(role="owner").username}


def _assert_root(row: Any) -> Prepared:
    AIModel.objects.filter(pk=row.pk).update(lineage_status=AIModel.LineageStatus.UNKNOWN)
    return make.user(role="reviewer"), {"source": "The model card.", "statement": "root"}


GOOD: dict[str, Callable[[Any], Prepared]] = {
    "POST attestations": _attest,
    "POST break-glass/{}/review": _review,
    "POST delegations/{}/end": _end,
    "POST drills": _drill,
    "POST fallback-plans/{}/submit": _submit,
    "POST leavers/{}/transfer": _transfer,
    "POST models/{}/assert-lineage": _assert_root,
    "POST proposals/{}/again": _again,
    "POST proposals/{}/answer": _answer,
    "POST proposals/{}/decide": _decide,
    "POST proposals/{}/edit": lambda row: (in_role(row.proposer), {"reason": "Said better."}),
    "POST proposals/{}/withdraw": lambda row: (in_role(row.proposer), {}),
}
