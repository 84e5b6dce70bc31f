"""How gateways differ from what was approved for the uses that they serve: one query."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import OuterRef, Subquery

from governance.models import Drift, GatewayReport
from governance.rules.facts import DriftFacts
from registry.among import Among


def load_drifts(dependency_ids: Collection[int]) -> dict[int, tuple[DriftFacts, ...]]:
    """By dependency, what the newest report of each gateway says about its plan; only of those about which one says something."""
    newest = GatewayReport.objects.filter(gateway=OuterRef("report__gateway")).order_by("-pk").values("pk")[:1]
    drifts = (
        Drift.objects.filter(Among("dependency_id", dependency_ids), report=Subquery(newest))
        .order_by("report__gateway__name", "position")
        .values_list("dependency_id", "report__gateway__name", "report__read_at", "message", "fix")
    )
    found: dict[int, list[DriftFacts]] = defaultdict(list)
    for dependency_id, gateway, read_at, message, fix in drifts:
        found[dependency_id].append(DriftFacts(gateway, read_at.date(), message, fix))
    return {pk: tuple(of_one) for pk, of_one in found.items()}
