"""Several workers at the same moment, on a real PostgreSQL: one incident, one letter; and without the lock it breaks."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from governance import incidents
from governance.models import IncidentTold, Notice
from registry.models import Incident, Source
from registry.silence import open_failing_incidents
from tests import factories as f
from tests.factories import NOW
from tests.governance.test_decision_races import at_once

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="set DATABASE_URL to a PostgreSQL server"),
]

ROUNDS, WORKERS = 20, 4
HOUR = timedelta(hours=1)


def silent() -> Source:
    """The one source, silent for fourteen hours, and one operator who is known already."""
    Source.objects.all().delete()
    f.user("olga", role="admin")
    incidents.operator_channels(now=NOW)
    return f.source("hub", interval=6 * HOUR, last_success_at=NOW - 14 * HOUR)


def everybody_looks(round_: int) -> list[str]:
    now = NOW + round_ * 40 * HOUR
    Source.objects.update(last_success_at=now - 14 * HOUR)
    return at_once([lambda: open_failing_incidents(now=now)] * WORKERS)


def end() -> None:
    Incident.objects.open().update(closed_at=NOW, verdict="passed")


def test_of_several_workers_at_once_one_opens_the_incident() -> None:
    silent()
    outcomes: Counter[str] = Counter()
    for round_ in range(ROUNDS):
        outcomes.update(everybody_looks(round_))
        assert Incident.objects.open().count() == 1
        end()
    assert outcomes == {"done": ROUNDS * WORKERS}
    assert Incident.objects.count() == ROUNDS


def test_of_several_workers_at_once_one_tells_and_none_fails() -> None:
    source = silent()
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        Incident.objects.create(source=source, kind="suspect", opened_at=NOW, reason="70 rows vanished at once.")
        outcomes.update(at_once([lambda: incidents.tell(now=NOW)] * WORKERS))
        end()
        outcomes.update(at_once([lambda: incidents.tell(now=NOW)] * WORKERS))
    assert outcomes == {"done": 2 * ROUNDS * WORKERS}
    assert Notice.objects.filter(is_over=False).count() == ROUNDS
    assert Notice.objects.filter(is_over=True).count() == ROUNDS


def test_without_the_lock_workers_get_into_each_others_way(monkeypatch: pytest.MonkeyPatch) -> None:
    source = silent()
    monkeypatch.setattr(incidents, "serialise", _nothing)
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        Incident.objects.create(source=source, kind="suspect", opened_at=NOW, reason="70 rows vanished at once.")
        outcomes.update(at_once([lambda: incidents.tell(now=NOW)] * WORKERS))
        end()
        IncidentTold.objects.update(end_told_at=NOW)
    assert outcomes["IntegrityError"] > 0


def _nothing(*_args: Any) -> None:
    return None
