"""What docker-compose.yml describes works: its own commands on PostgreSQL and Redis, judged from outside."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.smtp import MailServer
from tests.fakes.tracker import Tracker
from tests.services.production import Feed, Production, answer, production, wait_for
from tests.services.rows import SYSTEMS

pytestmark = pytest.mark.services

WORKERS = ("worker-poll", "worker-triage", "worker-notify", "worker-tickets")
PRICES = json.dumps({"acme/chat": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06}}).encode()


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with Feed(PRICES) as feed:
        yield feed


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with MailServer() as mails:
        yield mails


@pytest.fixture(scope="module")
def tracker() -> Iterator[Tracker]:
    with Tracker() as tracker:
        yield tracker


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, feed: Feed, mails: MailServer, tracker: Tracker
) -> Iterator[Production]:
    """Everything started in the order of compose, with something to do for each queue."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LITELLM_URL": f"{feed.url}/prices.json",
        "EMAIL_URL": f"smtp://127.0.0.1:{mails.port}",
        "JIRA_URL": tracker.url,
        "JIRA_USER": "understudy",
        "JIRA_TOKEN": "token",
    }
    with production(tmp_path_factory.mktemp("production"), **settings) as running:
        running.start("web")
        wait_for(lambda: answer(f"{running.url}/healthz")[0] == 200, seconds=60, what="the web server answers")
        before = answer(f"{running.url}/readyz")
        assert before[0] == 503, "it is ready on an empty database"
        assert "migrations are not applied" in before[1]["reason"]
        assert running.run("migrate") == 0, running.log("migrate")
        running.python("-m", "tests.services.rows")
        assert "understudy_changes_untriaged 1.0" in running.metrics()
        running.start(*WORKERS, "beat")
        yield running


def test_the_web_server_is_ready_once_the_database_is_migrated(running: Production) -> None:
    assert answer(f"{running.url}/readyz") == (200, {"status": "ready"})


def test_a_due_source_is_polled(running: Production, feed: Feed) -> None:
    silent = 'understudy_source_seconds_since_success{source="litellm"} +Inf'
    wait_for(lambda: silent not in running.metrics(), seconds=90, what="the poll is done")
    assert feed.log == ["/prices.json"]


def test_a_change_is_triaged_and_becomes_a_ticket(running: Production, tracker: Tracker) -> None:
    wait_for(lambda: len(tracker.issues) == 1, seconds=60, what="the ticket is there")
    wait_for(lambda: "understudy_changes_untriaged 0.0" in running.metrics(), seconds=30, what="all is triaged")
    (issue,) = tracker.issues.values()
    assert issue.fields["project"]["key"] == "OPS"
    assert "acme/e5" in json.dumps(issue.fields)


def test_a_due_notice_becomes_a_mail(running: Production, mails: MailServer) -> None:
    wait_for(lambda: bool(mails.mails), seconds=60, what="the mail has arrived")
    assert mails.mails[0]["To"] == "search@northwind.example"
    assert 'understudy_notices{state="dead"} 0.0' in running.metrics()


def test_a_dry_run_of_many_systems_is_done_part_by_part(running: Production) -> None:
    wait_for(lambda: json.loads(running.python("-c", DRY_RUN))["is_finished"], seconds=120, what="the dry run is done")
    found = json.loads(running.python("-c", DRY_RUN))
    assert found["done"] == found["total"] == sum(found["verdicts"].values()) == SYSTEMS + 1


@pytest.mark.parametrize("service", ["web", *WORKERS, "beat"])
def test_the_health_check_of_compose_sees_that_it_runs(running: Production, service: str) -> None:
    assert running.is_healthy(service), running.log(service)


def test_the_doctor_finds_nothing_wrong_with_what_runs(running: Production) -> None:
    report = running.python("-c", DOCTOR)
    wrong = {f["topic"] for f in json.loads(report) if f["status"] == "wrong"}
    # No administrator was made, and the address leads only to this machine.
    assert wrong == {"people", "address"}


def test_all_of_it_ends_when_told(running: Production) -> None:
    codes = running.stop()
    assert codes == dict.fromkeys(codes, 0)


@pytest.mark.parametrize("service", ["web", "beat"])
def test_the_health_check_sees_what_does_not_run(running: Production, service: str) -> None:
    running.stop()
    assert not running.is_healthy(service)


DRY_RUN = """
import json, django
django.setup()
from governance.models import DryRun
row = DryRun.objects.get()
print(json.dumps({"done": row.done, "total": row.total, "verdicts": row.verdicts, "is_finished": bool(row.finished_at)}))
"""
DOCTOR = """
import json, dataclasses, django
django.setup()
from django.conf import settings
from django.utils import timezone
from config.diagnosis import diagnose
print(json.dumps([dataclasses.asdict(f) for f in diagnose(settings.ENV, now=timezone.now())]))
"""
