"""What goes beside the straight way, clicked: a waiver that two reviewers have to grant, a question about it, a policy that is
tried first, and the question of what stops if a vendor goes.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from governance import trials
from registry.models import Dependency
from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_waiver_for_a_critical_system_is_asked_about_granted_by_two_and_shown_at_the_gate(
    visitors: list[Visitor], dependency: Dependency
) -> None:
    owner, reviewer, other = visitors
    owner.log_in("olga", "correct horse")
    owner.open("/systems/search/gate/?environment=production")
    owner.page.get_by_role("link", name="ask for a waiver").first.click()
    owner.page.get_by_label("Until").fill((timezone.now() + timedelta(days=30)).date().isoformat())
    owner.page.get_by_label("Reason").fill("The new index is being built.")
    owner.page.get_by_label("Compensating measure").fill("The old index is frozen.")
    owner.page.get_by_role("button", name="Submit the proposal").click()
    expect(owner.page.get_by_text("nobody approves their own proposal")).to_be_visible()
    expect(owner.page.get_by_text("needs 2 reviewers")).to_be_visible()
    address = owner.page.url.removeprefix(owner.address)

    reviewer.log_in("rita", "correct horse")
    reviewer.open(address)
    expect(reviewer.page.get_by_text("covered by this waiver")).to_be_visible()
    reviewer.page.get_by_text("Ask, comment or add evidence").click()
    reviewer.page.get_by_label("Say or ask").fill("How long does the index take?")
    reviewer.page.get_by_role("button", name="Ask olga").click()
    expect(reviewer.page.get_by_text("1 question is not answered yet.")).to_be_visible()

    owner.open("/")
    owner.page.get_by_role("link", name="How long does the index take?").click()
    owner.page.get_by_label("Answer").fill("Five hours, on two GPUs.")
    owner.page.get_by_role("button", name="Answer").click()
    expect(owner.page.locator("#talk").get_by_text("Answered")).to_be_visible()

    reviewer.open(address)
    expect(reviewer.page.get_by_text("Five hours, on two GPUs.")).to_be_visible()
    reviewer.page.get_by_role("button", name="Approve").click()
    expect(reviewer.page.get_by_text("Still missing: 1 reviewer.")).to_be_visible()
    expect(reviewer.page.get_by_role("button", name="Approve")).to_have_count(0)

    other.log_in("ruben", "correct horse")
    other.open(address)
    other.page.get_by_role("button", name="Approve").click()
    expect(other.page.locator("#decision").get_by_text("Approved")).to_have_count(2)

    owner.open("/systems/search/gate/?environment=production")
    expect(owner.page.locator("[data-verdict=pass]")).to_be_visible()
    expect(owner.page.get_by_text("ends in 30 days")).to_be_visible()
    assert dependency.waivers.get().proposal.decisions.count() == 2


def test_a_policy_is_tried_before_it_is_made_and_a_vendor_is_thought_away(
    visitors: list[Visitor], dependency: Dependency
) -> None:
    _owner, reviewer, _other = visitors
    reviewer.log_in("rita", "correct horse")
    reviewer.open("/policy/change/")
    reviewer.page.get_by_label("policy.toml").fill('[levels]\nUD401 = "warning"\n')
    reviewer.page.get_by_role("button", name="Try it").click()
    trials.work()
    reviewer.page.reload()
    expect(reviewer.page.get_by_role("heading", name="1 verdict would change")).to_be_visible()
    expect(reviewer.page.get_by_role("link", name="search")).to_be_visible()

    reviewer.open("/what-if/")
    reviewer.page.get_by_label("Vendors").select_option(dependency.offering.model.developer.slug)
    reviewer.page.get_by_role("button", name="What happens?").click()
    expect(reviewer.page.get_by_text("No submitted plan names an alternative.")).to_be_visible()
    reviewer.page.get_by_role("button", name="Save as a report").click()
    expect(reviewer.page.get_by_text("This is the state of that moment")).to_be_visible()
