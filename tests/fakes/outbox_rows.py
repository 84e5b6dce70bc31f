"""Rows for the tests that kill workers: `python -m tests.fakes.outbox_rows announce|retire|storm|sign N` in the worker's environment.

`announce` makes one team with N systems, a use each, and an announcement for every use; `retire` tells the worst of
the first N of them; `storm` brings N changes of one use that nobody has looked at yet; `sign` adds N lines of audit.
"""

import os
import sys
from datetime import date
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main(what: str, number: int) -> None:
    django.setup()
    {"announce": announce, "retire": retire, "storm": storm, "sign": sign}[what](number)


def announce(number: int) -> None:
    """One action, one ticket notice and one line of the digest for each of `number` uses."""
    from governance.notices import ensure_channels  # noqa: PLC0415 - Django is set up first
    from governance.triage import triage_changes  # noqa: PLC0415 - the same
    from tests import factories as make  # noqa: PLC0415 - the same

    team = make.team("search")
    ensure_channels(team)
    triage_changes(now=make.NOW)
    for _ in range(number):
        _change(make.dependency(system=make.system(team=team)), "retirement_announced", effective_on=date(2026, 9, 30))
    triage_changes(now=make.NOW)


def retire(number: int) -> None:
    """A second notice for each of the first `number` tickets."""
    from governance.triage import triage_changes  # noqa: PLC0415 - the same
    from registry.models import Dependency  # noqa: PLC0415 - the same
    from tests import factories as make  # noqa: PLC0415 - the same

    for dependency in Dependency.objects.order_by("pk")[:number]:
        _change(dependency, "retired")
    triage_changes(now=make.NOW)


def storm(number: int) -> None:
    """Changes that wait for triage, on the uses that there are."""
    from registry.models import Dependency  # noqa: PLC0415 - the same

    uses = list(Dependency.objects.order_by("pk"))
    for one in range(number):
        _change(uses[one % len(uses)], "gated")


def sign(number: int) -> None:
    """Lines at the end of the audit chain."""
    from django.db import transaction  # noqa: PLC0415 - the same

    from governance import audit  # noqa: PLC0415 - the same
    from registry.models import Team  # noqa: PLC0415 - the same

    team = Team.objects.get(slug="search")
    for _ in range(number):
        with transaction.atomic():
            audit.record("tests:team:changed", team, actor=None)


def _change(dependency: Any, kind: str, **fields: Any) -> None:
    from registry.models import Change  # noqa: PLC0415 - the same
    from tests.factories import NOW  # noqa: PLC0415 - the same

    Change.objects.create(
        kind=kind, severity="warning", origin="source", offering=dependency.offering, detected_at=NOW, **fields
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
