"""How often somebody may knock: at most L times in any minute, counted over all processes in the database.

The generic cell rate algorithm (ITU-T I.371) in one conditional UPDATE: a row holds until when the allowance is used
up, and each knock moves that on by 60 s / (L/2). Half of L may come at once and half is given back in a minute, so
that no minute, wherever it begins, lets more than L through. A knock that is refused writes nothing.
"""

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Greatest

from governance.models import Pace

_MINUTE = 60.0
# Rows that were full so long ago say nothing any more.
_FORGOTTEN_AFTER = 24 * 60 * _MINUTE


def wait_for(who: str, *, limit: int, now: datetime) -> int:
    """0: let in, and counted. Else after how many seconds another knock of `who` may be let in.

    `who` names the door and who knocks, as in `log-in:olga`; `limit` is a minute's, 0 lets everybody through.
    """
    if limit <= 0:
        return 0
    key, moment = hashlib.sha256(who.encode("utf-8", "replace")).hexdigest(), now.timestamp()
    step = _MINUTE / max(limit / 2, 1)
    burst = step * max(limit // 2, 1)
    if _moved(key, moment, step, burst):
        return 0
    Pace.objects.bulk_create([Pace(key=key, full_until=0.0)], ignore_conflicts=True)
    if _moved(key, moment, step, burst):
        return 0
    full_until = Pace.objects.values_list("full_until", flat=True).filter(pk=key).first() or moment
    return max(1, math.ceil(full_until + step - burst - moment))


def _moved(key: str, moment: float, step: float, burst: float) -> bool:
    """Whether there was room for one more; decided and taken in the same statement, so that no two take the same."""
    room = Pace.objects.filter(pk=key, full_until__lte=moment + burst - step)
    return room.update(full_until=Greatest(F("full_until"), Value(moment)) + step) == 1


def forget(*, now: datetime) -> int:
    """Drop the rows of those who have not knocked for a day; how many."""
    return Pace.objects.filter(full_until__lt=now.timestamp() - _FORGOTTEN_AFTER).delete()[0]


def address_of(meta: Mapping[str, Any], *, proxies: int) -> str:
    """Where a request (WSGI's environment of it) comes from, behind so many proxies of our own.

    Each proxy appends the address it was asked from to X-Forwarded-For, so only as many entries from the right are
    true; what stands further left was written by whoever asks, and buys nothing.
    """
    peer = str(meta.get("REMOTE_ADDR", ""))
    forwarded = [part.strip() for part in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",") if part.strip()]
    chain = [*forwarded, peer]
    return chain[-1 - min(proxies, len(chain) - 1)]
