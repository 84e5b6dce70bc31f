"""Rows by many ids: one parameter for all of them, instead of one each."""

from collections.abc import Collection

from django.db import connection
from django.db.models.expressions import RawSQL

# So few cost nothing as parameters of their own, and give the planner the better guess.
_FEW = 200


def among(ids: Collection[int]) -> Collection[int] | RawSQL:
    """For `pk__in`, any number of ids; a thousand as parameters of their own cost more than the query."""
    if len(ids) <= _FEW:
        return ids
    if connection.vendor == "postgresql":
        # As one text, because a list is turned into an array item by item.
        return RawSQL("SELECT unnest(%s::bigint[])", [f"{{{','.join(map(str, ids))}}}"])
    return RawSQL("SELECT value FROM json_each(%s)", [str(list(ids))])
