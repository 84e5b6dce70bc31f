"""The way from red to green, clicked by two people in two browsers."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from governance.models import Adoption, Proposal
from registry.models import Dependency
from tests import factories
from tests.admin_rows import decided
from tests.browser.conftest import Visitor
from tests.factories import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def visitors(browser: Browser, live_server: LiveServer) -> Iterator[tuple[Visitor, Visitor]]:
    """The owner and the reviewer; afterwards neither browser may have complained."""
    with ExitStack() as stack:
        contexts = [stack.enter_context(browser.new_context()) for _ in range(2)]
        people = [Visitor(context.new_page(), live_server.url) for context in contexts]
        yield people[0], people[1]
        assert [complaint for person in people for complaint in person.complaints] == []


def adopted(offering: factories.Offering) -> None:
    """The offering may be used for embedding in what is served to customers."""
    asked = Proposal.objects.create(
        kind="adopt_model",
        proposer=factories.user(),
        reason="Tried.",
        offering=offering,
        purpose="embedding",
        distribution="saas",
        state_digest="0" * 64,
        decide_by=NOW,
    )
    Adoption.objects.create(
        proposal=decided(asked),
        offering=offering,
        purpose="embedding",
        distribution="saas",
        granted_at=NOW,
        expires_on=factories.day("2100-01-01"),
    )


@pytest.fixture
def dependency() -> Dependency:
    """A critical system of the owner's team on a model that has no plan; another vendor's model is adopted."""
    team = factories.team("search-team", owner=factories.user("olga", role="owner"))
    factories.user("rita", role="reviewer")
    primary = factories.offering("tongyi/gte", model=factories.model("gte", owner=team))
    other = factories.offering("baai/bge", model=factories.model("bge", owner=team))
    adopted(primary)
    adopted(other)
    return factories.dependency(system=factories.system("search", team=team), offering=primary)


def test_an_owner_plans_a_reviewer_approves_and_the_gate_turns_green(
    visitors: tuple[Visitor, Visitor], dependency: Dependency
) -> None:
    owner, reviewer = visitors
    owner.log_in("olga", "correct horse")
    expect(owner.page.get_by_text("Hanging on one vendor")).to_be_visible()

    owner.open("/models/gte/")
    expect(owner.page.get_by_text("No plan", exact=True)).to_be_visible()

    owner.open("/systems/search/gate/?environment=production")
    expect(owner.page.locator("[data-verdict=fail]")).to_be_visible()
    owner.page.get_by_role("link", name="UD401").first.click()
    expect(owner.page.get_by_text("How heavy it weighs")).to_be_visible()
    owner.page.go_back()
    owner.page.get_by_role("link", name="Do it here").first.click()

    owner.page.get_by_label("Which model?").fill("baai/bge")
    owner.page.get_by_label("When do we switch?").fill("When it is gone.")
    owner.page.get_by_label("How?", exact=True).fill("Switch the route.")
    owner.page.get_by_label("Who does it?").fill("The team on call")
    owner.page.get_by_role("button", name="Submit the plan").click()
    owner.page.get_by_label("Why is it good enough?").fill("As good on our queries.")
    owner.page.get_by_role("button", name="Ask for approval").click()
    expect(owner.page.get_by_text("nobody approves their own proposal")).to_be_visible()
    expect(owner.page.get_by_role("button", name="Approve")).to_have_count(0)

    reviewer.log_in("rita", "correct horse")
    reviewer.page.get_by_role("link", name="bge standing in for gte in Search").click()
    expect(reviewer.page.get_by_text("No vendor stands behind both")).to_be_visible()
    reviewer.page.get_by_role("button", name="Approve").click()
    expect(reviewer.page.locator("#decision").get_by_text("Approved")).to_be_visible()

    owner.open("/systems/search/gate/?environment=production")
    expect(owner.page.locator("[data-verdict=pass]")).to_be_visible()
    assert dependency.approvals.get().proposal.decisions.get().decider.username == "rita"
