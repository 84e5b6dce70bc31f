"""Requests under one `Idempotency-Key` at the same moment, on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from governance.models import Check
from registry.models import User
from tests import factories as f
from tests.governance.conftest import client_of
from tests.governance.test_idempotency import ask

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="set DATABASE_URL to a PostgreSQL server"),
]


def test_eight_at_once_under_one_key_leave_one_check() -> None:
    """Each answer is either that one check or the word to wait."""
    f.dependency(system=f.system("product-search"))
    asker = f.user(role="viewer")
    barrier = Barrier(8)

    def run(_number: int) -> tuple[int, str]:
        try:
            client = client_of(User.objects.get(pk=asker.pk))
            barrier.wait(timeout=30)
            answer = ask(client)
            return answer.status_code, answer.json().get("id", answer.json().get("code"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(run, range(8)))

    (check,) = Check.objects.all()
    assert set(answers) <= {(200, str(check.pk)), (409, "idempotency_key_in_use")}
    assert (200, str(check.pk)) in answers
