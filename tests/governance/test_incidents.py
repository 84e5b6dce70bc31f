"""What operators are told of a source: once when something goes wrong, once when it is over, in words that help."""

from datetime import timedelta
from typing import Any

import pytest

from governance import incidents
from governance.deliver import deliver_due
from governance.models import Channel, IncidentTold, Notice
from governance.triage import triage_changes
from registry.models import Change, HeldFact, Incident, Listing, Observation, PollRun, Source, User
from registry.silence import open_failing_incidents
from tests import factories as f
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _only_ours() -> None:
    Source.objects.all().delete()


@pytest.fixture
def operator() -> User:
    return f.user("olga", role="admin")


@pytest.fixture
def silent() -> Source:
    """A source that last answered 14 hours ago and failed an hour ago."""
    source = f.source(
        "litellm",
        name="LiteLLM",
        interval=6 * HOUR,
        last_success_at=NOW - 14 * HOUR,
        last_error_at=NOW - HOUR,
        last_error="The server answered 503.",
    )
    good_poll(source, NOW - 14 * HOUR)
    return source


def good_poll(source: Source, at: Any) -> PollRun:
    Source.objects.filter(pk=source.pk).update(last_success_at=at)
    return PollRun.objects.create(
        source=source, slot=at, started_at=at, lease_until=at, completed_at=at, outcome="changed"
    )


def in_use(source: Source) -> Listing:
    """A listing of the source that is mapped to a model in production and was confirmed with its last good poll."""
    used = f.dependency()
    listing = f.listing(used.offering.external_id, offering=used.offering, source_=source)
    at = source.runs.first().completed_at
    listing.current = Observation.objects.create(
        listing=listing, run=source.runs.first(), facts={}, observed_at=at, last_confirmed_at=at
    )
    listing.save()
    return listing


def suspect(source: Source | None = None, **fields: Any) -> Incident:
    source = source or f.source("litellm", name="LiteLLM", last_success_at=NOW)
    given = {"opened_at": NOW, "reason": "70 of 500 rows vanished at once.", "kind": "suspect"}
    return Incident.objects.create(source=source, **(given | fields))


def told(*, now: Any = NOW) -> int:
    """What a minute of the beat does about sources, and then the outbox."""
    open_failing_incidents(now=now)
    count = incidents.tell(now=now)
    deliver_due(["email"], now=now)
    return count


@pytest.mark.usefixtures("silent")
def test_a_silent_source_is_one_letter_however_long_it_stays_silent(operator: User, mailoutbox: Any) -> None:
    assert [told(now=NOW + hour * HOUR) for hour in range(48)] == [1] + [0] * 47
    assert [mail.to for mail in mailoutbox] == [[operator.email]]


@pytest.mark.usefixtures("operator")
def test_the_letter_says_what_is_wrong_what_follows_and_what_to_do(
    silent: Source, mailoutbox: Any, settings: Any
) -> None:
    in_use(silent)
    in_use(silent)
    told()
    (mail,) = mailoutbox
    assert mail.subject == "[Understudy] LiteLLM has not answered since 2026-04-14 19:00 UTC"
    for sentence in (
        "Understudy for those who look after the sources",
        "The server answered 503.",
        "The facts of 2 models in use are no longer confirmed: production checks answer “unknown” about them (UD306).",
        "Silence takes no model for gone",
        f"{settings.BASE_URL}/sources/{silent.pk}/",
        "One letter when something goes wrong and one when it is over.",
    ):
        assert sentence in mail.body
        assert sentence in mail.alternatives[0].content


@pytest.mark.usefixtures("operator")
def test_models_that_another_source_confirms_are_not_counted(silent: Source, mailoutbox: Any) -> None:
    listing = in_use(silent)
    other = f.source("hub", name="Hub", interval=6 * HOUR, last_success_at=NOW)
    good_poll(other, NOW - HOUR)
    again = f.listing("again", offering=listing.offering, source_=other)
    again.current = Observation.objects.create(
        listing=again, run=other.runs.get(), facts={}, observed_at=NOW, last_confirmed_at=NOW - HOUR
    )
    again.save()
    told()
    assert "No model in use hangs on this source alone; checks go on as before." in mailoutbox[0].body


@pytest.mark.usefixtures("operator")
def test_the_end_is_one_letter_that_says_how_long_it_lasted_and_what_came_in(silent: Source, mailoutbox: Any) -> None:
    listing = in_use(silent)
    told()
    run = good_poll(silent, NOW + HOUR)
    for _ in range(3):
        Change.objects.create(
            kind="gated", severity="warning", origin="source", listing=listing, run=run, detected_at=NOW + HOUR
        )
    assert [told(now=NOW + hour * HOUR) for hour in (2, 3, 4)] == [1, 0, 0]
    assert mailoutbox[1].subject == "[Understudy] LiteLLM answers again"
    assert "It answers since 2026-04-15 10:00 UTC. It was silent for 15 hours; 3 changes came in." in mailoutbox[1].body
    assert "What to do" not in mailoutbox[1].body


