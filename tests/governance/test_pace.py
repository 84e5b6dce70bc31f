"""How often somebody may knock, with time made up; `tests/services/test_pace.py` tries it with real processes."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from governance import pace
from governance.models import Pace
from tests import factories as make

pytestmark = pytest.mark.django_db

NOW = make.NOW


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 60])
def test_no_minute_lets_more_through_than_the_limit(limit: int) -> None:
    step = 1.5
    let_in = [
        n * step for n in range(134) if not pace.wait_for("olga", limit=limit, now=NOW + timedelta(seconds=n * step))
    ]
    fullest = max(sum(start <= moment < start + 60 for moment in let_in) for start in let_in)
    assert fullest <= limit
    # And it is a limit, no wall: over the 200 seconds about half of it a minute gets through at least.
    assert len(let_in) >= max(1, limit // 2) * 3


def test_who_waits_as_told_is_let_in() -> None:
    now = NOW
    while not (wait := pace.wait_for("olga", limit=10, now=now)):
        pass
    assert pace.wait_for("olga", limit=10, now=now + timedelta(seconds=wait)) == 0
    assert pace.wait_for("ravi", limit=10, now=now) == 0


def test_what_is_refused_writes_nothing_and_what_is_old_is_forgotten() -> None:
    while not pace.wait_for("olga", limit=4, now=NOW):
        pass
    before = Pace.objects.get().full_until
    assert pace.wait_for("olga", limit=4, now=NOW) > 0
    assert Pace.objects.get().full_until == before
    assert pace.forget(now=NOW) == 0
    assert pace.forget(now=NOW + timedelta(days=2)) == 1


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        ("", 0, "10.0.0.1"),
        ("1.2.3.4", 0, "10.0.0.1"),
        ("1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.9", 2, "1.2.3.4"),
        ("", 2, "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_appended_is_believed(forwarded: str, proxies: int, expected: str) -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1"} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert pace.address_of(meta, proxies=proxies) == expected


def test_who_guesses_passwords_is_told_to_wait_by_the_form_and_by_the_api(settings: Any) -> None:
    settings.LOGIN_LIMIT = 6
    make.user("olga", role="owner")
    form = {"username": "olga", "password": "wrong"}
    answers = [Client().post("/admin/login/", form).content.decode() for _ in range(4)]
    assert ["Too many attempts" in one for one in answers] == [False, False, False, True]
    # Nor does the right password get in, nor another spelling of the name, nor another door.
    right = Client().post("/admin/login/", {"username": "OLGA", "password": "correct horse"})
    basic = Client(headers={"Authorization": "Basic b2xnYTpjb3JyZWN0IGhvcnNl"}).get("/api/v1/tokens/")
    assert "Too many attempts" in right.content.decode()
    assert (basic.status_code, basic.json()["code"]) == (429, "throttled")
    assert int(basic["Retry-After"]) > 0


def test_the_api_is_held_to_its_limit_by_person_and_not_by_token(settings: Any) -> None:
    settings.API_LIMIT = 6
    person = make.user(role="viewer")
    clients = [Client(headers={"Authorization": f"Bearer {make.token(person)}"}) for _ in range(4)]
    codes = [client.get("/api/v1/vendors/").status_code for client in clients]
    assert codes == [200, 200, 200, 429]
