"""One person in two hats: who is of the team that has to pass, and a reviewer besides, does not say what lets it pass."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.response import Response

from governance.blocks import block
from governance.permissions import can_correct, can_lift
from governance.stakes import has_stake
from registry.models import AIModel, Alias, Dependency, License, Revision, System, User, Vendor
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of, client_of
from tests.governance.gate_world import green, spare_of
from tests.governance.test_audited_doors import everything

pytestmark = pytest.mark.django_db
Act = Callable[[User, Dependency], Any]


def of_the_team(dependency: Dependency) -> User:
    """A reviewer who has to pass with the dependency's system as well."""
    person = f.user(role="reviewer")
    dependency.system.team.members.create(user=person)
    return person


def patch(url: str, **fields: Any) -> Act:
    def act(person: User, dependency: Dependency) -> Response:
        named = url.format(d=dependency, m=dependency.offering.model)
        return client_of(person).patch(f"/api/v1/{named}/", fields, format="json")

    return act


def assert_root(person: User, dependency: Dependency) -> Response:
    url = f"/api/v1/models/{dependency.offering.model.slug}/assert-lineage/"
    return client_of(person).post(url, {"statement": "root", "source": "The paper, page 3."}, format="json")


def correct(person: User, dependency: Dependency) -> Response:
    said = {
        "offering": dependency.offering_id,
        "fact": "license",
        "value": "MIT",
        "reason": "The vendor says so.",
        "evidence_url": "https://vendor.example/license",
        "ends_on": str(timezone.now().date() + timedelta(days=30)),
    }
    return client_of(person).post("/api/v1/corrections/", said, format="json")


def sell(person: User, dependency: Dependency) -> Response:
    url = f"/api/v1/vendors/{dependency.offering.model.developer.slug}/"
    return client_of(person).patch(url, {"parent": f.vendor().slug}, format="json")


def develop(person: User, dependency: Dependency) -> Response:
    url = f"/api/v1/models/{dependency.offering.model.slug}/"
    return client_of(person).patch(url, {"developer": f.vendor().slug}, format="json")


ACTS: dict[str, Act] = {
    "criticality": patch("systems/{d.system.slug}", criticality="normal"),
    "distribution": patch("systems/{d.system.slug}", distribution="internal"),
    "tags": patch("systems/{d.system.slug}", tags=["sandbox"]),
    "developer": develop,
    "lineage": assert_root,
    "owner of the vendor": sell,
    "a fact": correct,
    "a place": patch("offerings/{d.offering_id}", host="elsewhere"),
}


@pytest.mark.parametrize("what", ACTS)
def test_a_reviewer_of_the_very_team_does_not_say_what_lets_it_pass_and_another_does(what: str) -> None:
    dependency = green()
    AIModel.objects.filter(pk=dependency.offering.model_id).update(lineage_status="unknown", lineage_source="")

    assert ACTS[what](of_the_team(dependency), dependency).status_code in {400, 403}
    assert ACTS[what](f.user(role="reviewer"), dependency).status_code < 300


def test_the_admins_forms_say_no_as_well() -> None:
    dependency = green()
    person, other = of_the_team(dependency), f.user(role="reviewer")
    model, vendor, system = dependency.offering.model, dependency.offering.model.developer, dependency.system
    forms = {
        f"/admin/registry/system/{system.pk}/change/": {"criticality": "normal"},
        f"/admin/registry/aimodel/{model.pk}/change/": {"developer": f.vendor().pk},
        f"/admin/registry/vendor/{vendor.pk}/change/": {"parent": f.vendor().pk},
    }

    for who, is_changed in ((person, False), (other, True)):
        for url, fields in forms.items():
            browser = browser_of(who)
            page = browser.get(url)
            if page.status_code == 200 and page.context["adminform"].form.fields:
                browser.post(url, everything(page.context) | fields)
        state = System.objects.get(pk=system.pk), AIModel.objects.get(pk=model.pk), Vendor.objects.get(pk=vendor.pk)
        seen = state[0].criticality == "normal", state[1].developer != vendor, state[2].parent is not None
        assert seen == (is_changed,) * 3


def test_a_block_on_what_the_own_team_uses_is_lifted_by_another() -> None:
    dependency = green()
    standing = block(by=f.user(role="reviewer"), reason="No.", now=NOW, vendor=dependency.offering.model.developer)
    assert not can_lift(of_the_team(dependency), standing)
    assert can_lift(f.user(role="reviewer"), standing)


@pytest.mark.parametrize("role", ["owner", "reviewer"])
def test_a_team_does_not_enter_its_own_system_as_an_experiment_or_with_tags(role: str) -> None:
    person = f.user(role=role)
    if role == "reviewer":
        person.groups.add(*f.user(role="owner").groups.all())
    team = f.team(owner=person)
    new = {"slug": "twin", "name": "Twin", "team": team.slug, "distribution": "internal"}

    for lighter in ({"criticality": "experimental"}, {"criticality": "normal", "tags": ["sandbox"]}):
        sent = client_of(person).post("/api/v1/systems/", new | lighter, format="json")
        assert sent.status_code == 400, sent.json()
        form = {name: value for name, value in (new | lighter).items() if name != "tags"} | {"team": team.pk}
        inline = {"dependencies-TOTAL_FORMS": 0, "dependencies-INITIAL_FORMS": 0}
        if "tags" not in lighter:
            browser_of(person).post("/admin/registry/system/add/", form | inline | {"tags": "[]"})
    assert not System.objects.exists()
    if role == "owner":
        assert (
            client_of(person).post("/api/v1/systems/", new | {"criticality": "normal"}, format="json").status_code
            == 201
        )


def test_a_stake_reaches_through_plans_lineage_and_owners_of_vendors() -> None:
    dependency = green()
    teams = {dependency.system.team_id}
    spare = spare_of(dependency)
    base, owner = f.model(), f.vendor()
    f.derived(spare.model, base)
    vendor = base.developer
    vendor.parent = owner
    vendor.save()
    license_ = License.objects.get(revisions__offering=spare)
    alias = Alias.objects.filter(offering=spare).first()
    assert alias is not None

    for row in (spare, spare.model, base, vendor, owner, license_, alias, Revision.objects.get(offering=spare)):
        assert has_stake(teams, row), row
    for row in (f.model(), f.vendor(), f.system(), f.offering(license_=f.license_("MIT"))):
        assert not has_stake(teams, row), row
    assert not has_stake((), spare)


def test_the_deputy_of_a_model_has_a_stake_in_it() -> None:
    model, person = f.model(), f.user(role="reviewer")
    offering = f.offering(model=model)
    assert can_correct(person, offering)
    AIModel.objects.filter(pk=model.pk).update(deputy=person)
    offering.refresh_from_db()
    assert not can_correct(person, type(offering).objects.get(pk=offering.pk))
