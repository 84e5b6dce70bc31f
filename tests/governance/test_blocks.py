"""Blocks: who sets and lifts them, on what, until when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from governance.blocks import block, lift
from governance.models import AuditEntry, Block
from governance.refused import Refused
from registry.models import User
from tests import factories as make
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer() -> User:
    return make.user("rita", role="reviewer")


def refused(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code, caught.value.extra.get("field", "")


@pytest.mark.parametrize("subject", ["vendor", "model", "offering"])
def test_a_reviewer_blocks_a_vendor_a_model_or_an_offering(reviewer: User, subject: str) -> None:
    row = getattr(make, subject)()
    made = block(by=reviewer, reason="Under investigation.", now=NOW, until=TODAY, **{subject: row})
    assert getattr(made, subject) == row
    assert list(Block.objects.in_force(NOW)) == [made]
    assert not Block.objects.in_force(NOW + timedelta(days=1)).exists()
    assert AuditEntry.objects.get(tag="governance:block:set").after[subject] == row.pk


@pytest.mark.parametrize("role", ["viewer", "owner", "admin", ""])
def test_nobody_else_sets_or_lifts_a_block(reviewer: User, role: str) -> None:
    person = make.user(role=role)
    made = block(by=reviewer, reason="r", now=NOW, vendor=make.vendor())
    assert refused(lambda: block(by=person, reason="r", now=NOW, vendor=make.vendor()))[0] == "not_allowed"
    assert refused(lambda: lift(made, by=person, reason="r", now=NOW))[0] == "not_allowed"


def test_a_reviewer_who_lost_the_role_lifts_nothing_with_an_old_page(reviewer: User) -> None:
    made = block(by=reviewer, reason="r", now=NOW, vendor=make.vendor())
    opened_by = User.objects.prefetch_related("groups").get(pk=reviewer.pk)
    reviewer.groups.clear()
    assert [group.name for group in opened_by.groups.all()] == ["reviewer"]
    assert refused(lambda: lift(made, by=opened_by, reason="r", now=NOW))[0] == "not_allowed"


def bad_blocks() -> dict[str, tuple[dict[str, Any], str]]:
    return {
        "no subject": ({"vendor": None}, "vendor"),
        "two subjects": ({"model": make.model}, "vendor"),
        "no reason": ({"reason": " "}, "reason"),
        "a NUL in the reason": ({"reason": "a\x00"}, "reason"),
        "a day that has passed": ({"until": TODAY - timedelta(days=1)}, "until"),
    }


@pytest.mark.parametrize("case", bad_blocks())
def test_bad_input_is_refused_with_the_field_that_is_wrong(reviewer: User, case: str) -> None:
    fields, wrong = bad_blocks()[case]
    made = {name: value() if callable(value) else value for name, value in fields.items()}
    given = {"by": reviewer, "reason": "r", "now": NOW, "vendor": make.vendor()} | made
    assert refused(lambda: block(**given)) == ("invalid", wrong)


def test_what_is_blocked_already_is_not_blocked_twice(reviewer: User) -> None:
    vendor = make.vendor()
    first = block(by=reviewer, reason="r", now=NOW, vendor=vendor)
    with pytest.raises(Refused) as caught:
        block(by=reviewer, reason="r", now=NOW, vendor=vendor)
    assert (caught.value.code, caught.value.extra) == ("duplicate", {"block": first.pk})


def test_a_lifted_block_says_who_lifted_it_and_is_not_lifted_again(reviewer: User) -> None:
    vendor = make.vendor()
    made = block(by=reviewer, reason="r", now=NOW, vendor=vendor)
    lifted = lift(made, by=reviewer, reason="Cleared.", now=NOW)
    assert (lifted.lifted_by, lifted.lifted_at) == (reviewer, NOW)
    assert AuditEntry.objects.get(tag="governance:block:lifted").after == {"reason": "Cleared."}
    assert refused(lambda: lift(made, by=reviewer, reason="again", now=NOW))[0] == "closed"
    assert block(by=reviewer, reason="again", now=NOW, vendor=vendor).pk
