"""Build the demo organisation: rows, then what upstream says of them, then what people decided."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from governance.concentration import snapshot
from governance.demo import documents
from governance.demo.decisions import load_decisions
from governance.demo.facts import declare_uses, load_facts
from governance.demo.rows import read
from governance.notices import ensure_channels
from registry.ingest import poll
from registry.models import AIModel, Source, Team


class NotEmpty(Exception):
    """The register holds models already; the demo is only for an empty one."""


def load(*, password: str, now: datetime) -> None:
    """Fill an empty register with Northwind Retail; raises `NotEmpty` otherwise.

    The people of the demo log in with `password`. The next regular polls come after the sources' interval, so that
    the documents written to `UNDERSTUDY_VAR/demo` can be fed by hand before.
    """
    if AIModel.objects.exists():
        raise NotEmpty("The register holds models already; the demo is only for an empty one.")
    organisation = read()
    folder = _write_documents(now)
    load_facts(organisation, password=password, now=now)
    poll("huggingface", now=now, document=folder / "hub-today.json")
    poll("litellm", now=now, document=folder / "litellm-today.json")
    _let_wait(now)
    declare_uses(organisation, now=now)
    load_decisions(organisation, now=now)
    snapshot(now=now)
    for team in Team.objects.all():
        ensure_channels(team)


def _let_wait(now: datetime) -> None:
    """A source that was never polled is due at once, and a demo has to begin without a network."""
    for source in Source.objects.filter(next_due_at=None):
        Source.objects.filter(pk=source.pk).update(next_due_at=now + source.interval)


def _write_documents(now: datetime) -> Path:
    folder = Path(settings.UNDERSTUDY_VAR) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    organisation, today = read(), now.date()
    _write(folder / "hub-today.json", documents.hub_models(organisation))
    _write(folder / "hub-later.json", documents.hub_models_later(organisation))
    _write(folder / "litellm-today.json", documents.price_map(today))
    _write(folder / "litellm-later.json", documents.price_map_later(today))
    return folder


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
