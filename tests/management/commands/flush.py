"""The flush that the test runner calls between tests: the one that is allowed to empty the guarded tables."""

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        database = options["database"]
        with transaction.atomic(using=database), connections[database].cursor() as cursor:
            if connections[database].vendor == "postgresql":
                cursor.execute("SET LOCAL understudy.allow_flush = 'on'")
                super().handle(**options)
            else:
                cursor.execute("INSERT INTO governance_flush_permit VALUES (1)")
                super().handle(**options)
                cursor.execute("DELETE FROM governance_flush_permit")
