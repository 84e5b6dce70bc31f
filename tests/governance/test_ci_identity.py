"""The CI's own identity for a token (E2): what is let in, and what is refused, against a provider that really answers."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from governance import issuer_keys, pipelines, tasks, tokens
from governance.models import AuditEntry, Check, Pipeline, SpentIdentity, Token
from governance.refused import Refused
from registry.models import System
from tests import factories as make
from tests.fakes import identity as fake
from tests.fakes.identity import Provider, by_hand, pem_of
from tests.governance.everything_kept import dump

pytestmark = pytest.mark.django_db

AUDIENCE = "https://understudy.example"
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def shared() -> Iterator[Provider]:
    with fake.running() as provider:
        yield provider


@pytest.fixture
def provider(shared: Provider, settings: Any) -> Iterator[Provider]:
    settings.CI_ISSUERS = [shared.url]
    issuer_keys.forget()
    before = dict(shared.keys)
    shared.log.clear()
    yield shared
    shared.keys, shared.broken, shared.described, shared.extra_rows = before, 0, {}, []


@pytest.fixture
def system() -> System:
    return make.system("search")


def trust(system: System, issuer: str, **changed: Any) -> Pipeline:
    named = {
        "provider": "github",
        "issuer": issuer,
        "audience": AUDIENCE,
        "claims": {"repository_id": "74", "repository_owner_id": "65"},
        "refs": ["refs/heads/main", "refs/tags/v*"],
    } | changed
    row = pipelines.name(system, pipelines.Named(**named), by=make.user(role="admin"), now=timezone.now())
    return pipelines.agree(row, by=make.user(role="reviewer"), now=timezone.now())


def exchange(text: str, system: str = "search") -> Any:
    body = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": text,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "scope": f"system:{system}",
    }
    return Client().post("/api/v1/ci/token/", body, content_type="application/json")


def client_with(answer: Any) -> Client:
    assert answer.status_code == 200, answer.content
    return Client(headers={"Authorization": f"Bearer {answer.json()['access_token']}"})


def ask_the_gate(client: Client, system: str = "search") -> Any:
    body = {"system": system, "environment": "production", "models": [{"ref": "openai/gpt-4o"}]}
    return client.post("/api/v1/checks/", body, content_type="application/json")


# --- let in ---------------------------------------------------------------------------------------------------------------


def test_an_identity_becomes_a_token_that_asks_about_its_one_system(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    make.environment()
    answer = exchange(provider.identity())
    asked = ask_the_gate(client_with(answer))

    assert answer.json() | {"access_token": ""} == {
        "access_token": "",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "system:search",
    }
    assert answer["Cache-Control"] == "no-store"
    assert asked.status_code == 200
    assert Check.objects.get().asked_by is None
    assert client_with(answer).get(f"/api/v1/checks/{asked.json()['id']}/").json() == asked.json()
    line = AuditEntry.objects.latest("sequence")
    assert line.tag == "api:pipeline:let-in"
    assert line.after["name"] == "repo:northwind/search:ref:refs/heads/main"


def test_the_token_of_a_pipeline_does_nothing_else(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    make.environment()
    other = make.system("other")
    foreign = Check.objects.create(
        system=other,
        environment=make.environment(),
        request={},
        verdict="pass",
        checked_at=timezone.now(),
        policy_version=0,
    )
    client = client_with(exchange(provider.identity()))

    assert ask_the_gate(client, "other").json() == ask_the_gate(client, "absent").json() | {
        "detail": "There is no system “other” in the register. Systems are named by slug."
    }
    assert client.get(f"/api/v1/checks/{foreign.pk}/").status_code == 404
    assert client.get("/api/v1/checks/").json()["results"] == []
    for address in ("systems/", "systems/search/", "audit/", "models/", "tokens/", "pipelines/"):
        assert client.get(f"/api/v1/{address}").status_code in {401, 403}
    refused = client.post("/api/v1/vendors/", {"slug": "x", "name": "X"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "token_kind")


def test_a_new_key_is_asked_for_once_it_signs(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    assert exchange(provider.identity()).status_code == 200
    assert exchange(provider.identity()).status_code == 200
    assert provider.log == ["/.well-known/openid-configuration", "/keys"]
    provider.rotate("second")
    # Not in a row: who sends unknown keys does not make us ask at each of them.
    assert exchange(provider.identity()).json()["reason"] == "unknown_key"
    assert provider.log == ["/.well-known/openid-configuration", "/keys"]
    later = timezone.now() + timedelta(seconds=31)
    pipelines.exchange(provider.identity(), system="search", now=later)
    assert provider.log == ["/.well-known/openid-configuration", "/keys"] * 2


def test_a_provider_that_is_away_stops_nobody_for_a_day(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    assert exchange(provider.identity()).status_code == 200
    provider.broken = 503
    hour = timedelta(hours=1)
    pipelines.exchange(provider.identity(exp=int(time.time()) + 7200), system="search", now=timezone.now() + hour)
    issuer_keys.forget()
    answer = exchange(provider.identity())
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unreachable")


def test_elliptic_keys_are_taken_as_well(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    provider.keys["curve"] = CURVE
    text = jwt.encode(provider.claims(), CURVE, "ES256", headers={"kid": "curve"})
    assert exchange(text).status_code == 200


def test_gitlab_is_known_by_its_own_claims(provider: Provider, system: System) -> None:
    claims = {"project_id": "22", "namespace_id": "72"}
    trust(system, provider.url, provider="gitlab", claims=claims, refs=["refs/heads/main"])
    told = dict.fromkeys(fake.GITHUB_CLAIMS) | dict(fake.GITLAB_CLAIMS)
    assert exchange(provider.identity(**told)).status_code == 200
    assert exchange(provider.identity(**told | {"ref_path": "refs/heads/other"})).status_code == 403


# --- refused: each is the identity above but for one thing ------------------------------------------------------------------

Make = Callable[[Provider], str]


def _now() -> int:
    return int(time.time())


HOSTILE: dict[str, tuple[str, Make]] = {
    "another issuer": ("issuer", lambda p: p.identity(iss="https://token.actions.githubusercontent.com")),
    "an issuer that only begins so": ("issuer", lambda p: p.identity(iss=f"{p.url}.evil.example")),
    "no issuer": ("issuer", lambda p: p.identity(iss=None)),
    "an issuer that is a list": ("issuer", lambda p: by_hand(_header(), p.claims(iss=[p.url]))),
    "another audience": ("no_pipeline", lambda p: p.identity(aud="https://other.example")),
    "no audience": ("missing_claim", lambda p: p.identity(aud=None)),
    "an audience that is a number": ("missing_claim", lambda p: by_rsa(p, aud=[1])),
    "no signature": ("algorithm", lambda p: by_hand({"alg": "none", "kid": "first"}, p.claims())),
    "no signature, otherwise spelt": ("algorithm", lambda p: by_hand({"alg": "nOnE", "kid": "first"}, p.claims())),
    "HMAC with the public key": (
        "algorithm",
        lambda p: by_hand({"alg": "HS256", "kid": "first"}, p.claims(), pem_of(p.keys["first"])),
    ),
    "said to be RSA, signed with HMAC": (
        "signature",
        lambda p: by_hand({"alg": "RS256", "kid": "first"}, p.claims(), pem_of(p.keys["first"])),
    ),
    "an algorithm that the key is not for": ("signature", lambda p: by_hand(_header("ES256"), p.claims(), b"x")),
    "another key under a known name": ("signature", lambda p: _signed(OTHER_KEY, p.claims(), kid="first")),
    "a key that it brings along": (
        "signature",
        lambda p: jwt.encode(
            p.claims(), OTHER_KEY, "RS256", headers={"kid": "first", "jwk": fake.public_row("first", OTHER_KEY)}
        ),
    ),
    "an unknown key": ("unknown_key", lambda p: _signed(OTHER_KEY, p.claims(), kid="nobody's")),
    "a key named by an address": (
        "unknown_key",
        lambda p: jwt.encode(p.claims(), OTHER_KEY, "RS256", headers={"kid": "x", "jku": f"{p.url}/keys"}),
    ),
    "no name of a key": ("unknown_key", lambda p: jwt.encode(p.claims(), p.keys["first"], "RS256")),
    "expired": ("expired", lambda p: p.identity(exp=_now() - 61, iat=_now() - 400)),
    "no end": ("missing_claim", lambda p: p.identity(exp=None)),
    "an end that is no number": ("missing_claim", lambda p: by_rsa(p, exp="tomorrow")),
    "an end past all years": ("missing_claim", lambda p: by_rsa(p, exp=10**30)),
    "good for a year": ("too_long", lambda p: p.identity(exp=_now() + 365 * 86400)),
    "not good yet": ("from_the_future", lambda p: p.identity(nbf=_now() + 120)),
    "made in the future": ("from_the_future", lambda p: p.identity(iat=_now() + 120, exp=_now() + 400)),
    "no moment of its making": ("missing_claim", lambda p: p.identity(iat=None)),
    "no id of its own": ("missing_claim", lambda p: p.identity(jti=None)),
    "an empty id of its own": ("missing_claim", lambda p: p.identity(jti="")),
    "the same name with another owner": ("no_pipeline", lambda p: p.identity(repository_owner_id="66")),
    "the same name re-created": ("no_pipeline", lambda p: p.identity(repository_id="75")),
    "no owner": ("no_pipeline", lambda p: p.identity(repository_owner_id=None)),
    "an owner that is a list": ("no_pipeline", lambda p: p.identity(repository_owner_id=["65"])),
    "an owner that is true": ("no_pipeline", lambda p: p.identity(repository_owner_id=True)),
    "a ref that is not allowed": ("no_pipeline", lambda p: p.identity(ref="refs/heads/attack")),
    "a ref that holds an allowed one": ("no_pipeline", lambda p: p.identity(ref="refs/heads/main/../../x")),
    "the ref of a pull request": ("no_pipeline", lambda p: p.identity(ref="refs/pull/1/merge")),
    "no ref": ("no_pipeline", lambda p: p.identity(ref=None)),
    "an extension that must be understood": (
        "malformed",
        lambda p: p.identity(headers={"crit": ["exp"], "exp": 1}),
    ),
    "huge": ("", lambda p: p.identity(padding="x" * 20_000)),
    "two parts": ("malformed", lambda p: p.identity().rpartition(".")[0]),
    "an altered claim": ("signature", lambda p: _altered(p.identity())),
    "claims that are a list": ("malformed", lambda p: by_rsa_raw(p, b"[1]")),
}


def _header(algorithm: str = "RS256") -> dict[str, Any]:
    return {"alg": algorithm, "kid": "first", "typ": "JWT"}


def by_rsa(p: Provider, **changed: Any) -> str:
    """Past the checks of the library that signs."""
    return jwt.PyJWS().encode(
        json.dumps(p.claims(**changed)).encode(), p.keys["first"], "RS256", headers={"kid": "first"}
    )


def by_rsa_raw(p: Provider, body: bytes) -> str:
    return jwt.PyJWS().encode(body, p.keys["first"], "RS256", headers={"kid": "first"})


def _signed(key: Any, claims: dict[str, Any], *, kid: str) -> str:
    return jwt.encode(claims, key, "RS256", headers={"kid": kid})


def _altered(text: str) -> str:
    """Another owner, under the signature that was given for the first."""
    header, _, signature = text.split(".")
    claims = jwt.decode(text, options={"verify_signature": False}) | {"repository_owner_id": "66"}
    return ".".join((header, by_hand({}, claims).split(".")[1], signature))


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_else_becomes_a_token(case: str, provider: Provider, system: System) -> None:
    trust(system, provider.url)
    reason, hostile = HOSTILE[case]
    answer = exchange(hostile(provider))

    assert answer.status_code == (403 if reason else 400)
    assert answer.json().get("reason", "") == reason
    assert not Token.objects.exists()
    # The negative control: but for that one thing the very same is let in.
    assert exchange(provider.identity()).status_code == 200


def test_an_identity_lets_in_once(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    text = provider.identity()
    assert exchange(text).status_code == 200
    again = exchange(text)
    assert (again.status_code, again.json()["reason"]) == (403, "used_before")
    assert Token.objects.count() == 1


def test_the_database_refuses_the_same_identity_twice() -> None:
    SpentIdentity.objects.create(digest="0" * 64, expires_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        SpentIdentity.objects.create(digest="0" * 64, expires_at=timezone.now())


def test_an_environment_is_asked_for_where_one_is_named(provider: Provider, system: System) -> None:
    trust(system, provider.url, environments=["release"])
    assert exchange(provider.identity()).json()["reason"] == "no_pipeline"
    assert exchange(provider.identity(environment="staging")).json()["reason"] == "no_pipeline"
    assert exchange(provider.identity(environment="release")).status_code == 200


def test_another_system_is_as_absent_as_one_that_never_was(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    make.system("other")
    text = provider.identity()
    said = [exchange(text, name).json() for name in ("other", "never")]
    assert said[0]["detail"].replace("“other”", "“never”") == said[1]["detail"]
    assert {one["reason"] for one in said} == {"no_pipeline"}


def test_a_pipeline_waits_for_another_person_and_ends_at_once(provider: Provider, system: System) -> None:
    asker = make.user(role="admin")
    named = pipelines.Named("github", provider.url, AUDIENCE, {"repository_id": "74", "repository_owner_id": "65"})
    row = pipelines.name(system, named, by=asker, now=timezone.now())
    assert exchange(provider.identity()).json()["reason"] == "no_pipeline"
    with pytest.raises(Refused, match="Somebody else"):
        pipelines.agree(row, by=asker, now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Pipeline.objects.filter(pk=row.pk).update(agreed_by=asker, agreed_at=timezone.now())

    pipelines.agree(row, by=make.user(role="reviewer"), now=timezone.now())
    make.environment()
    client = client_with(exchange(provider.identity()))
    assert ask_the_gate(client).status_code == 200
    pipelines.end(row, by=asker, now=timezone.now())
    assert ask_the_gate(client).status_code == 401
    assert exchange(provider.identity()).json()["reason"] == "no_pipeline"


def test_keys_at_another_host_are_not_asked_for(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    provider.described = {"jwks_uri": "http://127.0.0.1:1/keys"}
    answer = exchange(provider.identity())
    assert answer.json()["code"] == "issuer_unreachable"
    assert "another host" in answer.json()["detail"]


def test_symmetric_and_broken_keys_of_a_set_are_passed_over(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    provider.extra_rows = [
        {"kty": "oct", "k": "AAAA", "kid": "first"},
        {"kty": "RSA", "kid": "b", "n": "!"},
        {"kid": 1},
    ]
    assert exchange(provider.identity()).status_code == 200


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"issuer": "http://169.254.169.254"}, "issuer"),
        ({"claims": {"repository_id": "74"}}, "claims"),
        ({"claims": {"repository": "northwind/search", "repository_owner": "northwind"}}, "claims"),
        ({"claims": {"repository_id": "search", "repository_owner_id": "65"}}, "claims"),
        ({"provider": "jenkins"}, "provider"),
        ({"audience": ""}, "audience"),
        ({"refs": ["refs/heads/\x00"]}, "refs"),
    ],
)
def test_a_pipeline_is_named_by_ids_of_a_known_issuer(
    changed: dict[str, Any], field: str, provider: Provider, system: System
) -> None:
    with pytest.raises(Refused) as caught:
        trust(system, **{"issuer": provider.url} | changed)
    assert caught.value.extra["field"] == field


def test_neither_the_identity_nor_the_token_for_it_is_kept_logged_or_mailed(
    provider: Provider, system: System, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    trust(system, provider.url)
    identity = provider.identity()
    answer, *_ = exchange(identity), exchange(identity), exchange(f"{identity}x")
    token = answer.json()["access_token"]
    ask_the_gate(client_with(answer))
    client_with(answer).post("/api/v1/vendors/", {"slug": "x"}, content_type="application/json")

    kept = dump() + caplog.text + "".join(one.message().as_string() for one in mail.outbox)
    assert [text for text in (token[12:-6], identity.split(".")[2]) if text in kept] == []
    assert tokens.digest_of(token) in kept
    Token.objects.update(name=token)
    assert token[12:-6] in dump()


def test_what_is_over_is_forgotten_after_a_day(provider: Provider, system: System) -> None:
    trust(system, provider.url)
    exchange(provider.identity())
    tasks.expire()
    assert (SpentIdentity.objects.count(), Token.objects.count()) == (1, 1)
    pipelines.forget(now=timezone.now() + timedelta(days=2))
    assert (SpentIdentity.objects.count(), Token.objects.count()) == (0, 0)
