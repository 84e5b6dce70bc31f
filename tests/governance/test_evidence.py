"""The evidence pack: one archive that an auditor reads, and verifies, without the product."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import audit, evidence
from governance.break_glass import close, open_glass
from governance.evidence_files import as_csv
from governance.models import AuditEntry
from governance.proposals import ask
from governance.standing_behind import assert_lineage
from registry.models import User
from tests import admin_rows
from tests import factories as make
from tests.governance.conftest import client_of
from tests.governance.gate_world import drill
from tests.governance.proposing import World, make_world

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert(1)</script>=HYPERLINK("http://x")'


@pytest.fixture
def world() -> World:
    """A system with an approved and drilled plan, a change that touched it, and a line about something else."""
    world = make_world()
    world.decide(world.approval())
    audit.record("test:user:changed", make.user("stranger"), actor=None, after={"not": "theirs"})
    drill(world.alternative)
    impact = admin_rows.impact(7)
    impact.dependency = world.dependency
    impact.explanation = HOSTILE
    impact.save()
    return world


def files_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name.partition("/")[2]: archive.read(name).decode() for name in archive.namelist()}


def pack_of(world: World) -> dict[str, str]:
    return files_of(evidence.pack(world.dependency.system, now=make.NOW))


def test_it_tells_what_was_decided_by_whom_on_which_state(world: World) -> None:
    files = pack_of(world)
    decision = json.loads(files["json/decisions.json"])[0]
    people = {one["id"]: one["username"] for one in json.loads(files["json/people.json"])}
    proposal = json.loads(files["json/proposals.json"])[0]
    assert (people[decision["decider"]], people[decision["proposer"]]) == ("rita", "olga")
    assert decision["state_digest"] == proposal["state_digest"]
    assert proposal["submitted_state"]["plan"]["revision"] == 1
    assert [len(json.loads(files[f"json/{name}.json"])) for name in ("approvals", "drills", "impacts")] == [1, 1, 1]


def test_it_tells_who_owned_what_under_which_license_and_on_what_the_approval_rested(world: World) -> None:
    files = pack_of(world)

    def rows(name: str) -> list[dict[str, Any]]:
        read: list[dict[str, Any]] = json.loads(files[f"json/{name}.json"])
        return read

    people = {one["id"]: one["username"] for one in rows("people")}
    team = world.dependency.system.team
    assert team.slug in {one["slug"] for one in rows("teams")}
    assert ("olga", team.pk) in {(people[one["user"]], one["team"]) for one in rows("members")}
    assert [one["slug"] for one in rows("environments")] == [world.dependency.environment.slug]
    assert {(one["spdx_id"], one["license_class"]) for one in rows("licenses")} == {("Apache-2.0", "open")}
    (approval,) = rows("approvals")
    rested_on = {one["fact"]: one["value"] for one in rows("basis") if str(one["approval"]) == approval["id"]}
    assert (rested_on["license"], rested_on["shared_vendors"]) == ("Apache-2.0", [])


def test_every_column_that_holds_a_person_is_named_in_the_list_of_people() -> None:
    tables = [
        one
        for one in vars(evidence).values()
        if isinstance(one, type) and hasattr(one, "_meta") and one is not AuditEntry
    ]
    columns = {
        field.name
        for table in tables
        for field in table._meta.concrete_fields
        if field.related_model is User and not field.primary_key
    }
    assert "plan_submitter" in columns
    assert columns - set(evidence.PERSONS) == set()


def test_it_tells_when_one_person_held_the_gate_open_and_who_vouches_for_the_lineage(world: World) -> None:
    system, model = world.dependency.system, world.offering.model
    glass = open_glass(
        by=world.owner, system=system, environment=make.environment(), reason="An outage.", hours=1, now=make.NOW
    )
    close(glass, by=world.owner, now=make.NOW)
    assert_lineage(
        model, statement="base", base=make.model(), relation="merge", source="Card.", by=world.reviewer, now=make.NOW
    )
    ask(world.waiver(), author=world.other_reviewer, text="Who answers?", asked_of=world.owner, now=make.NOW)
    files = pack_of(world)
    held, edge, asked = (json.loads(files[f"json/{name}.json"])[0] for name in ("break-glass", "lineage", "comments"))
    people = {one["id"]: one["username"] for one in json.loads(files["json/people.json"])}
    assert (held["reason"], people[held["opened_by"]], held["reviewed_by"]) == ("An outage.", "olga", None)
    assert (edge["relation"], people[edge["asserted_by"]], edge["source"]) == ("merge", "rita", "Card.")
    assert (asked["text"], people[asked["author"]], people[asked["asked_of"]]) == ("Who answers?", "rolf", "olga")
    assert "breakglass:opened" in files["audit/chain.jsonl"]


def test_every_file_is_explained_and_stands_with_its_hash_in_the_manifest(world: World) -> None:
    files = pack_of(world)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["sha256"] == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    assert [name for name in files if f"`{name}`" not in files["README.md"] and name != "README.md"] == []


def test_the_lines_that_concern_it_verify_with_the_verifier_that_comes_along(world: World, tmp_path: Path) -> None:
    content = evidence.pack(world.dependency.system, now=make.NOW)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    folder = next(tmp_path.iterdir()) / "audit"
    command = [sys.executable, "-I", "-S", "verify_audit.py", "chain.jsonl", "--excerpt"]
    command += ["--checkpoint", "checkpoints.jsonl"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    text = (folder / "chain.jsonl").read_text(encoding="utf-8")
    assert "proposal:decided" in text
    assert "theirs" not in text
    (folder / "chain.jsonl").write_text(text.replace("olga", "ruth").replace("Ok.", "No."), encoding="utf-8")
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 1


class Reader(HTMLParser):
    """Notes what could act, and where the hostile text landed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags |= {tag} | {name for name, _ in attrs if name.startswith("on")}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_shows_hostile_text_as_text_and_holds_nothing_that_acts(world: World) -> None:
    reader = Reader()
    reader.feed(pack_of(world)["index.html"])
    assert HOSTILE in reader.texts
    assert not {"script", "iframe", "img", "link", "form", "onload", "onclick"} & reader.tags


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"])
def test_a_cell_that_a_spreadsheet_would_compute_is_text(text: str) -> None:
    [[_], [cell]] = list(csv.reader(io.StringIO(as_csv([{"name": text}]), newline="")))
    assert cell == f"'{text}"


