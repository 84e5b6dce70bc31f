"""The page of a vendor: what it does over time, what is proposed about it, and the decision of a person."""

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance import vendor_signals
from governance.admin.pages.vendor_charts import HEIGHT, charted
from governance.models import AuditEntry
from governance.refused import Refused
from governance.triage import triage_changes
from registry import propose_signals
from registry.models import Change, HubNamespace, ProposedSignal, Section, Source, User, Vendor, VendorAlias
from registry.releases import by_quarter
from registry.signal_parts import Name, Part, Point
from tests import factories as f
from tests.registry.histories import Release, steady

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


def known_releases(vendor: Vendor, namespace: str, releases: list[Release]) -> None:
    HubNamespace.objects.create(vendor=vendor, name=namespace)
    now = timezone.now()
    lines = by_quarter((datetime.combine(one.on, time(12), now.tzinfo), ("mit",), False) for one in releases)
    hub = Source.objects.get(slug="huggingface")
    Section.objects.create(source=hub, name=namespace.casefold(), releases=lines, confirmed_at=now)


@pytest.fixture
def acme() -> Vendor:
    """A vendor that stopped more than a year ago, with one model in use, and the proposals that follow."""
    row = f.vendor("acme", name="Acme", parent=f.vendor("holding", name="Holding"))
    VendorAlias.objects.create(vendor=row, text="Acme Labs")
    today = timezone.now().date()
    releases = steady(1, a_year=48, since=today - 4 * YEAR, until=today - 1.6 * YEAR)
    known_releases(row, "Acme", releases)
    f.dependency(offering=f.offering("Acme/e5", model=f.model("e5", developer=row)))
    propose_signals.propose_all(now=timezone.now())
    return row


@pytest.fixture
def silence(acme: Vendor) -> ProposedSignal:
    return acme.proposed_signals.get(part="silence")


def client_of(role: str, username: str = "") -> Client:
    client = Client()
    client.force_login(f.user(username, role=role))
    return client


def page(client: Client, vendor: Vendor) -> str:
    response = client.get(reverse("pages:vendor", args=[vendor.slug]))
    assert response.status_code == 200
    return response.content.decode()


# --- the page --------------------------------------------------------------------------------------------------


def test_it_says_what_the_vendor_does_and_what_hangs_on_it(acme: Vendor) -> None:
    shown = page(client_of("viewer"), acme)
    for words in ("Acme Labs", "Holding", "1 dependency on its models", "No release with weights for 19 months", "e5"):
        assert words in shown


def test_a_chart_can_be_read_without_seeing_it(acme: Vendor) -> None:
    shown = page(client_of("viewer"), acme)
    assert '<title id="chart-pace-title">Releases with weights, by quarter</title>' in shown
    assert 'aria-labelledby="chart-pace-title chart-pace-desc"' in shown
    assert "<summary>Numbers</summary>" in shown


def test_a_vendor_of_which_nothing_was_listed_says_so() -> None:
    shown = page(client_of("viewer"), f.vendor("unknown"))
    assert "Releases cannot be judged. None of its namespaces on the Hub has been listed yet." in shown
    assert "<svg viewBox" not in shown


def test_the_page_of_an_owner_shows_what_belongs_to_it(acme: Vendor) -> None:
    assert acme.parent is not None
    shown = page(client_of("viewer"), acme.parent)
    assert reverse("pages:vendor", args=["acme"]) in shown
    assert "1 dependency on its models" in shown


def test_only_who_may_decide_is_offered_to(acme: Vendor, silence: ProposedSignal) -> None:
    address = reverse("pages:accept-signal", args=[silence.pk])
    assert address in page(client_of("reviewer"), acme)
    assert address not in page(client_of("owner"), acme)


def test_what_upstream_calls_itself_is_inert(acme: Vendor) -> None:
    VendorAlias.objects.create(vendor=acme, text="<script>alert(1)</script>")
    assert "<script>alert(1)" not in page(client_of("viewer"), acme)


def test_the_page_costs_the_same_whatever_it_shows(acme: Vendor) -> None:
    client = client_of("reviewer")
    address = reverse("pages:vendor", args=[acme.slug])
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(8):
        child = f.vendor(f"child-{number}", parent=acme)
        known_releases(child, f"Child-{number}", [Release(timezone.now().date())])
        f.dependency(offering=f.offering(f"Child-{number}/e5", model=f.model(developer=child)))
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) <= len(few)


def test_the_highest_bar_fills_the_chart_and_the_others_are_measured_by_it() -> None:
    points = tuple(Point(f.day(f"2026-{month:02}-01"), value, 8) for month, value in ((1, 2), (4, 0), (7, 4)))
    chart = charted(Part(Name.PACE, "", series=points))
    assert chart is not None
    assert [bar.height for bar in chart.bars] == [HEIGHT / 2, 0, HEIGHT]
    assert [bar.label for bar in chart.bars] == ["Q1 2026", "Q2 2026", "Q3 2026"]


