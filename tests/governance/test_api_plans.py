"""Plans through the API."""

import pytest

from registry.models import PlanRevision
from tests import factories as f
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db


def test_a_plan_that_is_refused_leaves_no_draft_behind() -> None:
    owner = f.user(role="owner")
    used = f.dependency(system=f.system(team=f.team(owner=owner)), has_index=True)
    plan = {
        "dependency": used.pk,
        "trigger": "It is withdrawn.",
        "switch_procedure": "Switch.",
        "switched_by": "We",
        "alternatives": [{"kind": "offering", "offering": f.offering().pk}],
        "submit": True,
    }

    refused = client_of(owner).post("/api/v1/fallback-plans/", plan, format="json")
    written = client_of(owner).post("/api/v1/fallback-plans/", plan | {"reindex_plan": "Two hours."}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert written.status_code == 201, written.content
    assert PlanRevision.objects.get().number == 1


def test_nobody_writes_the_plan_of_another_team() -> None:
    used = f.dependency()
    plan = {
        "dependency": used.pk,
        "trigger": "It is withdrawn.",
        "switch_procedure": "Switch.",
        "switched_by": "We",
        "alternatives": [{"kind": "offering", "offering": f.offering().pk}],
    }

    refused = client_of(f.user(role="owner")).post("/api/v1/fallback-plans/", plan, format="json")

    assert refused.status_code == 403
    assert not PlanRevision.objects.exists()
