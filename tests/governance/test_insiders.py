"""What a team tries that has to pass the gate: to become greener by an edit of its own rows, with nobody else deciding."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from governance.check import preview
from governance.delegate import delegate
from governance.models import Proposal
from governance.plans import draft_revision
from governance.proposals import Refused, decide, digest, propose_adoption, propose_waiver, state_of
from governance.queue import decidable_by
from registry.models import AIModel, Dependency, Member, Offering, Revision, System, User
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.conftest import browser_of, client_of
from tests.governance.gate_world import adopt, approve, approve_first, green, owner_of
from tests.governance.proposing import code_of
from tests.governance.test_audited_doors import everything

pytestmark = pytest.mark.django_db


def levels(dependency: Dependency) -> set[tuple[str, str]]:
    found = preview(dependency.system.slug, "production", now=NOW).findings
    return {(finding.rule, finding.level) for finding in found}


def owner_api(dependency: Dependency) -> APIClient:
    return client_of(owner_of(dependency.system))


def submitted(person: User, url: str, **fields: Any) -> int:
    """What the admin answers to its own form, sent back with these fields changed."""
    browser = Client()
    browser.force_login(person)
    form = everything(browser.get(url).context)
    return browser.post(url, form | fields).status_code


def of_one_vendor() -> Dependency:
    """A use whose plan does not hold: one vendor stands behind both, and both models belong to the system's team."""
    lab = f.vendor("lab")
    system = f.system()
    primary, spare = (f.model(slug, developer=lab, owner=system.team) for slug in ("primary", "spare"))
    dependency = f.dependency(system=system, offering=f.offering(model=primary))
    other = f.offering(model=spare)
    adopt(dependency.offering, system)
    adopt(other, system)
    approve_first(f.plan(dependency, other, author=owner_of(system)))
    return dependency


# --- who developed a model ---------------------------------------------------------------------------------------------


def test_an_owner_does_not_give_an_asserted_root_another_developer() -> None:
    dependency = of_one_vendor()
    before = levels(dependency)
    f.vendor("another")

    sent = owner_api(dependency).patch("/api/v1/models/primary/", {"developer": "another"}, format="json")

    assert sent.status_code == 400
    assert [error["field"] for error in sent.json()["errors"]] == ["developer"]
    assert levels(dependency) == before == {("UD402", "error")}


def test_nor_does_the_admins_form_of_the_model() -> None:
    dependency, another = of_one_vendor(), f.vendor("another")
    model = dependency.offering.model

    submitted(owner_of(dependency.system), f"/admin/registry/aimodel/{model.pk}/change/", developer=another.pk)

    model.refresh_from_db()
    assert (model.developer.slug, model.name) == ("lab", "another")


def test_a_reviewer_does_and_the_gate_goes_by_it() -> None:
    dependency = of_one_vendor()
    f.vendor("another")

    sent = client_of(f.user(role="reviewer")).patch("/api/v1/models/primary/", {"developer": "another"}, format="json")

    assert sent.status_code == 200
    assert ("UD402", "error") not in levels(dependency)


def test_an_owner_enters_a_new_model_with_its_developer_and_nothing_is_known_of_its_lineage() -> None:
    owner = f.user(role="owner")
    team, lab = f.team(owner=owner), f.vendor("lab")
    new = {"slug": "new", "name": "New", "developer": lab.slug, "owner": team.slug}

    assert client_of(owner).post("/api/v1/models/", new, format="json").status_code == 201
    assert AIModel.objects.get(slug="new").lineage_status == "unknown"


def test_an_owner_does_not_list_again_what_others_decided_to_withdraw() -> None:
    dependency = of_one_vendor()
    model, owner = dependency.offering.model, owner_of(dependency.system)
    url = f"/admin/registry/aimodel/{model.pk}/change/"
    AIModel.objects.filter(pk=model.pk).update(state="withdrawn")

    submitted(owner, url, state="listed")
    model.refresh_from_db()
    assert model.state == "withdrawn"

    submitted(f.user(role="reviewer"), url, state="listed")
    model.refresh_from_db()
    assert model.state == "listed"


