"""What a letter says about releases that got through and would be stopped now."""

from collections.abc import Mapping

from django.urls import reverse

from governance.headlines import one_line
from governance.links import absolute
from governance.models import Forewarning, Notice
from governance.transports.base import Alert, Item

_SHOWN = 3


def alert_about_releases(notice: Notice) -> Alert:
    """The letter's content: each release with what stops it, the newest first."""
    related = ("check_run__system", "check_run__environment")
    rows = list(notice.forewarnings.select_related(*related).order_by("-found_at", "pk"))
    return Alert(
        headline=one_line(_headline(rows)),
        why=(
            "Their last check got through. Asked again now, the gate would stop them, and nobody has released since.",
        ),
        follows=("The next release is stopped, unless this is mended, waived or withdrawn before.",),
        to_do=("Open the gate: each finding has its shortest way out.",),
        url=absolute(reverse("pages:home")),
        link_text="All that waits for you",
        because="One letter for each new set of findings. An administrator can switch the channel off.",
        items=tuple(Item(_sentence(row), _page(row)) for row in rows),
    )


def _headline(rows: list[Forewarning]) -> str:
    if len(rows) == 1:
        check = rows[0].check_run
        return f"The next release of {check.system} in {check.environment.name.lower()} would be stopped"
    return f"{len(rows)} next releases would be stopped"


def _sentence(row: Forewarning) -> str:
    check, stops = row.check_run, row.findings
    said = " ".join(map(_finding, stops[:_SHOWN]))
    more = f" And {len(stops) - _SHOWN} more." if len(stops) > _SHOWN else ""
    last = f"{check.system} in {check.environment.name.lower()} (last checked {check.checked_at:%Y-%m-%d}, {check.verdict})"
    return one_line(f"{last}: {said}{more}")


def _finding(finding: Mapping[str, str]) -> str:
    return f"{finding['rule']} {finding['message']}"


def _page(row: Forewarning) -> str:
    check = row.check_run
    return absolute(f"{reverse('pages:gate', args=[check.system.slug])}?environment={check.environment.slug}")
