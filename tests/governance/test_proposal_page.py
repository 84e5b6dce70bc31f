"""The page of a proposal is enough to decide on it: what follows, what does not, and what was tried."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance import policies
from governance.drills import record_drill
from governance.models import Proposal
from governance.trials import ask
from registry.models import User
from tests import factories as make
from tests.governance.proposing import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def page_of(proposal: Proposal, person: User) -> Any:
    client = Client()
    client.force_login(person)
    return client.get(reverse("pages:proposal", args=[proposal.pk]))


def test_an_approval_promises_no_more_than_the_gate_gives(world: World) -> None:
    said = " ".join(page_of(world.approval(now=timezone.now()), world.reviewer).context["page"].effect)
    assert "nothing else is missing" not in said
    assert f"It has never been drilled, which an approval does not mend: {world.dependency.system}" in said


def test_of_what_was_drilled_it_says_nothing(world: World) -> None:
    now = timezone.now()
    record_drill(
        world.alternative,
        recorded_by=world.owner,
        drilled_on=now.date(),
        outcome="passed",
        suite="retrieval",
        answered_by=world.alternative.offering.external_id if world.alternative.offering else "",
        now=now,
    )
    said = " ".join(page_of(world.approval(now=now), world.reviewer).context["page"].effect)
    assert "drilled" not in said


def test_a_waiver_shows_what_it_covers_and_what_stops_the_system_all_the_same(world: World) -> None:
    now = timezone.now()
    proposal = world.waiver(until=(now + timedelta(days=30)).date(), now=now)
    answer = page_of(proposal, world.reviewer)
    gate = answer.context["page"].gate
    said = answer.content.decode()

    assert {one.finding.rule for one in gate.covered} == {"UD401"}
    assert "covered by this waiver" in said
    assert "UD103" in gate.stopping
    assert "stops it all the same" in said
    assert any("It does not ship by this alone" in one for one in answer.context["page"].effect)


def test_a_waiver_of_a_rule_that_finds_nothing_says_so(world: World) -> None:
    now = timezone.now()
    proposal = world.waiver(rule="UD302", until=(now + timedelta(days=30)).date(), now=now)
    assert "UD302 finds nothing there today" in page_of(proposal, world.reviewer).content.decode()


def test_a_policy_can_be_tried_from_its_proposal_and_the_page_leads_to_the_last_trial(world: World) -> None:
    now, text = timezone.now(), "[lead_days]\ncritical = 30\n"
    admin = make.user("adam", role="admin")
    proposal = policies.change(author=admin, text=text, reason="Enough.", in_force_from=None, now=now).proposal
    assert proposal is not None
    assert "Nobody has tried this text yet" in page_of(proposal, world.reviewer).content.decode()

    run = ask(by=world.reviewer, text=proposal.policy_text, now=now)
    assert reverse("pages:dry-run", args=[run.pk]) in page_of(proposal, world.reviewer).content.decode()
