"""What the database itself refuses, by raw SQL past Django; each guard also with itself switched off."""

from typing import Any

import pytest
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import IntegrityError, connection, transaction

from governance import audit
from governance.models import AuditEntry, Check, Decision, Finding, Policy, Proposal
from tests import factories as make
from tests.governance.guards import drop_guard, guard_names, sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal() -> Proposal:
    return Proposal.objects.create(
        kind="adopt_model",
        proposer=make.user("paula"),
        reason="We need it.",
        offering=make.offering(),
        purpose="chat",
        distribution="internal",
        state_digest="0" * 64,
        decide_by=make.NOW,
    )


@pytest.fixture
def decision(proposal: Proposal) -> Decision:
    return Decision.objects.create(
        proposal=proposal,
        proposer=proposal.proposer,
        decider=make.user("rita"),
        verdict="reject",
        state_digest="0" * 64,
        decided_at=make.NOW,
    )


@pytest.fixture
def line() -> AuditEntry:
    return audit.record("test:user:changed", make.user(), actor=None, after={"n": 1})


@pytest.fixture
def finding() -> Finding:
    check = Check.objects.create(
        system=make.system(),
        environment=make.environment(),
        request={},
        verdict="fail",
        checked_at=make.NOW,
        policy_version=0,
    )
    return Finding.objects.create(check_run=check, position=1, rule="UD101", level="error", ref="a/b", message="no")


@pytest.fixture
def policy() -> Policy:
    return Policy.objects.create(version=1, reason="r", author=make.user(), in_force_from=make.NOW)


INSERT_DECISION = (
    "INSERT INTO governance_decision (proposal_id, proposer_id, decider_id, verdict, comment, state_digest, decided_at) "
    "VALUES (%s, %s, %s, 'approve', '', '', %s)"
)


def test_raw_sql_cannot_decide_as_the_proposer(proposal: Proposal) -> None:
    own = proposal.proposer_id
    with pytest.raises(IntegrityError, match="proposer_never_decides"):
        sql(INSERT_DECISION, proposal.pk, own, own, make.NOW)


def test_raw_sql_cannot_decide_as_the_proposer_by_naming_another_proposer(proposal: Proposal) -> None:
    own, other = proposal.proposer_id, make.user().pk
    with pytest.raises(IntegrityError, match="names the proposer"):
        sql(INSERT_DECISION, proposal.pk, other, own, make.NOW)


def test_without_its_guard_the_forged_decision_goes_through(proposal: Proposal) -> None:
    drop_guard("decision_names_its_proposer", "governance_decision")
    assert sql(INSERT_DECISION, proposal.pk, make.user().pk, proposal.proposer_id, make.NOW) == 1


def test_raw_sql_can_decide_as_somebody_else(proposal: Proposal) -> None:
    assert sql(INSERT_DECISION, proposal.pk, proposal.proposer_id, make.user().pk, make.NOW) == 1


DECISION_CHANGES = [
    ("decision_is_final", "UPDATE governance_decision SET verdict = 'approve'"),
    ("decision_is_final", "UPDATE governance_decision SET proposer_id = decider_id"),
    ("decision_stays", "DELETE FROM governance_decision"),
]


@pytest.mark.usefixtures("decision")
@pytest.mark.parametrize(("_guard", "statement"), DECISION_CHANGES)
def test_a_decision_is_neither_changed_nor_removed(_guard: str, statement: str) -> None:
    with pytest.raises(IntegrityError, match="a decision is never"):
        sql(statement)


@pytest.mark.usefixtures("decision")
@pytest.mark.parametrize(("guard", "statement"), [DECISION_CHANGES[0], DECISION_CHANGES[2]])
def test_without_its_guard_a_decision_is_changed_or_removed(guard: str, statement: str) -> None:
    drop_guard(guard, "governance_decision")
    assert sql(statement) == 1


def pinned_changes() -> list[tuple[str, Any]]:
    return [
        ("reason", "another"),
        ("purpose", "embedding"),
        ("distribution", "shipped"),
        ("kind", "waive_rule"),
        ("state_digest", "1" * 64),
        ("until", "2026-05-01"),
        ("rule", "UD401"),
        ("compensating_measure", "none"),
    ]


@pytest.mark.parametrize(("column", "value"), pinned_changes())
def test_what_a_proposal_is_about_is_never_changed(proposal: Proposal, column: str, value: str) -> None:
    with pytest.raises(IntegrityError, match="what a proposal is about"):
        Proposal.objects.filter(pk=proposal.pk).update(**{column: value})


