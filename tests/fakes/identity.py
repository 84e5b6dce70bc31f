"""An identity provider as CI services run one: discovery, keys that rotate, and GitHub's door where a job asks for its identity.

A real HTTP server with a log. It signs whatever it is told to: what is wrong with an identity is up to the test.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

REQUEST_TOKEN = "what-the-runner-gave-the-job"
GITHUB_CLAIMS: Mapping[str, Any] = {
    "sub": "repo:northwind/search:ref:refs/heads/main",
    "repository": "northwind/search",
    "repository_id": "74",
    "repository_owner": "northwind",
    "repository_owner_id": "65",
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "event_name": "push",
}
GITLAB_CLAIMS: Mapping[str, Any] = {
    "sub": "project_path:northwind/search:ref_type:branch:ref:main",
    "project_path": "northwind/search",
    "project_id": "22",
    "namespace_path": "northwind",
    "namespace_id": "72",
    "ref": "main",
    "ref_type": "branch",
    "ref_path": "refs/heads/main",
}


@dataclass
class Provider:
    """`keys` are published by `kid`; `log` is every path that was asked for; `broken` is the status of all answers."""

    url: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    broken: int = 0
    described: dict[str, Any] = field(default_factory=dict)
    extra_rows: list[dict[str, Any]] = field(default_factory=list)

    def rotate(self, kid: str) -> None:
        """Publish a new key beside the others; identities are signed with it from now on."""
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What a job of the main branch says; None in `changed` leaves a claim out."""
        now = int(time.time())
        usual = dict(GITHUB_CLAIMS) | {
            "iss": self.url,
            "aud": "https://understudy.example",
            "exp": now + 300,
            "iat": now,
            "nbf": now,
            "jti": str(uuid4()),
        }
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def identity(self, *, headers: dict[str, Any] | None = None, **changed: Any) -> str:
        """Signed with the newest key, unless `headers` say otherwise."""
        kid = next(reversed(self.keys))
        return jwt.encode(self.claims(**changed), self.keys[kid], "RS256", headers={"kid": kid} | (headers or {}))

    def document(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.described
        if path == "/keys":
            return {"keys": [public_row(kid, key) for kid, key in self.keys.items()] + self.extra_rows}
        return None


def public_row(kid: str, key: Any) -> dict[str, Any]:
    """The public half of a key as a JWK."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        row, algorithm = ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "ES256"
    else:
        row, algorithm = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "RS256"
    return dict(row) | {"kid": kid, "use": "sig", "alg": algorithm}


def by_hand(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes | None = None) -> str:
    """A JWT as no library would make it: unsigned, or signed with HMAC and any bytes as the secret."""
    signed = b".".join(_packed(json.dumps(part).encode()) for part in (header, claims))
    signature = b"" if secret is None else hmac.new(secret, signed, hashlib.sha256).digest()
    return b".".join((signed, _packed(signature))).decode()


def pem_of(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _packed(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers until the block ends, with one key."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            provider.log.append(address.path)
            if address.path == "/job":
                self._give_identity(parse_qs(address.query))
                return
            document = provider.document(address.path)
            status = provider.broken or (200 if document is not None else 404)
            self._send(status, document or {})

        def _give_identity(self, asked: dict[str, list[str]]) -> None:
            """GitHub's ACTIONS_ID_TOKEN_REQUEST_URL: for whom is asked, and the runner's own token proves the job."""
            if self.headers.get("Authorization") != f"Bearer {REQUEST_TOKEN}":
                self._send(401, {})
                return
            self._send(200, {"value": provider.identity(aud=asked["audience"][0])})

        def _send(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the terminal: `log` tells."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    provider.rotate("first")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