# --- what a use is -----------------------------------------------------------------------------------------------------


def test_what_was_decided_for_one_use_does_not_go_over_to_another() -> None:
    dependency = green()
    approve(_waiver(dependency, "UD202"))
    worse = f.offering(license_=f.license_("CC-BY-NC-4.0", "non-commercial"))
    adopt(worse, dependency.system)
    moves = {
        "offering": worse.pk,
        "purpose": "chat",
        "environment": f.environment("staging").slug,
        "system": f.system(team=dependency.system.team).slug,
    }

    for field, value in moves.items():
        sent = owner_api(dependency).patch(f"/api/v1/dependencies/{dependency.pk}/", {field: value}, format="json")
        assert (sent.status_code, sent.json()["errors"][0]["field"]) == (400, field)

    url = f"/admin/registry/dependency/{dependency.pk}/change/"
    assert submitted(owner_of(dependency.system), url, offering=worse.pk, purpose="chat") == 302
    dependency.refresh_from_db()
    assert (dependency.offering == worse, dependency.purpose) == (False, "embedding")


def test_the_rest_of_a_use_is_still_its_teams_to_enter() -> None:
    dependency = green()
    same = {"offering": dependency.offering_id, "purpose": dependency.purpose, "ended_on": str(TODAY)}

    sent = owner_api(dependency).patch(f"/api/v1/dependencies/{dependency.pk}/", same, format="json")

    assert sent.status_code == 200, sent.json()


def _waiver(dependency: Dependency, rule: str) -> Proposal:
    return propose_waiver(
        proposer=owner_of(dependency.system),
        rule=rule,
        until=TODAY + timedelta(days=30),
        reason="The move is under way.",
        compensating_measure="A person answers.",
        dependency=dependency,
        now=NOW,
    )


# --- how much a system weighs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("field", "value"), [("criticality", "experimental"), ("distribution", "internal")])
def test_a_team_does_not_make_its_own_system_weigh_less(field: str, value: str) -> None:
    dependency = green()
    system, owner = dependency.system, owner_of(dependency.system)
    address = f"/api/v1/systems/{system.slug}/"

    sent = client_of(owner).patch(address, {field: value}, format="json")
    submitted(owner, f"/admin/registry/system/{system.pk}/change/", **{field: value})

    assert (sent.status_code, sent.json()["errors"][0]["field"]) == (400, field)
    assert System.objects.filter(pk=system.pk, criticality="critical", distribution="saas").exists()
    for role in ("reviewer", "admin"):
        assert client_of(f.user(role=role)).patch(address, {field: value}, format="json").status_code == 200


@pytest.mark.parametrize("is_of_the_system", [False, True])
def test_a_waiver_given_for_a_system_that_mattered_less_does_not_cover_it_now(is_of_the_system: bool) -> None:  # noqa: FBT001 - a row of the table
    dependency = f.dependency(system=f.system(criticality="normal"))
    adopt(dependency.offering, dependency.system)
    about: dict[str, Any] = {"system": dependency.system} if is_of_the_system else {"dependency": dependency}
    waived = propose_waiver(
        proposer=owner_of(dependency.system),
        rule="UD401",
        until=TODAY + timedelta(days=30),
        reason="The plan is being written.",
        compensating_measure="A person answers.",
        now=NOW,
        **about,
    )
    assert waived.route == {"reviewer": 1}
    approve(waived)
    assert levels(dependency) == {("UD401", "note"), ("UD502", "note")}

    System.objects.filter(pk=dependency.system.pk).update(criticality="critical")

    assert levels(dependency) == {("UD401", "error"), ("UD502", "note")}
    told = next(one for one in preview(dependency.system.slug, "production", now=NOW).findings if one.rule == "UD502")
    assert told.message.endswith("any more, which was normal and is critical.")
    assert told.fix == "Mend what UD401 finds, or propose the waiver again; somebody else decides."


# --- what is there only by its word ------------------------------------------------------------------------------------


