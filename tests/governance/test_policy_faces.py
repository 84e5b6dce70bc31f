"""The policy by command, API and page."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from governance.models import DryRun, Policy, Proposal
from registry.models import User
from tests import factories as f
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db

STRICTER = "# early\nwaiver_max_days = 60\n"
LOOSER = "waiver_max_days = 91\n"


@pytest.fixture
def rita() -> User:
    return f.user("rita", role="reviewer")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(STRICTER)
    return path


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command("policy", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.usefixtures("rita")
def test_a_file_is_checked_brought_in_and_exported_as_it_was(file: Path) -> None:
    assert "it loosens nothing" in run("check", file)
    brought = ("import", file, "--actor", "rita", "--reason", "We want to know early.")

    assert run(*brought).startswith("Version 1 is the policy from")
    assert run("export") == STRICTER
    assert run(*brought).startswith("No change")
    run("export", file.with_name("out.toml"))
    assert file.with_name("out.toml").read_text() == STRICTER


@pytest.mark.usefixtures("rita")
def test_a_file_that_loosens_becomes_a_proposal(file: Path) -> None:
    file.write_text(LOOSER)

    assert "waiver_max_days: 90 becomes 91" in run("check", file)
    assert "another person decides: proposal" in run("import", file, "--actor", "rita", "--reason", "Audits.")
    assert not Policy.objects.exists()
    assert Proposal.objects.get().policy_text == LOOSER


@pytest.mark.usefixtures("rita")
@pytest.mark.parametrize(
    ("text", "message"),
    [("\nwaiver_max = 1", "policy.toml: line 2, waiver_max: is not known"), ("=", "policy.toml: line 1: this is no")],
)
def test_a_bad_file_is_refused_with_file_line_and_field(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(CommandError) as refused:
        run("import", file, "--actor", "rita", "--reason", "r")
    assert message in str(refused.value)


def test_what_cannot_be_meant_on_the_command_line_is_said(file: Path) -> None:
    with pytest.raises(CommandError, match="no active account"):
        run("import", file, "--actor", "nobody", "--reason", "r")
    with pytest.raises(CommandError, match="Cannot read"):
        run("check", file.with_name("missing.toml"))


def test_a_dry_run_prints_who_changes_and_changes_nothing(file: Path) -> None:
    f.dependency(system=f.system("shop", criticality="normal"))
    file.write_text('levels.UD103 = "note"')

    out = run("dry-run", file)

    assert "shop in production" in out
    assert "fail -> warn" in out
    assert "UD103 error -> note" in out
    assert not Policy.objects.exists()


def post(person: User, address: str, **body: Any) -> Any:
    return client_of(person).post(f"/api/v1/policies/{address}", body, format="json")


def test_the_api_takes_a_text_and_gives_it_back(rita: User) -> None:
    made = post(rita, "", text=STRICTER, reason="Early.")

    assert (made.status_code, made.json()["policy"]["version"]) == (201, 1)
    assert client_of(f.user(role="viewer")).get("/api/v1/policies/1/").json()["text"] == STRICTER
    assert post(rita, "", text=STRICTER, reason="Early.").status_code == 200
    looser = post(rita, "", text=LOOSER, reason="Audits.")
    assert (looser.status_code, looser.json()["loosened"]) == (202, ["waiver_max_days: 60 becomes 91"])
    proposal = client_of(rita).get(f"/api/v1/proposals/{looser.json()['proposal']}/").json()
    assert proposal["current_state"]["loosens"] == [{"field": "waiver_max_days", "change": "60 becomes 91"}]


@pytest.mark.parametrize("text", ["waiver_max = 1", "= 1", "a\x00 = 1", "x = [" * 500])
def test_the_api_says_line_and_field(rita: User, text: str) -> None:
    refused = post(rita, "", text=text, reason="r")

    assert refused.status_code == 400
    assert refused.json()["code"] == "invalid"


def test_the_api_tries_a_text(rita: User) -> None:
    f.dependency(system=f.system("shop", criticality="normal"))

    tried = post(rita, "dry-run/", text='levels.UD103 = "note"').json()

    assert (tried["changed_count"], tried["verdicts"]) == (1, {"fail -> warn": 1})
    assert client_of(rita).get(f"/api/v1/dry-runs/{tried['id']}/").json()["changes"] == tried["changes"]
    assert post(f.user(role="owner"), "dry-run/", text="").status_code == 403


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_others_read_the_policy_and_do_not_change_it(role: str, client: Client) -> None:
    person = f.user(role=role)
    client.force_login(person)

    assert "The built-in policy is in force" in client.get("/policy/").content.decode()
    assert client.get("/policy/change/").status_code == 403
    assert post(person, "", text=STRICTER, reason="r").status_code == 403


def test_the_pages_try_change_and_show_it(rita: User, client: Client) -> None:
    f.dependency(system=f.system("shop", criticality="normal"))
    client.force_login(rita)
    assert "# waiver_max_days = 90" in client.get("/policy/change/").content.decode()

    tried = client.post("/policy/change/", {"text": 'levels.UD103 = "note"', "step": "try"})
    assert tried["Location"] == f"/policy/dry-runs/{DryRun.objects.get().pk}/"
    assert "1 verdict would change" in client.get(tried["Location"]).content.decode()
    wrong = client.post("/policy/change/", {"text": "waiver_max = 1", "step": "change", "reason": "r"})
    assert "Line 1, waiver_max: is not known" in wrong.content.decode()
    client.post("/policy/change/", {"text": STRICTER, "step": "change", "reason": "Early."})
    assert "Version 1 is in force" in client.get("/policy/").content.decode()
    assert client.get("/policy/policy.toml").content.decode() == STRICTER


def test_a_reviewer_decides_on_a_change_of_the_policy_from_its_page(rita: User, client: Client) -> None:
    f.dependency()
    asked = post(rita, "", text=LOOSER, reason="Audits.").json()["proposal"]
    client.force_login(f.user(role="reviewer"))

    page = client.get(f"/proposals/{asked}/").content.decode()

    assert "Change the policy" in client.get("/").content.decode()
    assert "90 becomes 91" in page
    assert "+waiver_max_days = 91" in page
    digest = page.split('name="state_digest" value="')[1].split('"')[0]
    client.post(f"/proposals/{asked}/decide/", {"verdict": "approve", "state_digest": digest})
    assert Policy.objects.get().text == LOOSER


def test_a_dry_run_that_is_not_done_says_how_far_it_is(rita: User, client: Client) -> None:
    row = DryRun.objects.create(text="", asked_by=rita, policy_version=0, total=20_000, done=500)
    client.force_login(rita)

    page = client.get(f"/policy/dry-runs/{row.pk}/")
    assert "500 of 20000 systems are judged" in page.content.decode()
    assert page["Refresh"] == "3", "the browser looks again by itself"
    DryRun.objects.update(finished_at=row.created_at)
    assert "Refresh" not in client.get(f"/policy/dry-runs/{row.pk}/")
