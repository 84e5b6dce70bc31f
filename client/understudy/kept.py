"""The last signed verdict of a question, for the hour in which nobody answers it.

Kept is what the server signed (a JSON Web Signature, RFC 7515, by Ed25519), and believed is only what a public key says
that the *configuration* names: `UNDERSTUDY_VERDICT_KEYS`. A key that was learnt at first use would lie in the same cache
as the verdict, and whoever can write one could write the other. Without configured keys nothing is kept and nothing read.
"""

import base64
import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from understudy.ed25519 import KEY_BYTES, is_signed
from understudy.errors import UsageError
from understudy.models import Answer, CheckRequest, Verdict

KEYS_VARIABLE = "UNDERSTUDY_VERDICT_KEYS"
CACHE_VARIABLE = "UNDERSTUDY_CACHE"
# Whatever the server signs: what is older is no answer. Clocks may differ by the skew.
LONGEST_SECONDS = 24 * 3600
SKEW_SECONDS = 300
LONGEST_TEXT = 8192
HEADER = {"alg": "EdDSA", "typ": "understudy-verdict+jwt"}
_PART = re.compile(r"[A-Za-z0-9_-]+")


class NotTrustedError(Exception):
    """A signed verdict cannot be gone by; the text is the end of “the last verdict …”."""


@dataclass(frozen=True, slots=True)
class SignedVerdict:
    """What a trusted key has signed about one question. Moments are seconds since 1970."""

    verdict: Verdict
    check_id: str
    policy_version: int
    checked_at: int
    ends_at: int

    def __str__(self) -> str:
        return f"{self.verdict}, checked at {_moment(self.checked_at)}, counts until {_moment(self.ends_at)}"


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys that are believed, and the folder where verdicts are kept."""

    keys: tuple[bytes, ...]
    folder: Path


def find_trust(environ: Mapping[str, str]) -> Trust | None:
    """What the environment names; None where it names no key. A key that cannot be one is refused, not passed over."""
    texts = environ.get(KEYS_VARIABLE, "").replace(",", " ").split()
    if not texts:
        return None
    keys = tuple(_decoded(text) or b"" for text in texts)
    if not all(len(key) == KEY_BYTES for key in keys):
        message = (
            f"{KEYS_VARIABLE} must hold public keys as /api/v1/keys/ shows them (x, 43 characters), comma-separated"
        )
        raise UsageError(message)
    folder = environ.get(CACHE_VARIABLE) or Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "understudy"
    return Trust(keys, Path(folder))


def digest_of(question: CheckRequest) -> str:
    """The hash that the server makes of the same question: system, environment, and what is said of each model.

    Places, commit and link to the run decide nothing, so they are no part of it.
    """
    asked = sorted({(use.ref, use.via or "", use.revision or "", use.purpose or "") for use in question.models})
    document = [question.system, question.environment, question.is_complete, asked]
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def keep(trust: Trust, question: CheckRequest, answer: Answer, *, now: float) -> str:
    """Keep the signed verdict of `answer`; returns why that was not possible, or an empty text.

    An answer that nobody knew does not displace an earlier one: it does not contradict it. Nor does one displace another
    that was given after it, to a job that was quicker.
    """
    if answer.verdict is Verdict.UNKNOWN:
        return ""
    if answer.signed is None:
        _forget(trust, question)
        return "the server signs no verdicts"
    try:
        verdict = read_signed(answer.signed, question, trust.keys, now=now)
    except NotTrustedError as error:
        _forget(trust, question)
        return f"its signed verdict {error}"
    if verdict.verdict is not answer.verdict:
        _forget(trust, question)
        return "its signed verdict is another than the one it answers"
    try:
        if not _is_outdated(verdict, trust, question, now=now):
            _write(_file(trust, question), answer.signed)
    except OSError as error:
        _forget(trust, question)
        return f"the verdict cannot be kept in {trust.folder}: {error.strerror}"
    return ""


def _is_outdated(verdict: SignedVerdict, trust: Trust, question: CheckRequest, *, now: float) -> bool:
    try:
        return recall(trust, question, now=now).checked_at > verdict.checked_at
    except NotTrustedError:
        return False


def recall(trust: Trust, question: CheckRequest, *, now: float) -> SignedVerdict:
    """The kept verdict of the same question; raises `NotTrustedError` where there is none that counts."""
    try:
        with _file(trust, question).open("rb") as file:
            text = file.read(LONGEST_TEXT + 1).decode("ascii")
    except (OSError, UnicodeDecodeError):
        message = f"is not in {trust.folder}"
        raise NotTrustedError(message) from None
    return read_signed(text.strip(), question, trust.keys, now=now)


def read_signed(text: str, question: CheckRequest, keys: tuple[bytes, ...], *, now: float) -> SignedVerdict:
    """What `text` says, if one of `keys` has signed it, it is about `question`, and it counts at `now`."""
    parts = text.split(".")
    if len(text) > LONGEST_TEXT or len(parts) != 3:  # noqa: PLR2004  (header, claims, signature)
        _distrust("is no JSON Web Signature")
    header, claims, signature = (_decoded(part) for part in parts)
    if header is None or claims is None or signature is None:
        _distrust("is no JSON Web Signature")
    signed = text.rpartition(".")[0].encode("ascii")
    # Before anything in it is read: what nobody has signed may be anything.
    if not any(is_signed(key, signed, signature) for key in keys):
        _distrust(f"is signed by no key that {KEYS_VARIABLE} names")
    said = _object(header)
    if any(said.get(name) != value for name, value in HEADER.items()) or "crit" in said:
        _distrust("is signed in another way than this client knows")
    return _claimed(_object(claims), question, now=now)


def _claimed(claims: Mapping[str, object], question: CheckRequest, *, now: float) -> SignedVerdict:
    about = {"sub": question.system, "environment": question.environment, "digest": digest_of(question)}
    if any(claims.get(name) != value for name, value in about.items()):
        _distrust("is about another question")
    checked_at, ends_at, policy = (_whole(claims, name) for name in ("iat", "exp", "policy_version"))
    if checked_at > now + SKEW_SECONDS:
        _distrust("is from the future")
    if ends_at - checked_at > LONGEST_SECONDS:
        _distrust("claims to count for more than a day")
    if now >= ends_at:
        _distrust(f"has ended at {_moment(ends_at)}")
    try:
        verdict = Verdict(str(claims.get("verdict")))
    except ValueError:
        _distrust("is none that this client knows")
    return SignedVerdict(verdict, str(claims.get("jti", "")), policy, checked_at, ends_at)


def _distrust(why: str) -> NoReturn:
    raise NotTrustedError(why) from None


def _object(octets: bytes) -> Mapping[str, object]:
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        _distrust("is no JSON Web Signature")
    return document


def _whole(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 40:
        _distrust(f"states no {name}")
    return value


def _decoded(text: str) -> bytes | None:
    """base64url without padding (RFC 7515, section 2); None for what is none."""
    if not _PART.fullmatch(text) or len(text) % 4 == 1:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _file(trust: Trust, question: CheckRequest) -> Path:
    return trust.folder / f"{digest_of(question)}.jws"


def _write(path: Path, text: str) -> None:
    """Whole or not at all: another job may read it at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", encoding="ascii", delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(text)
            file.flush()
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise


def _forget(trust: Trust, question: CheckRequest) -> None:
    """What was kept is contradicted, or cannot be shown to be the last word: it must not speak again."""
    with contextlib.suppress(OSError):
        _file(trust, question).unlink(missing_ok=True)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
