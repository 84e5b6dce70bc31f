"""What the pages ask of the database does not grow with what they show."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.models import Impact, Waiver
from registry.models import Change, Dependency, User
from tests import admin_rows, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return factories.user("olga", role="owner")


@pytest.fixture
def client(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def add_use(model_slug: str, *, system_slug: str, number: int, owner: User) -> Dependency:
    """One more use of the model in the system, with plan, approval, action, change, waiver and listing."""
    model = factories.AIModel.objects.get(slug=model_slug)
    system = factories.System.objects.get(slug=system_slug)
    soon = timezone.now().date() + timedelta(days=30)
    offering = factories.offering(f"acme/{model_slug}-{number}", model=model, retires_on=soon)
    dependency = factories.dependency(system=system, offering=offering, purpose=f"purpose-{number}")
    factories.plan(dependency, factories.offering(), factories.offering())
    action = admin_rows.action(dependency=dependency)
    change = Change.objects.create(
        kind="gated", severity="warning", origin="source", offering=offering, detected_at=timezone.now()
    )
    Impact.objects.create(
        change=change,
        dependency=dependency,
        path="direct",
        explanation="In use.",
        created_at=timezone.now(),
        action=action,
    )
    asked = admin_rows.proposal(
        kind="waive_rule", purpose="", distribution="", rule="UD401", dependency=dependency, until=soon, proposer=owner
    )
    Waiver.objects.create(
        proposal=admin_rows.decided(asked),
        rule="UD401",
        dependency=dependency,
        reason="Soon.",
        granted_at=timezone.now(),
        expires_on=soon,
    )
    return dependency


@pytest.mark.parametrize(
    "address",
    ["/", "/models/embed/", "/systems/search/gate/?environment=production"],
    ids=["home", "model", "gate"],
)
def test_a_page_costs_the_same_with_one_use_and_with_seven(client: Client, owner: User, address: str) -> None:
    team = factories.team("search-team", owner=owner)
    factories.system("search", team=team)
    factories.model("embed", owner=team)
    add_use("embed", system_slug="search", number=0, owner=owner)
    queries_of(client, address)
    for_one = queries_of(client, address)
    for number in range(1, 7):
        add_use("embed", system_slug="search", number=number, owner=owner)
    assert queries_of(client, address) == for_one


def test_the_proposal_page_is_cheap(client: Client, owner: User) -> None:
    proposal = admin_rows.proposal(proposer=owner)
    address = reverse("pages:proposal", args=[proposal.pk])
    queries_of(client, address)
    assert queries_of(client, address) < 40
