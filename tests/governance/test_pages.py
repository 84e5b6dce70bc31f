"""Pages of our own: who gets in, what they show, and what a form does."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.admin.pages import model as model_page
from governance.admin.pages.forms import ActionForm
from governance.models import Action, Block, Proposal
from governance.proposals import propose_adoption
from registry.models import Change, Dependency, FallbackPlan, PlanRevision, Revision, User
from tests import admin_rows, factories
from tests.governance.conftest import browser_of

pytestmark = pytest.mark.django_db

PLAN = {
    "ways-TOTAL_FORMS": "1",
    "ways-INITIAL_FORMS": "0",
    "ways-0-ORDER": "1",
    "ways-0-kind": "offering",
    "trigger": "Retired or gated.",
    "switch_procedure": "Switch the route.",
    "switched_by": "On-call",
}


@pytest.fixture
def owner() -> User:
    return factories.user("olga", role="owner")


@pytest.fixture
def dependency(owner: User) -> Dependency:
    """A critical production dependency of a system that `owner` answers for."""
    return factories.dependency(system=factories.system("search", team=factories.team("search-team", owner=owner)))


@pytest.fixture
def proposal(owner: User) -> Proposal:
    return propose_adoption(
        proposer=owner,
        offering=factories.offering("acme/embed"),
        purpose="embedding",
        distribution="saas",
        reason="Best on our queries.",
        now=timezone.now(),
    )


@pytest.mark.parametrize("name", ["home", "mails", "block", "news", "propose-adoption", "propose-waiver"])
def test_who_is_not_logged_in_is_led_to_the_log_in_page(client: Client, name: str) -> None:
    address = reverse(f"pages:{name}")
    assert client.get(address).headers["Location"] == f"{reverse('admin:login')}?next={address}"


def test_home_tells_a_newcomer_what_to_do_first() -> None:
    page = browser_of(factories.user(role="admin")).get("/")
    assert "The register is empty" in page.content.decode()
    assert reverse("admin:registry_team_add") in page.content.decode()


def test_home_shows_the_actions_of_my_teams_and_not_those_of_others(owner: User, dependency: Dependency) -> None:
    admin_rows.action(dependency=dependency, title="Move search off it")
    admin_rows.action(title="Somebody else's work")
    text = browser_of(owner).get("/").content.decode()
    assert "Move search off it" in text
    assert "Somebody else&#x27;s work" not in text


def test_home_offers_a_proposal_to_a_reviewer_and_not_to_its_proposer(owner: User, proposal: Proposal) -> None:
    reviewer = browser_of(factories.user(role="reviewer")).get("/").context["home"]
    assert reviewer.to_decide == [proposal]
    assert browser_of(owner).get("/").context["home"].to_decide == []


def test_the_model_page_names_the_vendors_behind_a_model_through_its_base_and_their_parents() -> None:
    parent = factories.vendor("alibaba", name="Alibaba")
    base = factories.model("gte", developer=factories.vendor("tongyi", name="Tongyi Lab", parent=parent))
    child = factories.model("our-embed", developer=factories.vendor("acme", name="Acme"))
    factories.derived(child, base)
    page = browser_of(factories.user(role="viewer")).get(reverse("pages:model", args=["our-embed"]))
    assert set(page.context["page"].roots.vendor_names) == {"Acme", "Alibaba", "Tongyi Lab"}


def test_the_model_page_names_the_license_of_a_pinned_revision_where_a_newer_one_has_another() -> None:
    offering = factories.offering(model=factories.model("gte"), revision="6ec25be" + "0" * 33)
    factories.dependency(offering=offering)
    address = reverse("pages:model", args=["gte"])
    client = browser_of(factories.user(role="viewer"))
    assert "in use (" not in client.get(address).content.decode()

    newer = factories.license_("CC-BY-NC-4.0", "non-commercial")
    Revision.objects.create(offering=offering, revision="b" * 40, license=newer, observed_at=timezone.now())
    offering.head_revision = "b" * 40
    offering.save()
    page = client.get(address)

    assert page.context["page"].licenses == [newer]
    (use,) = page.context["page"].uses
    assert use.pinned is not None
    assert str(use.pinned.license) == "Apache-2.0"
    assert "6ec25be…" in page.content.decode()


def test_the_model_page_counts_the_suggestions_that_it_does_not_show() -> None:
    offering = factories.offering(model=factories.model("gte", task="feature-extraction"))
    dependency = factories.dependency(offering=offering)
    for _ in range(model_page.MAX_CANDIDATES):
        factories.offering(model=factories.model(task="feature-extraction"))
    for _ in range(3):
        kin = factories.model(task="feature-extraction", developer=offering.model.developer)
        factories.offering(model=kin)
    client, plan = browser_of(factories.user(role="viewer")), reverse("pages:plan", args=[dependency.pk])
    text = client.get(reverse("pages:model", args=["gte"])).content.decode()
    assert "and 3 more, 3 of them not independent" in text
    assert f"{plan}#candidates" in text
    assert client.get(plan).content.decode().count("Not independent:") == 3


def test_the_gate_page_says_no_names_the_rule_and_leads_to_the_plan(owner: User, dependency: Dependency) -> None:
    page = browser_of(owner).get(reverse("pages:gate", args=["search"]), {"environment": "production"})
    text = page.content.decode()
    assert 'data-verdict="fail"' in text
    assert reverse("pages:rule", args=["UD401"]) in text
    assert reverse("pages:plan", args=[dependency.pk]) in text


def test_the_gate_page_of_an_unknown_environment_is_not_found_and_never_green(
    owner: User, dependency: Dependency
) -> None:
    assert dependency.environment.slug == "production"
    assert browser_of(owner).get(reverse("pages:gate", args=["search"]), {"environment": "prod"}).status_code == 404


def test_the_gate_page_names_the_policy_that_comes_with_the_platform(owner: User, dependency: Dependency) -> None:
    text = browser_of(owner).get(reverse("pages:gate", args=[dependency.system.slug])).content.decode()
    assert "built-in policy" in text
    assert "policy 0" not in text


def test_a_day_stands_in_its_field_as_browsers_read_it() -> None:
    assert 'value="2026-11-23"' in str(ActionForm(initial={"until": factories.day("2026-11-23")})["until"])


def test_a_submitted_plan_counts_and_holds_its_alternatives_in_order(owner: User, dependency: Dependency) -> None:
    factories.offering("acme/embed")
    data = PLAN | {"ways-0-offering": "acme/embed", "submit": "1"}
    answer = browser_of(owner).post(reverse("pages:plan", args=[dependency.pk]), data)
    revision = FallbackPlan.objects.get(dependency=dependency).current_revision
    assert answer.status_code == 302
    assert revision is not None
    assert [way.offering.external_id for way in revision.alternatives.all()] == ["acme/embed"]


def test_a_candidate_added_to_the_plan_is_pinned_to_its_newest_revision(owner: User, dependency: Dependency) -> None:
    factories.offering("acme/embed", revision="b" * 40)
    page = browser_of(owner).get(reverse("pages:plan", args=[dependency.pk]), {"with": "pkg:huggingface/acme/embed"})
    (row,) = page.context["rows"].forms
    assert row["pinned_revision"].value() == "b" * 40


def test_a_draft_is_kept_and_does_not_count(owner: User, dependency: Dependency) -> None:
    factories.offering("acme/embed")
    data = PLAN | {"ways-0-offering": "acme/embed", "save": "1"}
    browser_of(owner).post(reverse("pages:plan", args=[dependency.pk]), data)
    plan = FallbackPlan.objects.get(dependency=dependency)
    assert plan.current_revision is None
    assert plan.revisions.count() == 1


def test_an_unknown_model_in_a_plan_is_said_at_its_field_and_nothing_is_saved(
    owner: User, dependency: Dependency
) -> None:
    data = PLAN | {"ways-0-offering": "nobody/nothing", "submit": "1"}
    answer = browser_of(owner).post(reverse("pages:plan", args=[dependency.pk]), data)
    assert answer.status_code == 400
    assert "nobody/nothing" in answer.context["rows"].forms[0].errors["offering"][0]
    assert not PlanRevision.objects.exists()


def test_asking_for_one_more_alternative_keeps_what_was_written_and_saves_nothing(
    owner: User, dependency: Dependency
) -> None:
    answer = browser_of(owner).post(reverse("pages:plan", args=[dependency.pk]), PLAN | {"add": "1"})
    assert answer.status_code == 200
    assert len(answer.context["rows"].forms) == 2
    assert "Retired or gated." in answer.content.decode()
    assert not PlanRevision.objects.exists()


def test_another_team_reads_a_plan_and_cannot_write_it(dependency: Dependency) -> None:
    stranger = browser_of(factories.user(role="owner"))
    address = reverse("pages:plan", args=[dependency.pk])
    assert stranger.get(address).status_code == 200
    assert stranger.post(address, PLAN | {"submit": "1"}).status_code == 403
    assert not PlanRevision.objects.exists()


def test_a_reviewer_approves_what_the_page_showed(proposal: Proposal) -> None:
    reviewer = browser_of(factories.user(role="reviewer"))
    page = reviewer.get(reverse("pages:proposal", args=[proposal.pk])).context["page"]
    data = {"verdict": "approve", "state_digest": page.digest}
    reviewer.post(reverse("pages:decide", args=[proposal.pk]), data)
    proposal.refresh_from_db()
    assert proposal.state == Proposal.State.APPROVED


def test_a_decision_on_facts_that_have_changed_is_not_taken_and_shows_what_differs(proposal: Proposal) -> None:
    reviewer = browser_of(factories.user(role="reviewer"))
    page = reviewer.get(reverse("pages:proposal", args=[proposal.pk])).context["page"]
    proposal.offering.gating = "manual"
    proposal.offering.save()
    data = {"verdict": "approve", "state_digest": page.digest}
    answer = reviewer.post(reverse("pages:decide", args=[proposal.pk]), data)
    proposal.refresh_from_db()
    assert answer.status_code == 409
    (changed,) = answer.context["page"].differences
    assert (changed.label, changed.before, changed.after) == ("Access", "open", "manual")
    assert "Changed since it was proposed" in answer.content.decode()
    assert proposal.state == Proposal.State.SUBMITTED


def test_the_proposer_sees_why_they_cannot_decide_and_is_refused_when_they_try(owner: User, proposal: Proposal) -> None:
    page = browser_of(owner).get(reverse("pages:proposal", args=[proposal.pk]))
    assert "nobody approves their own proposal" in page.content.decode()
    assert reverse("pages:decide", args=[proposal.pk]) not in page.content.decode()
    data = {"verdict": "approve", "state_digest": page.context["page"].digest}
    assert browser_of(owner).post(reverse("pages:decide", args=[proposal.pk]), data).status_code == 409
    proposal.refresh_from_db()
    assert proposal.state == Proposal.State.SUBMITTED


def test_a_rejection_without_a_word_asks_for_one(proposal: Proposal) -> None:
    reviewer = browser_of(factories.user(role="reviewer"))
    page = reviewer.get(reverse("pages:proposal", args=[proposal.pk])).context["page"]
    data = {"verdict": "reject", "state_digest": page.digest}
    answer = reviewer.post(reverse("pages:decide", args=[proposal.pk]), data)
    assert answer.context["form"].errors["comment"] == ["Say why, so that the proposer knows what to change."]


@pytest.mark.parametrize("name", ["decide", "withdraw"])
def test_a_link_alone_decides_nothing(proposal: Proposal, name: str) -> None:
    reviewer = browser_of(factories.user(role="reviewer"))
    assert reviewer.get(reverse(f"pages:{name}", args=[proposal.pk])).status_code == 405


def test_a_form_without_its_csrf_token_is_refused(proposal: Proposal) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.user(role="reviewer"))
    assert strict.post(reverse("pages:withdraw", args=[proposal.pk])).status_code == 403


def test_an_adoption_is_proposed_by_the_name_the_code_uses(owner: User) -> None:
    offering = factories.offering("acme/chat")
    data = {"offering": "acme/chat", "purpose": "chat", "distribution": "saas", "reason": "Tried for a month."}
    answer = browser_of(owner).post(reverse("pages:propose-adoption"), data)
    made = Proposal.objects.get()
    assert made.offering == offering
    assert answer.headers["Location"] == reverse("pages:proposal", args=[made.pk])


def test_a_waiver_beyond_the_longest_term_is_refused_at_its_day(owner: User, dependency: Dependency) -> None:
    until = timezone.now().date() + timedelta(days=900)
    data = {
        "rule": "UD401",
        "dependency": dependency.pk,
        "until": until,
        "reason": "Soon.",
        "compensating_measure": "A person looks.",
    }
    answer = browser_of(owner).post(reverse("pages:propose-waiver"), data)
    assert "within 90 days" in answer.context["form"].errors["until"][0]


def test_a_snooze_needs_a_reason_and_a_day(owner: User, dependency: Dependency) -> None:
    action = admin_rows.action(dependency=dependency)
    address = reverse("pages:action", args=[action.pk])
    answer = browser_of(owner).post(address, {"step": "snooze", "until": timezone.now().date() + timedelta(days=7)})
    assert answer.context["form"].errors["reason"]
    later = {"step": "snooze", "until": timezone.now().date() + timedelta(days=7), "reason": "After the sale."}
    browser_of(owner).post(address, later)
    action.refresh_from_db()
    assert (action.state, action.state_reason) == (Action.State.SNOOZED, "After the sale.")


def test_another_team_cannot_finish_an_action(dependency: Dependency) -> None:
    action = admin_rows.action(dependency=dependency)
    stranger = browser_of(factories.user(role="owner"))
    data = {"step": "done", "reason": "Not mine."}
    assert stranger.post(reverse("pages:action", args=[action.pk]), data).status_code == 403
    action.refresh_from_db()
    assert action.state == Action.State.OPEN


def test_only_reviewers_block(owner: User) -> None:
    model = factories.model("leaky")
    data = {"model": "leaky", "reason": "It leaks."}
    assert browser_of(owner).post(reverse("pages:block"), data).status_code == 403
    browser_of(factories.user(role="reviewer")).post(reverse("pages:block"), data)
    assert Block.objects.get().model == model


NEWS = {
    "vendor": "alibaba",
    "summary": "Alibaba is reported to shift from open models to revenue",
    "source_url": "https://news.example/alibaba-shifts",
    "severity": "warning",
}


def test_news_of_a_vendor_becomes_a_change_with_its_source_and_who_reported_it() -> None:
    vendor, reviewer = factories.vendor("alibaba", name="Alibaba"), factories.user(role="reviewer")
    answer = browser_of(reviewer).post(reverse("pages:news"), NEWS, follow=True)
    change = Change.objects.get()
    assert (change.vendor, change.reported_by, change.severity) == (vendor, reviewer, "warning")
    assert change.evidence_url == NEWS["source_url"]
    assert answer.redirect_chain == [(reverse("pages:home"), 302)]
    assert "Within a minute everyone concerned is told." in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "text"),
    [("vendor", ""), ("summary", "a\x1bb"), ("source_url", "ftp://news.example/a"), ("severity", "grave")],
)
def test_news_that_cannot_be_entered_is_explained_at_its_field(field: str, text: str) -> None:
    factories.vendor("alibaba")
    answer = browser_of(factories.user(role="reviewer")).post(reverse("pages:news"), NEWS | {field: text})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Change.objects.exists()


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("owner", False), ("reviewer", True), ("admin", True)])
def test_who_may_report_news_finds_the_way_from_home_and_nobody_else_gets_in(role: str, *, may: bool) -> None:
    factories.model()
    client = browser_of(factories.user(role=role))
    address = reverse("pages:news")
    assert (address in client.get("/").content.decode()) is may
    assert client.get(address).status_code == (200 if may else 403)


def test_the_html_of_a_mail_is_shown_without_scripts_and_only_from_its_folder(
    settings: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    (tmp_path / "secret").write_text("Subject: no\n\nno")
    body = "Subject: Digest\nContent-Type: text/html\n\n<script>alert(1)</script><p>Hello</p>"
    (folder / "one.log").write_text(body)
    settings.MAIL_FOLDER = folder  # type: ignore[attr-defined]
    client = browser_of(factories.user(role="viewer"))
    page = client.get(reverse("pages:mail", args=["one.log"])).content.decode()
    assert 'sandbox=""' in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert client.get("/mail/..%2Fsecret/").status_code == 404


@pytest.mark.parametrize("term", ["multiling", "SEARCH", "tongyi"])
def test_the_search_box_finds_models_systems_and_vendors_by_a_part_of_their_name(term: str) -> None:
    developer = factories.vendor("tongyi", name="Tongyi Lab")
    model = factories.model("gte", name="gte-multilingual-base", developer=developer)
    factories.dependency(system=factories.system("product-search"), offering=factories.offering(model=model))
    answer = browser_of(factories.user(role="viewer")).get(reverse("admin:search"), {"s": term, "extended": "1"})
    found = {
        "multiling": reverse("pages:model", args=["gte"]),
        "SEARCH": reverse("pages:gate", args=["product-search"]),
        "tongyi": reverse("admin:registry_vendor_change", args=[developer.pk]),
    }
    assert found[term] in answer.content.decode()


def test_a_nul_in_the_search_box_is_refused_before_anything_is_looked_for() -> None:
    answer = browser_of(factories.user(role="viewer")).get(reverse("admin:search"), {"s": "a\0b", "extended": "1"})
    assert answer.status_code == 400
