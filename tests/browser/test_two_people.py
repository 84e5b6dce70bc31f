"""The way from red to green, clicked by two people in two browsers."""

import pytest
from playwright.sync_api import expect

from registry.models import Dependency
from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_owner_plans_a_reviewer_approves_a_drill_passes_and_the_gate_turns_green(
    visitors: list[Visitor], dependency: Dependency
) -> None:
    owner, reviewer, _other = visitors
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
    expect(owner.page.get_by_role("link", name="UD405")).to_be_visible()
    owner.open(f"/dependencies/{dependency.pk}/plan/")
    owner.page.get_by_role("link", name="Record a drill").first.click()
    owner.page.get_by_label("What was run").fill("500 hardest queries")
    owner.page.get_by_label("Which model really answered").fill("baai/bge")
    owner.page.get_by_label("Time to switch").fill("06:00:00")
    owner.page.get_by_role("button", name="Record the drill").click()

    owner.open("/systems/search/gate/?environment=production")
    expect(owner.page.locator("[data-verdict=pass]")).to_be_visible()
    assert dependency.approvals.get().proposal.decisions.get().decider.username == "rita"
