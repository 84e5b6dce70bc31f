"""API tokens are made and revoked with a line of audit about the person they act as; their secret is in none."""

from collections.abc import Iterable

from django.db import transaction
from knox.models import AuthToken

from governance import audit
from registry.models import User


@transaction.atomic
def make(person: User, *, by: User | None) -> tuple[AuthToken, str]:
    """A token that acts as `person`, and its text, which is told once. Rights are the caller's to check."""
    row, text = AuthToken.objects.create(user=person)
    # A token's own key is a hash that nobody recognises: the line is about the person.
    audit.record("governance:token:made", person, actor=by, after=_said(row))
    return row, text


@transaction.atomic
def revoke(tokens: Iterable[AuthToken], *, by: User | None) -> int:
    """Take tokens away for good; how many there were."""
    rows = list(tokens)
    for row in rows:
        person, said = row.user, _said(row)
        row.delete()
        audit.record("governance:token:revoked", person, actor=by, before=said)
    return len(rows)


def _said(row: AuthToken) -> dict[str, object]:
    return {"token": row.token_key, "expires_at": row.expiry}
