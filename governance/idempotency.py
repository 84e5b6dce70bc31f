"""A question that is sent twice under one key is answered once (the IETF's draft of the `Idempotency-Key` header).

The key is a row before anything is asked, claimed with a lease; the answer is tied to it in the transaction that stores
it. So of two requests under one key one works and the other is told to wait, whatever dies in between, on any database.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from governance.models import Check, IdempotencyKey

# Longer than any answer takes; a request that died gives its key back after that.
LEASE = timedelta(seconds=60)
# A retry comes within seconds; a day later the same key is another question.
KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class BadKey(ValueError):
    """The header holds no key."""


class KeyReused(Exception):
    """The key came with another body before."""


class KeyInUse(Exception):
    """A request under this key is being answered at this moment."""


def read_key(header: str) -> str:
    """The key that a header states, as the draft's quoted string or bare; raises `BadKey`."""
    text = header.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not _KEY.fullmatch(text):
        raise BadKey("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces, such as a UUID.")
    return text


def answer_once(
    claim: IdempotencyKey, answer: Callable[[IdempotencyKey], Check], *, now: datetime
) -> tuple[Check, bool]:
    """The check of this key, and whether it was answered before.

    `claim` states who asks under which key, and the hash of what; it is not saved. `answer` has to tie its check to the
    row that it is given (`tie`). Raises `KeyReused` and `KeyInUse`, and whatever `answer` raises: then the key is free again.
    """
    claim.created_at, claim.claimed_until = now, now + LEASE
    row, is_ours = IdempotencyKey.objects.get_or_create(
        asker=claim.asker,
        key=claim.key,
        defaults={"digest": claim.digest, "claimed_until": claim.claimed_until, "created_at": now},
    )
    if not is_ours and not _take_over(row, claim):
        if row.digest != claim.digest:
            raise KeyReused
        if row.check_run is None:
            raise KeyInUse
        return row.check_run, True
    try:
        return answer(row), False
    except Exception:
        _held(row).delete()
        raise


def tie(row: IdempotencyKey, check: Check) -> None:
    """Give the key its answer, in the transaction that stores it; raises `KeyInUse` where the lease was lost."""
    if not _held(row).update(check_run=check):
        raise KeyInUse


def forget(*, now: datetime) -> int:
    """Drop the keys that are no longer kept; returns how many."""
    count, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()
    return count


def _held(row: IdempotencyKey) -> QuerySet[IdempotencyKey]:
    return IdempotencyKey.objects.filter(pk=row.pk, check_run=None, claimed_until=row.claimed_until)


def _take_over(row: IdempotencyKey, claim: IdempotencyKey) -> bool:
    """Claim a key that is too old to count, or whose request died; False where somebody holds it."""
    if row.created_at >= claim.created_at - KEPT and (
        row.check_run_id is not None or row.claimed_until >= claim.created_at or row.digest != claim.digest
    ):
        return False
    fields = {"digest": claim.digest, "claimed_until": claim.claimed_until, "created_at": claim.created_at}
    same = IdempotencyKey.objects.filter(pk=row.pk, claimed_until=row.claimed_until, check_run=row.check_run_id)
    if not same.update(check_run=None, **fields):
        raise KeyInUse
    row.refresh_from_db()
    return True
