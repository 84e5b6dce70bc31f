"""What is done with a proposal, a block, a vendor, a lineage, a glass or a delegation leaves a line that tells all of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from rest_framework.test import APIClient

from governance.blocks import block
from governance.break_glass import close, open_glass
from governance.models import Block, BreakGlass, Delegation, Proposal
from governance.proposals import delegate
from registry.models import User
from tests import admin_rows
from tests import factories as make
from tests.governance.audited import changed_since, look, untold
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> APIClient:
    person = make.user("ada", role="admin")
    person.groups.add(*(Group.objects.get_or_create(name=name)[0] for name in ("owner", "reviewer")))
    return client_of(person)


def test_a_report_that_is_kept_is_told_but_for_its_answer_which_no_one_can_change(api: APIClient) -> None:
    lab = make.vendor()
    earlier = look()
    body = {"gone_on": "2026-09-01", "vendors": [lab.slug], "title": "If the lab goes"}
    assert api.post("/api/v1/what-if-reports/", body, format="json").status_code == 201
    assert [one.split(" is ")[0].split(": ")[1] for one in untold(earlier)] == ["answer"]


OTHERS: dict[str, Callable[[APIClient], tuple[str, dict[str, Any]]]] = {
    "a comment": lambda _: (
        f"proposals/{open_one().pk}/comment",
        {"text": "The card says so.", "link": "https://lab.example/card"},
    ),
    "a question": lambda _: (
        f"proposals/{open_one().pk}/ask",
        {"text": "Who runs it?", "asked_of": make.user(role="owner").username},
    ),
    "an edit": lambda _: (f"proposals/{open_one(by='ada').pk}/edit", {"reason": "Better on our data, too."}),
    "a withdrawal": lambda _: (f"proposals/{open_one(by='ada').pk}/withdraw", {}),
    "a lifted block": lambda _: (f"blocks/{standing_block().pk}/lift", {"reason": "It was mended."}),
    "a merge": lambda _: (
        f"vendors/{make.vendor(name='Old name').slug}/merge",
        {"into": make.vendor().slug, "reason": "The register of companies."},
    ),
    "a root": lambda _: (
        f"models/{make.model(lineage_status='unknown').slug}/assert-lineage",
        {"statement": "root", "source": "The card."},
    ),
    "a base": lambda _: (
        f"models/{make.model(lineage_status='unknown').slug}/assert-lineage",
        {"statement": "base", "base": make.model().slug, "relation": "adapter", "is_all": True, "source": "The card."},
    ),
    "a glass closed": lambda _: (f"break-glass/{glass().pk}/close", {}),
    "a glass reviewed": lambda _: (
        f"break-glass/{glass(is_closed=True).pk}/review",
        {"verdict": "justified", "review": "It was needed."},
    ),
    "a delegation ended": lambda _: (f"delegations/{delegation().pk}/end", {}),
    "a transfer": lambda _: (f"leavers/{leaver().username}/transfer", {"successor": "ada"}),
}


def open_one(by: str = "") -> Proposal:
    fields = {"proposer": User.objects.get(username=by)} if by else {}
    return admin_rows.proposal(decide_by=timezone.now() + timedelta(days=3), **fields)


def standing_block() -> Block:
    return block(by=make.user(role="reviewer"), model=make.model(), reason="It leaks.", now=timezone.now())


def glass(*, is_closed: bool = False) -> BreakGlass:
    opener, now = make.user(role="reviewer"), timezone.now() - timedelta(hours=1)
    system = make.system(team=make.team(owner=User.objects.get(username="ada")))
    made = open_glass(by=opener, system=system, environment=make.environment(), reason="An outage.", hours=3, now=now)
    return close(made, by=opener, now=now) if is_closed else made


def delegation() -> Delegation:
    now = timezone.now()
    person, other = User.objects.get(username="ada"), make.user(role="viewer")
    return delegate(delegator=person, delegate=other, until=now.date(), reason="A day off.", now=now)


def leaver() -> User:
    person = make.user("leaver", role="owner", is_active=False)
    make.team(owner=person)
    make.model(deputy=person)
    return person


@pytest.mark.parametrize("act", OTHERS)
def test_what_else_is_done_through_the_api_is_told(api: APIClient, act: str) -> None:
    address, body = OTHERS[act](api)
    earlier = look()
    answer = api.post(f"/api/v1/{address}/", body, format="json")
    assert answer.status_code in {200, 201}, answer.json()
    assert changed_since(earlier)
    assert untold(earlier) == []
