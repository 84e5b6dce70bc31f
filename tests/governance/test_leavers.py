"""People who left: what is in their name is found at once, and handed over in one step."""

from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import leavers
from governance.check import preview
from governance.models import AuditEntry, Decision, Proposal, Token
from governance.refused import Refused
from registry.models import AIModel, Member, User
from tests import factories as make
from tests.governance.audited import look, untold
from tests.governance.conftest import client_of
from tests.governance.proposing import World, make_world

pytestmark = pytest.mark.django_db

NOW = make.NOW


@dataclass
class Left:
    """Olga, whose account was switched off: the only owner of a team, deputy of a model, with a proposal and a token."""

    world: World
    olga: User
    model: AIModel
    proposal: Proposal
    successor: User
    admin: User


@pytest.fixture
def left() -> Left:
    world = make_world()
    model = make.model(deputy=world.owner)
    proposal = world.approval()
    make.token(world.owner)
    User.objects.filter(pk=world.owner.pk).update(is_active=False)
    return Left(world, world.owner, model, proposal, make.user("sara", role="owner"), make.user("adam", role="admin"))


def test_what_is_in_the_name_of_a_leaver_is_found(left: Left) -> None:
    [held] = leavers.find()
    assert held.person == left.olga
    assert [member.team for member in held.unanswered] == [left.world.dependency.system.team]
    assert (held.deputised, held.proposals, len(held.tokens)) == ([left.model], [left.proposal], 1)


def test_who_is_there_is_no_leaver() -> None:
    make_world()
    assert leavers.find() == []


def test_who_left_a_team_that_nobody_answers_for_since_is_found_and_keeps_the_rest(left: Left) -> None:
    User.objects.filter(pk=left.olga.pk).update(is_active=True)
    assert leavers.find() == []
    Member.objects.filter(user=left.olga).update(left_on=make.TODAY)
    [held] = leavers.find()
    assert len(held.unanswered) == 1
    assert (held.deputised, held.proposals, held.tokens) == ([], [], [])


def test_a_pending_decision_of_somebody_who_lost_the_right_is_shown(left: Left) -> None:
    rita = left.world.reviewer
    Decision.objects.create(
        proposal=left.proposal, proposer=left.olga, decider=rita, verdict="approve", state_digest="", decided_at=NOW
    )
    User.objects.filter(pk=rita.pk).update(is_active=False)
    shown = {held.person: held for held in leavers.find()}
    assert [decision.proposal for decision in shown[rita].decisions] == [left.proposal]
    with pytest.raises(Refused, match="Nothing is in the name"):
        leavers.transfer(rita, left.successor, by=left.admin, now=NOW)


def test_everything_moves_in_one_step_and_each_row_is_told(left: Left) -> None:
    earlier = look()
    done = leavers.transfer(left.olga, left.successor, by=left.admin, now=NOW)
    assert (done.teams, done.deputised, len(done.proposals), done.dropped, done.tokens) == (1, 1, 1, [], 1)
    assert leavers.find() == []
    left.model.refresh_from_db()
    left.proposal.refresh_from_db()
    assert left.model.deputy == left.successor
    assert left.proposal.state == "withdrawn"
    assert (done.proposals[0].proposer, done.proposals[0].alternative) == (left.successor, left.proposal.alternative)
    assert not Token.objects.filter(person=left.olga, revoked_at=None).exists()
    assert untold(earlier) == []
    assert set(AuditEntry.objects.filter(sequence__gt=earlier.sequence).values_list("actor__username", flat=True)) == {
        "adam",
        "sara",
    }


def test_the_successor_does_not_decide_on_what_was_taken_over(left: Left) -> None:
    left.successor.groups.add(left.world.reviewer.groups.get())
    renewed = leavers.transfer(left.olga, left.successor, by=left.admin, now=NOW).proposals[0]
    with pytest.raises(Refused, match="own proposal"):
        left.world.decide(renewed, decider=left.successor)