def test_nobody_holds_a_copy_of_a_service() -> None:
    dependency = green()
    Offering.objects.filter(pk=dependency.offering_id).update(status="retired", kind="service")
    copy = {"held_copy_digest": "sha256:1", "held_copy_verified_on": str(TODAY)}

    sent = owner_api(dependency).patch(f"/api/v1/dependencies/{dependency.pk}/", copy, format="json")
    Dependency.objects.filter(pk=dependency.pk).update(**copy)

    assert (sent.status_code, sent.json()["errors"][0]["field"]) == (400, "held_copy_digest")
    assert ("UD301", "error") in levels(dependency)
    Offering.objects.filter(pk=dependency.offering_id).update(kind="weights")
    assert ("UD301", "warning") in levels(dependency)


def test_no_copy_was_verified_on_a_day_that_has_not_come() -> None:
    dependency = green()
    copy = {"held_copy_digest": "sha256:1", "held_copy_verified_on": "2999-01-01"}

    sent = owner_api(dependency).patch(f"/api/v1/dependencies/{dependency.pk}/", copy, format="json")

    assert (sent.status_code, sent.json()["errors"][0]["field"]) == (400, "held_copy_verified_on")
    with pytest.raises(Refused, match="held_copy_verified_on"):
        _draft(
            dependency,
            {"kind": "offering", "offering": f.offering(), **copy, "held_copy_verified_on": f.day("2999-01-01")},
        )


@pytest.mark.parametrize("nothing", ["  ", "\u200b", "\u2060\ufeff", "\u3164\u2800", "\u00ad"])
def test_what_the_eye_does_not_see_is_no_statement(nothing: str) -> None:
    dependency = f.dependency()

    with pytest.raises(Refused, match="impact_statement"):
        _draft(dependency, {"kind": "feature_off", "impact_statement": nothing})
    with pytest.raises(Refused, match="switched_by is empty"):
        _draft(dependency, {"kind": "feature_off", "impact_statement": "No answers."}, switched_by=nothing)

    revision = _draft(dependency, {"kind": "feature_off", "impact_statement": "Keine Antworten: 沒有答案."})
    assert revision.alternatives.count() == 1


def _draft(dependency: Dependency, alternative: dict[str, Any], **text: Any) -> Any:
    given = {"trigger": "It retires.", "switch_procedure": "Change the route.", "switched_by": "On call"} | text
    author = owner_of(dependency.system)
    return draft_revision(dependency, author=author, alternatives=[alternative], now=NOW, **given)


def reported(dependency: Dependency, by: User, kind: str, **facts: Any) -> int:
    body = {
        "offering": dependency.offering_id,
        "kind": kind,
        "summary": "It says so.",
        "source_url": "https://x.example/",
    }
    return client_of(by).post("/api/v1/reports/", body | facts, format="json").status_code


def test_who_has_to_pass_the_gate_does_not_report_the_license_that_nobody_knows() -> None:
    dependency = green()
    Revision.objects.filter(offering=dependency.offering).update(license=None)
    assert ("UD201", "error") in levels(dependency)

    assert reported(dependency, owner_of(dependency.system), "license_changed", license="Apache-2.0") == 400
    assert ("UD201", "error") in levels(dependency)

    assert reported(dependency, f.user(role="reviewer"), "license_changed", license="Apache-2.0") == 201
    assert ("UD201", "error") not in levels(dependency)


def test_bad_news_is_for_everybody_to_report_and_its_end_for_a_reviewer() -> None:
    dependency, reviewer = green(), f.user(role="reviewer")
    owner = owner_of(dependency.system)
    f.license_("CC-BY-NC-4.0", "non-commercial")
    news: list[tuple[str, dict[str, str], str, dict[str, str]]] = [
        ("gated", {"gating": "manual"}, "ungated", {}),
        ("retirement_announced", {"retires_on": "2031-01-01"}, "retirement_moved", {"retires_on": "2032-01-01"}),
        ("disabled", {}, "restored", {}),
        ("license_changed", {"license": "CC-BY-NC-4.0"}, "license_changed", {"license": "Apache-2.0"}),
    ]

    for bad, facts, good, its_end in news:
        assert reported(dependency, owner, bad, **facts) == 201, bad
        assert reported(dependency, owner, good, **its_end) == 400, good
        assert reported(dependency, reviewer, good, **its_end) == 201, good


