"""The audit chain: what a line holds, and that no change to the chain goes unseen."""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from governance import audit
from governance.audit import Checkpoint, checkpoint, verify
from governance.canonical import canonical, plain
from governance.models import AuditEntry
from registry.models import User
from tests import factories as make
from tests.governance.guards import drop_guard, sql

pytestmark = pytest.mark.django_db


def write_lines(count: int) -> User:
    """A chain of `count` lines by one person."""
    actor = make.user()
    for number in range(count):
        audit.record("test:team:changed", actor, actor=actor, before={"n": number}, after={"n": number + 1})
    return actor


@pytest.fixture
def open_chain() -> None:
    """The chain without the database's own guards, as somebody finds it who may change the schema."""
    drop_guard("audit_is_final", "governance_auditentry")
    drop_guard("audit_stays", "governance_auditentry")


def test_a_line_carries_the_hash_of_the_line_before_it_and_its_own_over_canonical_json() -> None:
    team = make.team("search")
    actor = make.user()
    audit.record("admin:team:created", team, actor=actor)
    line = audit.record(
        "admin:team:renamed", team, actor=actor, before={"name": "Sëarch"}, after={"name": "x"}, request_id="r-1"
    )
    previous = AuditEntry.objects.get(sequence=1)
    # Written out here once more, so that a verifier in another language has something to agree with.
    text = json.dumps(
        {
            "actor_id": actor.pk,
            "after": {"name": "x"},
            "at": line.at.isoformat(),
            "before": {"name": "Sëarch"},
            "previous_hash": previous.hash,
            "request_id": "r-1",
            "sequence": 2,
            "subject": f"registry.team:{team.pk}",
            "tag": "admin:team:renamed",
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert line.hash == hashlib.sha256(text.encode()).hexdigest()
    assert previous.previous_hash == "0" * 64


def test_an_untouched_chain_is_intact_and_its_checkpoint_is_its_end() -> None:
    write_lines(12)
    last = AuditEntry.objects.get(sequence=12)
    assert verify().is_intact
    assert verify().last == checkpoint() == Checkpoint(12, last.hash)


def test_an_empty_chain_is_intact() -> None:
    assert verify().is_intact
    assert checkpoint() == Checkpoint(0, "0" * 64)


def test_a_line_goes_away_with_the_act_it_belongs_to() -> None:
    write_lines(2)
    mark = transaction.savepoint()
    audit.record("test:team:changed", make.user(), actor=None)
    transaction.savepoint_rollback(mark)
    write_lines(1)
    assert AuditEntry.objects.count() == 3
    assert verify().is_intact


@pytest.mark.django_db(transaction=True)
def test_a_line_outside_a_transaction_is_refused() -> None:
    subject = make.user()
    with pytest.raises(RuntimeError, match="transaction"):
        audit.record("test:user:changed", subject, actor=None)


def test_a_tag_names_source_subject_and_action() -> None:
    with pytest.raises(ValueError, match="source:subject:action"):
        audit.record("renamed", make.user(), actor=None)


def test_a_person_can_lose_the_name_without_breaking_the_chain() -> None:
    actor = write_lines(3)
    User.objects.filter(pk=actor.pk).update(username="removed-1", first_name="", last_name="", email="")
    assert verify().is_intact


def test_hostile_and_odd_values_are_kept_in_a_form_that_verifies() -> None:
    odd: dict[str, Any] = {
        "nul": "a\x00b",
        "surrogate": "\ud800",
        "float": 0.1,
        "big": 10**30,
        "decimal": Decimal("1.50"),
        "day": date(2026, 4, 15),
        "set": {"b", "a"},
        "nested": [{"ключ": None}],
    }
    audit.record("test:user:changed", make.user(), actor=None, after=odd, request_id="x" * 500)
    assert verify().is_intact


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        (
            {"at": datetime(2026, 4, 15, 11, 0, tzinfo=timezone(timedelta(hours=2)))},
            '{"at":"2026-04-15T09:00:00+00:00"}',
        ),
        ({"on": date(2026, 4, 15)}, '{"on":"2026-04-15"}'),
        ({"took": timedelta(hours=3, seconds=1)}, '{"took":"P0DT03H00M01S"}'),
        ({"score": 0.5}, '{"score":"0.5"}'),
        ({"names": {"b", "a"}}, '{"names":["a","b"]}'),
        ({"name": "Ünïcode"}, '{"name":"Ünïcode"}'),
        ({"name": "\x00"}, '{"name":"\ufffd"}'),
    ],
)
def test_a_value_has_one_spelling(value: dict[str, Any], spelling: str) -> None:
    assert canonical(plain(value)).decode() == spelling


def test_what_has_no_spelling_is_an_error_and_no_guess() -> None:
    with pytest.raises(TypeError, match="object"):
        plain({"x": object()})


# --- tampering: each takes a generator of chance and changes the chain behind Django's back -----------------------

