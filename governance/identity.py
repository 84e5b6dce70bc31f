"""The identity of a pipeline: the JSON Web Token that its CI signs, read and believed, or refused with the reason.

RFC 7519 (JWT), RFC 7517 (keys), RFC 8725 (best practice): asymmetric algorithms alone, chosen by us and not by the
token; the key is found by `kid` among those of the issuer, never by what the token itself brings along.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LONGEST = 16 * 1024
# How far two clocks may be apart.
LEEWAY = timedelta(seconds=60)
# Pipelines last hours. What claims to be good for longer is not made for one.
LONGEST_LIFE = timedelta(hours=24)
_LEAST_RSA_BITS = 2048
_LONGEST_ID = 500

KeyOf = Callable[[str, str], jwt.PyJWK | None]
"""The public key of an issuer by its `kid`; None where the issuer has no such key."""


class NotBelieved(Exception):
    """The identity is not taken. `reason` is a stable word, the text says what is wrong with it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """What an issuer says of a pipeline, its signature verified and its time right."""

    issuer: str
    token_id: str
    audiences: tuple[str, ...]
    expires_at: datetime
    claims: Mapping[str, Any]

    def says(self, name: str) -> str | None:
        """A claim as text; None where it is absent or no text or number."""
        value = self.claims.get(name)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def believe(text: str, *, issuers: Sequence[str], key_of: KeyOf, now: datetime) -> Identity:
    """The identity in `text`; raises `NotBelieved`, and whatever `key_of` raises where it cannot look."""
    header = _header(text)
    issuer = _issuer(text, issuers)
    key = key_of(issuer, header["kid"])
    if key is None:
        raise NotBelieved("unknown_key", f"kid: {issuer} has no such key.")
    return _identity(_verified(text, key, header["alg"]), issuer, now)


def _header(text: str) -> dict[str, str]:
    if len(text) > LONGEST:
        raise NotBelieved("too_large", f"It is longer than {LONGEST:,} characters.")
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotBelieved("malformed", "It is no JSON Web Token.") from error
    if header.get("alg") not in ALGORITHMS:
        raise NotBelieved("algorithm", f"alg: only {', '.join(ALGORITHMS)} are taken.")
    if "crit" in header:
        raise NotBelieved("malformed", "crit: it asks for an extension that is not known here.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_ID:
        raise NotBelieved("unknown_key", "kid: it does not say which key signed it.")
    return {"alg": header["alg"], "kid": kid}


def _issuer(text: str, issuers: Sequence[str]) -> str:
    """Who it says it is from, before that is known to be true: only whose keys to ask for."""
    try:
        said = jwt.decode(text, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotBelieved("malformed", "It is no JSON Web Token.") from error
    if not isinstance(said, str) or said not in issuers:
        raise NotBelieved("issuer", "iss: it is from nobody whose identities are taken here.")
    return said


def _verified(text: str, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
    """The claims, whose signature is right. Times and audience are judged by us, with the moment of the caller."""
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < _LEAST_RSA_BITS:
        raise NotBelieved("algorithm", f"kid: the key has fewer than {_LEAST_RSA_BITS} bits.")
    options: Any = dict.fromkeys(
        ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub", "verify_jti"), False
    )
    try:
        # PyJWK holds the algorithm that the issuer publishes with the key, and PyJWT refuses another.
        claims: dict[str, Any] = jwt.decode(text, key, algorithms=[algorithm], options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise NotBelieved("signature", "It was not signed by the key that it names.") from error
    return claims


def _identity(claims: dict[str, Any], issuer: str, now: datetime) -> Identity:
    expires_at, issued_at = _moment(claims, "exp"), _moment(claims, "iat")
    if expires_at <= now - LEEWAY:
        raise NotBelieved("expired", "exp: it has expired. Ask your CI for a new one.")
    if issued_at > now + LEEWAY:
        raise NotBelieved("from_the_future", "iat: it was made in the future.")
    if "nbf" in claims and _moment(claims, "nbf") > now + LEEWAY:
        raise NotBelieved("from_the_future", "nbf: it is not good yet.")
    if expires_at - issued_at > LONGEST_LIFE:
        raise NotBelieved("too_long", f"exp: it is good for more than {LONGEST_LIFE}.")
    token_id, audience = claims.get("jti"), claims.get("aud")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= _LONGEST_ID:
        raise NotBelieved("missing_claim", "jti: it has none, so it could be used twice.")
    audiences = (audience,) if isinstance(audience, str) else tuple(audience if isinstance(audience, list) else ())
    if not audiences or not all(isinstance(one, str) for one in audiences):
        raise NotBelieved("missing_claim", "aud: it does not say for whom it is.")
    return Identity(issuer, token_id, audiences, expires_at, claims)


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate (seconds since 1970) of the claims."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotBelieved("missing_claim", f"{name}: it does not say so as a number of seconds.")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotBelieved("missing_claim", f"{name}: {value} is no moment.") from error
