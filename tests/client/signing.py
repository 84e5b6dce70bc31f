"""Signs verdicts as the server does, with another's library: the judge of what the client believes."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HEADER = {"alg": "EdDSA", "typ": "understudy-verdict+jwt", "kid": "of-the-tests"}
OURS, ANOTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (7, 8))


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def public(key: Ed25519PrivateKey = OURS) -> str:
    """The key as the configuration of a client names it."""
    return encoded(key.public_key().public_bytes_raw())


def claims(digest: str, verdict: str = "pass", *, age: float = 0, **changed: Any) -> dict[str, Any]:
    """What is signed of a verdict that was given `age` seconds ago and counts for a day."""
    given = int(time.time() - age)
    return {
        "iss": "https://understudy.example.org",
        "sub": "product-search",
        "environment": "production",
        "verdict": verdict,
        "digest": digest,
        "jti": "0197",
        "policy_version": 7,
        "iat": given,
        "exp": given + 86400,
        **changed,
    }


def signed(said: object, *, key: Ed25519PrivateKey = OURS, header: object = None) -> str:
    """A compact JSON Web Signature of `said`."""
    parts = (HEADER if header is None else header, said)
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(key.sign(text.encode()))}"
