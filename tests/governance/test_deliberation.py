"""What happens around a decision: questions, answers, evidence, retirement of a model, and asking again."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.models import Adoption, AuditEntry, Comment, Proposal
from governance.plan_states import plan_states
from governance.proposals import (
    answer,
    ask,
    comment,
    propose_again,
    propose_retirement,
    withdraw,
)
from governance.propose import why_not_to_approve
from governance.queue import decidable_by, questions_to
from registry.models import AIModel, Offering, User
from tests import factories as make
from tests.factories import NOW, TODAY
from tests.governance.conftest import browser_of, client_of
from tests.governance.gate_world import green
from tests.governance.proposing import World, code_of, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


# --- talk --------------------------------------------------------------------------------------------------------


def test_a_question_waits_on_the_home_of_who_is_asked_until_it_is_answered(world: World) -> None:
    question = ask(world.adoption(), author=world.reviewer, text="Which data?", now=NOW)
    assert list(questions_to(world.owner)) == [question]
    answer(question, author=world.owner, text="Ours.", link="https://runs.example/1", now=NOW)
    assert not questions_to(world.owner)


def test_a_question_may_go_to_somebody_else_and_the_proposer_may_answer_it(world: World) -> None:
    question = ask(world.adoption(), author=world.reviewer, text="Terms?", asked_of=world.lawyer, now=NOW)
    assert list(questions_to(world.lawyer)) == [question]
    assert code_of(lambda: answer(question, author=world.reviewer, text="No.", now=NOW)) == "not_allowed"
    answer(question, author=world.owner, text="Read by legal.", now=NOW)
    assert code_of(lambda: answer(question, author=world.lawyer, text="Yes.", now=NOW)) == "closed"


def test_who_has_left_is_not_asked_and_who_has_no_role_says_nothing(world: World) -> None:
    proposal = world.adoption()
    User.objects.filter(pk=world.lawyer.pk).update(is_active=False)
    world.lawyer.refresh_from_db()
    asked = code_of(lambda: ask(proposal, author=world.reviewer, text="?", asked_of=world.lawyer, now=NOW))
    said = code_of(lambda: comment(proposal, author=make.user(), text="Hm.", now=NOW))
    assert (asked, said) == ("invalid", "not_allowed")


def test_on_a_closed_proposal_nobody_talks(world: World) -> None:
    proposal = withdraw(world.adoption(), actor=world.owner, now=NOW)
    assert code_of(lambda: comment(proposal, author=world.owner, text="Late.", now=NOW)) == "closed"


LINKS = [
    "javascript:alert(1)",
    "ftp://files.example/x",
    "data:text/html,x",
    "file:///etc/passwd",
    "//evil.example",
    "x",
]


@pytest.mark.parametrize("link", LINKS)
def test_evidence_is_a_page_by_http_or_https(world: World, link: str) -> None:
    proposal = world.adoption()
    assert code_of(lambda: comment(proposal, author=world.owner, text="See.", link=link, now=NOW)) == "invalid"


def test_talk_is_audited(world: World) -> None:
    row = comment(world.adoption(), author=world.owner, text="See.", link="HTTPS://runs.example/1", now=NOW)
    line = AuditEntry.objects.get(tag="governance:comment:written")
    assert line.after == {
        "proposal": row.proposal_id,
        "text": "See.",
        "link": "https://runs.example/1",
        "asked_of": None,
        "kind": "comment",
        "answers": None,
    }


def test_talk_through_the_api(world: World) -> None:
    root = f"/api/v1/proposals/{world.adoption().pk}"
    asked = client_of(world.reviewer).post(f"{root}/ask/", {"text": "Which data?"}, format="json")
    said = {"question": asked.json()["id"], "text": "Ours."}
    answered = client_of(world.owner).post(f"{root}/answer/", said, format="json")
    told = client_of(world.reviewer).post(f"{root}/comment/", {"text": "Good.", "link": "nonsense"}, format="json")
    kinds = [row["kind"] for row in client_of(world.owner).get(f"{root}/").json()["comments"]]

    assert (asked.status_code, answered.status_code, kinds) == (201, 201, ["question", "answer"])
    assert (told.status_code, told.json()["code"]) == (400, "invalid")


# --- the queue ---------------------------------------------------------------------------------------------------


def test_the_queue_is_by_due_day_and_then_by_criticality(world: World) -> None:
    late = world.adoption(due_on=TODAY + timedelta(days=9))
    normal = world.waiver(
        dependency=None,
        system=make.system(criticality="normal", team=world.dependency.system.team),
        due_on=TODAY + timedelta(days=3),
    )
    critical = world.waiver(due_on=TODAY + timedelta(days=3))
    assert list(decidable_by(world.reviewer, today=TODAY) or []) == [critical, normal, late]


def test_the_queue_of_legal_is_what_asks_for_legal(world: World) -> None:
    world.waiver()
    assert list(decidable_by(world.lawyer, today=TODAY) or []) == []
    assert decidable_by(world.owner, today=TODAY) is None


@pytest.mark.parametrize("days", [-1, 15])
def test_a_proposal_is_due_before_it_expires(world: World, days: int) -> None:
    assert code_of(lambda: world.adoption(due_on=TODAY + timedelta(days=days))) == "invalid"


# --- asking again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["adoption", "approval", "waiver"])
def test_the_same_is_asked_again_filled_in_from_the_last_time(world: World, kind: str) -> None:
    last = world.decide(getattr(world, kind)())
    made = propose_again(last, proposer=world.owner, now=NOW)
    same = ("kind", "reason", "offering", "purpose", "dependency", "alternative", "rule", "until")
    assert [getattr(made, name) for name in same] == [getattr(last, name) for name in same]
    assert getattr(world.decide(made), kind).ended_at is None


def test_an_alternative_is_asked_for_in_the_revision_that_counts_now(world: World) -> None:
    last = world.decide(world.approval())
    newer = make.plan(world.dependency, make.offering(), world.alternative.offering or make.offering())
    made = propose_again(last, proposer=world.owner, now=NOW)
    assert made.plan_revision == newer


def test_an_alternative_that_left_the_plan_is_not_asked_for_again(world: World) -> None:
    last = world.decide(world.approval())
    make.plan(world.dependency, make.offering())
    assert code_of(lambda: propose_again(last, proposer=world.owner, now=NOW)) == "invalid"


# --- retiring a model --------------------------------------------------------------------------------------------


def retire(model: AIModel, person: User, **fields: Any) -> Proposal:
    return propose_retirement(proposer=person, model=model, reason="Superseded.", now=NOW, **fields)


def test_an_unused_model_is_retired_by_somebody_elses_decision(world: World) -> None:
    model = make.model()
    proposal = world.decide(retire(model, world.other_reviewer))
    model.refresh_from_db()
    assert (proposal.state, model.state) == (Proposal.State.APPROVED, AIModel.State.WITHDRAWN)
    said = AuditEntry.objects.get(tag="governance:proposal:decided").after
    assert said["granted"]["register_state"] == {"before": "listed", "after": "withdrawn"}
    assert code_of(lambda: retire(model, world.other_reviewer)) == "invalid"


def test_a_model_in_use_without_a_plan_that_holds_is_not_retired(world: World) -> None:
    assert code_of(lambda: retire(world.offering.model, world.reviewer)) == "invalid"


def test_a_model_in_use_is_retired_where_each_plan_holds_without_it() -> None:
    dependency = green()
    reviewer = make.user(role="reviewer")
    proposal = retire(dependency.offering.model, reviewer)
    (use,) = proposal.submitted_state["dependencies"]
    assert use["instead"]
    page = browser_of(make.user(role="reviewer")).get(reverse("pages:proposal", args=[proposal.pk])).content.decode()
    assert f"its plan holds with {use['instead']}" in page
    assert f"Offered: {dependency.offering}" in page


def test_what_was_retired_holds_no_plan_and_is_not_approved_again() -> None:
    dependency = green()
    alternative = dependency.fallback_plan.revisions.get().alternatives.get()
    model = alternative.offering.model
    assert plan_states([dependency.pk], now=NOW)[dependency.pk].holds
    AIModel.objects.filter(pk=model.pk).update(state=AIModel.State.WITHDRAWN)
    state = plan_states([dependency.pk], now=NOW)[dependency.pk]
    assert not state.holds
    (standing,) = state.standings
    assert [(flaw.rule, flaw.message) for flaw in standing.flaws] == [
        ("UD404", f"{alternative.offering} was withdrawn from the register.")
    ]
    alternative.offering.model.refresh_from_db()
    assert "was withdrawn" in why_not_to_approve(alternative)
    # Nor may what it stood for be retired now.
    assert code_of(lambda: retire(dependency.offering.model, make.user(role="reviewer"))) == "invalid"


def test_who_asks_for_a_retirement_sees_beforehand_what_stands_in_its_way(world: World) -> None:
    world.offering.status = "deprecated"
    world.offering.save()
    address = reverse("pages:propose-retirement", args=[world.offering.model.slug])
    page = browser_of(world.reviewer).get(address).content.decode()
    assert "It cannot be retired now:" in page
    assert "nothing holds without it" in page
    assert "deprecated" in page


def test_a_model_on_which_another_plan_leans_is_not_retired() -> None:
    alternative = green().fallback_plan.revisions.get().alternatives.get()
    assert code_of(lambda: retire(alternative.offering.model, make.user(role="reviewer"))) == "invalid"


def test_a_use_that_begins_while_a_retirement_waits_stops_it(world: World) -> None:
    offering = make.offering()
    proposal = retire(offering.model, world.other_reviewer)
    make.dependency(offering=offering)
    assert code_of(lambda: world.decide(proposal)) == "invalid"
    offering.model.refresh_from_db()
    assert offering.model.state == AIModel.State.LISTED


def test_an_owner_retires_only_models_of_their_own_team(world: World) -> None:
    own = make.model(owner=world.dependency.system.team)
    assert code_of(lambda: retire(make.model(), world.owner)) == "not_allowed"
    assert retire(own, world.owner).model == own


def test_a_retirement_through_the_api_names_the_model(world: World) -> None:
    model = make.model("old-one")
    body = {"kind": "retire_model", "model": "old-one", "reason": "Superseded.", "due_on": "2000-01-01"}
    client = client_of(world.reviewer)
    refused = client.post("/api/v1/proposals/", body, format="json")
    made = client.post("/api/v1/proposals/", {**body, "due_on": None}, format="json")
    assert (refused.status_code, refused.json()["field"]) == (400, "due_on")
    assert made.status_code == 400
    del body["due_on"]
    made = client.post("/api/v1/proposals/", body, format="json")
    assert (made.json()["model"], made.json()["route"]) == (model.slug, {"reviewer": 1})


def test_the_form_of_a_model_withdraws_nothing(world: World, client: Client) -> None:
    model = make.model()
    client.force_login(world.reviewer)
    formsets = {
        f"{prefix}-{name}_FORMS": "0" for prefix in ("base_edges", "offerings") for name in ("TOTAL", "INITIAL")
    }
    facts = {"name": model.name, "slug": model.slug, "developer": model.developer_id, "state": "withdrawn"}
    lineage = {"lineage_status": "asserted_root", "lineage_source": "card"}
    address = reverse("admin:registry_aimodel_change", args=[model.pk])
    answered = client.post(address, facts | lineage | formsets)
    assert "choose Retire on its page" in answered.content.decode()
    model.refresh_from_db()
    assert model.state == AIModel.State.LISTED


# --- the page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def page(client: Client) -> Any:
    """Opens the page of a proposal as a person, and returns its text."""

    def opened(proposal: Proposal, person: User) -> str:
        client.force_login(person)
        return client.get(reverse("pages:proposal", args=[proposal.pk])).content.decode()

    return opened


def test_the_page_shows_what_differs_from_the_last_approval_and_what_follows(world: World, page: Any) -> None:
    world.decide(world.adoption())
    Offering.objects.filter(pk=world.offering.pk).update(gating="manual")
    text = page(propose_again(Proposal.objects.get(), proposer=world.owner, now=NOW), world.reviewer)
    assert "Since it was approved the last time" in text
    assert "It takes the place of the adoption" in text
    assert text.count("us-differs") == 1


def test_the_page_shows_the_route_who_has_given_what_and_what_is_missing(world: World, page: Any) -> None:
    proposal = world.decide(world.waiver(), decider=world.reviewer)
    text = page(proposal, world.other_reviewer)
    assert "needs 2 reviewers" in text
    assert "Still missing: <strong>1 reviewer</strong>" in text
    world.reviewer.groups.clear()
    assert "the right to decide was lost" in page(proposal, world.other_reviewer)


def test_deciding_on_an_older_state_is_409_with_the_difference_on_the_page(world: World, client: Client) -> None:
    proposal = world.adoption(now=NOW)
    Proposal.objects.filter(pk=proposal.pk).update(decide_by="2100-01-01T00:00:00Z")
    Offering.objects.filter(pk=world.offering.pk).update(gating="manual")
    client.force_login(world.reviewer)
    body = {"verdict": "approve", "state_digest": proposal.state_digest}
    answered = client.post(reverse("pages:decide", args=[proposal.pk]), body)
    text = answered.content.decode()
    assert answered.status_code == 409
    assert "Changed since it was proposed" in text
    assert "manual" in text
    assert not Adoption.objects.exists()


def test_people_talk_edit_ask_again_and_delegate_by_click(world: World, client: Client) -> None:
    proposal = world.adoption()
    Proposal.objects.filter(pk=proposal.pk).update(decide_by="2100-01-01T00:00:00Z")
    client.force_login(world.reviewer)
    client.post(reverse("pages:talk", args=[proposal.pk]), {"text": "Which data?", "kind": "question"})
    client.force_login(world.owner)
    assert "Questions to you" in client.get("/").content.decode()
    client.post(reverse("pages:answer", args=[Comment.objects.get().pk]), {"text": "Ours.", "link": ""})
    client.post(reverse("pages:edit-proposal", args=[proposal.pk]), {"reason": "Better said."})
    client.post(reverse("pages:withdraw", args=[proposal.pk]))
    client.post(reverse("pages:propose-again", args=[proposal.pk]), {"reason": "Once more."})
    reasons = list(Proposal.objects.order_by("pk").values_list("reason", "round"))
    assert reasons == [("Better said.", 2), ("Once more.", 1)]
    assert Comment.objects.filter(kind="answer").exists()


def test_a_delegation_is_made_and_taken_back_by_click(world: World, client: Client) -> None:
    until = timezone.now().date() + timedelta(days=7)
    client.force_login(world.reviewer)
    address = reverse("pages:delegations")
    client.post(address, {"delegate": world.owner.pk, "until": until, "reason": "On leave."})
    row = world.reviewer.delegations.get()
    assert "olga" in client.get(address).content.decode()
    client.post(reverse("pages:end-delegation", args=[row.pk]))
    row.refresh_from_db()
    assert row.ended_by == world.reviewer


def test_a_delegation_through_the_api(world: World) -> None:
    until = (timezone.now() + timedelta(days=7)).date().isoformat()
    client = client_of(world.reviewer)
    made = client.post(
        "/api/v1/delegations/", {"delegate": "olga", "until": until, "reason": "On leave."}, format="json"
    )
    assert (made.status_code, made.json()["delegator"]) == (201, "rita")
    ended = client_of(world.owner).post(f"/api/v1/delegations/{made.json()['id']}/end/")
    assert ended.json()["ended_by"] == "olga"
