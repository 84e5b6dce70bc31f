"""The web admin: every list opens, costs the same however long it is, and evidence cannot be edited."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.models import AuditEntry
from registry.models import Change, Dependency, Drill, FallbackPlan, Listing, Observation, PlanRevision, PollRun
from tests import admin_rows, factories

pytestmark = pytest.mark.django_db

EVIDENCE = [Observation, Change, PollRun, Drill, PlanRevision, FallbackPlan]


@pytest.fixture
def browser(client: Client) -> Client:
    """A logged-in administrator."""
    client.force_login(factories.user("root", is_superuser=True))
    return client


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    assert answer.status_code == 200
    return len(queries)


@pytest.mark.parametrize("model", sorted(admin_rows.MAKERS, key=lambda model: model._meta.label))
def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_seven(browser: Client, model: type[Model]) -> None:
    make: Callable[[int], object] = admin_rows.MAKERS[model]
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    make(0)
    queries_of(browser, url)  # content types and permissions are cached by the first request
    for_one = queries_of(browser, url)
    for number in range(1, 7):
        make(number)
    assert queries_of(browser, url) == for_one


def test_every_model_of_the_admin_has_a_row_maker_so_that_no_list_escapes_the_count() -> None:
    assert set(admin_rows.MAKERS) == set(admin.site._registry)  # noqa: SLF001 - Django offers no public list


@pytest.mark.parametrize("model", EVIDENCE, ids=lambda model: model._meta.model_name)
def test_evidence_opens_to_be_read_and_takes_no_change(browser: Client, model: type[Model]) -> None:
    row = admin_rows.MAKERS[model](1)
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert browser.get(reverse(f"{kind}_change", args=[row.pk])).status_code == 200
    assert browser.post(reverse(f"{kind}_change", args=[row.pk]), {}).status_code == 403
    assert browser.post(reverse(f"{kind}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert browser.get(reverse(f"{kind}_add")).status_code == 403


@pytest.mark.parametrize("model", sorted(admin_rows.MAKERS, key=lambda model: model._meta.label))
def test_each_row_opens(browser: Client, model: type[Model]) -> None:
    row = admin_rows.MAKERS[model](1)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
    assert browser.get(url).status_code == 200


def test_a_dependency_cannot_be_deleted_even_by_an_administrator(browser: Client) -> None:
    dependency = factories.dependency()
    url = reverse("admin:registry_dependency_delete", args=[dependency.pk])
    assert browser.post(url, {"post": "yes"}).status_code == 403
    assert Dependency.objects.filter(pk=dependency.pk).exists()


def test_a_save_in_the_admin_leaves_a_line_of_audit_with_what_changed(browser: Client) -> None:
    vendor = factories.vendor("tongyi", name="Tongyi")
    url = reverse("admin:registry_vendor_change", args=[vendor.pk])
    empty = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
    rows = {f"{prefix}-{name}": value for prefix in ("aliases", "hub_namespaces") for name, value in empty.items()}
    browser.post(url, {"slug": "tongyi", "name": "Tongyi Lab", "country": "CN"} | rows)
    entry = AuditEntry.objects.get(tag="admin:vendor:changed")
    assert entry.subject == f"registry.vendor:{vendor.pk}"
    assert (entry.before, entry.after) == (
        {"name": "Tongyi", "country": ""},
        {"name": "Tongyi Lab", "country": "CN"},
    )


def test_no_password_reaches_the_audit(browser: Client) -> None:
    data = {"username": "new", "password1": "a long pass phrase", "password2": "a long pass phrase"}
    rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    browser.post(reverse("admin:registry_user_add"), data | rows | {"usable_password": "true"})
    entry = AuditEntry.objects.get(tag="admin:user:added")
    assert "a long pass phrase" not in str(entry.after)


def test_an_owner_cannot_give_a_dependency_to_a_system_of_another_team(client: Client) -> None:
    owner = factories.user(role="owner")
    factories.team("mine", owner=owner)
    client.force_login(owner)
    offering, environment = factories.offering(), factories.environment()
    theirs = factories.system("theirs")
    data = {"system": theirs.pk, "offering": offering.pk, "environment": environment.pk, "purpose": "chat"}
    assert client.post(reverse("admin:registry_dependency_add"), data).status_code == 403
    assert not theirs.dependencies.exists()


def test_an_owner_cannot_state_the_lineage_of_their_model(client: Client) -> None:
    owner = factories.user(role="owner")
    model = factories.model("mine", owner=factories.team("mine", owner=owner), lineage_status="unknown")
    client.force_login(owner)
    page = client.get(reverse("admin:registry_aimodel_change", args=[model.pk]))
    assert page.status_code == 200
    assert 'name="lineage_status"' not in page.content.decode()


def test_polling_now_hands_the_work_to_a_worker_and_a_link_does_not(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("registry.tasks.poll_source.delay", asked.append)
    url = reverse("admin:registry_source_poll", args=[factories.source("litellm").pk])
    browser.get(url)
    assert asked == []
    browser.post(url)
    assert asked == ["litellm"]


def test_mapping_a_listing_counts_what_it_says_at_once(browser: Client) -> None:
    offering = factories.offering("acme/embed")
    observation = admin_rows.observation(1)
    Observation.objects.filter(pk=observation.pk).update(facts={"retires_on": "2099-01-01"})
    listing = observation.listing
    Listing.objects.filter(pk=listing.pk).update(current=observation, offering=None)
    rows = {"observations-TOTAL_FORMS": "0", "observations-INITIAL_FORMS": "0"}
    url = reverse("admin:registry_listing_change", args=[listing.pk])
    browser.post(url, {"offering": offering.pk} | rows)
    offering.refresh_from_db()
    assert offering.retires_on == factories.day("2099-01-01")


@pytest.mark.parametrize("role", ["viewer", "owner", "reviewer", "admin"])
def test_every_role_finds_its_lists_in_the_sidebar_and_can_open_them(client: Client, role: str) -> None:
    client.force_login(factories.user(role=role))
    sidebar = client.get("/").context["sidebar_navigation"]
    links = [item["link"] for group in sidebar for item in group["items"] if item["has_permission"]]
    assert len(links) >= 20
    assert [link for link in links if client.get(link).status_code != 200] == []
