"""A question that is sent twice under one key is answered once, whatever comes in between."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from governance.idempotency import KEPT, LEASE, forget
from governance.models import Check, IdempotencyKey
from registry.models import Dependency, User
from tests import factories as f
from tests.governance.conftest import client_of

AsRole = Callable[[str], APIClient]
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


@pytest.fixture
def used() -> Dependency:
    return f.dependency(system=f.system("product-search"))


@pytest.fixture
def asker() -> User:
    return f.user(role="viewer")


def ask(client: APIClient, *, key: str = KEY, ref: str = "a/b", **fields: Any) -> Any:
    question = {"system": "product-search", "environment": "production", "models": [{"ref": ref}]} | fields
    return client.post("/api/v1/checks/", question, format="json", headers={"Idempotency-Key": key})


@pytest.mark.django_db
@pytest.mark.usefixtures("used")
class TestOneAfterTheOther:
    def test_the_same_question_gets_the_same_stored_answer(self, asker: User) -> None:
        first, second = (ask(client_of(asker)) for _ in range(2))

        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert Check.objects.count() == 1

    def test_without_a_key_it_is_another_check(self, asker: User) -> None:
        """The control: what makes it one is the key."""
        question = {"system": "product-search", "environment": "production", "models": [{"ref": "a/b"}]}
        for _ in range(2):
            client_of(asker).post("/api/v1/checks/", question, format="json")

        assert Check.objects.count() == 2

    @pytest.mark.parametrize("fields", [{"ref": "a/c"}, {"commit": "0123abc"}, {"complete": True}])
    def test_another_body_under_the_key_is_refused(self, asker: User, fields: dict[str, Any]) -> None:
        ask(client_of(asker))
        answer = ask(client_of(asker), **fields)

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_the_same_body_written_otherwise_is_the_same(self, asker: User) -> None:
        ask(client_of(asker))
        body = '{ "models": [ {"ref":"a\\u002fb"} ], "environment": "production", "system": "product-search" }'
        answer = client_of(asker).post(
            "/api/v1/checks/", body, content_type="application/json", headers={"Idempotency-Key": f'"{KEY}"'}
        )

        assert answer.headers["Idempotency-Replayed"] == "true"

    def test_the_key_of_another_person_is_another_key(self, asker: User, as_role: AsRole) -> None:
        answers = [ask(client) for client in (client_of(asker), as_role("viewer"))]

        assert len({answer.json()["id"] for answer in answers}) == 2

    def test_a_token_that_is_bound_to_another_system_gets_nothing_of_it(self, asker: User, used: Dependency) -> None:
        texts = (f.token(asker, system=system) for system in (used.system, f.system("help-centre")))
        own, elsewhere = (APIClient(headers={"Authorization": f"Bearer {text}"}) for text in texts)
        ask(own)
        answer, absent = ask(elsewhere), ask(elsewhere, key="another", system="nobody")

        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_system")
        assert answer.json() == {**absent.json(), "detail": absent.json()["detail"].replace("nobody", "product-search")}
        # The control: whoever may see it gets it again.
        assert ask(own).headers["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize(("levels", "status"), [(63, 200), (64, 400), (500, 400), (900, 400), (100_000, 400)])
    @pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
    def test_a_nest_is_refused_before_it_breaks_the_digest(
        self, asker: User, levels: int, status: int, opens: str, closes: str
    ) -> None:
        nest = f"{opens * levels}1{closes * levels}"
        body = f'{{"system":"product-search","environment":"production","models":[{{"ref":"a/b"}}],"x":{nest}}}'
        answer = client_of(asker).post(
            "/api/v1/checks/", body, content_type="application/json", headers={"Idempotency-Key": KEY}
        )

        assert answer.status_code == status

    def test_a_key_that_is_in_use_has_to_wait_and_a_request_that_died_gives_it_back(self, asker: User) -> None:
        ask(client_of(asker))
        row = IdempotencyKey.objects.get()
        Check.objects.all().delete()
        now = timezone.now()
        held = IdempotencyKey.objects.create(
            asker=row.asker, key=KEY, digest=row.digest, claimed_until=now + LEASE, created_at=now
        )
        answer = ask(client_of(asker))
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
        assert answer["Retry-After"] == "1"

        IdempotencyKey.objects.filter(pk=held.pk).update(claimed_until=now - timedelta(seconds=1))
        assert ask(client_of(asker)).status_code == 200

    def test_a_question_that_could_not_be_answered_leaves_its_key_free(self, asker: User) -> None:
        assert ask(client_of(asker), system="serach").status_code == 404
        assert not IdempotencyKey.objects.exists()
        assert ask(client_of(asker)).status_code == 200

    def test_a_day_later_the_key_is_new_and_old_ones_are_forgotten(self, asker: User) -> None:
        first = ask(client_of(asker)).json()["id"]
        IdempotencyKey.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
        second = ask(client_of(asker), ref="a/c").json()["id"]
        assert first != second

        assert forget(now=timezone.now()) == 0
        assert forget(now=timezone.now() + KEPT + timedelta(seconds=1)) == 1
        assert Check.objects.count() == 2

    @pytest.mark.parametrize("key", ["", "   ", '""', "a b", "x" * 256, "k\u00e9y"])
    def test_what_is_no_key_is_refused_by_name(self, asker: User, key: str) -> None:
        answer = client_of(asker).post(
            "/api/v1/checks/", {}, format="json", headers={"Idempotency-Key": key.encode().decode("latin-1")}
        )
        full = ask(client_of(asker), key=key.encode().decode("latin-1"))

        assert answer.status_code == 400
        assert (full.status_code, full.json()["code"]) == (400, "bad_idempotency_key")
