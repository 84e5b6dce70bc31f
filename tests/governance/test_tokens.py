"""Tokens: what each kind lets through, how one ends, who sees it, and that its text is kept nowhere (E1)."""

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance import tokens
from governance.models import AuditEntry, Token
from governance.refused import Refused
from governance.token_text import PATTERN, checksum, is_token, new_text
from registry.models import Team
from tests import factories as make
from tests.governance.conftest import browser_of
from tests.governance.everything_kept import dump

pytestmark = pytest.mark.django_db

SAFE_READ = "/api/v1/vendors/"


def client_with(text: str, scheme: str = "Bearer") -> Client:
    return Client(headers={"Authorization": f"{scheme} {text}"})


def posted(client: Client, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json")


def check_body() -> dict[str, Any]:
    make.environment()
    system = make.system()
    return {"system": system.slug, "environment": "production", "models": [{"ref": "openai/gpt-4o"}]}


# --- the text ------------------------------------------------------------------------------------------------------------


def test_a_text_is_told_from_a_look_alike_by_its_checksum() -> None:
    text = new_text()
    last = "A" if text[-1] != "A" else "B"
    assert PATTERN.fullmatch(text)
    assert is_token(text)
    assert not is_token(text[:-1] + last)
    assert not is_token(text + "\n")
    assert len({new_text() for _ in range(1000)}) == 1000


def test_the_checksum_is_the_documented_one() -> None:
    # As in docs/reference/tokens.md, for whoever writes a scanner.
    assert checksum("0" * 40) == "2kaqcA"


# --- who gets in with it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer"])
def test_it_is_sent_as_bearer_or_as_token(scheme: str) -> None:
    assert client_with(make.token(make.user(role="viewer")), scheme).get(SAFE_READ).status_code == 200


KINDS = {
    "check": ({"checks/"}, set()),
    "read": ({"checks/"}, {"vendors/", "systems/", "checks/"}),
    "write": ({"checks/", "vendors/"}, {"vendors/", "systems/", "checks/"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_lets_through_what_it_says(kind: str) -> None:
    client = client_with(make.token(make.user(role="admin", is_superuser=True), kind=kind))
    writes, reads = KINDS[kind]
    bodies = {"checks/": check_body(), "vendors/": {"slug": "lab", "name": "Lab"}}
    assert {path for path, body in bodies.items() if posted(client, path, body).status_code < 300} == writes
    addresses = ("vendors/", "systems/", "checks/")
    assert {path for path in addresses if client.get(f"/api/v1/{path}").status_code == 200} == reads | {"checks/"}


def test_it_may_never_more_than_its_person_may() -> None:
    viewer = client_with(make.token(make.user(role="viewer")))
    assert posted(viewer, "vendors/", {"slug": "lab", "name": "Lab"}).status_code == 403


def test_it_ends_with_the_rights_the_account_the_time_and_a_revocation() -> None:
    person = make.user(role="admin")
    client = client_with(make.token(person))
    assert client.get(SAFE_READ).status_code == 200

    person.is_active = False
    person.save()
    assert client.get(SAFE_READ).status_code == 401
    person.is_active = True
    person.save()
    assert client.get(SAFE_READ).status_code == 200
    person.groups.clear()
    assert client.get(SAFE_READ).status_code == 403
    tokens.revoke(Token.objects.all(), by=person, now=timezone.now())
    assert client.get(SAFE_READ).status_code == 401


def test_its_last_use_is_noted_once_a_minute() -> None:
    client, row = client_with(make.token(make.user(role="viewer"))), Token.objects.get()
    assert row.last_used_at is None
    client.get(SAFE_READ)
    first = Token.objects.get().last_used_at
    client.get(SAFE_READ)
    assert Token.objects.get().last_used_at == first
    Token.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    client.get(SAFE_READ)
    assert Token.objects.get().last_used_at > timezone.now() - timedelta(minutes=1)


def test_what_it_allows_ends_with_its_request() -> None:
    """The thread that served a bound token serves a person next."""
    person, system = make.user(role="viewer"), make.system()
    make.system()
    client_with(make.token(person, system=system)).get("/api/v1/systems/")
    assert browser_of(person).get("/api/v1/systems/?count=true").json()["count"] == 2


# --- making and revoking -------------------------------------------------------------------------------------------------


def test_nobody_makes_one_that_acts_as_somebody_else() -> None:
    with pytest.raises(Refused, match="somebody else"):
        tokens.make(make.user(role="reviewer"), by=make.user(role="admin"), now=timezone.now())


def test_a_token_makes_and_revokes_none() -> None:
    client = client_with(make.token(make.user(role="admin", is_superuser=True)))
    assert posted(client, "tokens/").status_code == 401
    assert posted(client, f"tokens/{Token.objects.get().pk}/revoke/").status_code == 401


def test_one_sees_and_revokes_ones_own_and_administrators_all() -> None:
    olga, adam = make.user("olga", role="owner"), make.user("adam", role="admin")
    make.token(olga), make.token(adam)
    row = Token.objects.get(person=adam)
    assert [one["person"] for one in browser_of(olga).get("/api/v1/tokens/").json()["results"]] == ["olga"]
    assert browser_of(olga).get(f"/api/v1/tokens/{row.pk}/").status_code == 404
    assert posted(browser_of(olga), f"tokens/{row.pk}/revoke/").status_code == 404
    assert browser_of(adam).get("/api/v1/tokens/?count=true").json()["count"] == 2
    answer = posted(browser_of(adam), f"tokens/{Token.objects.get(person=olga).pk}/revoke/")
    assert (answer.status_code, answer.json()["state"]) == (200, "revoked")


@pytest.mark.parametrize(
    "fields", [{"days": 0}, {"days": 366}, {"kind": "root"}, {"system": "never"}, {"name": "x" * 81}]
)
def test_a_token_that_cannot_be_meant_is_refused(fields: dict[str, Any]) -> None:
    answer = posted(browser_of(make.user(role="owner")), "tokens/", fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_token_is_for_a_system_or_a_team_and_not_for_both() -> None:
    system = make.system()
    body = {"system": system.slug, "team": system.team.slug}
    assert "not both" in posted(browser_of(make.user(role="owner")), "tokens/", body).json()["detail"]
    row = Token.objects.get(digest=tokens.digest_of(make.token(make.user())))
    with pytest.raises(IntegrityError), transaction.atomic():
        Token.objects.filter(pk=row.pk).update(system=system, team=Team.objects.get(pk=system.team_id))


def test_the_page_shows_the_text_once_and_revokes_after_asking() -> None:
    olga = make.user("olga", role="owner")
    browser = browser_of(olga)
    form = {"name": "Release", "kind": "read", "days": 30, "system": make.system("search").pk}
    made = browser.post(reverse("pages:tokens"), form)
    text = PATTERN.search(made.content.decode())
    assert text is not None
    assert "no-store" in made["Cache-Control"]
    assert client_with(text[0]).get("/api/v1/systems/").status_code == 200

    page = browser.get(reverse("pages:tokens")).content.decode()
    row = Token.objects.get()
    assert text[0] not in page
    assert all(said in page for said in (row.prefix, "Release", "Read", "Search", "active"))
    assert client_with(text[0]).get("/api/v1/systems/").status_code == 200
    address = reverse("pages:revoke-token", args=[row.pk])
    assert "stops at once" in browser.get(address).content.decode()
    assert browser_of(make.user(role="owner")).post(address).status_code == 302
    assert client_with(text[0]).get("/api/v1/systems/").status_code == 200
    browser.post(address)
    assert client_with(text[0]).get("/api/v1/systems/").status_code == 401
    assert [line.tag for line in AuditEntry.objects.order_by("sequence")] == ["admin:token:made", "admin:token:revoked"]


def test_the_command_binds_a_token_and_refuses_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    make.user("ci", role="viewer")
    make.system("search")
    call_command("create_token", "ci", "--kind", "check", "--system", "search", "--days", "7", "--name", "Nightly")
    assert is_token(capsys.readouterr().out.strip())
    assert str(Token.objects.get().system) == "Search"
    with pytest.raises(CommandError, match="no system 'never'"):
        call_command("create_token", "ci", "--system", "never")


# --- E1 ------------------------------------------------------------------------------------------------------------------


def test_no_text_of_a_token_is_in_the_database_the_log_or_the_mail(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.request").propagate = True
    person = make.user("olga", role="owner")
    browser = browser_of(person)
    call_command("create_token", "olga")
    issued = [
        posted(browser, "tokens/", {"name": "A"}).json()["token"],
        PATTERN.search(
            browser.post(reverse("pages:tokens"), {"name": "B", "kind": "read", "days": 1}).content.decode()
        )[0],  # type: ignore[index]  # there is one
        capsys.readouterr().out.strip(),
        make.token(person),
    ]
    for text in issued:
        client_with(text).get(SAFE_READ)
        posted(client_with(text), "vendors/", {"slug": "x", "name": "X"})
        posted(client_with(text), "checks/", check_body())
    posted(browser, f"tokens/{Token.objects.latest('pk').pk}/revoke/")

    kept = dump() + caplog.text + "".join(one.message().as_string() for one in mail.outbox)
    secrets = [text[12:-6] for text in issued]
    assert [text for text in secrets if text in kept] == []
    assert not re.search(PATTERN, kept)
    # The dump sees what is there: how each begins, and its hash.
    assert all(text[:12] in kept and tokens.digest_of(text) in kept for text in issued)
    Token.objects.filter(person=person).update(name=issued[0])
    assert secrets[0] in dump()


def test_a_token_that_only_checks_asks_by_a_bill_of_materials_and_reads_none(client: Client) -> None:
    dependency = make.dependency()
    headers = {"Authorization": f"Bearer {make.token(make.user(role='viewer'), kind='check')}"}
    address = f"/api/v1/systems/{dependency.system.slug}/bom/"
    named = {
        "type": "machine-learning-model",
        "name": "e5",
        "purl": f"pkg:huggingface/{dependency.offering.external_id}",
    }
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [named]}

    asked = client.post(
        f"{address}?environment={dependency.environment.slug}", bill, content_type="application/json", headers=headers
    )

    assert (asked.status_code, asked.json().get("verdict")) == (200, "fail")
    assert client.get(address, headers=headers).status_code == 403
