"""Break-glass: opened by one person, for a day at most, loud, and reviewed by another."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from governance.break_glass import close, open_glass, review
from governance.check import CheckRequest, RequestedModel, evaluate, preview
from governance.facts import load_system
from governance.models import AuditEntry, Block, BreakGlass
from governance.refused import Refused
from registry.models import Dependency, User
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import client_of
from tests.governance.gate_world import owner_of
from tests.governance.guards import drop_guard, sql

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def dependency() -> Dependency:
    """Without a plan: the gate says no."""
    return f.dependency(system=f.system("shop"))


@pytest.fixture
def olga(dependency: Dependency) -> User:
    person = owner_of(dependency.system)
    person.is_staff = True
    person.save()
    return person


@pytest.fixture
def rita() -> User:
    return f.user("rita", role="reviewer")


def opened(dependency: Dependency, by: User, **fields: Any) -> BreakGlass:
    given: dict[str, Any] = {"reason": "Checkout is down.", "hours": 2, "now": NOW}
    return open_glass(by=by, system=dependency.system, environment=dependency.environment, **(given | fields))


def code_of(act: Any) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_while_it_is_in_force_the_gate_warns_and_afterwards_stops_again(dependency: Dependency, olga: User) -> None:
    assert preview("shop", "production", now=NOW).verdict == "fail"

    opened(dependency, olga)

    answer = preview("shop", "production", now=NOW)
    assert answer.verdict == "warn"
    assert "UD503" in {finding.rule for finding in answer.findings}
    assert preview("shop", "production", now=NOW + 2 * HOUR).verdict == "fail"


def test_an_answer_says_once_that_the_gate_is_open_before_all_other_warnings(
    dependency: Dependency, olga: User
) -> None:
    f.dependency(system=dependency.system, environment=dependency.environment)
    opened(dependency, olga)

    findings = preview("shop", "production", now=NOW).findings

    assert [(one.ref, one.locations) for one in findings if one.rule == "UD503"] == [("shop", ())]
    assert findings[0].rule == "UD503"
    assert len({one.ref for one in findings}) == 3


def test_it_covers_one_system_in_one_environment(dependency: Dependency, olga: User) -> None:
    f.dependency(system=dependency.system, environment=f.environment("live2"))
    opened(dependency, olga)

    production, other = load_system("shop", "production"), load_system("shop", "live2")

    assert production is not None
    assert other is not None
    assert production.glass is not None
    assert other.glass is None


def test_what_is_blocked_or_unknown_stays_stopped(dependency: Dependency, olga: User) -> None:
    opened(dependency, olga)
    request = CheckRequest("shop", "production", (RequestedModel("acme/unheard-of"),))
    assert evaluate(request, now=NOW).verdict == "fail"

    Block.objects.create(offering=dependency.offering, reason="Embargo.", blocked_by=f.user(), blocked_at=NOW)
    assert preview("shop", "production", now=NOW).verdict == "fail"


def test_who_may_open_it(dependency: Dependency, olga: User, rita: User) -> None:
    for person in (f.user(role="owner"), f.user(role="viewer"), f.user(role="admin")):
        assert code_of(lambda person=person: opened(dependency, person)) == "not_allowed"
    opened(dependency, rita)
    assert AuditEntry.objects.filter(tag="governance:breakglass:opened", actor=rita).exists()
    assert code_of(lambda: opened(dependency, olga)) == "duplicate"


@pytest.mark.parametrize("hours", [0, 25, -1])
def test_it_lasts_a_day_at_most(hours: int, dependency: Dependency, olga: User) -> None:
    assert code_of(lambda: opened(dependency, olga, hours=hours)) == "invalid"


def test_nobody_opens_the_next_before_another_person_has_reviewed_the_last(
    dependency: Dependency, olga: User, rita: User
) -> None:
    glass = opened(dependency, olga)
    later = NOW + 3 * HOUR
    assert code_of(lambda: opened(dependency, olga, now=later)) == "review_first"

    review(glass, by=rita, verdict="justified", review="A plan is being written.", now=later)

    assert opened(dependency, olga, now=later).opened_at == later


def test_it_is_reviewed_once_by_another_reviewer_and_only_when_it_is_over(
    dependency: Dependency, olga: User, rita: User
) -> None:
    glass = opened(dependency, rita)
    said: dict[str, Any] = {"verdict": "justified", "review": "So it was."}

    later = NOW + 3 * HOUR
    assert code_of(lambda: review(glass, by=rita, now=later, **said)) == "own_act"
    assert code_of(lambda: review(glass, by=olga, now=later, **said)) == "not_allowed"
    other = f.user(role="reviewer")
    assert code_of(lambda: review(glass, by=other, now=NOW, **said)) == "closed"
    close(glass, by=olga, now=NOW + HOUR)
    review(glass, by=other, now=NOW + HOUR, **said)
    assert code_of(lambda: review(glass, by=other, now=later, **said)) == "closed"


def test_closing_it_ends_it_at_once(dependency: Dependency, olga: User) -> None:
    close(opened(dependency, olga), by=olga, now=NOW + HOUR)

    assert preview("shop", "production", now=NOW + HOUR).verdict == "fail"


INSERT = (
    "INSERT INTO governance_breakglass (system_id, environment_id, reason, opened_by_id, opened_at, ends_at, verdict, "
    "review) VALUES (%s, %s, 'r', %s, %s, %s, '', '')"
)


@pytest.mark.parametrize("lasts", [timedelta(hours=24, seconds=1), timedelta(days=365), timedelta(0)])
def test_raw_sql_cannot_open_it_for_longer(lasts: timedelta, dependency: Dependency, olga: User) -> None:
    with pytest.raises(IntegrityError, match="break_glass_"):
        sql(INSERT, dependency.system_id, dependency.environment_id, olga.pk, NOW, NOW + lasts)
    assert sql(INSERT, dependency.system_id, dependency.environment_id, olga.pk, NOW, NOW + 24 * HOUR) == 1


REVIEW = "UPDATE governance_breakglass SET reviewed_by_id = %s, reviewed_at = %s, verdict = 'justified', review = 'r'"


def test_raw_sql_cannot_review_what_the_same_person_opened(dependency: Dependency, olga: User, rita: User) -> None:
    opened(dependency, olga)
    with pytest.raises(IntegrityError, match="reviewed_by_another"):
        sql(REVIEW, olga.pk, NOW + 3 * HOUR)
    with pytest.raises(IntegrityError, match="when_it_is_over"):
        sql(REVIEW, rita.pk, NOW)
    assert sql(REVIEW, rita.pk, NOW + 3 * HOUR) == 1


CHANGES = [
    ("break_glass_is_pinned", "UPDATE governance_breakglass SET reason = 'another'"),
    ("break_glass_is_pinned", "UPDATE governance_breakglass SET opened_by_id = reviewed_by_id"),
    ("break_glass_stays_closed", "UPDATE governance_breakglass SET closed_at = NULL, closed_by_id = NULL"),
    ("break_glass_review_is_final", "UPDATE governance_breakglass SET verdict = 'not_justified'"),
    ("break_glass_stays", "DELETE FROM governance_breakglass"),
]


@pytest.mark.parametrize(("guard", "statement"), CHANGES)
def test_raw_sql_cannot_change_what_happened(
    guard: str, statement: str, dependency: Dependency, olga: User, rita: User
) -> None:
    glass = opened(dependency, olga)
    close(glass, by=olga, now=NOW)
    review(glass, by=rita, verdict="justified", review="r", now=NOW + 3 * HOUR)
    with pytest.raises(IntegrityError, match=r"break-glass|what was opened|a review"):
        sql(statement)

    drop_guard(guard, "governance_breakglass")
    if guard == "break_glass_stays":
        assert sql(statement) == 1


def test_it_is_loud_on_every_page_until_it_is_reviewed(
    dependency: Dependency, olga: User, rita: User, client: Client
) -> None:
    glass = opened(dependency, olga, now=timezone.now())
    client.force_login(rita)
    for address in ("/", "/systems/shop/gate/", "/admin/registry/system/"):
        assert "held open" in client.get(address).content.decode()

    close(glass, by=olga, now=timezone.now())
    page = client.get("/").content.decode()
    assert "waits for a review" in page
    assert "held open" not in page
    answer = client.post(f"/break-glass/{glass.pk}/review/", {"verdict": "justified", "review": "It was."})
    assert answer.status_code == 302
    assert "waits for a review" not in client.get("/").content.decode()


def test_a_person_opens_and_closes_it_on_its_pages(dependency: Dependency, olga: User, client: Client) -> None:
    client.force_login(olga)
    form = {"system": "shop", "environment": "production", "hours": "4", "reason": "Checkout is down."}

    assert client.get("/break-glass/new/?system=shop&environment=production").status_code == 200
    assert client.post("/break-glass/new/", {**form, "hours": "25"}).status_code == 400
    made = client.post("/break-glass/new/", form)
    assert made.status_code == 302
    assert "in force until" in client.get(made["Location"]).content.decode()
    assert client.post(f"{made['Location']}close/").status_code == 302
    assert "You opened it" in client.get(made["Location"]).content.decode()
    refused = client.post(f"{made['Location']}review/", {"verdict": "justified", "review": "It was."})
    assert refused.status_code == 400
    assert dependency.system.break_glasses.get().reviewed_at is None


@pytest.mark.usefixtures("dependency")
def test_the_api_opens_closes_and_reviews(olga: User, rita: User) -> None:
    body = {"system": "shop", "environment": "production", "reason": "Down.", "hours": 3}
    assert client_of(f.user(role="viewer")).post("/api/v1/break-glass/", body, format="json").status_code == 403
    assert client_of(olga).post("/api/v1/break-glass/", {**body, "hours": 25}, format="json").status_code == 400

    made = client_of(olga).post("/api/v1/break-glass/", body, format="json")

    assert (made.status_code, made.json()["is_in_force"]) == (201, True)
    assert client_of(olga).post("/api/v1/break-glass/", body, format="json").json()["code"] == "duplicate"
    address = f"/api/v1/break-glass/{made.json()['id']}/"
    assert client_of(olga).post(f"{address}close/").json()["closed_by"] == olga.username
    said = {"verdict": "not_justified", "review": "A waiver would have done."}
    assert client_of(olga).post(f"{address}review/", said, format="json").status_code == 403
    assert client_of(rita).post(f"{address}review/", said, format="json").json()["verdict"] == "not_justified"


@pytest.mark.usefixtures("dependency")
def test_the_owner_of_a_system_does_not_tag_it_into_an_exception(olga: User) -> None:
    address, tags = "/api/v1/systems/shop/", {"tags": ["sandbox"]}

    refused = client_of(olga).patch(address, tags, format="json")

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "tags"
    assert client_of(f.user(role="admin")).patch(address, tags, format="json").json()["tags"] == ["sandbox"]
    assert client_of(olga).patch(address, {"tags": ["sandbox"], "name": "Shop 2"}, format="json").status_code == 200
    wrong = client_of(f.user(role="admin")).patch(address, {"tags": ["Not a tag"]}, format="json")
    assert wrong.status_code == 400