def test_a_share_is_drawn_within_the_bar_of_all_releases() -> None:
    chart = charted(Part(Name.OPEN_SHARE, "", series=(Point(f.day("2026-01-01"), 2, 8),)))
    assert chart is not None
    assert (chart.bars[0].height, chart.bars[0].whole) == (HEIGHT / 4, HEIGHT)


# --- the decision ----------------------------------------------------------------------------------------------


def post(client: Client, act: str, signal: ProposedSignal, **data: str) -> int:
    return client.post(reverse(f"pages:{act}-signal", args=[signal.pk]), data).status_code


def test_taking_a_signal_up_tells_with_the_numbers_and_the_page_as_evidence(silence: ProposedSignal) -> None:
    assert post(client_of("reviewer", "rosa"), "accept", silence, severity="warning", note="We asked them.") == 302
    change = Change.objects.get(kind="vendor_signal")
    silence.refresh_from_db()
    assert change.summary == f"{silence.sentence} We asked them."
    assert change.evidence_url.endswith("/vendors/acme/")
    assert (silence.state, silence.change, str(silence.decided_by)) == ("accepted", change, "rosa")


def test_the_owners_of_what_hangs_on_the_vendor_are_told(silence: ProposedSignal) -> None:
    post(client_of("reviewer"), "accept", silence, severity="warning", note="")
    triage_changes(now=timezone.now())
    assert Change.objects.get(kind="vendor_signal").impacts.exists()


def test_dismissing_needs_a_reason_and_tells_nobody(silence: ProposedSignal) -> None:
    assert post(client_of("reviewer"), "dismiss", silence, note="") == 400
    assert post(client_of("reviewer"), "dismiss", silence, note="They publish elsewhere now.") == 302
    silence.refresh_from_db()
    assert (silence.state, silence.note) == ("dismissed", "They publish elsewhere now.")
    assert not Change.objects.filter(kind="vendor_signal").exists()


@pytest.mark.parametrize(("act", "state"), [("accept", "accepted"), ("dismiss", "dismissed")])
def test_each_decision_is_a_line_of_the_audit(silence: ProposedSignal, act: str, state: str) -> None:
    post(client_of("reviewer", "rosa"), act, silence, severity="notice", note="Looked at.")
    line = AuditEntry.objects.get(tag=f"admin:vendor_signal:{state}")
    assert line.actor_id == User.objects.get(username="rosa").pk
    assert line.before["numbers"]["value"] == str(silence.numbers["value"])
    assert line.after["note"] == "Looked at."


@pytest.mark.parametrize("role", ["viewer", "owner"])
@pytest.mark.parametrize("act", ["accept", "dismiss"])
def test_nobody_else_decides(silence: ProposedSignal, role: str, act: str) -> None:
    assert post(client_of(role), act, silence, severity="warning", note="No.") == 403
    assert ProposedSignal.objects.get(pk=silence.pk).state == "proposed"


def test_a_right_that_was_taken_away_is_gone_at_once(silence: ProposedSignal) -> None:
    person = f.user(role="reviewer")
    User.objects.get(pk=person.pk).groups.clear()
    with pytest.raises(Refused) as refused:
        vendor_signals.dismiss(silence, note="No.", by=person, now=timezone.now())
    assert refused.value.code == "not_allowed"


def test_a_part_that_was_decided_says_so_and_is_not_offered_again(acme: Vendor, silence: ProposedSignal) -> None:
    client = client_of("reviewer", "rosa")
    post(client, "dismiss", silence, note="They publish elsewhere now.")
    shown = page(client, acme)
    assert "Dismissed by rosa on" in shown
    assert reverse("pages:accept-signal", args=[silence.pk]) not in shown


def test_a_signal_is_decided_once(silence: ProposedSignal) -> None:
    post(client_of("reviewer"), "dismiss", silence, note="No.")
    assert post(client_of("reviewer"), "accept", silence, severity="warning", note="") == 400
    assert not Change.objects.filter(kind="vendor_signal").exists()


def test_looking_at_a_decision_changes_nothing(silence: ProposedSignal) -> None:
    client = client_of("reviewer")
    assert client.get(reverse("pages:accept-signal", args=[silence.pk])).status_code == 200
    assert client.get(reverse("pages:dismiss-signal", args=[silence.pk])).status_code == 200
    assert ProposedSignal.objects.get(pk=silence.pk).state == "proposed"


def test_what_waits_is_listed_the_longest_first(acme: Vendor) -> None:
    assert [row.part for row in vendor_signals.open_signals()] == ["silence", "pace"]
    assert {row.vendor for row in vendor_signals.open_signals()} == {acme}


def test_home_leads_who_may_decide_to_what_waits(acme: Vendor) -> None:
    shown = client_of("reviewer").get("/").content.decode()
    assert "2 signals of vendors wait" in shown
    assert f"{reverse('pages:vendor', args=[acme.slug])}#part-silence" in shown
    assert "signals of vendors wait" not in client_of("owner").get("/").content.decode()
