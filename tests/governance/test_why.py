"""“Why red since yesterday?”: each thing that can move is named, with before and after, and nothing that did not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from governance.blocks import block
from governance.check import CheckRequest, Location, RequestedModel, check
from governance.concentration import snapshot
from governance.models import Approval, Check, Grounds, Policy
from governance.proposals import propose_waiver
from governance.why import Why, why
from registry.models import Change, ChangeKind, Dependency, Offering
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of
from tests.governance.gate_world import approve, green, owner_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
Moves = set[tuple[str, str, str, str]]


@pytest.fixture
def used() -> Dependency:
    return green(f.system("product-search"), offering=f.offering("acme/e5"))


def ask(used: Dependency, *, days: int = 0, **fields: Any) -> Check:
    request = CheckRequest(
        used.system.slug, used.environment.slug, (RequestedModel(used.offering.external_id),), **fields
    )
    return check(request, asked_by=None, now=NOW + days * DAY)


def moves(found: Why) -> Moves:
    return {(one.move.kind.value, one.move.what, one.move.before, one.move.after) for one in found.moves}


def test_the_first_answer_has_nothing_before_it(used: Dependency) -> None:
    found = why(ask(used))

    assert (found.before, found.moves) == (None, ())


def test_where_nothing_moved_nothing_is_named(used: Dependency) -> None:
    ask(used)

    assert why(ask(used, days=1)).moves == ()


def test_a_fact_that_moved_is_named_with_the_change_that_a_source_told(used: Dependency) -> None:
    ask(used)
    Offering.objects.filter(pk=used.offering_id).update(status="removed")
    change = Change.objects.create(
        kind=ChangeKind.REMOVED,
        severity="critical",
        origin="source",
        offering=used.offering,
        detected_at=NOW + timedelta(hours=3),
        evidence_url="https://hub.example/acme/e5",
    )
    found = why(ask(used, days=1))

    assert moves(found) == {("fact", "status", "available", "removed")}
    (one,) = found.moves
    assert one.move.refs == ("acme/e5",)
    assert one.changes == (change,)
    assert {(move.rule, move.before, move.after) for move in found.moved.findings} >= {("UD301", "", "error")}


def test_of_all_vendors_those_behind_the_refs_are_told_how_much_hangs_on_them(used: Dependency) -> None:
    snapshot(now=NOW)
    ask(used)
    f.dependency(system=used.system, offering=f.offering("other/chat"))
    snapshot(now=NOW + DAY)

    found = why(ask(used, days=1)).moves

    vendor = used.offering.model.developer.name
    assert {(one.move.subject, one.move.before, one.move.after) for one in found} == {(vendor, "100%", "50%")}
    assert {one.move.what for one in found} >= {"share in the organisation"}
    assert {one.move.refs for one in found} == {("acme/e5",)}


def fall_of_the_alternative(used: Dependency) -> None:
    Offering.objects.filter(alternatives__plan_revision__plan__dependency=used).update(status="disabled")


def end_of_the_approval(used: Dependency) -> None:
    Approval.objects.filter(dependency=used).update(ended_at=NOW, end_reason="The license changed.")


def a_block(used: Dependency) -> None:
    block(by=f.user("rita", role="reviewer"), reason="Under investigation.", now=NOW, offering=used.offering)


def a_waiver(used: Dependency) -> None:
    approve(
        propose_waiver(
            proposer=owner_of(used.system),
            rule="UD405",
            reason="Until the drill.",
            until=NOW.date() + timedelta(days=30),
            compensating_measure="A person looks at each answer.",
            dependency=used,
            now=NOW,
        )
    )


def another_criticality(used: Dependency) -> None:
    type(used.system).objects.filter(pk=used.system_id).update(criticality="normal")


def another_pin(used: Dependency) -> None:
    Dependency.objects.filter(pk=used.pk).update(pinned_revision="f" * 40)


def another_policy(_used: Dependency) -> None:
    Policy.objects.create(
        version=3, document={"drill_days": 90}, reason="r", author=f.user(), in_force_from=NOW + timedelta(hours=1)
    )


@pytest.mark.parametrize(
    ("act", "kind", "what"),
    [
        (fall_of_the_alternative, "fact", "status"),
        (end_of_the_approval, "decision", "approval of "),
        (a_block, "decision", "block"),
        (a_waiver, "decision", "waiver of UD405"),
        (another_criticality, "use", "criticality"),
        (another_pin, "use", "pinned revision"),
        (another_policy, "policy", "policy"),
    ],
)
def test_each_kind_of_move_is_named(used: Dependency, act: Callable[[Dependency], None], kind: str, what: str) -> None:
    ask(used)
    act(used)
    named = moves(why(ask(used, days=1)))

    assert [one for one in named if one[0] == kind and one[1].startswith(what)]
    assert all(before != after for _, _, before, after in named)


def test_what_the_code_says_otherwise_is_named_and_a_moved_line_is_not(used: Dependency) -> None:
    def asked(line: int, *refs: str, days: int, commit: str) -> Check:
        models = tuple(RequestedModel(ref, locations=(Location("src/a.py", line),)) for ref in refs)
        request = CheckRequest(used.system.slug, used.environment.slug, models, commit=commit)
        return check(request, asked_by=None, now=NOW + days * DAY)

    asked(3, "acme/e5", days=0, commit="aaa")
    found = why(asked(90, "acme/e5", "acme/new", days=1, commit="bbb"))

    assert moves(found) == {("code", "commit", "aaa", "bbb"), ("code", "use", "", "named")}


def test_a_day_that_came_is_named_where_nothing_else_moved(used: Dependency) -> None:
    ask(used, days=179)
    found = why(ask(used, days=181))

    assert {(kind, what) for kind, what, _, _ in moves(found)} == {("clock", f"drill of {spare(used)}")}
    assert [move.rule for move in found.moved.findings] == ["UD405"]


def test_a_retirement_that_comes_within_the_lead_time_is_named(used: Dependency) -> None:
    Offering.objects.filter(pk=used.offering_id).update(retires_on=NOW.date() + 91 * DAY)
    ask(used)

    assert {one[:2] for one in moves(why(ask(used, days=1)))} == {("clock", "retirement")}


def spare(used: Dependency) -> Offering:
    return Offering.objects.get(alternatives__plan_revision__plan__dependency=used)


def test_it_looks_back_to_the_last_answer_that_said_something_else(used: Dependency) -> None:
    good = ask(used)
    Offering.objects.filter(pk=used.offering_id).update(status="removed")
    first_bad, second_bad = ask(used, days=1), ask(used, days=2)

    assert why(second_bad).before == good
    assert why(second_bad, against=first_bad).moves == ()


def test_answers_on_the_same_grounds_keep_them_once(used: Dependency) -> None:
    rows = [ask(used, days=days) for days in range(3)]

    assert len({row.grounds_id for row in rows}) == 1
    assert Grounds.objects.count() == 1


def test_an_answer_from_before_grounds_were_kept_is_compared_as_far_as_it_goes(used: Dependency) -> None:
    Check.objects.create(
        system=used.system,
        environment=used.environment,
        request={"models": [{"ref": "acme/e5", "via": "", "revision": "", "purpose": "", "locations": []}]},
        verdict="pass",
        checked_at=NOW,
        policy_version=0,
        commit="aaa",
    )
    found = why(ask(used, days=1, commit="bbb"))

    assert moves(found) == {("code", "commit", "aaa", "bbb")}
    assert not found.moved.is_explained


class TestOverTheApi:
    def test_it_names_before_and_after_and_where_to_read_on(
        self, used: Dependency, as_role: Callable[[str], APIClient], settings: Any
    ) -> None:
        settings.BASE_URL = "https://understudy.example"
        before = ask(used)
        Offering.objects.filter(pk=used.offering_id).update(gating="manual")
        row = ask(used, days=1)
        answer = as_role("viewer").get(f"/api/v1/checks/{row.pk}/diff/").json()

        assert (answer["check"]["id"], answer["before"]["id"]) == (str(row.pk), str(before.pk))
        assert answer["page_url"] == f"https://understudy.example/checks/{row.pk}/"
        (moved,) = answer["moved"]
        assert moved == {
            "kind": "fact",
            "what": "gating",
            "subject": "acme/e5 (huggingface)",
            "before": "open",
            "after": "manual",
            "refs": ["acme/e5"],
            "url": f"https://understudy.example/admin/registry/offering/{used.offering_id}/change/",
            "changes": [],
        }

    def test_another_check_can_be_named_if_it_is_an_earlier_one_of_the_same_place(
        self, used: Dependency, as_role: Callable[[str], APIClient]
    ) -> None:
        rows = [ask(used, days=days) for days in range(3)]
        client, other = as_role("viewer"), ask(f.dependency())
        path = f"/api/v1/checks/{rows[1].pk}/diff/"

        assert client.get(f"{path}?against={rows[0].pk}").json()["before"]["id"] == str(rows[0].pk)
        for wrong in (rows[2].pk, other.pk, "nonsense", "\x00"):
            assert client.get(path, {"against": wrong}).status_code == 400

    def test_who_has_no_account_learns_nothing(self, used: Dependency) -> None:
        assert APIClient().get(f"/api/v1/checks/{ask(used).pk}/diff/").status_code == 401


class TestThePage:
    def test_it_says_what_moved_since_when_and_what_was_found(self, used: Dependency) -> None:
        ask(used)
        Offering.objects.filter(pk=used.offering_id).update(status="removed")
        page = browser_of(f.user(role="viewer")).get(f"/checks/{ask(used, days=1, commit='0123abc').pk}/")
        text = page.content.decode()

        assert page.status_code == 200
        for said in ("What moved", "available", "removed", "UD301", "0123abc", "15 Apr 2026"):
            assert said in text

    def test_hostile_text_is_shown_as_text(self, used: Dependency) -> None:
        request = CheckRequest(
            used.system.slug,
            used.environment.slug,
            (RequestedModel("<script>alert(1)</script>", locations=(Location("<img src=x>"),)),),
            commit="<b>",
            source_url="https://ci.example/?a=1&b=%22",
        )
        ask(used)
        row = check(request, asked_by=None, now=NOW + DAY)
        text = browser_of(f.user(role="viewer")).get(f"/checks/{row.pk}/").content.decode()

        assert "<script>alert" not in text
        assert "<img src=x>" not in text

    def test_its_cost_does_not_grow_with_what_was_asked(
        self, used: Dependency, django_assert_max_num_queries: Any
    ) -> None:
        browser = browser_of(f.user(role="viewer"))
        request = CheckRequest(used.system.slug, used.environment.slug, (RequestedModel("acme/e5"),))
        ask(used)
        many = tuple(RequestedModel(f"acme/m{number}") for number in range(60))
        row = check(replace(request, models=many), asked_by=None, now=NOW + DAY)

        with django_assert_max_num_queries(40):
            assert browser.get(f"/checks/{row.pk}/").status_code == 200

    def test_there_is_no_page_of_an_unknown_check(self) -> None:
        browser = browser_of(f.user(role="viewer"))

        assert browser.get("/checks/00000000-0000-4000-8000-000000000000/").status_code == 404
