"""The probes: what an orchestrator and a Prometheus read."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from registry.models import Change, ChangeKind, Incident, PollRun, Severity, Source
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_probe_that_comes_by_an_unknown_name_is_answered(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "10.1.2.3"}).status_code == 200
    assert client.get("/readyz", headers={"host": "10.1.2.3"}).json() == {"status": "ready"}


def test_any_other_page_refuses_an_unknown_name(client: Client) -> None:
    assert client.get("/admin/login/", headers={"host": "evil.example"}).status_code == 400


def test_a_database_behind_the_code_is_not_ready_and_says_which_migration_is_missing(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="governance", name="0001_initial").delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["reason"] == "migrations are not applied: governance.0001_initial"
    assert client.get("/healthz").status_code == 200


def test_without_a_database_the_process_lives_but_is_not_ready(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/nothing")
    bare.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
    ask = (
        "import django, json; django.setup(); from django.test import Client;"
        "answers = [Client().get(path) for path in ('/healthz', '/readyz')];"
        "print(json.dumps([[a.status_code, a.json()] for a in answers]))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    healthz, readyz = json.loads(done.stdout)
    assert healthz == [200, {"status": "alive"}]
    assert readyz == [503, {"status": "not ready", "reason": "the database cannot be reached"}]


def metrics(client: Client) -> str:
    response = client.get("/metrics")
    assert response["content-type"].startswith("text/plain")
    return response.content.decode()


def changes(count: int) -> None:
    for _ in range(count):
        Change.objects.create(
            kind=ChangeKind.VENDOR_SIGNAL,
            severity=Severity.NOTICE,
            origin=Change.Origin.PERSON,
            vendor=factories.vendor(),
            detected_at=factories.NOW,
        )


def test_metrics_count_what_waits(client: Client) -> None:
    changes(3)
    assert "understudy_changes_untriaged 3.0" in metrics(client)
    assert 'understudy_notices{state="queued"} 0.0' in metrics(client)


def test_metrics_tell_how_long_a_source_has_been_silent(client: Client) -> None:
    Source.objects.all().delete()
    Source.objects.create(
        slug="answers", name="Answers", method="vendor_api", last_success_at=timezone.now() - timedelta(hours=1)
    )
    Source.objects.create(slug="never", name="Never", method="vendor_api")
    text = metrics(client)
    assert 'understudy_source_seconds_since_success{source="answers"} 360' in text
    assert 'understudy_source_seconds_since_success{source="never"} +Inf' in text


def test_metrics_tell_a_silent_a_suspect_and_a_healthy_source_apart(client: Client) -> None:
    now = timezone.now()
    Source.objects.all().delete()
    fine, _, held = (
        Source.objects.create(slug=slug, name=slug, method="vendor_api", last_success_at=now - timedelta(hours=hours))
        for slug, hours in (("fine", 1), ("silent", 20), ("held", 1))
    )
    Incident.objects.create(source=held, kind="suspect", opened_at=now, reason="70 rows vanished at once.")
    for number, rows in enumerate((200, 200, 50)):
        slot = now - timedelta(hours=9 - number)
        times = dict.fromkeys(("slot", "started_at", "lease_until", "completed_at"), slot)
        PollRun.objects.create(source=fine, outcome="changed", record_count=rows, rejected_count=number, **times)
    text = metrics(client)
    expected = (
        'understudy_source_coverage_ratio{source="fine"} 0.25',
        'understudy_source_coverage_ratio{source="silent"} NaN',
        'understudy_source_records_rejected{source="fine"} 2.0',
        'understudy_source_incidents_open{source="held"} 1.0',
        'understudy_source_stale{source="silent"} 1.0',
        'understudy_source_stale{source="fine"} 0.0',
        'understudy_source_state{source="fine",state="ok"} 1.0',
        'understudy_source_state{source="silent",state="failing"} 1.0',
        'understudy_source_state{source="held",state="quarantined"} 1.0',
        'understudy_source_state{source="held",state="ok"} 0.0',
    )
    assert [line for line in expected if line not in text] == []


def test_metrics_say_when_a_source_last_answered(client: Client) -> None:
    at = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)
    Source.objects.create(slug="hub", name="Hub", method="vendor_api", last_success_at=at)
    assert f'last_success_timestamp_seconds{{source="hub"}} {at.timestamp() / 1e9:.7f}' in metrics(client)


def test_metrics_take_the_same_queries_however_much_there_is(
    client: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    changes(20)
    for number in range(20):
        Source.objects.create(slug=f"source-{number}", name=f"Source {number}", method="vendor_api")
    with django_assert_max_num_queries(10):
        metrics(client)


def test_metrics_name_no_person(client: Client) -> None:
    person = factories.user("anneliese")
    factories.team("search", owner=person)
    text = metrics(client)
    assert "anneliese" not in text
    assert "@" not in text
