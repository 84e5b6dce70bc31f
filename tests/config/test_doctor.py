"""The doctor: each thing that can be wrong is found, named, and comes with the way out."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder

from config.diagnosis import Finding, Status, diagnose
from config.env import Environment, ModelList
from governance.models import Channel, Notice
from governance.signing import key_id, new_key
from registry.models import Change, ChangeKind, Incident, Severity, Source
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.NOW
PRODUCTION = {"production": True, "secret_key": "k" * 50, "base_url": "https://understudy.example.org"}


def look(**changed: object) -> list[Finding]:
    env: Environment = settings.ENV
    return diagnose(replace(env, **changed), now=NOW)  # type: ignore[arg-type]  # each test names real fields


def wrong(findings: list[Finding], topic: str) -> list[str]:
    return [f.says for f in findings if f.topic == topic and f.status is Status.WRONG]


def source(**fields: object) -> None:
    Source.objects.all().delete()
    Source.objects.create(slug="hub", name="Hub", method="vendor_api", interval=timedelta(hours=6), **fields)


def test_everything_that_is_not_good_comes_with_a_way_out() -> None:
    bad = [f for f in look(production=True, secret_key="short", jira_url="https://j") if f.status is not Status.OK]
    assert len(bad) > 5
    assert all(finding.way_out for finding in bad)


def test_an_embedded_instance_with_an_administrator_is_well() -> None:
    factories.user("root", is_superuser=True)
    Source.objects.all().delete()
    assert [f for f in look() if f.status is Status.WRONG] == []


def test_a_short_secret_key_is_wrong_in_production() -> None:
    assert wrong(look(**PRODUCTION | {"secret_key": "short"}), "secret key")
    assert not wrong(look(**PRODUCTION), "secret key")


def test_it_says_which_key_signs_verdicts_and_what_is_odd_about_the_others() -> None:
    new, old = new_key(), new_key()
    kid, other = key_id(new), key_id(old)

    def said(*keys: str) -> tuple[Status, str]:
        (finding,) = [f for f in look(verdict_keys=keys) if f.topic == "verdict keys"]
        assert bool(finding.way_out) is (finding.status is not Status.OK)
        return finding.status, finding.says

    assert said(new) == (Status.OK, f"{kid} signs")
    assert said() == (Status.NOTE, "no verdict is signed")
    assert said(new, old) == (Status.NOTE, f"{kid} signs; still published: {other}")
    assert said(new, new) == (Status.NOTE, f"one is set twice; {kid} signs")


def test_an_address_that_only_this_machine_knows_is_wrong_in_production() -> None:
    assert wrong(look(**PRODUCTION | {"base_url": "http://127.0.0.1:8000"}), "address")
    assert not wrong(look(**PRODUCTION), "address")


def test_error_pages_with_internals_are_wrong_in_production() -> None:
    assert wrong(look(**PRODUCTION | {"debug": True}), "mode")


def test_production_without_mail_is_wrong() -> None:
    assert wrong(look(**PRODUCTION), "mail")
    assert not wrong(look(), "mail")


def test_a_folder_that_cannot_be_made_is_wrong() -> None:
    assert wrong(look(var=Path("/dev/null/var")), "folder")


def test_a_redis_that_is_away_is_wrong() -> None:
    assert wrong(look(redis_url="redis://127.0.0.1:1/0"), "broker")


def test_a_tracker_without_an_account_is_wrong_and_names_what_is_missing() -> None:
    (finding,) = [f for f in look(jira_url="https://j", jira_user="u", jira_token="") if f.topic == "tickets"]
    assert (finding.status, finding.way_out) == (Status.WRONG, "Set JIRA_TOKEN.")


def test_without_a_token_only_complete_listings_can_show_a_removal() -> None:
    (finding,) = [f for f in look(hf_token="") if f.topic == "hub"]
    assert "only absence from complete namespace listings can show a removal" in finding.says
    assert [f.status for f in look(hf_token="hf_x") if f.topic == "hub"] == [Status.OK]


def test_a_migration_that_is_missing_is_wrong_and_rows_are_then_not_read() -> None:
    MigrationRecorder.Migration.objects.filter(app="governance", name="0001_initial").delete()
    findings = look()
    assert wrong(findings, "migrations") == ["1 not applied"]
    assert "triage" not in {finding.topic for finding in findings}


def test_a_source_that_is_due_and_not_polled_is_wrong() -> None:
    source(next_due_at=NOW - timedelta(minutes=6))
    assert wrong(look(), "source hub")
    source(next_due_at=NOW - timedelta(minutes=4))
    assert not wrong(look(), "source hub")


def test_a_source_that_has_not_answered_for_two_intervals_is_wrong() -> None:
    source(last_success_at=NOW - timedelta(hours=13))
    assert wrong(look(), "source hub")
    source(last_success_at=NOW - timedelta(hours=11))
    assert not wrong(look(), "source hub")


def test_a_failure_since_the_last_good_poll_is_noted_with_its_reason() -> None:
    source(last_success_at=NOW - timedelta(hours=2), last_error_at=NOW - timedelta(hours=1), last_error="HTTP 503")
    (finding,) = [f for f in look() if f.topic == "source hub"]
    assert (finding.status, finding.says) == (
        Status.NOTE,
        "The last poll failed and is tried again by itself. HTTP 503",
    )


def test_a_source_whose_word_is_held_back_is_wrong_until_a_person_has_decided() -> None:
    source(last_success_at=NOW - timedelta(hours=1))
    held = Incident.objects.create(
        source=Source.objects.get(), kind="suspect", opened_at=NOW, reason="70 of 500 rows vanished at once."
    )
    (finding,) = [f for f in look() if f.topic == "source hub"]
    assert (finding.status, finding.says) == (Status.WRONG, "70 of 500 rows vanished at once.")
    assert finding.way_out == "Release or dismiss what is held back on its page under Sources."
    Incident.objects.filter(pk=held.pk).update(closed_at=NOW)
    assert not wrong(look(), "source hub")


def test_a_list_that_is_enabled_without_its_key_is_wrong_and_names_the_setting(settings: Any) -> None:
    settings.MODEL_LISTS = {**settings.MODEL_LISTS, "openai": ModelList()}
    Source.objects.filter(slug="openai").update(is_enabled=True)
    [finding] = [one for one in look() if one.says == "is enabled and cannot be asked"]
    assert finding.way_out == "Set OPENAI_API_KEY, or disable it in the admin under Sources."


def test_a_list_that_has_its_key_and_is_disabled_is_noted(settings: Any) -> None:
    settings.MODEL_LISTS = {**dict.fromkeys(settings.MODEL_LISTS, ModelList()), "mistral": ModelList(key="a key")}
    settings.BEDROCK_REGIONS = ["eu-central-1"]
    Source.objects.filter(slug="openrouter").update(is_enabled=False)
    noted = [one.topic for one in look() if one.says == "is set up and disabled"]
    assert noted == ["source bedrock", "source mistral"]


def test_a_change_that_waits_for_long_is_wrong() -> None:
    change = {"kind": ChangeKind.VENDOR_SIGNAL, "severity": Severity.NOTICE, "origin": Change.Origin.PERSON}
    Change.objects.create(**change, vendor=factories.vendor(), detected_at=NOW - timedelta(minutes=4))
    assert not wrong(look(), "triage")
    Change.objects.create(**change, vendor=factories.vendor(), detected_at=NOW - timedelta(minutes=6))
    assert wrong(look(), "triage") == ["1 changes wait for more than 5 minutes"]


def test_a_notice_that_is_late_is_wrong_and_so_is_a_dead_letter() -> None:
    channel = Channel.objects.create(team=factories.team(), transport="email", address="team@northwind.example")
    Notice.objects.create(channel=channel, key="late", due_at=NOW - timedelta(minutes=6), created_at=NOW)
    Notice.objects.create(channel=channel, key="dead", due_at=NOW, created_at=NOW, state=Notice.State.DEAD)
    says = wrong(look(), "notices")
    assert says == ["1 are due for more than 5 minutes", "1 could not be delivered"]


def test_a_team_that_nobody_answers_for_is_noted() -> None:
    factories.team("search").members.update(left_on=NOW.date())
    assert "1 teams have no active owner" in [f.says for f in look() if f.topic == "people"]


def test_the_command_fails_where_something_is_wrong_and_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", json=True)
    findings = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert {"topic": "people", "status": "wrong", "says": "there is no administrator"}.items() <= next(
        finding for finding in findings if finding["topic"] == "people"
    ).items()


def test_the_command_prints_the_way_out_beside_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("doctor")
    out = capsys.readouterr().out
    assert (
        "wrong people         there is no administrator\n                     -> Run manage.py createsuperuser." in out
    )
