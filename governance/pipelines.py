"""Pipelines that may ask the gate about a system by the identity their CI gives them; no secret is kept anywhere.

A system's owners name a pipeline, somebody else who is a reviewer or an administrator agrees, and either side ends it.
What it gets in exchange for its identity is a token for a quarter of an hour that asks about that one system.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from governance import audit, tokens
from governance.identity import LEEWAY, Identity, NotBelieved, believe
from governance.issuer_keys import key_of
from governance.models import Pipeline, SpentIdentity, Token
from governance.refused import Refused, invalid
from governance.snapshot import snapshot
from registry.models import System, User

LIFETIME = timedelta(minutes=15)
_MOST = 20
_LONGEST = 300

# By provider: what an identity must at least be held to. A name can be given to somebody else, an id cannot.
# GitHub: "About security hardening with OpenID Connect"; GitLab: "ID token payload".
NEEDED: Mapping[str, tuple[str, ...]] = {
    Pipeline.Provider.GITHUB: ("repository_id", "repository_owner_id"),
    Pipeline.Provider.GITLAB: ("project_id", "namespace_id"),
    Pipeline.Provider.OIDC: ("sub",),
}
ISSUERS: Mapping[str, str] = {
    Pipeline.Provider.GITHUB: "https://token.actions.githubusercontent.com",
    Pipeline.Provider.GITLAB: "https://gitlab.com",
}
# GitLab's `ref` is the bare name; which kind of name it is stands in `ref_path`.
_REF = {Pipeline.Provider.GITLAB: "ref_path"}


@dataclass(frozen=True, slots=True)
class Named:
    """What a pipeline is known by."""

    provider: str
    issuer: str
    audience: str
    claims: Mapping[str, str]
    environments: Sequence[str] = ()
    refs: Sequence[str] = ()


def name(system: System, named: Named, *, by: User, now: datetime) -> Pipeline:
    """Ask that a pipeline be trusted; it is once another person agrees. Refused: `not_allowed`, `invalid`."""
    _refuse_nonsense(named)
    with transaction.atomic():
        row = Pipeline(
            system=system,
            provider=named.provider,
            issuer=named.issuer,
            audience=named.audience,
            claims=dict(named.claims),
            environments=list(named.environments),
            refs=list(named.refs),
            made_by=by,
            made_at=now,
        )
        # Read anew: what the caller holds may be older than the loss of the right.
        if not _fresh(by).has_perm("governance.change_pipeline", row):
            raise Refused(
                "not_allowed", f"Only those who own {system}, reviewers and administrators name its pipelines."
            )
        row.save()
        audit.record("governance:pipeline:named", row, actor=by, after=snapshot(row))
    return row


def agree(row: Pipeline, *, by: User, now: datetime) -> Pipeline:
    """From now on it lets in. Refused: `not_allowed`, `own_act`, `closed`."""
    with transaction.atomic():
        locked = Pipeline.objects.select_for_update().select_related("system").get(pk=row.pk)
        if locked.made_by_id == by.pk:
            raise Refused("own_act", "Somebody else has to agree: who names a pipeline does not let it in alone.")
        if not _fresh(by).has_perm("governance.agree_pipeline", locked):
            raise Refused("not_allowed", "Only reviewers and administrators agree to pipelines.")
        if locked.ended_at is not None or locked.agreed_at is not None:
            raise Refused("closed", "It was ended or agreed to already.")
        locked.agreed_by, locked.agreed_at = by, now
        locked.save(update_fields=["agreed_by", "agreed_at"])
        audit.record("governance:pipeline:agreed", locked, actor=by, after=snapshot(locked))
    return locked


def end(row: Pipeline, *, by: User, now: datetime) -> Pipeline:
    """Trust it no more, and the tokens that it holds neither. Refused: `not_allowed`, `closed`."""
    with transaction.atomic():
        locked = Pipeline.objects.select_for_update().select_related("system").get(pk=row.pk)
        if not _fresh(by).has_perm("governance.change_pipeline", locked):
            raise Refused("not_allowed", f"Only those who own {locked.system}, reviewers and administrators end it.")
        if locked.ended_at is not None:
            raise Refused("closed", "It was ended already.")
        locked.ended_by, locked.ended_at = by, now
        locked.save(update_fields=["ended_by", "ended_at"])
        audit.record("governance:pipeline:ended", locked, actor=by, before=snapshot(locked))
    return locked


def exchange(text: str, *, system: str, now: datetime) -> tuple[Token, str]:
    """A token for the pipeline that `text` identifies, and its own text; `system` is a slug.

    Raises `NotBelieved`, and `UpstreamError` where the issuer's keys cannot be had.
    """
    identity = believe(text, issuers=settings.CI_ISSUERS, key_of=key_of(now), now=now)
    found = Pipeline.objects.in_force().filter(issuer=identity.issuer, system__slug=system).select_related("system")
    row = next((one for one in found if fits(one, identity)), None)
    if row is None:
        raise NotBelieved("no_pipeline", _what_it_is(identity, system))
    with transaction.atomic():
        _spend(identity)
        token, secret = tokens.make_for_pipeline(
            pipeline=row, system=row.system, made_at=now, expires_at=now + LIFETIME, name=_run(identity)
        )
        Pipeline.objects.filter(pk=row.pk).update(last_used_at=now)
        audit.record("governance:pipeline:let-in", row, actor=None, after=tokens.said(token))
    return token, secret


def forget(*, now: datetime) -> None:
    """Drop identities and tokens of pipelines that are over since a day: the audit chain remembers them."""
    yesterday = now - timedelta(days=1)
    SpentIdentity.objects.filter(expires_at__lt=yesterday).delete()
    Token.objects.filter(pipeline__isnull=False, expires_at__lt=yesterday).delete()


def fits(row: Pipeline, identity: Identity) -> bool:
    """Whether an identity is the one that `row` is about: every claim, the audience, an environment and a ref."""
    ref = identity.says(_REF.get(Pipeline.Provider(row.provider), "ref"))
    return (
        row.issuer == identity.issuer
        and row.audience in identity.audiences
        and all(identity.says(claim) == value for claim, value in row.claims.items())
        and (not row.environments or identity.says("environment") in row.environments)
        and (not row.refs or (ref is not None and any(_matches(pattern, ref) for pattern in row.refs)))
    )


def _matches(pattern: str, ref: str) -> bool:
    """Whether `ref` is as in `pattern`, in which * is any characters; case counts, as it does for git."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), ref, re.DOTALL) is not None


