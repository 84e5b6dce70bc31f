"""Mail: what a digest says, that it cannot be abused, and how it meets a mail server that refuses or is not there."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from random import Random
from typing import Any

import pytest
from django.core import mail

from governance import attempts
from governance.deliver import Tally, deliver_due
from governance.letters import write
from governance.models import Delivery, Notice
from governance.notices import close_windows, ensure_channels
from governance.transports.email import Email
from governance.triage import triage_changes
from registry.models import Change, Dependency
from tests import factories as make
from tests.factories import NOW, day
from tests.fakes.smtp import MailServer

pytestmark = pytest.mark.django_db

DICE = Random(1)  # noqa: S311 - the tests are to be the same each time
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def used(settings: Any) -> Dependency:
    """A use of a model whose team has a mailbox and no tracker, and nothing to be told yet."""
    settings.TICKET_FOLDER = None
    system = make.system("product-search", name="Product search", team=make.team("search"))
    dependency = make.dependency(system=system, offering=make.offering("acme/e5"))
    ensure_channels(system.team)
    triage_changes(now=NOW)
    return dependency


def announce(dependency: Dependency, kind: str = "retirement_announced", **fields: Any) -> None:
    defaults = {
        "severity": "warning",
        "origin": "source",
        "detected_at": NOW,
        "evidence_url": "https://hub.example/acme/e5",
        "effective_on": day("2026-09-30"),
    }
    Change.objects.create(offering=dependency.offering, kind=kind, **(defaults | fields))
    triage_changes(now=NOW)
    close_windows(now=NOW)


def deliver(at: Any = NOW) -> Tally:
    return deliver_due(["email"], now=at, dice=DICE)


def text_of(message: Message, kind: str) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == kind)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def test_a_digest_says_what_changed_who_is_affected_by_when_from_which_source_and_what_to_do(
    server: MailServer, used: Dependency
) -> None:
    announce(used)
    assert deliver() == Tally(sent=1)
    (message,) = server.mails
    assert message["To"] == "search@northwind.example"
    subject = "[Understudy] Product search: acme/e5 (huggingface) retires on 2026-09-30 (to do by 2026-07-02)"
    assert " ".join(message["Subject"].split()) == subject
    for kind in ("text/plain", "text/html"):
        said = text_of(message, kind)
        for needed in (
            "Product search",
            "by 2026-07-02" if kind == "text/plain" else "By 2026-07-02",
            "acme/e5 (huggingface) retires on 2026-09-30",
            "Product search (embedding, Production) uses acme/e5 (huggingface).",
            "https://hub.example/acme/e5",
            "Move to an alternative before 2026-09-30.",
            "/actions/",
        ):
            assert needed in said


def test_a_digest_declares_itself_as_automatic_mail_of_a_list(server: MailServer, used: Dependency) -> None:
    announce(used)
    deliver()
    (message,) = server.mails
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "Understudy for Search <understudy.localhost>"


def test_every_attempt_carries_the_same_message_id(server: MailServer, used: Dependency) -> None:
    server.after_data = lambda: "451 try again"
    announce(used)
    assert deliver() == Tally(retry=1)
    server.after_data = None
    assert deliver(LATER) == Tally(sent=1)
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert text_of(first, "text/plain") == text_of(second, "text/plain")


def test_a_refused_address_is_a_dead_letter_and_the_next_recipient_is_served(
    server: MailServer, used: Dependency
) -> None:
    owner = used.offering.model.owner
    assert owner is not None
    ensure_channels(owner)
    server.refuse("search@northwind.example", "550 5.1.1 no such mailbox")
    announce(used)
    assert deliver() == Tally(sent=1, refused=1)
    assert "no such mailbox" in Notice.objects.get(state="dead").last_error
    assert [message["To"] for message in server.mails] == [owner.email]


def test_a_mailbox_that_is_busy_is_tried_again_and_holds_up_nobody(server: MailServer, used: Dependency) -> None:
    owner = used.offering.model.owner
    assert owner is not None
    ensure_channels(owner)
    server.refuse("search@northwind.example", "450 4.2.1 try later")
    announce(used)
    assert deliver() == Tally(sent=1, retry=1)


def test_a_mail_server_that_is_not_there_is_asked_once_in_a_pass(settings: Any, used: Dependency) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    owner = used.offering.model.owner
    assert owner is not None
    ensure_channels(owner)
    announce(used)
    assert deliver() == Tally(retry=1)
    assert Delivery.objects.count() == 1
    assert "cannot be reached" in Notice.objects.get(attempts=1).last_error


def test_upstream_text_is_inert_in_headers_text_and_html(used: Dependency) -> None:
    announce(
        used,
        "renamed",
        after="x\r\nBcc: victim@bank.example\x1b[2J<script>alert(1)</script>",
        evidence_url="javascript:alert(1)",
    )
    deliver()
    (message,) = mail.outbox
    assert message.message()["Bcc"] is None
    assert "\n" not in message.subject
    assert "\x1b" not in message.body
    assert not [line for line in message.body.splitlines() if line.startswith("Bcc:")]
    html = text_of(message.message(), "text/html")
    assert "<script>" not in html
    assert "javascript:" not in html


def test_a_team_name_cannot_add_a_header(used: Dependency) -> None:
    team = used.system.team
    team.name = "Search\r\nBcc: victim@bank.example"
    team.save()
    announce(used)
    assert deliver() == Tally(sent=1)
    assert mail.outbox[0].message()["Bcc"] is None


def test_of_two_workers_that_read_the_same_notice_one_sends_it(used: Dependency) -> None:
    announce(used)
    send_as_two_workers()
    assert len(mail.outbox) == 1


def test_without_the_condition_on_the_claim_both_send_it(used: Dependency, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_anyway(notice: Notice, **_kwargs: Any) -> attempts.Attempt:
        return attempts.Attempt(notice, notice.attempts + 1)

    monkeypatch.setattr(attempts, "begin", take_anyway)
    announce(used)
    send_as_two_workers()
    assert len(mail.outbox) == 2


def send_as_two_workers() -> None:
    """Both have read the notice before either claims it."""
    read = [Notice.objects.get(), Notice.objects.get()]
    claimed = [attempts.begin(notice, now=NOW) for notice in read]
    for attempt in filter(None, claimed):
        Email().send(write(attempt.notice))


def test_a_notice_whose_worker_died_is_sent_when_the_lease_is_over_and_not_before(used: Dependency) -> None:
    announce(used)
    attempts.begin(Notice.objects.get(), now=NOW)
    assert deliver(NOW + attempts.LEASE - timedelta(minutes=1)) == Tally()
    assert deliver(NOW + attempts.LEASE + timedelta(seconds=1)) == Tally(sent=1)
    assert list(Delivery.objects.order_by("attempt").values_list("outcome", flat=True)) == ["started", "sent"]


def test_a_notice_that_took_three_workers_with_it_is_set_aside_and_the_queue_moves_on(used: Dependency) -> None:
    announce(used)
    poison = Notice.objects.get()
    at = NOW
    for _ in range(3):
        attempts.begin(Notice.objects.get(pk=poison.pk), now=at)
        at += attempts.LEASE * 2
    announce(used, "gated")
    assert deliver(at) == Tally(sent=1)
    poison.refresh_from_db()
    assert (poison.state, poison.last_error) == ("dead", "3 workers died while they sent it.")


def test_a_worker_that_lost_its_lease_changes_nothing_any_more(used: Dependency) -> None:
    announce(used)
    slow = attempts.begin(Notice.objects.get(), now=NOW)
    assert slow is not None
    late = NOW + attempts.LEASE * 2
    deliver(late)
    attempts.fail(slow, attempts.TransportError("too late"), 8, dice=DICE, now=late)
    assert Notice.objects.get().state == "sent"
