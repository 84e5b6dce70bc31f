"""The database itself keeps a submitted plan revision as it is. Run with DATABASE_URL to hold it on PostgreSQL too."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from registry.models import Alternative, FallbackPlan, PlanRevision
from tests import factories as f

NEXT = "write the next one"


def run(sql: str, *parameters: Any) -> None:
    """Execute in a transaction of its own and hold what is checked at its end as well."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        connection.check_constraints()


def draft() -> PlanRevision:
    revision = PlanRevision.objects.create(
        plan=FallbackPlan.objects.create(dependency=f.dependency()),
        number=1,
        trigger="Retirement",
        switch_procedure="Change the route",
        switched_by="On call",
        created_by=f.user(),
    )
    Alternative.objects.create(plan_revision=revision, order=1, kind="manual", impact_statement="Slower answers")
    return revision


def submitted() -> PlanRevision:
    return f.plan(f.dependency(), f.offering())


def move_an_alternative_out(revision: PlanRevision) -> None:
    run(
        'UPDATE registry_alternative SET plan_revision_id = %s, "order" = 9 WHERE plan_revision_id = %s',
        draft().pk,
        revision.pk,
    )


def move_an_alternative_in(revision: PlanRevision) -> None:
    run(
        'UPDATE registry_alternative SET plan_revision_id = %s, "order" = 9 WHERE plan_revision_id = %s',
        revision.pk,
        draft().pk,
    )


def add_an_alternative(revision: PlanRevision) -> None:
    run(
        'INSERT INTO registry_alternative (plan_revision_id, "order", kind, impact_statement, pinned_revision,'
        " description, held_copy_location, held_copy_digest) VALUES (%s, 9, 'manual', 'Slower', '', '', '', '')",
        revision.pk,
    )


CHANGES: dict[str, Callable[[PlanRevision], None]] = {
    "edit": lambda r: run("UPDATE registry_planrevision SET rollback = 'none' WHERE id = %s", r.pk),
    "touch": lambda r: run("UPDATE registry_planrevision SET number = number WHERE id = %s", r.pk),
    "un-submit": lambda r: run("UPDATE registry_planrevision SET submitted_at = NULL WHERE id = %s", r.pk),
    "add": add_an_alternative,
    "edit alternative": lambda r: run(
        "UPDATE registry_alternative SET pinned_revision = 'b' WHERE plan_revision_id = %s", r.pk
    ),
    "move out": move_an_alternative_out,
    "move in": move_an_alternative_in,
}


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_a_submitted_revision(change: str) -> None:
    revision = submitted()

    with pytest.raises(DatabaseError, match=NEXT):
        CHANGES[change](revision)


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_a_draft_can_be_changed(change: str) -> None:
    # The negative control: the statements themselves are sound.
    CHANGES[change](draft())


@pytest.mark.django_db
def test_the_database_refuses_to_delete_an_alternative_of_a_submitted_revision() -> None:
    revision = submitted()

    with pytest.raises(IntegrityError):
        run("DELETE FROM registry_alternative WHERE plan_revision_id = %s", revision.pk)


@pytest.mark.django_db(transaction=True)
def test_the_deletion_of_an_alternative_does_not_survive_the_transaction() -> None:
    revision = submitted()

    with pytest.raises(IntegrityError):
        revision.alternatives.all().delete()

    assert revision.alternatives.count() == 1


@pytest.mark.django_db
def test_an_alternative_of_a_draft_can_be_deleted() -> None:
    revision = draft()

    run("DELETE FROM registry_alternative WHERE plan_revision_id = %s", revision.pk)

    assert not revision.alternatives.exists()


@pytest.mark.django_db
def test_a_draft_can_be_deleted_whole() -> None:
    revision = draft()

    revision.delete()

    assert not Alternative.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_test_runner_can_empty_the_tables() -> None:
    submitted()

    call_command("flush", interactive=False, verbosity=0)

    assert not PlanRevision.objects.exists()
    assert not Alternative.objects.exists()


@pytest.mark.django_db
def test_the_next_revision_can_be_written_beside_a_submitted_one() -> None:
    first = submitted()

    second = f.plan(first.plan.dependency, f.offering())

    assert (first.number, second.number) == (1, 2)
