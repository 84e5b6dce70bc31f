"""SQLite's own way to write over a row: it deletes, and asks the triggers that refuse that only where it is told to."""

import pytest
from django.db import IntegrityError, connection

from governance import audit
from tests import factories as make
from tests.governance.guards import sql

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE"),
]

THE_SAME = "REPLACE INTO governance_auditentry SELECT * FROM governance_auditentry WHERE id = %s"


def test_a_row_that_stays_is_not_replaced_either() -> None:
    line = audit.record("test:user:changed", make.user(), actor=None, after={"n": 1})
    with pytest.raises(IntegrityError, match="never shortened"):
        sql(THE_SAME, line.pk)
    sql("PRAGMA recursive_triggers=OFF")
    try:
        assert sql(THE_SAME, line.pk) == 1
    finally:
        sql("PRAGMA recursive_triggers=ON")