# --- who decides -------------------------------------------------------------------------------------------------------


def asked_to_waive(dependency: Dependency) -> Proposal:
    until = TODAY + timedelta(days=30)
    return propose_waiver(
        proposer=owner_of(dependency.system),
        dependency=dependency,
        rule="UD402",
        until=until,
        reason="The migration is under way.",
        compensating_measure="We watch it.",
        now=NOW,
    )


def decided(proposal: Proposal, decider: User) -> Proposal:
    seen = digest(state_of(proposal, now=NOW))
    return decide(proposal, decider=decider, verdict="approve", state_digest=seen, now=NOW)


def colleague(dependency: Dependency) -> User:
    """A reviewer who belongs to the team whose system it is."""
    reviewer = f.user(role="reviewer")
    Member.objects.create(team=dependency.system.team, user=reviewer, role="member")
    return reviewer


def test_a_reviewer_of_the_team_does_not_decide_what_it_passes_with_and_another_does() -> None:
    proposal = asked_to_waive(of_one_vendor())
    assert proposal.dependency is not None
    of_the_team, of_another = colleague(proposal.dependency), f.user(role="reviewer")
    f.team(owner=of_another)

    assert code_of(lambda: decided(proposal, of_the_team)) == "own_team"
    assert decided(proposal, of_another).decisions.get().decider == of_another


def test_nor_does_anybody_in_the_place_of_one_who_is_of_the_team() -> None:
    proposal = asked_to_waive(of_one_vendor())
    assert proposal.dependency is not None
    of_the_team, stand_in = colleague(proposal.dependency), f.user(role="viewer")
    delegate(delegator=of_the_team, delegate=stand_in, until=TODAY + timedelta(days=3), reason="Away.", now=NOW)

    assert code_of(lambda: decided(proposal, stand_in)) == "not_allowed"


def test_it_does_not_wait_for_them_and_the_page_says_why() -> None:
    proposal = asked_to_waive(of_one_vendor())
    assert proposal.dependency is not None
    of_the_team, of_another = colleague(proposal.dependency), f.user(role="reviewer")

    waiting = [list(decidable_by(person, today=TODAY) or ()) for person in (of_the_team, of_another)]

    assert waiting == [[], [proposal]]
    page = browser_of(of_the_team).get(f"/proposals/{proposal.pk}/")
    assert "Your own team passes the gate with this, so somebody of another team has to decide." in page.text


def test_an_adoption_is_nobodys_own_system_and_a_colleague_decides_on_it() -> None:
    dependency = of_one_vendor()
    reviewer = colleague(dependency)
    asked = propose_adoption(
        proposer=owner_of(dependency.system),
        offering=f.offering(),
        purpose="chat",
        distribution="internal",
        reason="We need it.",
        now=NOW,
    )

    stand_in = f.user(role="viewer")
    delegate(delegator=reviewer, delegate=stand_in, until=TODAY + timedelta(days=3), reason="Away.", now=NOW)

    assert [list(decidable_by(one, today=TODAY) or ()) for one in (reviewer, stand_in)] == [[asked], [asked]]
    assert decided(asked, reviewer).state == "approved"


# --- a model's state ---------------------------------------------------------------------------------------------------


def test_a_state_in_the_api_is_refused_with_the_way_to_it_and_the_same_one_passes() -> None:
    model = of_one_vendor().offering.model
    steward = client_of(f.user(role="reviewer"))

    refused = steward.patch(f"/api/v1/models/{model.slug}/", {"state": "withdrawn"}, format="json")
    same = steward.patch(f"/api/v1/models/{model.slug}/", {"state": model.state}, format="json")

    assert (refused.status_code, same.status_code) == (400, 200)
    (error,) = refused.json()["errors"]
    assert (error["field"], "retire_model" in error["message"]) == ("state", True)
