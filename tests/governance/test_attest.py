"""Owners confirm their models and uses: each line shows what changed, and binds to what was shown."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance import attest
from governance.attest import Line, Subject
from governance.models import Attestation, AuditEntry
from governance.refused import Refused
from registry.models import AIModel, Dependency, Member, User
from tests import admin_rows
from tests import factories as make
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    return make.user("olga", role="owner")


@pytest.fixture
def dependency(olga: User) -> Dependency:
    """Olga's team owns the system and the model that it uses."""
    team = make.team("search", owner=olga)
    offering = make.offering(model=make.model("gte", owner=team))
    return make.dependency(system=make.system("shop", team=team), offering=offering)


def line(person: User, kind: str = "dependency") -> Line:
    return next(one for one in attest.lines_for(person, now=timezone.now()) if one.kind == kind)


def confirm(subject: Subject, person: User) -> Attestation:
    seen = attest.line_of(subject, now=timezone.now()).digest
    return attest.attest(subject, seen_digest=seen, by=person, now=timezone.now())


def facts(one: Line) -> dict[str, tuple[object, object]]:
    return {row["fact"]: (row["before"], row["after"]) for row in one.differences}


def test_a_person_is_asked_for_models_and_uses_of_own_teams_and_for_deputised_models(
    olga: User, dependency: Dependency
) -> None:
    deputised = make.model("other", deputy=olga)
    make.dependency()
    asked = {one.subject for one in attest.lines_for(olga, now=timezone.now())}
    assert asked == {dependency, dependency.offering.model, deputised}


def test_what_was_confirmed_and_has_not_changed_says_so(olga: User, dependency: Dependency) -> None:
    confirm(dependency, olga)
    shown = line(olga)
    assert shown.is_unchanged
    assert shown.due_on == timezone.now().date() + timedelta(days=365)


def test_each_line_shows_what_did_change_since(olga: User, dependency: Dependency) -> None:
    confirm(dependency, olga)
    make.plan(dependency, make.offering("lab/other"), author=olga)
    dependency.pinned_revision = "b" * 40
    dependency.save()
    changed = facts(line(olga))
    assert changed["pinned_revision"] == ("a" * 40, "b" * 40)
    assert changed["plan"][0] is None
    # The gate, too, finds something else since there is a plan.
    assert "findings" in changed


def test_a_model_shows_another_owner_and_another_license_state(olga: User, dependency: Dependency) -> None:
    model = dependency.offering.model
    confirm(model, olga)
    AIModel.objects.filter(pk=model.pk).update(deputy=make.user("dan"))
    dependency.offering.gating = "manual"
    dependency.offering.save()
    changed = facts(line(olga, "model"))
    assert changed["deputy"] == (None, "dan")
    assert "offerings" in changed


def test_changes_upstream_since_the_last_time_are_listed(olga: User, dependency: Dependency) -> None:
    confirm(dependency, olga)
    impact = admin_rows.impact(3)
    impact.dependency = dependency
    impact.save()
    type(impact.change).objects.filter(pk=impact.change_id).update(detected_at=timezone.now() + timedelta(minutes=1))
    assert line(olga).changes == [impact.change]


def test_confirming_an_older_state_is_refused_with_the_difference(olga: User, dependency: Dependency) -> None:
    confirm(dependency, olga)
    seen = line(olga).digest
    dependency.has_index = True
    dependency.save()
    with pytest.raises(Refused) as refused:
        attest.attest(dependency, seen_digest=seen, by=olga, now=timezone.now())
    assert refused.value.code == "state_changed"
    assert {"fact": "has_index", "before": False, "after": True} in refused.value.extra["differences"]
    assert Attestation.objects.count() == 1


def test_a_change_that_came_in_between_is_part_of_what_was_seen(olga: User, dependency: Dependency) -> None:
    seen = line(olga).digest
    impact = admin_rows.impact(3)
    impact.dependency = dependency
    impact.save()
    type(impact.change).objects.filter(pk=impact.change_id).update(detected_at=timezone.now())
    with pytest.raises(Refused, match="has changed since you saw it"):
        attest.attest(dependency, seen_digest=seen, by=olga, now=timezone.now())


def test_only_its_owners_confirm_it(olga: User, dependency: Dependency) -> None:
    seen = line(olga).digest
    Member.objects.filter(user=olga).update(left_on=make.TODAY)
    for person in (olga, make.user(role="owner"), make.user(role="reviewer"), make.user(role="admin")):
        with pytest.raises(Refused, match="Only its owners"):
            attest.attest(dependency, seen_digest=seen, by=person, now=timezone.now())


def test_what_was_not_confirmed_for_a_year_is_overdue_and_home_says_so(
    olga: User, dependency: Dependency, client: Client
) -> None:
    assert attest.count_overdue(olga, now=timezone.now()) == 0
    in_a_year = timezone.now() + timedelta(days=366)
    assert attest.count_overdue(olga, now=in_a_year) == 2
    long_ago = timezone.now() - timedelta(days=400)
    Dependency.objects.filter(pk=dependency.pk).update(declared_on=long_ago.date())
    client.force_login(olga)
    assert b"to confirm again" in client.get("/").content
    confirm(dependency, olga)
    assert attest.count_overdue(olga, now=timezone.now()) == 0


def test_the_period_is_a_setting(olga: User, dependency: Dependency, settings: object) -> None:
    settings.ATTEST_DAYS = 30  # type: ignore[attr-defined]
    assert attest.count_overdue(olga, now=timezone.now() + timedelta(days=31)) == 2
    assert line(olga).due_on == dependency.declared_on + timedelta(days=30)


def test_one_page_confirms_many_and_keeps_back_what_changed_meanwhile(
    olga: User, dependency: Dependency, client: Client
) -> None:
    client.force_login(olga)
    lines = client.get("/attest/").context["lines"]
    AIModel.objects.filter(pk=dependency.offering.model_id).update(task="text-ranking")
    answer = client.post("/attest/", {"seen": [one.key for one in lines]}, follow=True)
    text = answer.content.decode()
    assert "1 line confirmed as shown." in text
    assert "gte has changed since you saw it" in text
    assert [one.dependency for one in Attestation.objects.all()] == [dependency]
    assert AuditEntry.objects.latest("sequence").tag == "admin:attestation:made"


@pytest.mark.parametrize("key", ["", "model:1", "model:999:" + "0" * 64, "user:1:" + "0" * 64])
def test_a_key_that_names_nothing_is_said(olga: User, client: Client, key: str) -> None:
    client.force_login(olga)
    assert b"not in the register" in client.post("/attest/", {"seen": key}, follow=True).content


def test_the_api_tells_what_is_due_and_takes_the_confirmation(olga: User, dependency: Dependency) -> None:
    api = client_of(olga)
    due = api.get("/api/v1/attestations/due/").json()["results"]
    mine = next(one for one in due if one["dependency"] == dependency.pk)
    body = {"dependency": dependency.pk, "digest": mine["digest"]}
    assert api.post("/api/v1/attestations/", body, format="json").status_code == 201
    Dependency.objects.filter(pk=dependency.pk).update(pinned_revision="b" * 40)
    answer = api.post("/api/v1/attestations/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "state_changed")
    assert {"fact": "pinned_revision", "before": "a" * 40, "after": "b" * 40} in answer.json()["differences"]
    assert api.post("/api/v1/attestations/", {"digest": "0"}, format="json").status_code == 400
