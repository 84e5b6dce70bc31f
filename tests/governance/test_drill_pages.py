"""Drills on the pages and through the API: the form, the history, what is due, and how a pipeline reports one."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.check import preview
from governance.due_drills import REMINDER, State, due_of_teams, state_of
from registry.models import Alternative, Dependency, Drill, Offering, PlanRevision, Team, User
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.conftest import browser_of
from tests.governance.conftest import client_of as api_of
from tests.governance.gate_world import approve_first, drill, green, owner_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def dependency() -> Dependency:
    return green()


@pytest.fixture
def owner(dependency: Dependency) -> User:
    owner = owner_of(dependency.system)
    owner.is_staff = True
    owner.save()
    return owner


@pytest.fixture
def way(dependency: Dependency) -> Alternative:
    return Alternative.objects.get(plan_revision__plan__dependency=dependency)


def form(way: Alternative, **fields: Any) -> dict[str, Any]:
    assert way.offering
    given = {"drilled_on": TODAY, "suite": "the hardest requests", "answered_by": way.offering.external_id}
    return given | {"switch_time": "03:00:00", "idempotency_key": "k1"} | fields


def due(dependency: Dependency) -> list[tuple[str, str]]:
    teams = [Team.objects.get(pk=dependency.system.team_id)]
    return [(str(one.alternative), one.state) for one in due_of_teams(teams, now=NOW)]


def test_a_drill_is_recorded_by_the_form_once_however_often_it_is_sent(owner: User, way: Alternative) -> None:
    before = Drill.objects.count()
    address = reverse("pages:drill", args=[way.pk])
    client = browser_of(owner)
    for _ in range(2):
        assert client.post(address, form(way)).status_code == 302
    assert Drill.objects.count() == before + 1
    assert Drill.objects.latest("pk").switch_time == timedelta(hours=3)


def test_the_form_of_a_drill_offers_no_outcome_to_choose(owner: User, way: Alternative) -> None:
    page = browser_of(owner).get(reverse("pages:drill", args=[way.pk]))
    assert "outcome" not in page.context["form"].fields
    browser_of(owner).post(page.request["PATH_INFO"], form(way, outcome="passed", answered_by="somebody/else"))
    assert Drill.objects.latest("pk").outcome == "failed"


def test_a_drill_without_what_the_plan_asks_for_is_explained_at_its_field(owner: User, dependency: Dependency) -> None:
    revision = f.plan(dependency, f.offering())
    asked = PlanRevision.objects.create(
        plan=revision.plan, number=9, created_by=owner, most_latency_ms=300, trigger="t", switch_procedure="p"
    )
    way = Alternative.objects.create(plan_revision=asked, order=1, kind="offering", offering=f.offering())
    PlanRevision.objects.filter(pk=asked.pk).update(submitted_at=NOW)
    page = browser_of(owner).post(reverse("pages:drill", args=[way.pk]), form(way))
    assert page.status_code == 400
    assert "at most 300 ms" in page.context["form"].errors["latency_ms"][0]


def test_another_team_records_no_drill(way: Alternative) -> None:
    stranger = f.user(role="owner")
    assert browser_of(stranger).post(reverse("pages:drill", args=[way.pk]), form(way)).status_code == 403


def test_what_the_plan_asks_for_is_kept_with_the_revision(owner: User, dependency: Dependency) -> None:
    spare = f.offering("acme/spare")
    page = browser_of(owner).post(
        reverse("pages:plan", args=[dependency.pk]),
        {
            "trigger": "It goes.",
            "switch_procedure": "Change the route.",
            "switched_by": "We",
            "drill_every_days": "30",
            "least_score_share": "0.95",
            "most_switch_time": "04:00:00",
            "ways-TOTAL_FORMS": "1",
            "ways-INITIAL_FORMS": "0",
            "ways-0-kind": "offering",
            "ways-0-offering": spare.external_id,
            "ways-0-ORDER": "1",
            "submit": "1",
        },
    )
    assert page.status_code == 302
    revision = PlanRevision.objects.latest("pk")
    asked = (revision.drill_every_days, revision.least_score_share, revision.most_switch_time)
    assert asked == (30, 0.95, timedelta(hours=4))
    shown = browser_of(owner).get(reverse("pages:plan", args=[dependency.pk]))
    assert "at least 95 % of the score of the model in use, at most 4 hours" in shown.content.decode()
    assert shown.context["form"].initial["drill_every_days"] == 30


def test_the_line_for_a_pipeline_records_a_drill_as_it_stands(owner: User, dependency: Dependency) -> None:
    page = browser_of(owner).get(reverse("pages:plan", args=[dependency.pk]))
    curl = page.context["page"].drills.curl
    body = json.loads(curl.split(" -d '")[1].removesuffix("'").replace("'$(date -u +%F)'", str(TODAY)))

    first = api_of(owner).post("/api/v1/drills/", body, format="json", headers={"Idempotency-Key": "run-1"})
    again = api_of(owner).post("/api/v1/drills/", body, format="json", headers={"Idempotency-Key": "run-1"})
    other = api_of(owner).post(
        "/api/v1/drills/", body | {"latency_ms": 9}, format="json", headers={"Idempotency-Key": "run-1"}
    )

    assert (first.status_code, first.json()["outcome"]) == (201, "passed"), first.content
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (409, "duplicate")


def test_an_id_cannot_end_the_shells_string(dependency: Dependency, owner: User) -> None:
    f.plan(dependency, f.offering("x'; touch owned #"), author=owner)
    curl = browser_of(owner).get(reverse("pages:plan", args=[dependency.pk])).context["page"].drills.curl
    assert "'; touch" not in curl
    assert "x\\u0027; touch owned #" in curl


def test_the_api_tells_why_a_drill_failed(owner: User, way: Alternative) -> None:
    body = {
        "alternative": way.pk,
        "drilled_on": str(TODAY),
        "suite": "s",
        "answered_by": "openai/gpt",
        "outcome": "passed",
    }
    answer = api_of(owner).post("/api/v1/drills/", body, format="json").json()
    assert (answer["outcome"], answer["shortfalls"]) == ("failed", [f"openai/gpt answered, and not {way.offering}."])


def test_the_plan_page_shows_past_drills_and_draws_them_once_there_are_two(
    owner: User, dependency: Dependency, way: Alternative
) -> None:
    address = reverse("pages:plan", args=[dependency.pk])
    assert browser_of(owner).get(address).context["page"].drills.charts == []
    for key in ("k1", "k2"):
        scores = {"primary_score": "0.8", "alternative_score": "0.76", "idempotency_key": key}
        browser_of(owner).post(reverse("pages:drill", args=[way.pk]), form(way, **scores))
    drills = browser_of(owner).get(address).context["page"].drills
    assert [chart.name for chart in drills.charts] == ["score", "switch"]
    assert [bar.words for bar in drills.charts[0].bars] == ["95 %", "95 %"]


@pytest.mark.parametrize(
    ("outcome", "expires_in", "state"),
    [
        ("passed", 180, State.GOOD),
        ("passed", REMINDER.days + 1, State.GOOD),
        ("passed", REMINDER.days, State.SOON),
        ("passed", 0, State.SOON),
        ("passed", -1, State.EXPIRED),
        ("failed", 180, State.FAILED),
    ],
)
def test_a_way_out_is_to_be_drilled_before_its_drill_expires(outcome: str, expires_in: int, state: State) -> None:
    drill = Drill(outcome=outcome, drilled_on=TODAY, expires_on=TODAY + timedelta(days=expires_in))
    assert state_of(drill, today=TODAY) is state
    assert state_of(None, today=TODAY) is State.NEVER


def counts_until(day: date, way: Alternative) -> None:
    """One more drill of today, which counts until then."""
    person = f.user()
    Drill.objects.create(alternative=way, drilled_on=TODAY, expires_on=day, outcome="passed", recorded_by=person)


def test_home_reminds_the_team_of_a_drill_that_is_due_and_no_other_team(
    owner: User, dependency: Dependency, way: Alternative
) -> None:
    assert due(dependency) == []
    counts_until(TODAY + timedelta(days=10), way)
    assert due(dependency) == [(str(way), "soon")]
    counts_until(timezone.now().date() + timedelta(days=10), way)
    assert [one.alternative for one in browser_of(owner).get("/").context["home"].drills] == [way]
    stranger = f.user(role="owner")
    f.team(owner=stranger)
    assert browser_of(stranger).get("/").context["home"].drills == []


def test_a_notice_shorter_than_the_measured_switch_is_a_finding(dependency: Dependency, way: Alternative) -> None:
    Offering.objects.filter(pk=dependency.offering_id).update(retires_on=TODAY + timedelta(days=100))
    assert preview(dependency.system.slug, "production", now=NOW).findings == ()

    drill(way, switch_time=timedelta(hours=6), reindex_time=timedelta(days=119))

    (finding,) = preview(dependency.system.slug, "production", now=NOW).findings
    assert (finding.rule, "the last drill took 119 days to switch" in finding.message) == ("UD302", True)


def test_what_is_not_approved_is_not_to_be_drilled_yet(dependency: Dependency) -> None:
    f.plan(dependency, f.offering(), author=owner_of(dependency.system))
    assert due(dependency) == []
    approve_first(PlanRevision.objects.latest("pk"), is_drilled=False)
    assert [state for _, state in due(dependency)] == ["never"]
