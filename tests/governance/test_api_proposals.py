"""Deciding through the API, and the tokens that ask."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import Adoption, Token
from governance.token_text import checksum
from registry.models import Offering
from tests import factories as f
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def offering() -> Offering:
    return f.offering()


@pytest.fixture
def proposal(offering: Offering) -> Any:
    body = {
        "kind": "adopt_model",
        "offering": offering.pk,
        "purpose": "embedding",
        "distribution": "saas",
        "reason": "Best on our data.",
    }
    return client_of(f.user("olga", role="owner")).post("/api/v1/proposals/", body, format="json").json()


def decide(proposal: Any, *, role: str, **said: str) -> Any:
    answer = {"verdict": "approve", "state_digest": proposal["current_digest"]} | said
    return client_of(f.user(role=role)).post(f"/api/v1/proposals/{proposal['id']}/decide/", answer, format="json")


def test_a_reviewer_approves_what_was_seen(proposal: Any) -> None:
    assert decide(proposal, role="reviewer").json()["state"] == "approved"
    assert Adoption.objects.exists()


def test_a_decision_on_a_state_that_has_changed_since_is_409_and_shows_what_differs(
    proposal: Any, offering: Offering
) -> None:
    Offering.objects.filter(pk=offering.pk).update(gating="manual")
    refused = decide(proposal, role="reviewer")

    assert (refused.status_code, refused.json()["code"]) == (409, "state_changed")
    assert "gating" in str(refused.json()["differences"])
    assert not Adoption.objects.exists()


@pytest.mark.parametrize("role", ["owner", "viewer", "admin"])
def test_who_is_no_reviewer_is_refused(proposal: Any, role: str) -> None:
    assert decide(proposal, role=role).status_code == 403
    assert not Adoption.objects.exists()


def test_a_rejection_without_a_word_asks_for_one(proposal: Any) -> None:
    silent = decide(proposal, role="reviewer", verdict="reject")

    assert (silent.status_code, silent.json()["errors"][0]["field"]) == (400, "comment")
    told = decide(proposal, role="reviewer", verdict="reject", comment="Not on these terms.")
    assert told.json()["state"] == "rejected"


def test_a_decided_proposal_is_409(proposal: Any) -> None:
    decide(proposal, role="reviewer")

    assert decide(proposal, role="reviewer").status_code == 409


def test_a_proposal_that_lacks_what_its_kind_needs_names_the_field() -> None:
    refused = client_of(f.user(role="owner")).post(
        "/api/v1/proposals/", {"kind": "waive_rule", "reason": "x", "rule": "UD401"}, format="json"
    )

    assert refused.status_code == 400
    assert {error["field"] for error in refused.json()["errors"]} == {"until", "compensating_measure"}


@pytest.mark.parametrize(
    "token", ["ustd_nonsense", "", "x" * 5000, "ustd_" + "0" * 46, "ustd_" + "0" * 40 + checksum("0" * 40)]
)
def test_a_foreign_token_is_refused(token: str) -> None:
    assert Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/vendors/").status_code == 401


def test_an_expired_token_is_refused() -> None:
    token = f.token(f.user(role="viewer"))
    client = Client(headers={"Authorization": f"Token {token}"})
    before = client.get("/api/v1/vendors/").status_code
    Token.objects.update(made_at=timezone.now() - timedelta(days=1), expires_at=timezone.now() - timedelta(seconds=1))

    assert (before, client.get("/api/v1/vendors/").status_code) == (200, 401)


def test_the_token_of_somebody_who_was_locked_out_is_refused() -> None:
    person = f.user(role="viewer")
    token = f.token(person)
    person.is_active = False
    person.save()

    assert Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/vendors/").status_code == 401
