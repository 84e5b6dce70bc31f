"""What an operator sees of the sources, and the decision on what is held back: pages and API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from governance.models import AuditEntry
from registry.believe import PRESENCE
from registry.models import (
    Change,
    HeldFact,
    Incident,
    Listing,
    Observation,
    PollRun,
    Rejected,
    Section,
    Source,
)
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
AsRole = Callable[[str], APIClient]


@pytest.fixture(autouse=True)
def _only_ours() -> None:
    Source.objects.all().delete()


def source(slug: str = "litellm", *, hours_silent: float = 1, **fields: Any) -> Source:
    given = {"name": slug.title(), "interval": 6 * HOUR, "last_success_at": timezone.now() - hours_silent * HOUR}
    return f.source(slug, **(given | fields))


@pytest.fixture
def suspect() -> Incident:
    """A fact and a change of a model in use, held back."""
    now = timezone.now()
    listing = listed(source(), ago=HOUR)
    incident = Incident.objects.create(
        source=listing.source, kind="suspect", opened_at=now - HOUR, reason="70 of 500 rows vanished at once."
    )
    HeldFact.objects.create(
        listing=listing,
        fact="retires_on",
        believed={"retires_on": "2027-01-20"},
        said={"retires_on": "2026-05-07"},
        reason="suspect",
        since=now,
        incident=incident,
    )
    Change.objects.create(
        kind="retirement_moved",
        severity="critical",
        origin="source",
        listing=listing,
        before="2027-01-20",
        after="2026-05-07",
        detected_at=now,
        incident=incident,
    )
    return incident


@pytest.fixture
def _package_is_gone(suspect: Incident) -> None:
    """The source came with a package of somebody else, which is not installed any more, and a row of it is silent."""
    Source.objects.filter(pk=suspect.source_id).update(slug="elsewhere")
    suspect.held.update(fact=PRESENCE)


def listed(by: Source, *, ago: timedelta) -> Listing:
    used = f.dependency()
    seen_at = timezone.now() - ago
    times = dict.fromkeys(("slot", "started_at", "lease_until", "completed_at"), seen_at)
    run = PollRun.objects.create(source=by, outcome="changed", record_count=1, **times)
    listing = f.listing(used.offering.external_id, offering=used.offering, source_=by)
    listing.current = Observation.objects.create(
        listing=listing, run=run, facts={}, observed_at=seen_at, last_confirmed_at=seen_at
    )
    listing.save()
    return listing


def page_as(role: str, address: str) -> str:
    response = browser_of(f.user(role=role)).get(address)
    assert response.status_code == 200
    return response.content.decode()


class TestList:
    """The Sources page."""

    address = "/admin/registry/source/"

    def test_it_tells_at_a_glance_what_is_healthy_and_what_is_not_and_why(self, suspect: Incident) -> None:
        source("hub", hours_silent=20, last_error="The server answered 503.", last_error_at=timezone.now())
        source("feed")
        page = page_as("admin", self.address)
        assert page.index("Hub") < page.index("Litellm") < page.index("Feed")
        for text in ("Failing", "The server answered 503.", "stale", "Quarantined", suspect.reason, "Healthy"):
            assert text in page
        for count in ("1 failing", "1 quarantined", "1 healthy"):
            assert count in page

    def test_the_number_of_queries_does_not_grow(self, django_assert_max_num_queries: Any) -> None:
        client = browser_of(f.user(role="admin"))
        client.get(self.address)
        for number in range(15):
            source(f"source-{number}")
        with django_assert_max_num_queries(20):
            client.get(self.address)

    def test_somebody_who_may_not_poll_sees_no_button(self) -> None:
        source()
        assert "Poll now" in page_as("admin", self.address)
        assert "Poll now" not in page_as("viewer", self.address)


class TestPage:
    """One source."""

    def test_it_shows_what_is_held_back_beside_what_counts_meanwhile(self, suspect: Incident) -> None:
        page = page_as("reviewer", f"/sources/{suspect.source_id}/")
        for text in ("70 of 500 rows vanished at once.", "1 fact, 1 change", "2027-01-20", "2026-05-07", "retires on"):
            assert text in page
        assert reverse("pages:release", args=[suspect.pk]) in page

    def test_of_many_that_are_held_back_those_in_use_come_first(self, suspect: Incident) -> None:
        used = suspect.held.get()
        HeldFact.objects.filter(pk=used.pk).delete()
        for number in range(30):
            unused = f.listing(f"nobody-uses-{number}", source_=suspect.source)
            HeldFact.objects.create(
                listing=unused, fact="presence", believed={}, said={}, reason="suspect", since=NOW, incident=suspect
            )
        used.pk = None
        used.save()
        page = page_as("viewer", f"/sources/{suspect.source.pk}/")
        assert page.index(used.listing.external_id) < page.index("nobody-uses-0")
        assert "those in use before the others" in page

    def test_who_may_not_decide_is_offered_no_decision(self, suspect: Incident) -> None:
        page = page_as("owner", f"/sources/{suspect.source_id}/")
        assert reverse("pages:release", args=[suspect.pk]) not in page
        assert "Reviewers and administrators can release or dismiss it." in page

    def test_a_silent_source_says_since_when_and_what_follows(self) -> None:
        silent = source(hours_silent=20, last_error="The server answered 503.", last_error_at=timezone.now())
        page = page_as("viewer", f"/sources/{silent.pk}/")
        assert "Failing since" in page
        assert "The server answered 503." in page
        assert "Facts are stale" in page
        assert "No model is taken for gone." in page

    def test_it_shows_runs_the_plan_failing_parts_and_what_could_not_be_read(self) -> None:
        one = listed(source(), ago=HOUR).source
        run = PollRun.objects.get()
        PollRun.objects.update(
            log="Two namespaces are listed, 40 models asked for.", rejected_count=1, request_count=42
        )
        Rejected.objects.create(run=run, external_id="gpt-bad", reason="“retires_on” is no date.")
        Section.objects.create(source=one, name="acme", failed_since=timezone.now(), last_error="HTTP 500")
        page = page_as("viewer", f"/sources/{one.pk}/")
        for text in ("Two namespaces are listed", "42 requests", "gpt-bad", "is no date.", "acme", "HTTP 500"):
            assert text in page

    def test_what_upstream_wrote_is_inert(self) -> None:
        one = source(name="<script>alert(1)</script>", last_error="<img src=x>", last_error_at=timezone.now())
        page = page_as("admin", f"/sources/{one.pk}/")
        assert "<script>alert(1)" not in page
        assert "<img src=x>" not in page

    def test_a_source_that_is_not_there_is_not_found(self) -> None:
        assert browser_of(f.user(role="viewer")).get("/sources/9999/").status_code == 404


class TestDecision:
    """Releasing and dismissing."""

    def test_a_release_says_first_what_follows_and_then_counts_and_is_audited(self, suspect: Incident) -> None:
        client = browser_of(f.user("rita", role="reviewer"))
        address = reverse("pages:release", args=[suspect.pk])
        assert "the teams that it concerns are told" in client.get(address).content.decode()
        assert Incident.objects.open().exists()
        assert Change.objects.in_force().count() == 0
        client.post(address, {"note": "Seen on their page."})
        suspect.refresh_from_db()
        assert (suspect.verdict, str(suspect.decided_by), suspect.note) == ("released", "rita", "Seen on their page.")
        assert Change.objects.in_force().count() == 1
        assert AuditEntry.objects.latest("sequence").tag == "admin:incident:released"

    def test_a_dismissal_wants_a_note(self, suspect: Incident) -> None:
        client = browser_of(f.user(role="reviewer"))
        address = reverse("pages:dismiss", args=[suspect.pk])
        assert client.post(address, {"note": " "}).status_code == 400
        assert Incident.objects.open().exists()
        client.post(address, {"note": "Their release broke."})
        suspect.refresh_from_db()
        assert suspect.verdict == "dismissed"
        assert Change.objects.in_force().count() == 0
        assert AuditEntry.objects.latest("sequence").tag == "admin:incident:dismissed"

    @pytest.mark.parametrize("role", ["viewer", "owner"])
    def test_others_may_not(self, suspect: Incident, role: str) -> None:
        client = browser_of(f.user(role=role))
        assert client.post(reverse("pages:release", args=[suspect.pk])).status_code == 403
        assert Incident.objects.open().exists()

    def test_the_second_of_two_decisions_is_told_how_the_first_ended_it(self, suspect: Incident) -> None:
        client = browser_of(f.user(role="reviewer"))
        client.post(reverse("pages:dismiss", args=[suspect.pk]), {"note": "Their release broke."})
        response = client.post(reverse("pages:release", args=[suspect.pk]), {})
        assert response.status_code == 400
        assert "has ended" in response.content.decode()
        suspect.refresh_from_db()
        assert suspect.verdict == "dismissed"

    @pytest.mark.usefixtures("_package_is_gone")
    def test_without_the_package_that_knows_what_silence_means_it_stays_open_and_says_so(
        self, suspect: Incident
    ) -> None:
        client = browser_of(f.user(role="reviewer"))
        response = client.post(reverse("pages:release", args=[suspect.pk]), {})
        assert response.status_code == 400
        assert "No installed package provides the source" in response.content.decode()
        suspect.refresh_from_db()
        assert suspect.closed_at is None
        assert client.post(reverse("pages:dismiss", args=[suspect.pk]), {"note": "Not ours."}).status_code == 302


class TestApi:
    """`/api/v1/sources/` and `/api/v1/incidents/`."""

    def test_a_source_comes_with_its_health(self, as_role: AsRole, suspect: Incident) -> None:
        (row,) = as_role("viewer").get("/api/v1/sources/").json()["results"]
        health = row["health"]
        assert (health["state"], health["why"], health["is_stale"]) == ("quarantined", suspect.reason, False)
        assert (health["held_count"], health["open_incidents"]) == (2, [suspect.pk])
        assert as_role("viewer").get("/api/v1/sources/litellm/").json()["health"]["state"] == "quarantined"

    def test_switching_a_source_off_shows_in_the_answer(self, as_role: AsRole) -> None:
        source(hours_silent=20)
        answer = as_role("admin").patch("/api/v1/sources/litellm/", {"is_enabled": False}, format="json")
        assert answer.json()["health"]["state"] == "off"

    def test_incidents_are_listed_and_filtered(self, as_role: AsRole, suspect: Incident) -> None:
        client = as_role("viewer")
        (row,) = client.get("/api/v1/incidents/?source=litellm&verdict=open").json()["results"]
        assert (row["id"], row["kind"], row["fact_count"], row["change_count"]) == (suspect.pk, "suspect", 1, 1)
        assert client.get("/api/v1/incidents/?kind=failing").json()["results"] == []

    def test_a_decision_by_api_is_the_same_as_by_page(self, as_role: AsRole, suspect: Incident) -> None:
        address = f"/api/v1/incidents/{suspect.pk}"
        client = as_role("reviewer")
        assert client.post(f"{address}/dismiss/", {}, format="json").status_code == 400
        assert as_role("owner").post(f"{address}/release/", {}, format="json").status_code == 403
        answer = client.post(f"{address}/release/", {"note": "Seen."}, format="json")
        assert (answer.status_code, answer.json()["verdict"]) == (200, "released")
        again = client.post(f"{address}/dismiss/", {"note": "No."}, format="json")
        assert (again.status_code, again.json()["code"]) == (409, "closed")

    @pytest.mark.usefixtures("_package_is_gone")
    def test_a_missing_package_is_named_and_no_failure_of_ours(self, as_role: AsRole, suspect: Incident) -> None:
        answer = as_role("reviewer").post(f"/api/v1/incidents/{suspect.pk}/release/", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert "elsewhere" in answer.json()["detail"]

    def test_silence_is_nothing_that_a_person_ends(self, as_role: AsRole) -> None:
        silent = Incident.objects.create(source=source(), kind="failing", opened_at=timezone.now(), reason="Silent.")
        answer = as_role("reviewer").post(f"/api/v1/incidents/{silent.pk}/release/", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")

    def test_an_offering_is_as_fresh_as_the_section_that_lists_it(self, as_role: AsRole) -> None:
        listing = listed(source(), ago=90 * HOUR)
        at = timezone.now().replace(microsecond=0)
        listing.section = Section.objects.create(source=listing.source, name="acme", confirmed_at=at)
        listing.save()
        answer = as_role("viewer").get(f"/api/v1/offerings/{listing.offering_id}/").json()
        assert answer["facts_as_of"] == at.isoformat().replace("+00:00", "Z")


class TestHome:
    """Home says what is wrong before anything else."""

    @pytest.mark.usefixtures("suspect")
    def test_a_silent_and_a_suspect_source_stand_above_everything(self) -> None:
        silent = source("hub", hours_silent=20)
        page = page_as("viewer", "/")
        assert "Hub does not answer." in page
        assert "Litellm: 2 statements held back." in page
        assert f"/sources/{silent.pk}/" in page
        assert page.index("Hub does not answer.") < page.index('class="us-tiles"')

    def test_where_all_is_well_nothing_alarms(self) -> None:
        f.model()
        source()
        assert 'role="alert"' not in page_as("viewer", "/")

    def test_a_source_that_never_answered_is_shown_and_no_alarm(self) -> None:
        f.model()
        source(last_success_at=None, last_error="OPENAI_API_KEY is not set.", last_error_at=timezone.now())
        page = page_as("viewer", "/")
        assert 'role="alert"' not in page
        assert "Failing" in page


@pytest.mark.parametrize("address", ["/models/{model}/", "/admin/registry/offering/{offering}/change/"])
def test_pages_show_facts_as_fresh_as_the_section_that_lists_them(address: str) -> None:
    listing = listed(source(), ago=90 * HOUR)
    at = timezone.now().replace(day=1, hour=7, minute=31)
    listing.section = Section.objects.create(source=listing.source, name="acme", confirmed_at=at)
    listing.save()
    Observation.objects.update(last_confirmed_at=at - 900 * HOUR)
    assert listing.offering is not None
    address = address.format(model=listing.offering.model.slug, offering=listing.offering_id)
    page = page_as("admin", address)
    assert "07:31" in page


def test_the_page_of_a_model_says_which_source_is_silent_about_it() -> None:
    silent = source(hours_silent=20)
    listing = listed(silent, ago=20 * HOUR)
    assert listing.offering is not None
    page = page_as("viewer", f"/models/{listing.offering.model.slug}/")
    assert "not confirmed since" in page
    assert f"/sources/{silent.pk}/" in page
