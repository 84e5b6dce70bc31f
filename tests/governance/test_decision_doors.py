"""Every door by which somebody could approve what they asked for themselves, each tried and each refused (C1)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from governance.models import Adoption, Approval, Decision, Delegation, Proposal, Waiver
from governance.permissions import ROLES
from governance.proposals import decide, delegate, digest, edit, state_of
from registry.models import User
from tests import factories as make
from tests.admin_rows import decided
from tests.factories import NOW, TODAY
from tests.governance.guards import drop_guard, guard_names, sql
from tests.governance.proposing import World, code_of, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def asker(world: World) -> User:  # noqa: ARG001 - the people around have to be there first
    """Somebody with every role there is, and a superuser."""
    person = make.user("adam", role="admin", is_superuser=True)
    person.groups.add(*Group.objects.filter(name__in=ROLES))
    return person


def seen(proposal: Proposal) -> str:
    return digest(state_of(proposal))


def by_group(_world: World, proposal: Proposal, asker: User) -> str:
    return code_of(
        lambda: decide(proposal, decider=asker, verdict="approve", state_digest=seen(proposal), now=proposal.created_at)
    )


def by_token(_world: World, proposal: Proposal, asker: User) -> str:
    client = Client(headers={"Authorization": f"Token {make.token(asker)}"})
    return _posted(client, f"/api/v1/proposals/{proposal.pk}/decide/", proposal)


def by_session_in_the_api(_world: World, proposal: Proposal, asker: User) -> str:
    client = Client()
    client.force_login(asker)
    return _posted(client, f"/api/v1/proposals/{proposal.pk}/decide/", proposal)


def _posted(client: Client, address: str, proposal: Proposal) -> str:
    body = {"verdict": "approve", "state_digest": seen(proposal)}
    return str(client.post(address, body, content_type="application/json").json()["code"])


def by_page(_world: World, proposal: Proposal, asker: User) -> str:
    client = Client()
    client.force_login(asker)
    body = {"verdict": "approve", "state_digest": seen(proposal)}
    answer = client.post(reverse("pages:decide", args=[proposal.pk]), body)
    return "own_proposal" if answer.status_code == 409 and b"own proposal" in answer.content else "done"


def by_admin_form(_world: World, proposal: Proposal, asker: User) -> str:
    client = Client()
    client.force_login(asker)
    address = reverse("admin:governance_proposal_change", args=[proposal.pk])
    answer = client.post(address, {"state": "approved", "_save": "Save"})
    return "own_proposal" if answer.status_code == 403 else "done"


def by_delegation_to_oneself(world: World, proposal: Proposal, asker: User) -> str:
    delegate(
        delegator=world.reviewer,
        delegate=asker,
        until=proposal.created_at.date() + timedelta(days=7),
        reason="On leave.",
        now=proposal.created_at,
    )
    return by_group(world, proposal, asker)


def by_delegation_from_oneself(_world: World, proposal: Proposal, asker: User) -> str:
    other = make.user(role="viewer")
    delegate(
        delegator=asker,
        delegate=other,
        until=proposal.created_at.date() + timedelta(days=7),
        reason="On leave.",
        now=proposal.created_at,
    )
    refused = code_of(
        lambda: decide(proposal, decider=other, verdict="approve", state_digest=seen(proposal), now=proposal.created_at)
    )
    return {"not_allowed": "own_proposal"}.get(refused, refused)


def by_edit(world: World, proposal: Proposal, asker: User) -> str:
    edited = edit(proposal, actor=asker, reason="Another reason.", now=proposal.created_at)
    return by_group(world, edited, asker)


DOORS: dict[str, Callable[[World, Proposal, User], str]] = {
    "group": by_group,
    "token": by_token,
    "session": by_session_in_the_api,
    "page": by_page,
    "admin form": by_admin_form,
    "delegation to oneself": by_delegation_to_oneself,
    "delegation from oneself": by_delegation_from_oneself,
    "edit, then approve": by_edit,
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_lets_anybody_approve_what_they_asked_for(world: World, asker: User, door: str) -> None:
    proposal = world.adoption(proposer=asker)
    assert DOORS[door](world, proposal, asker) == "own_proposal"
    assert not Decision.objects.exists()
    assert not Adoption.objects.exists()


# --- past all code ------------------------------------------------------------------------------------------------

DECIDE = (
    "INSERT INTO governance_decision (proposal_id, proposer_id, decider_id, acting_for_id, delegation_id, round, verdict,"
    " comment, state_digest, decided_at) VALUES (%s, %s, %s, %s, %s, %s, 'approve', '', '', %s)"
)


@pytest.fixture
def proposal(world: World) -> Proposal:
    return world.approval()


@pytest.fixture
def absence(world: World) -> Delegation:
    return delegate(
        delegator=world.reviewer, delegate=world.other_reviewer, until=TODAY + timedelta(days=7), reason="r", now=NOW
    )


def test_raw_sql_does_not_decide_as_the_proposer(world: World) -> None:
    proposal = world.adoption()
    with pytest.raises(IntegrityError, match="proposer_never_decides"):
        sql(DECIDE, proposal.pk, world.owner.pk, world.owner.pk, None, None, 1, NOW)


def test_raw_sql_does_not_decide_for_the_proposer(world: World, absence: Delegation) -> None:
    proposal = world.adoption(proposer=world.reviewer)
    with pytest.raises(IntegrityError, match="nobody_decides_for_the_proposer"):
        sql(DECIDE, proposal.pk, world.reviewer.pk, absence.delegate_id, world.reviewer.pk, absence.pk, 1, NOW)


def test_raw_sql_does_not_decide_for_somebody_who_delegated_nothing(
    world: World, proposal: Proposal, absence: Delegation
) -> None:
    with pytest.raises(IntegrityError, match="by a delegation"):
        sql(DECIDE, proposal.pk, world.owner.pk, world.lawyer.pk, world.reviewer.pk, absence.pk, 1, NOW)


def test_raw_sql_does_not_decide_on_a_plan_as_its_author(world: World) -> None:
    alternative = make.plan(world.dependency, make.offering(), author=world.reviewer).alternatives.get()
    proposal = world.approval(alternative=alternative)
    values = (proposal.pk, world.owner.pk, world.reviewer.pk, None, None, 1, NOW)
    with pytest.raises(IntegrityError, match="a plan that they wrote"):
        sql(DECIDE, *values)
    drop_guard("decision_never_by_the_author", "governance_decision")
    assert sql(DECIDE, *values) == 1


def test_raw_sql_does_not_decide_on_another_round(world: World, proposal: Proposal) -> None:
    with pytest.raises(IntegrityError, match="present round"):
        sql(DECIDE, proposal.pk, world.owner.pk, world.reviewer.pk, None, None, 2, NOW)


def test_raw_sql_does_not_decide_twice_once_by_somebody_else(
    world: World, proposal: Proposal, absence: Delegation
) -> None:
    stand_in = absence.delegate_id
    sql(DECIDE, proposal.pk, world.owner.pk, stand_in, world.reviewer.pk, absence.pk, 1, NOW)
    with pytest.raises(IntegrityError, match="nobody decides twice"):
        sql(DECIDE, proposal.pk, world.owner.pk, world.reviewer.pk, None, None, 1, NOW)


def test_raw_sql_does_not_edit_without_a_new_round_nor_skip_one(proposal: Proposal) -> None:
    with pytest.raises(IntegrityError, match="in a new round"):
        sql("UPDATE governance_proposal SET reason = 'x' WHERE id = %s", proposal.pk)
    with pytest.raises(IntegrityError, match="a round follows"):
        sql("UPDATE governance_proposal SET round = round + 2 WHERE id = %s", proposal.pk)
    assert sql("UPDATE governance_proposal SET reason = 'x', round = round + 1 WHERE id = %s", proposal.pk) == 1


def test_raw_sql_does_not_approve_by_what_was_given_before_an_edit(world: World, proposal: Proposal) -> None:
    sql(DECIDE, proposal.pk, world.owner.pk, world.reviewer.pk, None, None, 1, NOW)
    sql("UPDATE governance_proposal SET round = 2 WHERE id = %s", proposal.pk)
    with pytest.raises(IntegrityError, match="by a decision"):
        sql("UPDATE governance_proposal SET state = 'approved' WHERE id = %s", proposal.pk)


def permit(kind: type[Adoption] | type[Approval] | type[Waiver], asked: Proposal) -> Any:
    about = {
        Adoption: {"offering": asked.offering, "purpose": asked.purpose, "distribution": asked.distribution},
        Approval: {
            "dependency": asked.dependency,
            "plan_revision": asked.plan_revision,
            "alternative": asked.alternative,
        },
        Waiver: {"rule": asked.rule, "dependency": asked.dependency, "reason": "r"},
    }[kind]
    return kind(proposal=asked, granted_at=NOW, expires_on=TODAY + timedelta(days=20), **about)


@pytest.mark.parametrize(
    ("kind", "ask", "guard"),
    [
        (Adoption, "adoption", "adoption_is_decided"),
        (Approval, "approval", "approval_is_decided"),
        (Waiver, "waiver", "waiver_is_decided"),
    ],
)
def test_nothing_is_granted_past_the_decision(world: World, kind: Any, ask: str, guard: str) -> None:
    asked = getattr(world, ask)()
    with pytest.raises(IntegrityError, match="stands on an approving decision"):
        sql_save(permit(kind, asked))
    drop_guard(guard, kind._meta.db_table)
    sql_save(permit(kind, asked))
    assert kind.objects.exists()


def sql_save(row: Any) -> None:
    """Save in a savepoint, so that what is refused does not end the test."""
    with transaction.atomic():
        row.save()


def test_a_waiver_is_never_granted_for_longer_than_ninety_days(world: World) -> None:
    asked = decided(world.waiver())
    row = permit(Waiver, asked)
    row.expires_on = TODAY + timedelta(days=91)
    drop_guard("waiver_is_decided", "governance_waiver")
    with pytest.raises(IntegrityError, match="waiver_ends_within_ninety_days"):
        sql_save(row)
    row.expires_on = TODAY + timedelta(days=90)
    sql_save(row)


@pytest.mark.parametrize(
    "change",
    ["expires_on = '2026-07-01'", "granted_at = '2026-05-01 00:00:00+00:00'", "rule = 'UD202'", "dependency_id = NULL"],
)
def test_a_waiver_is_never_made_longer_or_wider(world: World, change: str) -> None:
    waiver = world.decide(world.waiver()).waiver
    with pytest.raises(IntegrityError):
        sql(f"UPDATE governance_waiver SET {change} WHERE id = %s", waiver.pk)  # noqa: S608 - our own texts


def test_a_waiver_may_end_earlier(world: World) -> None:
    waiver = world.decide(world.waiver()).waiver
    assert sql("UPDATE governance_waiver SET expires_on = '2026-04-20' WHERE id = %s", waiver.pk) == 1


def test_a_delegation_is_never_changed_but_ended(absence: Delegation) -> None:
    with pytest.raises(IntegrityError, match="taken back"):
        sql("UPDATE governance_delegation SET until = '2026-04-30' WHERE id = %s", absence.pk)


def test_no_delegation_lasts_longer_than_ninety_days(absence: Delegation) -> None:
    absence.pk, absence.until = None, TODAY + timedelta(days=91)
    with pytest.raises(IntegrityError, match="delegation_ends_within_ninety_days"):
        sql_save(absence)


def test_all_guards_of_decisions_stand() -> None:
    expected = {
        "proposal_terms_need_a_round",
        "proposal_rounds_follow",
        "decision_is_of_this_round",
        "decision_never_by_the_author",
        "decision_stands_in_by_delegation",
        "decision_once_for_each_person",
        "delegation_is_pinned",
        "adoption_is_decided",
        "approval_is_decided",
        "waiver_is_decided",
        "waiver_is_never_longer",
    }
    assert expected <= guard_names()
