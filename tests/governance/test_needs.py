"""What a use needs: said on a page and over the API, shown beside what alternatives offer, loaded for the gate."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from governance.facts import load_dependencies
from governance.models import AuditEntry
from governance.proposals import propose_alternative, state_of
from governance.rules.facts import OURSELVES, DependencyFacts
from registry.capabilities import Needs
from registry.models import AIModel, Alternative, Dependency, Offering, VendorAncestor
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of, client_of
from tests.governance.gate_world import green, owner_of, spare_of

pytestmark = pytest.mark.django_db


def facts_of(dependency: Dependency) -> DependencyFacts:
    return load_dependencies([dependency.pk], now=NOW)[dependency.pk]


def test_the_team_says_it_in_a_form_and_the_gate_reads_it() -> None:
    dependency = green()
    owner = owner_of(dependency.system)
    said = {"task": "feature-extraction", "languages": "de, fr,", "context_length": "4000", "tools": "on"}

    assert browser_of(owner).post(f"/dependencies/{dependency.pk}/needs/", said).status_code == 302

    assert facts_of(dependency).needs == Needs("feature-extraction", 4000, languages=("de", "fr"), tools=True)
    line = AuditEntry.objects.get(tag="admin:dependency:needs_stated")
    assert (line.actor, line.before, line.after["languages"]) == (owner, {}, ["de", "fr"])
    assert 'value="de, fr"' in browser_of(owner).get(f"/dependencies/{dependency.pk}/needs/").text


def test_the_plans_page_shows_needs_beside_each_alternative_and_who_serves() -> None:
    dependency = green()
    dependency.needs = {"languages": ["de"], "context_length": 4000, "tools": True}
    dependency.save()
    AIModel.objects.filter(offerings=spare_of(dependency)).update(languages=["multilingual"], context_length=512)

    shown = " ".join(browser_of(owner_of(dependency.system)).get(f"/dependencies/{dependency.pk}/plan/").text.split())

    assert '<span class="us-badge us-good">meets</span> multilingual' in shown
    assert '<span class="us-badge us-bad">lacks</span> 512 tokens' in shown
    assert '<span class="us-badge us-warn">not known</span>' in shown
    assert "ourselves" in shown


def test_a_plan_without_stated_needs_says_so_and_leads_to_the_form() -> None:
    dependency = green()

    shown = browser_of(owner_of(dependency.system)).get(f"/dependencies/{dependency.pk}/plan/").text

    assert "Nobody has said what any model must have to do this work" in shown
    assert f"/dependencies/{dependency.pk}/needs/" in shown
    assert (
        f"/dependencies/{dependency.pk}/needs/"
        not in browser_of(f.user(role="viewer")).get(f"/dependencies/{dependency.pk}/plan/").text
    )


@pytest.mark.parametrize("role", ["viewer", "owner", "reviewer"])
def test_nobody_else_says_what_a_system_needs(role: str) -> None:
    dependency, person = green(), f.user(role=role)

    assert browser_of(person).post(f"/dependencies/{dependency.pk}/needs/", {"task": "chat"}).status_code == 403
    sent = client_of(person).patch(f"/api/v1/dependencies/{dependency.pk}/", {"needs": {"task": "chat"}}, format="json")
    assert sent.status_code in {403, 404}
    assert facts_of(dependency).needs == Needs()


def test_the_api_takes_needs_and_refuses_by_the_place_in_them() -> None:
    dependency = green()
    client, address = client_of(owner_of(dependency.system)), f"/api/v1/dependencies/{dependency.pk}/"

    assert client.patch(address, {"needs": {"output_formats": ["json_schema"]}}, format="json").status_code == 200
    refused = client.patch(address, {"needs": {"context_length": -1}}, format="json")

    assert client.get(address).json()["needs"] == {"output_formats": ["json_schema"]}
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "needs"
    assert "needs.context_length: must be a whole number" in refused.json()["errors"][0]["message"]


def test_needs_that_nobody_can_read_are_not_stored() -> None:
    dependency = green()
    dependency.needs = {"kontext": 3}

    with pytest.raises(ValidationError, match="is not known"):
        dependency.save()


def test_who_decides_sees_needs_beside_what_the_alternative_offers() -> None:
    dependency = green()
    dependency.needs = {"context_length": 4000}
    dependency.save()
    spare = f.offering(model=f.model(context_length=512))
    way = f.plan(dependency, spare, author=owner_of(dependency.system)).alternatives.get()

    proposal = propose_alternative(proposer=owner_of(dependency.system), alternative=way, reason="It will do.", now=NOW)

    state: dict[str, Any] = state_of(proposal, now=NOW)
    assert state["alternative"]["fit"] == [
        {"need": "context length", "wanted": "at least 4,000 tokens", "offered": "512 tokens", "fit": "lacks"}
    ]
    shown = browser_of(f.user(role="reviewer")).get(f"/proposals/{proposal.pk}/").text
    assert "What the use needs" in shown
    assert "512 tokens" in shown
    assert "Served by" in shown


# --- who serves, as it is loaded -----------------------------------------------------------------


def test_weights_are_ours_to_serve_unless_somebody_is_named() -> None:
    dependency = f.dependency(offering=f.offering(provider=f.vendor("hub")))
    assert facts_of(dependency).host == OURSELVES

    holding = f.vendor("holding", name="Holding", country="US")
    dependency.served_by = f.vendor("cloud", name="Cloud", parent=holding, country="FR")
    dependency.save()

    host = facts_of(dependency).host
    assert host is not None
    assert set(host.names.values()) == {"Cloud", "Holding"}
    assert host.countries == {"US", "FR"}


def test_a_service_is_served_by_its_provider_and_by_nobody_known_without_one() -> None:
    provider = f.vendor("cloud", name="Cloud")
    hosted = f.dependency(offering=f.offering(kind="service", host="cloud", provider=provider))
    nameless = f.dependency(offering=f.offering(kind="service", host="somewhere"))

    host = facts_of(hosted).host
    assert host is not None
    assert list(host.names.values()) == ["Cloud"]
    assert facts_of(nameless).host is None


def test_we_and_what_belongs_to_us_are_nobody_else() -> None:
    ours = f.vendor("northwind", is_self=True)
    daughter = f.vendor("northwind-it", parent=ours)

    assert facts_of(f.dependency(served_by=daughter)).host == OURSELVES
    assert VendorAncestor.objects.filter(vendor=daughter).count() == 2


def test_the_host_of_an_alternative_is_who_it_names() -> None:
    dependency, cloud = green(), f.vendor("cloud", name="Cloud")
    spare = spare_of(dependency)
    Alternative.objects.filter(plan_revision__submitted_at=None).delete()
    revision = f.plan(dependency, spare)
    assert revision.is_submitted
    Offering.objects.filter(pk=spare.pk).update(kind="service", provider=cloud)

    plan = facts_of(dependency).plan
    assert plan is not None
    host = plan.alternatives[0].host
    assert host is not None
    assert list(host.names.values()) == ["Cloud"]


# --- the whole list ------------------------------------------------------------------------------


def test_a_check_over_the_api_may_say_that_its_list_is_whole() -> None:
    dependency = green()
    unused = green(system=dependency.system)
    question = {
        "system": dependency.system.slug,
        "environment": "production",
        "models": [{"ref": dependency.offering.external_id, "revision": dependency.pinned_revision}],
    }
    client = client_of(f.user(role="viewer"))

    silent = client.post("/api/v1/checks/", question, format="json").json()
    whole = client.post("/api/v1/checks/", question | {"complete": True}, format="json").json()

    assert [finding["rule"] for finding in silent["findings"] if finding["rule"] == "UD107"] == []
    (finding,) = [finding for finding in whole["findings"] if finding["rule"] == "UD107"]
    assert (finding["level"], finding["ref"], finding["locations"]) == ("note", unused.offering.external_id, [])
    assert whole["verdict"] == silent["verdict"]
