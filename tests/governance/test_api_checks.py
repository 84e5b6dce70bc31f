"""`POST /checks/`: the promised interface of the gate."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from governance.models import Check
from registry.models import Dependency, Environment
from tests import factories as f
from tests.factories import NOW
from tests.governance.test_staleness import HOUR, listed, source

pytestmark = pytest.mark.django_db

AsRole = Callable[[str], APIClient]


@pytest.fixture
def used() -> Dependency:
    return f.dependency(system=f.system("product-search"))


def ask(client: APIClient, *refs: str, **fields: Any) -> Any:
    question = {"system": "product-search", "environment": "production", "models": [{"ref": ref} for ref in refs]}
    return client.post("/api/v1/checks/", question | fields, format="json")


def test_the_answer_has_the_promised_shape(used: Dependency, as_role: AsRole) -> None:
    answer = ask(as_role("viewer"), used.offering.external_id)

    assert answer.status_code == 200
    assert set(answer.json()) == {
        "id",
        "url",
        "page_url",
        "verdict",
        "checked_at",
        "facts_as_of",
        "stale_sources",
        "policy_version",
        "environment_class",
        "findings",
        "digest",
        "signed",
    }
    assert set(answer.json()["findings"][0]) == {
        "rule",
        "level",
        "ref",
        "message",
        "fix",
        "help_url",
        "waiver",
        "locations",
    }


@pytest.mark.parametrize(("slug", "said"), [("production", "production"), ("staging", "nonproduction")])
def test_the_answer_says_what_the_environment_was_then(used: Dependency, as_role: AsRole, slug: str, said: str) -> None:
    f.environment(slug)
    client = as_role("viewer")
    answer = ask(client, used.offering.external_id, environment=slug).json()
    Environment.objects.update(environment_class="production")

    assert answer["environment_class"] == said
    assert client.get(answer["url"]).json() == answer


def test_a_failing_verdict_is_still_a_200_and_stays_the_same(used: Dependency, as_role: AsRole) -> None:
    client = as_role("viewer")
    answer = ask(client, used.offering.external_id)
    used.offering.model.name = "renamed since"
    used.offering.model.save()

    assert answer.json()["verdict"] == "fail"
    assert client.get(f"/api/v1/checks/{answer.json()['id']}/").json() == answer.json()


def test_an_unknown_system_is_404(as_role: AsRole) -> None:
    answer = ask(as_role("viewer"), "a/b")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_system")


@pytest.mark.usefixtures("used")
def test_an_unknown_environment_is_422_because_a_typo_must_not_soften_the_gate(as_role: AsRole) -> None:
    answer = ask(as_role("viewer"), "a/b", environment="prodcution")

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_environment")


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("ref", "rule"),
    [
        ("nobody/knows-this", "UD101"),
        ("nul\x00/model", "UD105"),
        ("../../etc/passwd", "UD105"),
        ("x" * 10_000, "UD105"),
        ("", "UD105"),
        ("pkg:huggingface/", "UD105"),
    ],
)
def test_an_unknown_or_malformed_ref_is_a_finding_and_never_a_pass(ref: str, rule: str, as_role: AsRole) -> None:
    answer = ask(as_role("viewer"), ref)

    assert answer.status_code == 200, answer.content
    assert answer.json()["verdict"] == "fail"
    assert [finding["rule"] for finding in answer.json()["findings"]] == [rule]


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"models": []}, "models"),
        ({"models": [{}]}, "models[0].ref"),
        ({"models": "a/b"}, "models"),
        ({"models": [{"ref": 7}]}, None),
        ({"models": [{"ref": ["a"]}]}, "models[0].ref"),
        ({"models": [{"ref": "a/b", "locations": [{"line": 0}]}]}, "models[0].locations[0].path"),
        ({"source_url": "javascript:alert(1)"}, "source_url"),
        ({"commit": "x" * 65}, "commit"),
        ({"system": None}, "system"),
    ],
)
def test_a_malformed_question_names_the_field(fields: dict[str, Any], field: str | None, as_role: AsRole) -> None:
    answer = ask(as_role("viewer"), "a/b", **fields)
    named = [error["field"] for error in answer.json().get("errors", [])]

    assert answer.status_code == (400 if field else 200)
    assert field is None or field in named


def test_what_the_pipeline_found_comes_back_on_its_line(used: Dependency, as_role: AsRole) -> None:
    where = {"path": "src/search.py", "line": 12}
    answer = ask(
        as_role("viewer"), models=[{"ref": used.offering.external_id, "purpose": "embedding", "locations": [where]}]
    )

    assert answer.json()["findings"][0]["locations"] == [where]


def test_a_question_without_a_token_is_refused(used: Dependency) -> None:
    answer = ask(APIClient(), used.offering.external_id)

    assert answer.status_code == 401
    assert not Check.objects.exists()


def test_an_unknown_check_is_404(as_role: AsRole) -> None:
    assert as_role("viewer").get(f"/api/v1/checks/{uuid4()}/").status_code == 404
    assert as_role("viewer").get("/api/v1/checks/nonsense/").status_code == 404


def test_a_stored_answer_is_not_sent_again_to_who_has_it(used: Dependency, as_role: AsRole) -> None:
    client = as_role("viewer")
    path = f"/api/v1/checks/{ask(client, used.offering.external_id).json()['id']}/"
    etag = client.get(path).headers["ETag"]
    same = client.get(path, headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_stored_answer_is_kept_from_who_may_not_see_it_whatever_they_have(used: Dependency, as_role: AsRole) -> None:
    client = as_role("viewer")
    path = f"/api/v1/checks/{ask(client, used.offering.external_id).json()['id']}/"
    etag = client.get(path).headers["ETag"]

    assert APIClient().get(path, headers={"If-None-Match": etag}).status_code == 401
    assert "private" in client.get(path).headers["Cache-Control"]


@pytest.mark.usefixtures("used")
def test_two_thousand_models_are_answered_and_one_more_is_refused_by_name(as_role: AsRole) -> None:
    client = as_role("viewer")
    refs = [f"acme/model-{number}" for number in range(2001)]

    assert len(ask(client, *refs[:2000]).json()["findings"]) == 2000
    answer = ask(client, *refs)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "models: 2001 models; at most 2000 fit into one check. Ask in parts."


@pytest.mark.usefixtures("used")
def test_a_body_that_is_too_large_is_413_and_not_read(as_role: AsRole) -> None:
    answer = ask(as_role("viewer"), "a/b", commit="x" * 2 * 1024 * 1024)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Check.objects.exists()


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("method", ["options", "post", "get"])
def test_no_other_site_may_ask_in_a_browser(as_role: AsRole, method: str) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = getattr(as_role("viewer"), method)("/api/v1/checks/", headers=headers)

    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


def test_a_session_alone_may_not_ask_from_elsewhere(used: Dependency) -> None:
    """What a browser sends along by itself is not enough: without the CSRF token a POST is refused."""
    client = APIClient(enforce_csrf_checks=True)
    person = f.user(role="viewer")
    client.force_login(person)

    assert ask(client, used.offering.external_id).status_code == 403


def test_the_sources_whose_silence_counts_are_named_with_their_last_success(as_role: AsRole) -> None:
    used = f.dependency(system=f.system("product-search"))
    hub = source(last_success_at=NOW - 30 * HOUR)
    listed(used.offering, hub, ago=30 * HOUR)
    others = source("litellm")
    listed(used.offering, others, ago=40 * HOUR)

    assert ask(as_role("viewer"), used.offering.external_id).json()["stale_sources"] == [
        {
            "slug": "hub",
            "name": "hub",
            "silent_since": "2026-04-14T03:00:00Z",
            "last_success_at": "2026-04-14T03:00:00Z",
        }
    ]