def test_a_number_below_zero_and_an_ordinary_text_stay_as_they_are() -> None:
    assert as_csv([{"n": -5, "t": "a = b"}]).splitlines()[1] == "-5,a = b"


def test_nothing_of_another_system_is_in_it(world: World) -> None:
    other = make_other(world)
    text = "".join(pack_of(world).values())
    assert other not in text


def make_other(world: World) -> str:
    """The reason of a waiver of another system of the same team."""
    dependency = make.dependency(system=make.system(team=world.dependency.system.team))
    world.waiver(dependency=dependency, reason="A secret of theirs.")
    return "A secret of theirs."


def test_page_api_and_command_give_the_same_archive(world: World, tmp_path: Path, client: Client) -> None:
    slug = world.dependency.system.slug
    viewer = make.user(role="viewer")
    client.force_login(viewer)
    page = client.get(f"/systems/{slug}/evidence/")
    answer = client_of(viewer).get(f"/api/v1/systems/{slug}/evidence/")
    call_command("evidence_pack", slug, str(tmp_path / "pack.zip"), verbosity=0)
    packs = [files_of(one) for one in (page.content, answer.content, (tmp_path / "pack.zip").read_bytes())]
    assert [one.headers["Content-Type"] for one in (page, answer)] == ["application/zip"] * 2
    assert len({pack["json/decisions.json"] for pack in packs}) == 1
    assert f"evidence-{slug}-" in page.headers["Content-Disposition"]
    assert b"Evidence pack" in client.get(f"/systems/{slug}/gate/").content


def test_who_may_not_read_systems_gets_no_evidence(world: World, client: Client) -> None:
    slug = world.dependency.system.slug
    nobody = make.user("nobody")
    client.force_login(nobody)
    assert client.get(f"/systems/{slug}/evidence/").status_code == 403
    assert client_of(nobody).get(f"/api/v1/systems/{slug}/evidence/").status_code == 403
    assert client.get("/systems/absent/evidence/").status_code == 404


def test_a_system_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no system “absent”"):
        call_command("evidence_pack", "absent", str(tmp_path / "x.zip"))


def test_the_number_of_queries_does_not_grow_with_what_is_in_it(world: World) -> None:
    system = world.dependency.system
    evidence.collect(system, now=timezone.now())
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            evidence.collect(system, now=timezone.now())
        counts.append(len(queries))
        for number in range(3):
            dependency = make.dependency(system=system, purpose=f"p{len(counts)}-{number}")
            make.plan(dependency, make.offering(), author=User.objects.get(username="olga"))
    assert counts[0] == counts[1]
