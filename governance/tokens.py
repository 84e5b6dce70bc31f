"""Tokens of the API: made and revoked with a line of audit about the person they act as; their secret is in none."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from governance import audit
from governance.models import Token
from governance.refused import Refused, invalid
from governance.token_text import SHOWN, digest_of, is_token, new_text
from registry.models import System, Team, User
from registry.readable import can_be_read

LIFETIME = timedelta(days=90)
LONGEST = timedelta(days=365)
# So often at most is the moment of the last use written down: a request need not cost a write.
USE_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make(
    person: User,
    *,
    by: User | None,
    now: datetime,
    kind: str = Token.Kind.WRITE,
    name: str = "",
    system: System | None = None,
    team: Team | None = None,
    lifetime: timedelta = LIFETIME,
) -> tuple[Token, str]:
    """A token that acts as `person` within its kind and scope, and its text, which is told once.

    `by` None is the operator at the command line. Refused: `invalid`, and `not_allowed` for a token that would act as
    somebody else, which would be a way to decide on what one proposed.
    """
    if by is not None and by.pk != person.pk:
        raise Refused("not_allowed", "A token acts as the person who makes it; nobody makes one for somebody else.")
    if not person.is_active:
        raise invalid("person", f"person: the account of {person} is off.")
    if system is not None and team is not None:
        raise invalid("team", "team: name a system or a team, not both.")
    if not timedelta(0) < lifetime <= LONGEST:
        raise invalid("days", f"days: a token lives for 1 to {LONGEST.days} days.")
    if name and not can_be_read(name):
        raise invalid("name", "name: others have to understand it.")
    row, text = _store(
        person=person, kind=kind, name=name, system=system, team=team, made_at=now, expires_at=now + lifetime
    )
    # A token's own key says nothing to anybody: the line is about the person.
    audit.record("governance:token:made", person, actor=by, after=said(row))
    return row, text


def make_for_pipeline(**fields: object) -> tuple[Token, str]:
    """A token for a pipeline, inside the caller's transaction; the caller records it."""
    return _store(kind=Token.Kind.CHECK, **fields)


def _store(**fields: object) -> tuple[Token, str]:
    text = new_text()
    return Token.objects.create(prefix=text[:SHOWN], digest=digest_of(text), **fields), text


@transaction.atomic
def revoke(tokens: Iterable[Token], *, by: User | None, now: datetime) -> int:
    """Let tokens in no more, from the next request on; how many of them still did."""
    revoked = 0
    for row in tokens:
        if Token.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now):
            row.revoked_at = now
            subject = row.person or row.pipeline or row
            audit.record("governance:token:revoked", subject, actor=by, before=said(row))
            revoked += 1
    return revoked


def find(text: str, *, now: datetime) -> Token | None:
    """The token that lets in with `text` at `now`, its last use noted."""
    if not is_token(text):
        return None
    row = Token.objects.alive(now).select_related("person", "pipeline").filter(digest=digest_of(text)).first()
    if row is not None:
        _note_use(row, now)
    return row


def _note_use(row: Token, now: datetime) -> None:
    if row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        Token.objects.filter(unnoted, pk=row.pk).update(last_used_at=now)


def said(row: Token) -> dict[str, object]:
    """What an audit line says of a token: all but its secret."""
    return {
        "token": row.prefix,
        "name": row.name,
        "kind": row.kind,
        "system": row.system_id,
        "team": row.team_id,
        "expires_at": row.expires_at,
    }
