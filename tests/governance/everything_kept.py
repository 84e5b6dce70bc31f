"""All that the database holds, for tests that look for what must not be in it."""

from django.db import connection


def dump() -> str:
    """Every value of every table."""
    with connection.cursor() as cursor:
        texts = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name that the database gave
            texts += [str(row) for row in cursor.fetchall()]
    return "\n".join(texts)
