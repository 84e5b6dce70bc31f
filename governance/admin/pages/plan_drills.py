"""The drills of a plan: what to drill next, what the past ones measured, and how a pipeline reports one."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from governance.admin.pages.drill_charts import Chart, charts
from governance.drills import counts_for
from governance.due_drills import DueDrill, ways_out
from governance.shortfalls import limits
from registry.models import Alternative, Dependency, Drill, PlanRevision

MAX_DRILLS = 12
_TODAY = "TODAY"


@dataclass(frozen=True, slots=True)
class PlanDrills:
    """`next` is the way out with its last drill; None where no alternative is approved. `asked` is in words."""

    next: DueDrill | None
    history: list[Drill]
    charts: list[Chart]
    asked: list[str]
    days: int
    curl: str


def load(dependency: Dependency, submitted: PlanRevision | None, *, now: datetime) -> PlanDrills | None:
    """None where no revision is submitted: there is nothing to drill yet."""
    if submitted is None:
        return None
    history = list(
        Drill.objects.filter(alternative__plan_revision__plan__dependency=dependency)
        .select_related("alternative__offering", "alternative__plan_revision", "recorded_by")
        .newest_first()[:MAX_DRILLS]
    )
    ways = list(ways_out(Alternative.objects.filter(plan_revision=submitted), now=now))
    due = ways[0] if ways else None
    first = due.alternative if due else next(iter(submitted.alternatives.all()), None)
    return PlanDrills(
        next=due,
        history=history,
        charts=charts(history[::-1]),
        asked=list(limits(submitted).values()),
        days=counts_for(submitted, now=now),
        curl=_curl(first, has_index=dependency.has_index) if first else "",
    )


def _curl(alternative: Alternative, *, has_index: bool) -> str:
    """One line for a shell, with what a pipeline puts in."""
    body: dict[str, object] = {
        "alternative": alternative.pk,
        "drilled_on": _TODAY,
        "suite": "nightly fallback drill",
    }
    if alternative.offering is not None:
        body |= {"primary_score": 0.83, "alternative_score": 0.81, "latency_ms": 120, "cost_usd": "1.20"}
        body |= {"answered_by": alternative.offering.external_id}
    body |= {"switch_time": "00:05:00"} | ({"reindex_time": "05:10:00"} if has_index and alternative.offering else {})
    body |= {"run_url": "https://ci.example.org/runs/1"}
    # A quote in an id would end the shell's string: upstream writes ids, and this line is made to be pasted.
    text = json.dumps(body).replace("'", "\\u0027").replace(_TODAY, "'$(date -u +%F)'")
    return (
        f"curl --fail-with-body -X POST {settings.BASE_URL}/api/v1/drills/ "
        '-H "Authorization: Token $UNDERSTUDY_TOKEN" -H "Idempotency-Key: $RUN_ID" '
        f"-H 'Content-Type: application/json' -d '{text}'"
    )
