"""The stand-alone verifier: it needs neither Django nor the product, and whatever was done to the chain, it finds it."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from governance import audit, verifier
from registry.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db

SIZE = 30
SEED = 20260415
# UNDERSTUDY_TEST_WHOLE=1 tampers a thousand times, as promised; each change tries a few.
TAMPERINGS = 1000 if os.environ.get("UNDERSTUDY_TEST_WHOLE") else 60
PROGRAM = Path(verifier.__file__)
INSERT = (
    "INSERT INTO governance_auditentry VALUES (:sequence, :at, :actor_id, :tag, :subject, :before, :after,"
    " :request_id, :previous_hash, :hash)"
)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A chain of SIZE lines of every shape, as `export_audit` writes it."""
    actor = make.user()
    for number in range(SIZE):
        audit.record(
            "test:user:changed",
            actor,
            actor=actor if number % 3 else None,
            before={"n": number, "name": "Sëarch"} if number % 4 else None,
            after={"n": number + 1, "of": ["a", None, True]},
            request_id=f"r-{number}",
        )
    file = tmp_path / "chain.jsonl"
    call_command("export_audit", str(file), verbosity=0)
    return file


@pytest.fixture
def database(exported: Path, tmp_path: Path) -> Path:
    """The same chain in the table of an SQLite file, its columns spelt as Django spells them."""
    path = tmp_path / "understudy.sqlite3"
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE governance_auditentry (sequence integer, at text, actor_id integer, tag text, subject text,"
            " before text, after text, request_id text, previous_hash text, hash text)"
        )
        for line in lines_of(exported):
            spelt = line | {name: json.dumps(line[name]) for name in ("before", "after") if line[name] is not None}
            spelt["at"] = line["at"].replace("T", " ").removesuffix("+00:00")
            file.execute(INSERT, spelt)
    file.close()
    return path


@pytest.fixture
def checkpoint(exported: Path, tmp_path: Path) -> Path:
    file = tmp_path / "checkpoint.json"
    last = lines_of(exported)[-1]
    file.write_text(json.dumps({"sequence": last["sequence"], "hash": last["hash"]}))
    return file


def lines_of(exported: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in exported.read_text(encoding="utf-8").splitlines()]


def write(exported: Path, lines: list[dict[str, Any]]) -> None:
    exported.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The file alone, in a Python without site packages and without the environment's paths."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_an_untouched_export_is_intact_to_the_stand_alone_verifier(exported: Path, checkpoint: Path) -> None:
    answer = run(exported, "--checkpoint", checkpoint)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"intact: {SIZE} lines, the last {audit.checkpoint().hash}" in answer.stdout


def test_an_untouched_sqlite_file_is_intact_to_the_stand_alone_verifier(database: Path, checkpoint: Path) -> None:
    answer = run(database, "--checkpoint", checkpoint)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"intact: {SIZE} lines" in answer.stdout


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the tests' own database")
def test_the_tests_own_sqlite_database_verifies_as_django_wrote_it(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.sqlite3"
    with sqlite3.connect(path) as target:
        columns = ", ".join(sorted(verifier.FIELDS))
        rows = connection.cursor().execute(f"SELECT {columns} FROM governance_auditentry")  # noqa: S608 - our own names
        target.execute(f"CREATE TABLE governance_auditentry ({columns})")
        target.executemany("INSERT INTO governance_auditentry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.fetchall())
    target.close()
    assert verifier.verify(verifier.read_chain(path), {}).lines == len(lines_of(exported))
    assert verifier.main([str(path)]) == 0


def test_without_a_checkpoint_it_says_that_a_cut_tail_would_not_be_seen(
    exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(exported, lines_of(exported)[:-1])
    assert verifier.main([str(exported)]) == 0
    assert "Without a checkpoint" in capsys.readouterr().out


def test_a_chain_that_is_not_as_it_was_written_exits_with_1_and_names_the_line(exported: Path) -> None:
    lines = lines_of(exported)
    lines[6]["tag"] = "x:y:z"
    write(exported, lines)
    answer = run(exported)
    assert answer.returncode == 1
    assert "line 7 is not as it was written" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.jsonl"], "cannot be read"),
        (["chain.jsonl", "--checkpoint", "nothing.json"], "cannot be read"),
        (["chain.jsonl", "--checkpoint", "chain.txt"], "is no checkpoint"),
        ([], "usage"),
    ],
)
def test_what_cannot_be_checked_exits_with_2(
    arguments: list[str], says: str, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (exported.parent / "chain.txt").write_text("[]")
    names = [name if name.startswith("-") else exported.parent / name for name in arguments]
    try:
        code = verifier.main([str(name) for name in names])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert says in capsys.readouterr().err


def test_checkpoints_that_contradict_each_other_are_no_ground_for_an_answer(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps({"sequence": 3, "hash": "0"}))
    (folder / "b.jsonl").write_text(json.dumps({"sequence": 3, "hash": "1"}))
    with pytest.raises(verifier.Unreadable, match="contradicts"):
        verifier.read_checkpoints([folder])


# --- what an export may be made to say, that two readers could take for different things ---------------------------


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ('"n": 4', '"n": 4.0'),
        ('"n": 4', '"n": NaN'),
        ('"n": 4', '"n": 4, "n": 4'),
        ('"sequence": 4,', '"sequence": true,'),
        ('"sequence": 4,', '"sequence": "4",'),
        ('"sequence": 4,', '"sequence": 4, "note": "x",'),
        ('"request_id": "r-3"', '"request_id": ["r-3"]'),
        ('"request_id": "r-3", ', ""),
        ('"r-3"', '"\\ud800"'),
    ],
)
def test_json_that_is_not_the_one_spelling_of_its_value_is_found(found: str, instead: str, exported: Path) -> None:
    texts = [json.dumps(line) for line in lines_of(exported)]
    assert found in texts[3]
    texts[3] = texts[3].replace(found, instead)
    exported.write_text("\n".join(texts))
    assert verifier.main([str(exported)]) == 1


