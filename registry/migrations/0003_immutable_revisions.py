"""A submitted plan revision stays as it was submitted, with its alternatives, whatever code asks for.

What people approve is a revision; if it could change afterwards, the approval would stand for something else.

PostgreSQL refuses every change, deletion included (TRUNCATE, with which the test runner empties the tables, is left
alone). SQLite empties the tables by DELETE, one after the other in any order and in one transaction, so there a
submitted revision may be deleted whole, and an alternative only together with its revision: deleting one leaves a
deferred foreign key that is broken at the end of the transaction unless the revision has gone, too.

SQLite drops triggers when Django rebuilds a table: a later migration that alters one of these two has to run
`guard` again.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = (
    """
    CREATE TRIGGER submitted_revision_stays BEFORE UPDATE ON registry_planrevision
    WHEN OLD.submitted_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a submitted plan revision cannot change: write the next one'); END;
    """,
    """
    CREATE TRIGGER submitted_alternatives_no_insert BEFORE INSERT ON registry_alternative
    WHEN EXISTS (SELECT 1 FROM registry_planrevision WHERE id = NEW.plan_revision_id AND submitted_at IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'the alternatives of a submitted plan revision cannot change: write the next one'); END;
    """,
    """
    CREATE TRIGGER submitted_alternatives_no_update BEFORE UPDATE ON registry_alternative
    WHEN EXISTS (
        SELECT 1 FROM registry_planrevision
        WHERE id IN (OLD.plan_revision_id, NEW.plan_revision_id) AND submitted_at IS NOT NULL
    )
    BEGIN SELECT RAISE(ABORT, 'the alternatives of a submitted plan revision cannot change: write the next one'); END;
    """,
    """
    CREATE TABLE submitted_alternative_deleted (
        alternative_id bigint PRIMARY KEY REFERENCES registry_alternative (id) DEFERRABLE INITIALLY DEFERRED,
        plan_revision_id bigint NOT NULL REFERENCES registry_planrevision (id) ON DELETE CASCADE
            DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE TRIGGER submitted_alternatives_no_delete BEFORE DELETE ON registry_alternative
    WHEN EXISTS (SELECT 1 FROM registry_planrevision WHERE id = OLD.plan_revision_id AND submitted_at IS NOT NULL)
    BEGIN INSERT INTO submitted_alternative_deleted VALUES (OLD.id, OLD.plan_revision_id); END;
    """,
)

SQLITE_BACK = (
    "DROP TRIGGER submitted_alternatives_no_delete",
    "DROP TABLE submitted_alternative_deleted",
    "DROP TRIGGER submitted_alternatives_no_update",
    "DROP TRIGGER submitted_alternatives_no_insert",
    "DROP TRIGGER submitted_revision_stays",
)

# FOR SHARE makes adding an alternative and submitting its revision wait for each other.
POSTGRESQL = (
    """
CREATE FUNCTION refuse_change_of_submitted_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.submitted_at IS NOT NULL THEN
        RAISE EXCEPTION 'a submitted plan revision cannot change: write the next one'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER submitted_revision_stays BEFORE UPDATE OR DELETE ON registry_planrevision
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_submitted_revision();

CREATE FUNCTION refuse_change_of_submitted_alternatives() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    revisions bigint[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN revisions := revisions || OLD.plan_revision_id; END IF;
    IF TG_OP <> 'DELETE' THEN revisions := revisions || NEW.plan_revision_id; END IF;
    PERFORM 1 FROM registry_planrevision WHERE id = ANY (revisions) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT 1 FROM registry_planrevision WHERE id = ANY (revisions) AND submitted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the alternatives of a submitted plan revision cannot change: write the next one'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER submitted_alternatives_stay BEFORE INSERT OR UPDATE OR DELETE ON registry_alternative
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_submitted_alternatives();
""",
)

POSTGRESQL_BACK = (
    """
DROP TRIGGER submitted_alternatives_stay ON registry_alternative;
DROP FUNCTION refuse_change_of_submitted_alternatives();
DROP TRIGGER submitted_revision_stays ON registry_planrevision;
DROP FUNCTION refuse_change_of_submitted_revision();
""",
)


def guard(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(schema_editor, {"sqlite": SQLITE, "postgresql": POSTGRESQL})


def unguard(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(schema_editor, {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK})


def _run(schema_editor: BaseDatabaseSchemaEditor, statements: dict[str, tuple[str, ...]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_licenses")]

    operations = [migrations.RunPython(guard, unguard)]