SIZE = 15
TEXT_COLUMNS = ("tag", "subject", "request_id", "hash", "previous_hash")


def change_text(chance: random.Random) -> None:
    column = chance.choice(TEXT_COLUMNS)
    AuditEntry.objects.filter(sequence=chance.randint(1, SIZE)).update(**{column: "another"})


def change_json(chance: random.Random) -> None:
    column = chance.choice(("before", "after"))
    AuditEntry.objects.filter(sequence=chance.randint(1, SIZE)).update(**{column: {"n": 10**6}})


def change_moment(chance: random.Random) -> None:
    AuditEntry.objects.filter(sequence=chance.randint(1, SIZE)).update(at=datetime(2020, 1, 1, tzinfo=UTC))


def change_actor(chance: random.Random) -> None:
    AuditEntry.objects.filter(sequence=chance.randint(1, SIZE)).update(actor=None)


def delete_one(chance: random.Random) -> None:
    sql("DELETE FROM governance_auditentry WHERE sequence = %s", chance.randint(1, SIZE - 1))


def swap_two(chance: random.Random) -> None:
    first, second = chance.sample(range(1, SIZE + 1), 2)
    for former, latter in ((first, 10**6), (second, first), (10**6, second)):
        sql("UPDATE governance_auditentry SET sequence = %s WHERE sequence = %s", latter, former)


def insert_one(chance: random.Random) -> None:
    sql(
        "INSERT INTO governance_auditentry (sequence, at, tag, subject, request_id, previous_hash, hash) "
        "VALUES (%s, %s, 'a:b:c', 'x:1', '', %s, %s)",
        SIZE + 1,
        datetime(2026, 1, 1, tzinfo=UTC),
        checkpoint().hash,
        f"{chance.getrandbits(256):064x}",
    )


TAMPERINGS = (change_text, change_json, change_moment, change_actor, delete_one, swap_two, insert_one)


@pytest.mark.usefixtures("open_chain")
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_each_way_to_tamper_with_the_chain_is_found_every_time(tamper: Callable[[random.Random], None]) -> None:
    write_lines(SIZE)
    chance = random.Random(20260415)  # noqa: S311 - the same tamperings in every run
    found = []
    for _ in range(15):
        mark = transaction.savepoint()
        tamper(chance)
        found.append(not verify().is_intact)
        transaction.savepoint_rollback(mark)
    assert found == [True] * 15
    assert verify().is_intact


@pytest.mark.usefixtures("open_chain")
def test_the_first_wrong_line_is_named() -> None:
    write_lines(5)
    AuditEntry.objects.filter(sequence=3).update(tag="x:y:z")
    assert verify().problem == "line 3 is not as it was written"
    assert verify().last.sequence == 2


@pytest.mark.usefixtures("open_chain")
def test_a_cut_tail_is_found_with_a_checkpoint_and_only_with_one() -> None:
    write_lines(5)
    known = checkpoint()
    sql("DELETE FROM governance_auditentry WHERE sequence > 3")
    assert verify().is_intact
    assert verify(known).problem == "the chain ends at line 3; the checkpoint knows line 5"


@pytest.mark.usefixtures("open_chain")
def test_a_chain_written_anew_is_found_with_a_checkpoint_and_only_with_one() -> None:
    write_lines(5)
    known = checkpoint()
    sql("DELETE FROM governance_auditentry")
    write_lines(6)
    assert verify().is_intact
    assert "line 5 is not the one that the checkpoint knows" in verify(known).problem


def test_the_command_says_how_many_lines_hold_and_exports_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(4)
    file = tmp_path / "checkpoint.json"
    call_command("verify_audit", export=file)
    assert "intact: 4 lines" in capsys.readouterr().out
    write_lines(2)
    call_command("verify_audit", checkpoint=file)
    assert "intact: 6 lines" in capsys.readouterr().out


@pytest.mark.usefixtures("open_chain")
def test_the_command_fails_on_a_broken_chain_and_on_a_cut_tail(tmp_path: Path) -> None:
    write_lines(4)
    file = tmp_path / "checkpoint.json"
    call_command("verify_audit", export=file)
    sql("DELETE FROM governance_auditentry WHERE sequence = 4")
    call_command("verify_audit")
    with pytest.raises(CommandError, match="ends at line 3"):
        call_command("verify_audit", checkpoint=file)
    sql("UPDATE governance_auditentry SET request_id = 'x' WHERE sequence = 2")
    with pytest.raises(CommandError, match="line 2 is not as it was written"):
        call_command("verify_audit")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sequence": "x", "hash": 1}', "null"])
def test_a_file_that_is_no_checkpoint_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"checkpoint\.json is no checkpoint"):
        call_command("verify_audit", checkpoint=file)


def test_a_checkpoint_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_audit", checkpoint=tmp_path / "nothing.json")
