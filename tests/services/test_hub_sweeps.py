"""The Hub swept by the processes of production: what they ask for is read in the fake Hub's own log (promise B8)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fakes.databases import PostgreSQL
from tests.fakes.hub import TOKEN, RemoteHub, hub_process
from tests.services.production import Production, production, wait_for

pytestmark = pytest.mark.services

# Read for the first time, each costs two requests; all of them fit into a window of the Hub.
MODELS, NAMESPACES = 240, 12
METADATA = re.compile(r"/api/models(/[^/]+/[^/]+(/paths-info/[0-9a-f]{40})?)?")
WATCH = f"""
import django
django.setup()
from registry.models import Source
from tests.fakes.hub import generated
from tests.fakes.hub_watched import watch
Source.objects.exclude(slug="huggingface").update(is_enabled=False)
watch(row["id"] for row in generated({MODELS}, namespaces={NAMESPACES}))
"""
LOOK_AGAIN = """
import django
django.setup()
from django.utils import timezone
from registry.models import Section, Source
Section.objects.update(hinted_at=timezone.now())
Source.objects.filter(slug="huggingface").update(next_due_at=timezone.now())
"""
CHANGES = """
SELECT kind, external_id FROM registry_change change JOIN registry_listing listing ON listing.id = change.listing_id
WHERE kind NOT IN ('listed', 'revision_moved') ORDER BY kind
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub") / "log.jsonl"


@pytest.fixture(scope="module")
def hub(log: Path) -> Iterator[RemoteHub]:
    with hub_process(log, "--models", str(MODELS), "--namespaces", str(NAMESPACES)) as running:
        yield running


@pytest.fixture(scope="module")
def swept(
    tmp_path_factory: pytest.TempPathFactory, hub: RemoteHub, postgresql_databases: PostgreSQL
) -> Iterator[Production]:
    """A worker and a beat that have read every repository once."""
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}
    with production(tmp_path_factory.mktemp("production"), postgresql_databases.copy(), **settings) as running:
        running.python("-c", WATCH)
        running.start("worker-poll", "beat")
        seen = "SELECT count(*) FROM registry_listing WHERE current_id IS NOT NULL"
        wait_for(lambda: query(running, seen) == [(MODELS,)], seconds=240, what="every repository was read")
        yield running


def query(running: Production, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(running.environment["DATABASE_URL"]) as database:
        return database.execute(statement).fetchall()


def requests(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_what_happened_is_told_and_costs_a_page_for_each_namespace(
    swept: Production, hub: RemoteHub, log: Path
) -> None:
    before = len(requests(log))
    hub("rename", "vendor-0001/model-0001", "vendor-0002/moved")
    hub("reregister", "vendor-0003/model-0003")
    hub("fail", "5xx", namespace="vendor-0005")
    swept.python("-c", LOOK_AGAIN)
    wait_for(lambda: len(query(swept, CHANGES)) > 1, seconds=180, what="the changes are told")

    assert query(swept, CHANGES) == [
        ("renamed", "vendor-0001/model-0001"),
        ("reregistered", "vendor-0003/model-0003"),
    ]
    # One page each, and a few questions about the two.
    assert NAMESPACES <= len(requests(log)) - before <= NAMESPACES + 10


@pytest.mark.usefixtures("swept")
def test_only_metadata_was_asked_for_with_our_token_and_nothing_too_early(hub: RemoteHub, log: Path) -> None:
    asked = requests(log)
    assert len(asked) >= MODELS
    assert [one["path"] for one in asked if not METADATA.fullmatch(one["path"])] == []
    assert [one for one in asked if one["early"] or one["note"] or not one["token"]] == []
    assert hub()["weights_asked"] == 0
