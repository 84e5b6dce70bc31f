"""Generated input for every operation, from roles that may and roles that may not: no fault of ours, no broken promise (D3).

In the process of the test, on whichever database is configured; each request is rolled back, so that all meet the same
rows. UNDERSTUDY_TEST_WHOLE=1 sends at least 10,000.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests import factories as make
from tests.architecture.files import ROOT
from tests.governance.reach_table import ELSEWHERE, WRITES, key_of
from tests.governance.test_reach import OPERATIONS, people_of, row_for, send
from tests.services.good_requests import GOOD

pytestmark = [pytest.mark.services, pytest.mark.django_db]

WHOLE = bool(os.environ.get("UNDERSTUDY_TEST_WHOLE"))
EXAMPLES = 100 if WHOLE else 3
SEED = 20260415
TRACES = (b"Traceback (most recent call last)", b"django.core", b"psycopg", b"sqlite3.")
CHECKS = [not_a_server_error, response_schema_conformance]
# What a pipeline sends before it is known, and what is done with a password: their bodies are generated like all others.
WITHOUT_ROWS = {"ci", "tokens", "what-if"}

# They take files of other tools; their own tests hand in good ones.
BY_FILE = {"POST gateways/{}/reports", "POST imports", "POST systems/{}/bom"}
ANSWERED = [
    f"{method} {path}"
    for method, path in OPERATIONS
    if path.split("/")[0] not in ELSEWHERE and f"{method} {path}" not in BY_FILE
]

sent: Counter[int] = Counter()


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The application keeps the connection, and so the transaction, that the rows were made in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def schema() -> Any:
    """The promised description, and the application that is to keep it."""
    loaded = schemathesis.openapi.from_path(str(ROOT / "docs" / "openapi.yaml"))
    loaded.app = get_wsgi_application()
    operations = [result.ok() for result in loaded.get_all_operations()]
    return {f"{one.method.upper()} {_blank(one.path)}": one for one in operations}


def _blank(path: str) -> str:
    parts = path.removeprefix("/api/v1/").rstrip("/").split("/")
    return "/".join("{}" if part.startswith("{") else part for part in parts)


@pytest.mark.parametrize("operation", [f"{method} {path}" for method, path in OPERATIONS])
def test_no_input_makes_it_fail(operation: str, schema: Any) -> None:
    resource = operation.split()[1].split("/", maxsplit=1)[0]
    row = None if resource in WITHOUT_ROWS else row_for(resource)
    people = people_of(row or make.dependency())
    tokens = [token for _, token in people.values()]
    case_of = schema[operation].as_strategy()
    good: Callable[[], Any] | None = (lambda: WRITES[operation].body(row)) if operation in WRITES and row else None

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=case_of, choice=st.integers(0, 5), who=st.sampled_from(tokens))
    def ask(case: Any, choice: int, who: str) -> None:
        # Most ids are nobody's: half of the input meets a row that is there, a sixth with a body that is right.
        if choice % 2 and row is not None and case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, str(key_of(row)))
        with transaction.atomic():
            if choice == 1 and good is not None:
                case.body = json.loads(json.dumps(good()))
            response = case.call(headers={"Authorization": f"Bearer {who}"})
            transaction.set_rollback(True)
        sent[response.status_code // 100] += 1
        case.validate_response(response, checks=CHECKS)
        assert not any(trace in response.content for trace in TRACES)
        if response.status_code >= 400:
            assert response.headers["content-type"][0].startswith("application/problem+json")
            assert response.json()["code"]

    ask()


@pytest.mark.parametrize("operation", ANSWERED)
def test_every_operation_answers_somebody_well(operation: str) -> None:
    """Else what was generated would only ever have met refusals. Tokens and the exchange have tests of their own."""
    method, path = operation.split()
    row = row_for(path.split("/")[0])
    key = key_of(row)
    if operation in GOOD:
        person, body = GOOD[operation](row)
        key = body.pop("in_place_of_the_row", key_of(row))
        asked = [(make.token(person), body)]
    else:
        written = WRITES[operation].body(row) if operation in WRITES else None
        asked = [(token, written) for _, token in people_of(row).values()]
    answers = [send(token, method, path.replace("{}", str(key)), body) for token, body in asked]
    assert [one for one in answers if one.status_code in range(200, 300)], [one.content for one in answers]


def test_enough_was_sent() -> None:
    sys.stdout.write(f"\n{sum(sent.values())} requests by status: {dict(sorted(sent.items()))}, seed {SEED}\n")
    assert sum(sent.values()) >= (10_000 if WHOLE else len(OPERATIONS))
    assert sent[5] == 0
    assert {2, 4} <= set(sent)


def test_a_fault_would_be_seen(schema: Any) -> None:
    """The negative control: an application that fails, and one that breaks its promise."""
    make.user(role="viewer")
    case = schema["GET vendors"].Case()
    token = make.token(make.user(role="viewer"))
    answer = case.call(headers={"Authorization": f"Bearer {token}"})
    answer.content = b'{"results": "none"}'
    with pytest.raises(FailureGroup):
        case.validate_response(answer, checks=CHECKS)