def test_the_gate_says_that_nobody_answers_until_it_is_handed_over(left: Left) -> None:
    offering = left.world.offering
    AIModel.objects.filter(pk=offering.model_id).update(owner=left.world.dependency.system.team)
    slug = left.world.dependency.system.slug

    def codes() -> set[str]:
        return {finding.rule for finding in preview(slug, "production", now=NOW).findings}

    assert "UD102" in codes()
    leavers.transfer(left.olga, left.successor, by=left.admin, now=NOW)
    assert "UD102" not in codes()


def test_what_the_successor_may_not_ask_for_is_withdrawn_and_said(left: Left) -> None:
    viewer = make.user("vera", role="viewer")
    done = leavers.transfer(left.olga, viewer, by=left.admin, now=NOW)
    assert (done.proposals, done.dropped) == ([], [left.proposal])


@pytest.mark.parametrize("who", ["reviewer", "owner", "viewer"])
def test_only_administrators_hand_over(left: Left, who: str) -> None:
    with pytest.raises(Refused) as refused:
        leavers.transfer(left.olga, left.successor, by=make.user(role=who), now=NOW)
    assert refused.value.code == "not_allowed"
    assert len(leavers.find()) == 1


def test_a_successor_who_has_left_too_and_a_second_time_are_refused_with_nothing_moved(left: Left) -> None:
    gone = make.user("gone", is_active=False)
    for successor in (gone, left.olga):
        with pytest.raises(Refused, match="active account"):
            leavers.transfer(left.olga, successor, by=left.admin, now=NOW)
    assert Token.objects.filter(person=left.olga, revoked_at=None).exists()
    leavers.transfer(left.olga, left.successor, by=left.admin, now=NOW)
    with pytest.raises(Refused) as refused:
        leavers.transfer(left.olga, left.successor, by=left.admin, now=NOW)
    assert refused.value.code == "closed"


def test_the_page_shows_it_and_hands_it_over_by_a_button_and_not_by_a_link(left: Left, client: Client) -> None:
    client.force_login(left.admin)
    assert b"Hand everything over" in client.get("/people/leavers/").content
    url = f"/people/{left.olga.pk}/transfer/"
    client.get(url)
    assert len(leavers.find()) == 1
    answer = client.post(url, {"successor": left.successor.pk}, follow=True)
    assert "sara took over from olga: 1 team, 1 deputyship, 1 proposal. 1 token revoked." in answer.content.decode()
    assert leavers.find() == []


def test_reviewers_look_and_the_others_do_not_even_that(left: Left, client: Client) -> None:
    client.force_login(left.world.reviewer)
    page = client.get("/people/leavers/").content
    assert b"olga" in page
    assert b"Hand everything over" not in page
    assert client.post(f"/people/{left.olga.pk}/transfer/", {"successor": left.successor.pk}).status_code == 403
    client.force_login(left.successor)
    assert client.get("/people/leavers/").status_code == 403


def test_home_says_that_somebody_left(left: Left, client: Client) -> None:
    client.force_login(left.admin)
    assert b"person left with something in their name" in client.get("/").content


def test_the_api_lists_and_hands_over(left: Left) -> None:
    api = client_of(left.admin)
    [held] = api.get("/api/v1/leavers/").json()["results"]
    assert (held["person"], held["deputy_of"], held["tokens"]) == ("olga", [left.model.slug], 1)
    answer = api.post("/api/v1/leavers/olga/transfer/", {"successor": "sara"}, format="json")
    assert (answer.status_code, answer.json()["teams"]) == (200, 1)
    assert api.get("/api/v1/leavers/olga/").json()["results"] == []
    assert (
        client_of(left.world.reviewer).post("/api/v1/leavers/olga/transfer/", {"successor": "sara"}).status_code == 403
    )
    assert client_of(left.successor).get("/api/v1/leavers/").status_code == 403


def test_the_list_costs_the_same_for_one_leaver_and_for_five(left: Left) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            leavers.find()
        counts.append(len(queries))
        for _ in range(4):
            gone = make.user(is_active=False)
            make.model(deputy=gone)
            make.team(owner=gone)
    assert counts[0] == counts[1]
    assert left.olga
