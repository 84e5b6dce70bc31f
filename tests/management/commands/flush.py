"""The flush that the test runner calls between tests.

It is allowed to empty the guarded tables, and puts back the rows that migrations made: licenses, sources, roles. So no
test depends on whether one that flushes ran before it.
"""

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        rows = getattr(connection, "_test_serialized_contents", "")
        # What follows a migration makes content types and permissions, which are among the rows that come back.
        options["inhibit_post_migrate"] = bool(rows)
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL understudy.allow_flush = 'on'")
                super().handle(**options)
            else:
                cursor.execute("INSERT INTO governance_flush_permit VALUES (1)")
                super().handle(**options)
                cursor.execute("DELETE FROM governance_flush_permit")
        if rows:
            connection.creation.deserialize_db_from_string(rows)