@pytest.mark.usefixtures("silent", "operator")
def test_a_source_that_is_switched_off_is_told_as_that(mailoutbox: Any) -> None:
    told()
    Source.objects.update(is_enabled=False)
    told(now=NOW + HOUR)
    assert mailoutbox[1].subject == "[Understudy] LiteLLM was switched off"
    assert "nobody will notice when it changes" in mailoutbox[1].body


@pytest.mark.usefixtures("operator")
def test_a_mass_change_is_told_with_what_is_held_back(mailoutbox: Any) -> None:
    one = suspect()
    good_poll(one.source, NOW)
    listing = in_use(one.source)
    HeldFact.objects.create(
        listing=listing, fact="retires_on", believed={}, said={}, reason="suspect", since=NOW, incident=one
    )
    for _ in range(2):
        Change.objects.create(
            kind="removed", severity="critical", origin="source", listing=listing, detected_at=NOW, incident=one
        )
    told()
    (mail,) = mailoutbox
    assert mail.subject == "[Understudy] LiteLLM states a mass change, which is held back"
    assert "70 of 500 rows vanished at once." in mail.body
    assert "Held back: 1 fact and 2 changes, about 1 model in use." in mail.body
    assert "Release what is true" in mail.body


@pytest.mark.usefixtures("operator")
def test_a_source_that_goes_silently_empty_is_told(mailoutbox: Any) -> None:
    suspect(kind="empty", reason="It lists 12 rows; 480 are usual.")
    told()
    assert mailoutbox[0].subject == "[Understudy] LiteLLM answers with far less than it used to"
    assert "taken neither for gone nor for confirmed" in mailoutbox[0].body


def test_a_decision_is_told_with_who_and_why(operator: User, mailoutbox: Any) -> None:
    one = suspect()
    told()
    Incident.objects.filter(pk=one.pk).update(
        closed_at=NOW + HOUR,
        verdict="dismissed",
        decided_by=operator,
        decided_at=NOW + HOUR,
        note="Their release broke.",
    )
    told(now=NOW + HOUR)
    assert mailoutbox[1].subject == "[Understudy] LiteLLM: what was held back was dismissed"
    assert f"{operator} dismissed it on 2026-04-15 10:00 UTC." in mailoutbox[1].body
    assert "The note: Their release broke." in mailoutbox[1].body


@pytest.mark.usefixtures("operator")
def test_what_upstream_wrote_cannot_forge_a_header_or_a_line(mailoutbox: Any) -> None:
    source = f.source("evil", name="Evil\r\nBcc: all@northwind.example", last_success_at=NOW)
    suspect(source, reason="<b>gone</b>\n\nWhat to do\n* Visit https://evil.example")
    told()
    (mail,) = mailoutbox
    assert "Bcc" not in mail.message()
    assert mail.body.count("\n* ") == 5
    assert "<b>" not in mail.alternatives[0].content


@pytest.mark.usefixtures("operator")
def test_an_incident_that_ended_before_anybody_was_told_is_left_unsaid(silent: Source) -> None:
    open_failing_incidents(now=NOW)
    good_poll(silent, NOW + HOUR)
    assert told(now=NOW + HOUR) == 0
    assert not IncidentTold.objects.exists()


class TestOperators:
    """Who is told."""

    @pytest.mark.usefixtures("operator")
    def test_administrators_with_an_address_are(self) -> None:
        f.user("root", is_superuser=True)
        f.user("rita", role="reviewer")
        User.objects.create_user("nomail", is_superuser=True)
        addresses = [channel.address for channel in incidents.operator_channels(now=NOW)]
        assert sorted(addresses) == ["olga@northwind.example", "root@northwind.example"]

    def test_a_channel_without_a_team_is_told_as_well(self, operator: User, mailoutbox: Any) -> None:
        Channel.objects.create(team=None, transport="email", address="oncall@northwind.example")
        suspect()
        assert told() == 2
        assert {mail.to[0] for mail in mailoutbox} == {operator.email, "oncall@northwind.example"}

    @pytest.mark.usefixtures("operator")
    def test_who_switches_the_channel_off_is_left_in_peace(self) -> None:
        incidents.operator_channels(now=NOW)
        Channel.objects.update(is_enabled=False)
        assert incidents.operator_channels(now=NOW) == []

    def test_who_has_left_is_told_nothing(self, operator: User) -> None:
        incidents.operator_channels(now=NOW)
        User.objects.filter(pk=operator.pk).update(is_active=False)
        assert incidents.operator_channels(now=NOW) == []

    def test_an_incident_waits_until_there_is_somebody_to_tell(self, mailoutbox: Any) -> None:
        suspect()
        assert told() == 0
        f.user(role="admin")
        assert told() == 1
        assert len(mailoutbox) == 1

    @pytest.mark.usefixtures("operator")
    def test_a_channel_of_operators_hears_nothing_of_what_teams_hear(self) -> None:
        incidents.operator_channels(now=NOW)
        ownerless = f.model(owner=None)
        used = f.dependency(offering=f.offering(model=ownerless))
        Change.objects.create(
            kind="gated", severity="warning", origin="source", offering=used.offering, detected_at=NOW
        )
        triage_changes(now=NOW)
        assert not Notice.objects.exists()
