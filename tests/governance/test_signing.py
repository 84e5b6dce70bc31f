"""A signed verdict is what it says it is: verified here by another's library, and by the client's own code."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import call_command
from rest_framework.test import APIClient

from governance.check import CheckRequest, RequestedModel, check
from governance.models import Check, Policy
from governance.signing import key_id, new_key, public_half, published_keys
from tests import factories as f
from tests.client.conftest import CLIENT_FOLDER
from tests.factories import NOW

pytestmark = pytest.mark.django_db
# RFC 8037, appendix A: the private key, its public half, and the thumbprint.
RFC_PRIVATE = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC_PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def asked(*, revision: str = "") -> Check:
    request = CheckRequest("product-search", "production", (RequestedModel("a/b", revision=revision or None),))
    return check(request, asked_by=None, now=NOW)


@pytest.fixture(autouse=True)
def system() -> None:
    f.dependency(system=f.system("product-search"))


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(signed: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(decoded(signed.split(".")[1]))
    return said


def verify(signed: str, x: str) -> None:
    text, _, signature = signed.rpartition(".")
    Ed25519PublicKey.from_public_bytes(decoded(x)).verify(decoded(signature), text.encode())


def test_what_is_signed_names_system_environment_question_verdict_and_its_end(settings: Any) -> None:
    settings.BASE_URL = "https://understudy.example"
    row = asked()

    assert claims_of(row.signed) == {
        "iss": "https://understudy.example",
        "sub": "product-search",
        "environment": "production",
        "verdict": "fail",
        "digest": row.question_digest,
        "jti": str(row.pk),
        "policy_version": 0,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(hours=24)).timestamp()),
    }


def test_the_published_key_verifies_it_and_another_does_not() -> None:
    signed = asked().signed
    header = json.loads(decoded(signed.split(".")[0]))
    (key,) = (key for key in published_keys() if key["kid"] == header["kid"])

    verify(signed, key["x"])
    with pytest.raises(InvalidSignature):
        verify(signed, public_half(new_key()))


def test_keys_are_those_of_the_rfc(settings: Any) -> None:
    settings.VERDICT_KEYS = (RFC_PRIVATE,)

    assert (public_half(RFC_PRIVATE), key_id(RFC_PRIVATE)) == (RFC_PUBLIC, RFC_THUMBPRINT)
    assert APIClient().get("/api/v1/keys/").json() == {
        "keys": [{"kty": "OKP", "crv": "Ed25519", "x": RFC_PUBLIC, "kid": RFC_THUMBPRINT, "use": "sig", "alg": "EdDSA"}]
    }


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(settings: Any) -> None:
    old = asked().signed
    settings.VERDICT_KEYS = (RFC_PRIVATE, *settings.VERDICT_KEYS)

    verify(asked().signed, published_keys()[0]["x"])
    verify(old, published_keys()[1]["x"])


def test_without_a_key_nothing_is_signed(settings: Any) -> None:
    settings.VERDICT_KEYS = ()

    assert asked().signed == ""
    assert APIClient().get("/api/v1/keys/").json() == {"keys": []}


@pytest.mark.parametrize(("hours", "seconds"), [(0, None), (8, 8 * 3600)])
def test_the_policy_says_for_how_long(hours: int, seconds: int | None) -> None:
    Policy.objects.create(
        version=1,
        document={"cached_verdict_hours": hours},
        reason="We want to know.",
        author=f.user(),
        in_force_from=NOW - timedelta(days=1),
    )
    signed = asked().signed
    said = claims_of(signed) if signed else None

    assert (said["exp"] - said["iat"] if said else None) == seconds


def test_the_client_makes_the_same_digest_and_believes_what_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(CLIENT_FOLDER)
    from understudy.kept import digest_of, read_signed  # noqa: PLC0415  (on the path only while a test asks for it)
    from understudy.models import CheckRequest as Question  # noqa: PLC0415
    from understudy.models import ModelUse  # noqa: PLC0415

    row = asked(revision="9c925d6")
    use = ModelUse("a/b", None, "9c925d6", None, ())
    question = Question("product-search", "production", (use, use), None, None)

    assert digest_of(question) == row.question_digest
    believed = read_signed(row.signed, question, (decoded(published_keys()[0]["x"]),), now=NOW.timestamp())
    assert (believed.verdict, believed.check_id) == ("fail", str(row.pk))


def test_the_digest_is_the_one_that_the_reference_describes() -> None:
    text = '["product-search","production",false,[["a/b","","9c925d6",""]]]'

    assert asked(revision="9c925d6").question_digest == hashlib.sha256(text.encode()).hexdigest()


def test_the_command_shows_public_keys_and_makes_private_ones(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verdict_keys")
    shown = capsys.readouterr().out
    call_command("verdict_keys", "--new")
    made = capsys.readouterr().out.strip()

    assert published_keys()[0]["x"] in shown
    assert len(decoded(made)) == 32