def _spend(identity: Identity) -> None:
    digest = hashlib.sha256(f"{identity.issuer}\n{identity.token_id}".encode("utf-8", "replace")).hexdigest()
    # Not forgotten before it would be refused as expired anyway.
    _, is_new = SpentIdentity.objects.get_or_create(
        digest=digest, defaults={"expires_at": identity.expires_at + LEEWAY}
    )
    if not is_new:
        raise NotBelieved("used_before", "jti: it was exchanged already. Ask your CI for a new one for each check.")


def _run(identity: Identity) -> str:
    """What the token is for, as people find it again: the subject, which names repository and ref."""
    said = identity.says("sub") or ""
    return "".join(sign if sign.isprintable() else "·" for sign in said)[:80]


def _what_it_is(identity: Identity, system: str) -> str:
    """Says of the identity what its holder knows anyway, and of the pipelines that are trusted nothing."""
    told = (
        "repository_id",
        "repository_owner_id",
        "project_id",
        "namespace_id",
        "environment",
        "ref",
        "ref_path",
        "sub",
    )
    said = "; ".join(f"{claim} {value[:100]}" for claim in told if (value := identity.says(claim)) is not None)
    audiences = ", ".join(one[:100] for one in identity.audiences[:3])
    return f"No pipeline is trusted for a system “{system}” that is: issuer {identity.issuer}; audience {audiences}; {said}."


def _refuse_nonsense(named: Named) -> None:
    if named.provider not in NEEDED:
        raise invalid("provider", "provider: it is github, gitlab or oidc.")
    if named.issuer not in settings.CI_ISSUERS:
        known = ", ".join(settings.CI_ISSUERS) or "none"
        raise invalid("issuer", f"issuer: this server takes identities from {known}; the operator adds others.")
    _refuse_texts("audience", [named.audience])
    _refuse_texts("environments", named.environments)
    _refuse_texts("refs", named.refs)
    _refuse_texts("claims", [*named.claims, *named.claims.values()])
    for claim in NEEDED[named.provider]:
        if claim not in named.claims:
            raise invalid("claims", f"claims: {claim} is missing; {' and '.join(NEEDED[named.provider])} are needed.")
        if claim.endswith("_id") and not re.fullmatch("[0-9]{1,20}", named.claims[claim]):
            raise invalid("claims", f"claims: {claim} is a number, the id and not the name.")


def _refuse_texts(field: str, texts: Sequence[str]) -> None:
    if len(texts) > 2 * _MOST:
        raise invalid(field, f"{field}: at most {_MOST}.")
    for text in texts:
        if not 0 < len(text) <= _LONGEST or not text.isprintable() or text != text.strip():
            raise invalid(field, f"{field}: each is 1 to {_LONGEST} characters that one sees, without space around it.")


def _fresh(person: User) -> User:
    return User.objects.get(pk=person.pk)