# --- excerpts ------------------------------------------------------------------------------------------------------


def excerpt_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """From line 5 on, every third line shown."""
    return [
        line if line["sequence"] % 3 == 0 else {name: line[name] for name in verifier.WITHHELD} for line in lines[4:]
    ]


def test_an_excerpt_verifies_as_one_and_not_as_a_whole_chain(
    exported: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(exported, excerpt_of(lines_of(exported)))
    assert verifier.main([str(exported), "--excerpt", "--checkpoint", str(checkpoint)]) == 0
    assert "26 lines, 17 of them withheld" in capsys.readouterr().out
    assert verifier.main([str(exported), "--checkpoint", str(checkpoint)]) == 1


@pytest.mark.parametrize("number", [0, 1, 12, 25])
def test_an_excerpt_in_which_a_line_was_changed_or_left_out_is_found(
    number: int, exported: Path, checkpoint: Path
) -> None:
    whole = excerpt_of(lines_of(exported))
    write(exported, [*whole[:number], *whole[number + 1 :]])
    left_out = verifier.main([str(exported), "--excerpt", "--checkpoint", str(checkpoint)])
    changed = whole[number] | ({"tag": "x:y:z"} if "tag" in whole[number] else {"hash": "0" * 64})
    write(exported, [*whole[:number], changed, *whole[number + 1 :]])
    # The first line of an excerpt that is withheld follows nothing, so leaving it out only shortens the excerpt.
    assert left_out == (0 if number == 0 else 1)
    assert verifier.main([str(exported), "--excerpt", "--checkpoint", str(checkpoint)]) == 1


# --- tampering: each takes chance and the lines, and gives back what somebody made of them -------------------------

Lines = list[dict[str, Any]]
TEXTS = ("at", "tag", "subject", "request_id", "previous_hash", "hash")


def change_text(chance: random.Random, lines: Lines) -> Lines:
    line = chance.choice(lines)
    name = chance.choice(TEXTS)
    place = chance.randrange(len(line[name])) if line[name] else 0
    spare = "2" if line[name][place : place + 1] == "1" else "1"
    line[name] = f"{line[name][:place]}{spare}{line[name][place + 1 :]}"
    return lines


def change_json(chance: random.Random, lines: Lines) -> Lines:
    line = chance.choice(lines)
    name = chance.choice(("before", "after"))
    line[name] = {**(line[name] or {}), chance.choice(("n", "name", "of", "new")): chance.randrange(1000, 2000)}
    return lines


def empty_json(chance: random.Random, lines: Lines) -> Lines:
    chance.choice(lines)["after"] = chance.choice((None, {}))
    return lines


def change_actor(chance: random.Random, lines: Lines) -> Lines:
    line = chance.choice(lines)
    line["actor_id"] = None if line["actor_id"] else chance.randrange(10**6, 10**7)
    return lines


def renumber(chance: random.Random, lines: Lines) -> Lines:
    chance.choice(lines)["sequence"] += chance.choice((-1000, SIZE, 5000))
    return sorted(lines, key=lambda line: line["sequence"])


def delete_some(chance: random.Random, lines: Lines) -> Lines:
    gone = set(chance.sample(range(len(lines)), chance.randrange(1, 4)))
    return [line for number, line in enumerate(lines) if number not in gone]


def delete_and_close_the_gap(chance: random.Random, lines: Lines) -> Lines:
    """As somebody does who knows that numbers are looked at."""
    del lines[chance.randrange(len(lines) - 1)]
    return [line | {"sequence": number} for number, line in enumerate(lines, start=1)]


def insert_one(chance: random.Random, lines: Lines) -> Lines:
    place = chance.randrange(len(lines))
    forged = lines[place] | {"tag": "a:b:c", "hash": f"{chance.getrandbits(256):064x}"}
    return [line | {"sequence": n} for n, line in enumerate([*lines[:place], forged, *lines[place:]], start=1)]


def insert_with_a_right_hash(chance: random.Random, lines: Lines) -> Lines:
    place = chance.randrange(len(lines))
    forged = lines[place] | {"tag": "a:b:c"}
    forged["hash"] = verifier.hash_of(forged)
    return [line | {"sequence": n} for n, line in enumerate([*lines[:place], forged, *lines[place:]], start=1)]


def swap_two(chance: random.Random, lines: Lines) -> Lines:
    first, second = chance.sample(range(len(lines)), 2)
    lines[first], lines[second] = (
        lines[second] | {"sequence": lines[first]["sequence"]},
        lines[first] | {"sequence": lines[second]["sequence"]},
    )
    return lines


def cut_the_tail(chance: random.Random, lines: Lines) -> Lines:
    return lines[: chance.randrange(len(lines))]


def write_anew_from_a_line_on(chance: random.Random, lines: Lines) -> Lines:
    """As somebody does who knows how a chain is made: every hash after the change is right again."""
    first = chance.randrange(len(lines))
    lines[first]["tag"] = "a:b:c"
    previous = lines[first - 1]["hash"] if first else verifier.START
    for line in lines[first:]:
        line["previous_hash"] = previous
        previous = line["hash"] = verifier.hash_of(line)
    return lines


WAYS: tuple[Callable[[random.Random, Lines], Lines], ...] = (
    change_text,
    change_json,
    empty_json,
    change_actor,
    renumber,
    delete_some,
    delete_and_close_the_gap,
    insert_one,
    insert_with_a_right_hash,
    swap_two,
    cut_the_tail,
    write_anew_from_a_line_on,
)


def into_database(lines: Lines, database: Path) -> None:
    with sqlite3.connect(database) as file:
        file.execute("DELETE FROM governance_auditentry")
        for line in lines:
            spelt = line | {name: json.dumps(line[name]) for name in ("before", "after") if line[name] is not None}
            spelt["at"] = line["at"].replace("T", " ").removesuffix("+00:00")
            file.execute(INSERT, spelt)
    file.close()


def test_every_tampering_is_found_in_an_export_and_in_a_database(
    exported: Path, database: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of them in the file, half in the table; the untouched chain in between stays intact."""
    chance = random.Random(SEED)  # noqa: S311 - the same tamperings in every run
    whole = exported.read_text(encoding="utf-8")
    missed = []
    for turn in range(TAMPERINGS):
        way = WAYS[turn % len(WAYS)]
        lines = way(chance, [json.loads(text) for text in whole.splitlines()])
        in_file = turn // len(WAYS) % 2 == 0
        write(exported, lines) if in_file else into_database(lines, database)
        code = verifier.main([str(exported if in_file else database), "--checkpoint", str(checkpoint)])
        missed += [(turn, way.__name__)] if code != 1 else []
    capsys.readouterr()
    assert missed == []
    exported.write_text(whole, encoding="utf-8")
    assert verifier.main([str(exported), "--checkpoint", str(checkpoint)]) == 0
    sys.stdout.write(f"seed {SEED}: {TAMPERINGS} of {TAMPERINGS} tamperings found in chains of {SIZE} lines\n")


def test_a_verifier_that_compares_no_hashes_would_miss_them(
    exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = change_json(random.Random(SEED), lines_of(exported))  # noqa: S311 - the same tampering in every run
    write(exported, lines)
    assert verifier.main([str(exported)]) == 1
    hashes = {line["sequence"]: line["hash"] for line in lines}
    monkeypatch.setattr(verifier, "hash_of", lambda line: hashes[line["sequence"]])
    assert verifier.main([str(exported)]) == 0
    capsys.readouterr()


def test_the_platform_and_the_stand_alone_verifier_agree_on_what_a_line_is(exported: Path) -> None:
    actor = User.objects.get()
    audit.record("test:user:changed", actor, actor=actor, after={"hostile": "\x00\ud800</script>", "share": 0.25})
    call_command("export_audit", str(exported), verbosity=0)
    result = verifier.verify(verifier.read_chain(exported), {})
    assert (result.problem, result.last, result.last_hash) == ("", SIZE + 1, audit.checkpoint().hash)


def test_an_export_goes_to_standard_output_as_well(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    call_command("export_audit", "-")
    assert capsys.readouterr().out == exported.read_text(encoding="utf-8")
