"""“One of these” as one parameter: thousands of them cost Django and the driver more than they cost the database."""

import json
from collections.abc import Collection
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.lookups import Lookup
from django.db.models.sql.compiler import SQLCompiler


class Among(Lookup):
    """`filter(Among("offering_id", ids))`: what `offering_id__in=ids` says, for whole numbers."""

    lookup_name = "among"
    prepare_rhs = False
    array = "bigint[]"

    def __init__(self, column: Any, values: Collection[Any]) -> None:
        # Django makes copies of lookups from their sides, which are expressions by then.
        super().__init__(F(column) if isinstance(column, str) else column, tuple(values))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, params = self._left(compiler, connection)
        return f"{left} = ANY(%s::{self.array})", (*params, self._array())

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, params = self._left(compiler, connection)
        return f"{left} IN (SELECT value FROM JSON_EACH(%s))", (*params, json.dumps(list(self.rhs)))  # noqa: S608 - a column of ours

    def _array(self) -> Any:
        # One text, because the driver turns a list into an array item by item.
        return f"{{{','.join(map(str, self.rhs))}}}"

    def _left(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        left, params = self.process_lhs(compiler, connection)
        return left, tuple(params)


class AmongTexts(Among):
    """The same for texts."""

    array = "text[]"

    def _array(self) -> Any:
        return list(self.rhs)
