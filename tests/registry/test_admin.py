"""The web admin: every list opens, costs the same however long it is, and evidence cannot be edited."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry.models import Change, Dependency, Drill, FallbackPlan, Observation, PlanRevision, PollRun
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
def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_thirty(
    browser: Client, model: type[Model]
) -> None:
    make: Callable[[int], object] = admin_rows.MAKERS[model]
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    make(0)
    queries_of(browser, url)  # content types and permissions are cached by the first request
    for_one = queries_of(browser, url)
    for number in range(1, 31):
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
