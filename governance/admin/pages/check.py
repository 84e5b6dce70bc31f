"""One answer of the gate to be read by people: what it said, and what moved since the one before."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.admin.pages.frame import show
from governance.disputes import Disputes
from governance.headlines import headline
from governance.links import page_path
from governance.models import Check, Finding
from governance.moved import Kind, Move
from governance.reach import disputes_about, news_of
from governance.rules.catalogue import RULES
from governance.rules.findings import Page
from governance.why import Explained, earlier_than, why
from registry.models import Change

MOST_CHANGES = 3
KINDS = {
    Kind.CODE: "Code",
    Kind.POLICY: "Policy",
    Kind.DECISION: "Decision",
    Kind.FACT: "Fact",
    Kind.USE: "Declared",
    Kind.CLOCK: "Time",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A move as the page shows it: `where` is the page to read on, `news` what sources said."""

    move: Move
    kind: str
    where: str
    news: list[tuple[str, Change]]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    finding: Finding
    title: str


def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(
        Check.objects.select_related("system", "environment", "asked_by", "grounds").prefetch_related("findings"), pk=pk
    )
    against = request.GET.get("against", "")
    before = earlier_than(row).filter(pk=against).first() if _is_uuid(against) else None
    found = why(row, against=before)
    changes = {change for one in found.moves for change in one.changes[:MOST_CHANGES]}
    disputes = disputes_about(changes, now=timezone.now())
    return show(
        request,
        "check.html",
        title=f"Check of {row.system.name}",
        check=row,
        why=found,
        lines=[_line(one, disputes) for one in found.moves],
        findings=[ShownFinding(one, RULES[one.rule].title if one.rule in RULES else "") for one in row.findings.all()],
        others=earlier_than(row)[:8],
    )


def _line(one: Explained, disputes: Disputes) -> Line:
    move = one.move
    where = page_path(Page(*move.page)) if move.page else ""
    news = [(headline(news_of(change, disputes)), change) for change in one.changes[:MOST_CHANGES]]
    return Line(move, KINDS[move.kind], where, news)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