def test_a_proposal_is_not_handed_to_another_proposer(proposal: Proposal) -> None:
    statement = "UPDATE governance_proposal SET proposer_id = %s WHERE id = %s"
    with pytest.raises(IntegrityError, match="who made it"):
        sql(statement, make.user().pk, proposal.pk)
    drop_guard("proposal_is_pinned", "governance_proposal")
    assert sql(statement, make.user().pk, proposal.pk) == 1


def test_a_proposal_is_closed_once(proposal: Proposal) -> None:
    statement = "UPDATE governance_proposal SET state = %s WHERE id = %s"
    assert sql(statement, "rejected", proposal.pk) == 1
    with pytest.raises(IntegrityError, match="stays as it was closed"):
        sql(statement, "submitted", proposal.pk)
    drop_guard("proposal_stays_closed", "governance_proposal")
    assert sql(statement, "submitted", proposal.pk) == 1


def test_a_proposal_becomes_approved_only_by_an_approving_decision(proposal: Proposal) -> None:
    statement = "UPDATE governance_proposal SET state = 'approved' WHERE id = %s"
    with pytest.raises(IntegrityError, match="by a decision"):
        sql(statement, proposal.pk)
    sql(INSERT_DECISION, proposal.pk, proposal.proposer_id, make.user().pk, make.NOW)
    assert sql(statement, proposal.pk) == 1


@pytest.mark.usefixtures("decision")
def test_a_rejecting_decision_does_not_make_a_proposal_approved(proposal: Proposal) -> None:
    statement = "UPDATE governance_proposal SET state = 'approved' WHERE id = %s"
    with pytest.raises(IntegrityError, match="by a decision"):
        sql(statement, proposal.pk)
    drop_guard("proposal_is_approved_by_somebody", "governance_proposal")
    assert sql(statement, proposal.pk) == 1


FINAL = [
    ("audit_is_final", "UPDATE governance_auditentry SET tag = 'a:b:c'", "line"),
    ("audit_stays", "DELETE FROM governance_auditentry", "line"),
    ("policy_is_final", "UPDATE governance_policy SET reason = 'x'", "policy"),
    ("check_is_final", "UPDATE governance_check SET verdict = 'pass'", "finding"),
    ("finding_is_final", "UPDATE governance_finding SET level = 'note'", "finding"),
]


@pytest.mark.parametrize(("guard", "statement", "row"), FINAL)
def test_what_is_final_is_refused_and_without_its_guard_goes_through(
    guard: str, statement: str, row: str, request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(row)._meta.db_table
    with pytest.raises(IntegrityError, match="never"):
        sql(statement)
    drop_guard(guard, "governance_check" if guard == "check_is_final" else table)
    assert sql(statement) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize(
    ("guard", "table"),
    [
        ("audit_is_not_emptied", "governance_auditentry"),
        ("decisions_are_not_emptied", "governance_decision"),
    ],
)
def test_a_guarded_table_cannot_be_truncated(guard: str, table: str) -> None:
    with pytest.raises(IntegrityError, match="never emptied"):
        sql(f"TRUNCATE {table} CASCADE")
    drop_guard(guard, table)
    sql(f"TRUNCATE {table} CASCADE")


@pytest.mark.usefixtures("line")
def test_the_ordinary_flush_command_cannot_empty_the_audit_chain() -> None:
    ordinary = flush.Command()
    with pytest.raises(CommandError, match="couldn't be flushed"), transaction.atomic():
        ordinary.handle(database="default", interactive=False, verbosity=0)
    assert AuditEntry.objects.count() == 1


@pytest.fixture
def committed_line(transactional_db: None) -> AuditEntry:  # noqa: ARG001 - makes the transaction a real one
    with transaction.atomic():
        return audit.record("test:user:changed", make.user(), actor=None)


@pytest.mark.parametrize("_attempt", ["first", "second"])
def test_the_test_runner_empties_the_guarded_tables_between_tests(_attempt: str, committed_line: AuditEntry) -> None:
    assert committed_line.sequence == AuditEntry.objects.count() == 1


def test_all_guards_stand_after_all_migrations() -> None:
    expected = {
        "decision_names_its_proposer",
        "decision_is_final",
        "decision_stays",
        "proposal_is_pinned",
        "proposal_stays_closed",
        "proposal_is_approved_by_somebody",
        "audit_is_final",
        "audit_stays",
        "policy_is_final",
        "check_is_final",
        "finding_is_final",
    }
    assert expected <= guard_names()
