"""A day that lies a number of days after a moment, as the database itself computes it in a constraint."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Func
from django.db.models.sql.compiler import SQLCompiler


class DaysAfter(Func):
    """The day `days` after the day (in UTC) of the moment or day `expression`.

    Django's own arithmetic calls functions that only its own connections to SQLite know; a constraint has to hold for
    whoever writes.
    """

    output_field = DateField()

    def __init__(self, expression: Any, days: int) -> None:
        super().__init__(expression)
        self.days = days

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        (source,) = self.get_source_expressions()
        return f"{type(self).__module__}.{type(self).__qualname__}", [source.name, self.days], {}

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"date(%(expressions)s, '+{self.days} days')", **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        template = f"((%(expressions)s)::timestamptz AT TIME ZONE 'UTC')::date + {self.days}"
        (source,) = self.get_source_expressions()
        if isinstance(source.output_field, DateField) and source.output_field.get_internal_type() == "DateField":
            template = f"(%(expressions)s) + {self.days}"
        return self.as_sql(compiler, connection, template=f"({template})", **extra)
