"""Ends of the chain kept outside the database: written once an hour, looked at by `verify_audit` and `doctor`."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.diagnosis import Status, check_checkpoints
from governance import audit, checkpoints, tasks
from governance.models import AuditEntry
from registry.models import User
from tests import factories as make
from tests.governance.guards import drop_guard, sql

pytestmark = pytest.mark.django_db

NOW = make.NOW


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Path:
    settings.CHECKPOINT_FOLDER = tmp_path / "kept"  # type: ignore[attr-defined]
    return tmp_path / "kept"


@pytest.fixture
def person() -> User:
    return make.user()


def append(person: User, count: int = 3) -> None:
    for number in range(count):
        audit.record("test:user:changed", person, actor=person, after={"n": number})


def cut(after: int) -> None:
    drop_guard("audit_stays", "governance_auditentry")
    sql("DELETE FROM governance_auditentry WHERE sequence > %s", after)


def test_the_end_of_the_chain_is_added_to_a_file_of_its_month(folder: Path, person: User) -> None:
    append(person)
    first = checkpoints.keep(folder, now=NOW)
    append(person)
    second = checkpoints.keep(folder, now=NOW + timedelta(hours=1))
    checkpoints_in_file = [json.loads(line) for line in (folder / "audit-2026-04.jsonl").read_text().splitlines()]
    assert [(one["sequence"], one["hash"]) for one in checkpoints_in_file] == [
        (one.sequence, one.hash) for one in (first, second) if one
    ]
    assert [one.sequence for one in checkpoints.read(folder)] == [3, 6]


def test_nothing_is_written_before_the_first_line_and_while_no_line_was_added(folder: Path, person: User) -> None:
    assert checkpoints.keep(folder, now=NOW) is None
    append(person)
    assert checkpoints.keep(folder, now=NOW)
    assert checkpoints.keep(folder, now=NOW) is None
    assert len(checkpoints.read(folder)) == 1


def test_a_chain_that_contradicts_what_was_kept_gets_no_newer_checkpoint(folder: Path, person: User) -> None:
    append(person)
    checkpoints.keep(folder, now=NOW)
    cut(after=2)
    append(person)
    with pytest.raises(checkpoints.Contradicted, match="no longer contains line 3"):
        checkpoints.keep(folder, now=NOW)
    assert len(checkpoints.read(folder)) == 1


def test_the_task_writes_to_the_folder_of_the_setting(folder: Path, person: User) -> None:
    append(person)
    tasks.keep_checkpoint()
    assert [one.sequence for one in checkpoints.read(folder)] == [3]


@pytest.mark.usefixtures("folder")
def test_the_command_compares_with_what_was_kept_without_being_told_where(
    person: User, capsys: pytest.CaptureFixture[str]
) -> None:
    append(person)
    tasks.keep_checkpoint()
    call_command("verify_audit")
    assert "Compared with 1 checkpoint." in capsys.readouterr().out
    cut(after=2)
    with pytest.raises(CommandError, match="ends at line 2; the checkpoint knows line 3"):
        call_command("verify_audit")
    call_command("verify_audit", no_checkpoint=True)
    assert "Compared with 0 checkpoints." in capsys.readouterr().out


def test_a_rewritten_chain_is_found_by_an_older_checkpoint_though_the_newest_fits(folder: Path, person: User) -> None:
    append(person)
    checkpoints.keep(folder, now=NOW)
    (folder / "audit-2026-03.jsonl").write_text(json.dumps({"sequence": 2, "hash": "0" * 64}) + "\n")
    with pytest.raises(CommandError, match="line 2 is not the one"):
        call_command("verify_audit")


# --- doctor --------------------------------------------------------------------------------------------------------


def said(folder: Path, *, now: datetime) -> Iterator[tuple[Status, str]]:
    env = replace(live_settings.ENV, checkpoints=folder)
    return ((finding.status, finding.says) for finding in check_checkpoints(env, now))


def test_doctor_is_content_while_checkpoints_follow_the_chain(folder: Path, person: User) -> None:
    now = timezone.now()
    append(person)
    assert next(said(folder, now=now))[0] is Status.OK
    checkpoints.keep(folder, now=now)
    # Nothing was written since: an old checkpoint is still the end.
    assert next(said(folder, now=now + timedelta(days=9)))[0] is Status.OK


def test_doctor_tells_of_lines_that_no_checkpoint_follows_for_hours(folder: Path, person: User) -> None:
    append(person)
    status, says = next(said(folder, now=timezone.now() + timedelta(hours=4)))
    assert status is Status.WRONG
    assert "no checkpoint since line 0" in says


def test_doctor_tells_of_a_chain_that_lost_a_line(folder: Path, person: User) -> None:
    append(person)
    checkpoints.keep(folder, now=NOW)
    cut(after=2)
    status, says = next(said(folder, now=timezone.now()))
    assert status is Status.WRONG
    assert "no longer contains line 3" in says
    assert AuditEntry.objects.count() == 2


def test_doctor_tells_of_a_checkpoint_that_cannot_be_read(folder: Path) -> None:
    folder.mkdir()
    (folder / "audit-2026-04.jsonl").write_text("{")
    status, says = next(said(folder, now=NOW))
    assert status is Status.WRONG
    assert "is no checkpoint" in says
