"""Many rows of key and value as one JSON object, on both databases."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, JSONField
from django.db.models.sql.compiler import SQLCompiler


class JSONObjectAgg(Aggregate):
    """`JSONObjectAgg("key", "value")`: an object of the rows of a group, where `value` is a JSON field."""

    function = "JSONB_OBJECT_AGG"
    arity = 2
    output_field = JSONField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:  # noqa: ARG002 - Django calls it so
        key, value = self.get_source_expressions()[:2]
        key_sql, key_params = compiler.compile(key)
        value_sql, value_params = compiler.compile(value)
        # SQLite keeps JSON as text; without JSON() it would become a string in the object.
        return f"JSON_GROUP_OBJECT({key_sql}, JSON({value_sql}))", (*key_params, *value_params)
