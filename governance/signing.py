"""Verdicts signed, so that who kept one can show it while nobody answers: JSON Web Signatures (RFC 7515) by Ed25519.

Keys are JSON Web Keys of the type OKP (RFC 8037); `kid` is the thumbprint of RFC 7638. A rotation puts a new key before
the old one, which is published until the last verdict that it signed has ended.
"""

import base64
import hashlib
import json
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from governance.models import Check

TYPE = "understudy-verdict+jwt"
ALGORITHM = "EdDSA"


def sign(check: Check, *, valid_for: timedelta) -> str:
    """The verdict of `check` as a compact signature that holds for so long; empty where nothing is to be signed.

    Needs the system and the environment loaded. What is signed:

        {"iss": "https://understudy.example", "sub": "product-search", "environment": "production", "verdict": "pass",
         "digest": "9f86d0…", "jti": "<id of the check>", "policy_version": 7, "iat": 1776243600, "exp": 1776330000}
    """
    if not settings.VERDICT_KEYS or not valid_for:
        return ""
    kid = key_id(settings.VERDICT_KEYS[0])
    claims = {
        "iss": settings.BASE_URL,
        "sub": check.system.slug,
        "environment": check.environment.slug,
        "verdict": str(check.verdict),
        "digest": check.question_digest,
        "jti": str(check.pk),
        "policy_version": check.policy_version,
        "iat": _seconds(check.checked_at),
        "exp": _seconds(check.checked_at + valid_for),
    }
    parts = ({"alg": ALGORITHM, "kid": kid, "typ": TYPE}, claims)
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_base64url(_private(settings.VERDICT_KEYS[0]).sign(signed.encode()))}"


def published_keys() -> list[dict[str, str]]:
    """The public halves of all keys as JSON Web Keys, the one that signs first."""
    return [
        {"kty": "OKP", "crv": "Ed25519", "x": public_half(key), "kid": key_id(key), "use": "sig", "alg": ALGORITHM}
        for key in settings.VERDICT_KEYS
    ]


def new_key() -> str:
    """A private key as the setting takes it."""
    return _base64url(secrets.token_bytes(32))


@lru_cache(maxsize=16)
def public_half(key: str) -> str:
    """The public key of a private one, both as base64url."""
    return _base64url(_private(key).public_key().public_bytes_raw())


@lru_cache(maxsize=16)
def key_id(key: str) -> str:
    """The thumbprint of RFC 7638: over the members that RFC 8037 requires, in order and without spaces."""
    members: dict[str, Any] = {"crv": "Ed25519", "kty": "OKP", "x": public_half(key)}
    return _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


@lru_cache(maxsize=16)
def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(f"{key}="))


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
