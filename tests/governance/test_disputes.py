"""A day that two sources contradict says so: on the model's page, in what to do, in the mail and in the ticket."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.deliver import deliver_due
from governance.disputes import Dispute, find, load_disputes
from governance.models import Action
from governance.notices import ensure_channels
from governance.triage import triage_changes
from registry.effective import Claim
from registry.models import Change, Correction, Dependency, Listing, Observation, Offering, PollRun
from registry.records import ListingRecord
from tests import factories as f
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SAID = (
    "Sources disagree on when it retires: OpenAI model list says 2026-05-07, deprecations.info says 2027-01-20. "
    "The register goes by 2026-05-07."
)


def claim(source: str, day: str | None, **fields: Any) -> Claim:
    record = ListingRecord(external_id="gpt-4o", retires_on=date.fromisoformat(day) if day else None)
    given = {"method": "curated_feed", "last_confirmed_at": NOW, "is_stale": False}
    return Claim(source=source, record=record, **(given | fields))


VENDOR = {"method": "vendor_api"}


def test_the_statement_that_counts_comes_first() -> None:
    found = find([claim("feed", "2027-01-20"), claim("openai", "2026-05-07", **VENDOR)], "retires_on")
    assert found == Dispute("retires_on", (("openai", date(2026, 5, 7)), ("feed", date(2027, 1, 20))))


@pytest.mark.parametrize(
    "claims",
    [
        [claim("feed", "2027-01-20"), claim("openai", "2027-01-20", **VENDOR)],
        [claim("feed", "2027-01-20"), claim("openai", None, **VENDOR)],
        [claim("feed", "2027-01-20"), claim("openai", "2026-05-07", is_stale=True, **VENDOR)],
        [claim("feed", "2027-01-20"), claim("openai", "2026-05-07", is_removed=True, **VENDOR)],
        [claim("feed", "2027-01-20"), claim("people", "2026-05-07", corrects="retires_on")],
        [],
    ],
    ids=["they agree", "one says nothing", "one is silent", "one has let it go", "a person settled it", "nobody"],
)
def test_there_is_no_dispute(claims: list[Claim]) -> None:
    assert find(claims, "retires_on") is None


def said(offering: Offering, by: str, day: str, **fields: Any) -> Listing:
    """What a source said an hour ago of when the offering retires."""
    at = timezone.now() - HOUR
    source = f.source(by, **fields)
    times = dict.fromkeys(("slot", "started_at", "lease_until", "completed_at"), at)
    run = PollRun.objects.create(source=source, outcome="changed", **times)
    listing = f.listing(f"{by}/{offering.external_id}", offering=offering, source_=source)
    listing.current = Observation.objects.create(
        listing=listing, run=run, facts={"retires_on": day}, observed_at=at, last_confirmed_at=at
    )
    listing.save()
    return listing


@pytest.fixture
def used() -> Dependency:
    """A production dependency on a model whose vendor moves its end to a day that a feed contradicts."""
    offering = f.offering("gpt-4o", host="openai", kind="service", retires_on=date(2026, 5, 7))
    dependency = f.dependency(offering=offering)
    said(offering, "deprecations-info", "2027-01-20", name="deprecations.info")
    vendor = said(offering, "openai-list", "2026-05-07", name="OpenAI model list", method="vendor_api")
    ensure_channels(dependency.system.team)
    triage_changes(now=timezone.now() - 24 * HOUR)
    Change.objects.create(
        kind="retirement_moved",
        severity="critical",
        origin="source",
        listing=vendor,
        before="2027-01-20",
        after="2026-05-07",
        effective_on=date(2026, 5, 7),
        detected_at=timezone.now(),
    )
    return dependency


@pytest.mark.usefixtures("used")
def test_the_action_says_that_sources_disagree_and_which_day_counts() -> None:
    triage_changes(now=timezone.now())
    action = Action.objects.get()
    assert "(sources disagree)" in action.title
    assert action.what_to_do.endswith(SAID)


def test_the_mail_says_so_too(used: Dependency, mailoutbox: Any) -> None:
    triage_changes(now=timezone.now())
    deliver_due(["email"], now=timezone.now() + HOUR)
    mail = mailoutbox[-1]
    assert "The retirement of gpt-4o (openai) moved: 2027-01-20 → 2026-05-07 (sources disagree)" in mail.body
    assert SAID in mail.body
    assert used.system.name in mail.body


@pytest.mark.usefixtures("used")
def test_where_they_agree_again_the_mail_does_not_say_otherwise(mailoutbox: Any) -> None:
    Observation.objects.update(facts={"retires_on": "2026-05-07"})
    triage_changes(now=timezone.now())
    deliver_due(["email"], now=timezone.now() + HOUR)
    assert "disagree" not in mailoutbox[-1].body


def test_a_correction_settles_it(used: Dependency) -> None:
    now = timezone.now()
    Correction.objects.create(
        offering=used.offering,
        fact="retires_on",
        value="2026-05-07",
        reason="Read on their page.",
        evidence_url="https://openai.example/",
        made_by=f.user(),
        made_at=now,
        ends_on=now.date() + timedelta(days=30),
    )
    assert load_disputes([used.offering_id], now=now) == {}


def test_the_page_of_the_model_says_so(used: Dependency) -> None:
    client = Client()
    client.force_login(f.user(role="viewer"))
    page = client.get(f"/models/{used.offering.model.slug}/").content.decode()
    assert SAID in page
    assert 'class="us-differs"' in page


@pytest.mark.parametrize("count", [1, 8])
def test_the_number_of_queries_does_not_grow(count: int, django_assert_num_queries: Any) -> None:
    offerings = [f.offering(host="openai", kind="service") for _ in range(count)]
    feed, vendor = f.source("one"), f.source("two")
    for number, offering in enumerate(offerings):
        at = timezone.now() - HOUR + timedelta(seconds=number)
        for source, day in ((feed, "2027-01-20"), (vendor, "2026-05-07")):
            times = dict.fromkeys(("slot", "started_at", "lease_until", "completed_at"), at)
            run = PollRun.objects.create(source=source, outcome="changed", **times)
            listing = f.listing(f"{source}/{number}", offering=offering, source_=source)
            listing.current = Observation.objects.create(
                listing=listing, run=run, facts={"retires_on": day}, observed_at=at, last_confirmed_at=at
            )
            listing.save()
    with django_assert_num_queries(4):
        found = load_disputes([offering.pk for offering in offerings], now=timezone.now())
    assert len(found) == count
