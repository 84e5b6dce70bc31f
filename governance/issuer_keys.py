"""The public keys of issuers: asked for when one is missing, kept for some minutes, never asked for in a row.

Only issuers that the operator names are asked, and only at their own host, so nobody who sends an identity, or names a
pipeline, chooses an address that we fetch.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import jwt

from registry.budget import Budget
from registry.upstream import http
from registry.upstream.base import UpstreamError

# A key that the issuer took back is believed for so long at most, while the issuer answers.
FRESH_FOR = timedelta(minutes=10)
# An issuer that does not answer stops no pipeline for so long.
KEPT_FOR = timedelta(hours=24)
# An unknown `kid` may be a new key; a flood of them is not worth a flood of requests.
ASKED_EVERY = timedelta(seconds=30)
DEADLINE = timedelta(seconds=5)
MAX_BYTES = 256 * 1024
_MOST_KEYS = 100


@dataclass(slots=True)
class _Known:
    keys: Mapping[str, jwt.PyJWK] = field(default_factory=dict)
    fetched_at: datetime | None = None
    asked_at: datetime | None = None
    lock: Lock = field(default_factory=Lock)


_known: dict[str, _Known] = {}


def key_of(now: datetime) -> Callable[[str, str], jwt.PyJWK | None]:
    """The look-up that `governance.identity` takes; raises `UpstreamError` where the issuer cannot be asked."""

    def find(issuer: str, kid: str) -> jwt.PyJWK | None:
        known = _known.setdefault(issuer, _Known())
        with known.lock:
            if _is_old(known, now) or kid not in known.keys:
                _ask(issuer, known, now)
            return known.keys.get(kid)

    return find


def forget() -> None:
    """Ask all issuers anew."""
    _known.clear()


def _is_old(known: _Known, now: datetime) -> bool:
    return known.fetched_at is None or now - known.fetched_at > FRESH_FOR


def _ask(issuer: str, known: _Known, now: datetime) -> None:
    if known.asked_at is not None and now - known.asked_at < ASKED_EVERY:
        if known.fetched_at is None:
            raise UpstreamError(
                f"{http.host_of(issuer)} was asked for its keys just now and did not answer.", retryable=True
            )
        return
    known.asked_at = now
    try:
        known.keys = _fetched(issuer)
        known.fetched_at = now
    except UpstreamError:
        if known.fetched_at is None or now - known.fetched_at > KEPT_FOR:
            known.keys, known.fetched_at = {}, None
            raise


def _fetched(issuer: str) -> dict[str, jwt.PyJWK]:
    """OpenID Connect Discovery 1.0, section 4: the document names itself and where the keys are."""
    discovered = _document(issuer, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    address = discovered.get("jwks_uri")
    if discovered.get("issuer") != issuer or not isinstance(address, str) or not _is_at_home(address, issuer):
        raise UpstreamError(
            f"{http.host_of(issuer)} describes another issuer, or keys at another host.", retryable=False
        )
    rows = _document(issuer, address).get("keys")
    if not isinstance(rows, list):
        raise UpstreamError(f"{http.host_of(issuer)} gave no keys.", retryable=False)
    return dict(key for row in rows[:_MOST_KEYS] if (key := _key(row)) is not None)


def _is_at_home(address: str, issuer: str) -> bool:
    there, home = urlsplit(address), urlsplit(issuer)
    return (there.scheme, there.netloc) == (home.scheme, home.netloc)


def _document(issuer: str, address: str) -> dict[str, Any]:
    budget = Budget(f"ci:{http.host_of(issuer)}"[:80])
    document = http.get(address, budget=budget, max_bytes=MAX_BYTES, deadline=DEADLINE)
    try:
        read = json.loads(document.raw if document else b"")
    except (ValueError, RecursionError) as error:
        raise UpstreamError(f"{http.host_of(issuer)} answered with no JSON.", retryable=True) from error
    if not isinstance(read, dict):
        raise UpstreamError(f"{http.host_of(issuer)} answered with no JSON object.", retryable=False)
    return read


def _key(row: Any) -> tuple[str, jwt.PyJWK] | None:
    """A key for signatures that we can use; others of the set are passed over (RFC 7517, section 5)."""
    if not isinstance(row, dict) or not isinstance(row.get("kid"), str) or row.get("use", "sig") != "sig":
        return None
    if row.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        return row["kid"], jwt.PyJWK(row)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
