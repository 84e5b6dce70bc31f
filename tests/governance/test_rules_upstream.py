"""3xx: still there, for how long, as open as it was, and exactly which revision."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from governance.rules.facts import StaleFacts
from governance.rules.findings import Page
from governance.rules.policy import BadPolicy, Policy, from_document
from governance.rules.verdict import verdict_of
from tests.governance import facts_of_rules as f


def retiring(days: int, **fields: Any) -> Any:
    return f.gte(retires_on=f.TODAY + timedelta(days=days), **fields)


@pytest.mark.parametrize("status", ["retired", "removed", "disabled"])
def test_what_is_gone_upstream_stops_and_names_the_way_out(status: str) -> None:
    finding = f.found(f.use(replace(f.gte(), status=status)))["UD301"]

    assert finding.level == "error"
    assert finding.message == f"Alibaba-NLP/gte-base (huggingface) is {status} upstream."
    assert finding.fix.startswith("Switch to Snowflake/arctic-m (huggingface) now")


def test_what_is_gone_warns_where_a_verified_copy_serves() -> None:
    finding = f.found(f.use(replace(f.gte(), status="removed"), has_verified_copy=True))["UD301"]

    assert finding.level == "warning"
    assert "Our verified copy keeps it running." in finding.message


def test_what_is_gone_warns_an_experiment_and_outside_production() -> None:
    gone = replace(f.gte(), status="removed")

    assert f.levels(f.use(gone, of=f.system(criticality="experimental")))["UD301"] == "warning"
    assert f.levels(f.use(gone, of=f.system(is_production=False)))["UD301"] == "warning"


def test_a_day_of_retirement_that_has_come_counts_as_gone() -> None:
    assert set(f.found(f.use(retiring(0)))) == {"UD301"}
    assert set(f.found(f.use(retiring(1)))) == {"UD302"}


@pytest.mark.parametrize(
    ("criticality", "lead", "level"),
    [("critical", 90, "error"), ("important", 60, "error"), ("normal", 30, "warning"), ("experimental", 14, "note")],
)
def test_lead_time_depends_on_criticality(criticality: str, lead: int, level: str) -> None:
    one = f.system(criticality=criticality)

    assert f.levels(f.use(retiring(lead), of=one)) == {"UD302": level}
    assert f.found(f.use(retiring(lead + 1), of=one)) == {}


def test_a_retirement_says_when_how_long_that_is_and_what_would_be_needed() -> None:
    finding = f.found(f.use(retiring(20)))["UD302"]

    assert finding.message == (
        "Alibaba-NLP/gte-base (huggingface) retires on 2026-05-05, in 20 days; a critical system needs 90 days."
    )
    assert finding.fix == "Switch to Snowflake/arctic-m (huggingface) before 2026-05-05."


def test_a_measured_switch_that_takes_longer_than_the_lead_time_counts() -> None:
    slow = f.plan(f.alternative(switch_time_days=119.2))

    finding = f.found(f.use(retiring(120), plan=slow))["UD302"]

    assert finding.message.endswith("in 120 days; the last drill took 120 days to switch.")
    assert f.found(f.use(retiring(121), plan=slow)) == {}


def test_a_retirement_warns_until_its_action_is_due() -> None:
    waiting = f.found(f.use(retiring(20), actions=(f.action("retirement", due_in=3),)))["UD302"]

    assert waiting.level == "warning"
    assert "This warns until 2026-04-18, when “Move off” is due" in waiting.message
    assert f.levels(f.use(retiring(20), actions=(f.action("retirement", due_in=-1),))) == {"UD302": "error"}


def test_what_was_so_when_the_dependency_was_declared_gets_no_grace() -> None:
    known_before = (f.action("retirement", is_of_an_event=False),)

    assert f.levels(f.use(retiring(20), actions=known_before)) == {"UD302": "error"}


def test_deprecated_without_a_date_warns() -> None:
    deprecated = replace(f.gte(), status="deprecated")

    assert f.levels(f.use(deprecated)) == {"UD303": "warning"}
    assert f.levels(f.use(deprecated, of=f.system(is_production=False))) == {"UD303": "note"}
    assert f.found(f.use(deprecated))["UD303"].message.endswith("is deprecated; no day is set yet.")


def test_deprecated_with_a_far_date_is_no_finding() -> None:
    assert f.found(f.use(retiring(300, status="deprecated"))) == {}


def test_what_became_gated_since_its_adoption_stops_or_warns_where_a_copy_serves() -> None:
    gated = replace(f.gte(), gating="manual")

    finding = f.found(f.use(gated))["UD304"]

    assert finding.level == "error"
    assert finding.message == (
        "Alibaba-NLP/gte-base (huggingface) became gated since it was adopted on 2026-01-05: it is given out only on "
        "request."
    )
    assert f.levels(f.use(gated, has_verified_copy=True)) == {"UD304": "warning"}
    assert f.levels(f.use(gated, actions=(f.action("access"),))) == {"UD304": "warning"}


def test_what_was_gated_when_it_was_adopted_is_no_finding() -> None:
    assert f.found(f.use(f.gte(gating="manual"))) == {}
    assert f.found(f.use(replace(f.gte(gating="manual"), gating="open"))) == {}


def test_weights_without_a_pin_name_the_revision_to_pin() -> None:
    finding = f.found(f.use(pinned_revision=""))["UD307"]

    assert finding.level == "error"
    assert finding.message.endswith("is used for embedding without a pinned revision.")
    assert finding.fix == f"Pin revision {f.SHA}."


def test_a_floating_name_names_the_snapshot_behind_it() -> None:
    finding = f.found(f.use(is_floating=True))["UD307"]

    assert finding.message.startswith("The name floats: today it means Alibaba-NLP/gte-base (huggingface)")
    assert finding.fix == "Write Alibaba-NLP/gte-base instead of the floating name."


def test_a_service_without_a_pin_is_no_finding() -> None:
    service = f.adopted(f.unadopted("gpt-4o", "OpenAI", kind="service", licenses={"": f.APACHE}), revision="")

    assert f.found(f.use(service, pinned_revision="")) == {}


def test_a_pipeline_that_uses_another_revision_than_declared_is_told_both() -> None:
    offering = f.gte(licenses={f.SHA: f.APACHE, f.OTHER_SHA: f.APACHE})

    finding = f.found(f.use(offering, asked_revision=f.OTHER_SHA))["UD307"]

    assert finding.message.endswith("is used at revision bbbbbbbbbb, and aaaaaaaaaa is declared.")
    assert finding.fix == f"Use revision {f.SHA}, or declare {f.OTHER_SHA}."


def test_a_declared_revision_that_is_not_the_adopted_one_is_told_both() -> None:
    offering = f.gte(licenses={f.SHA: f.APACHE, f.OTHER_SHA: f.APACHE})

    finding = f.found(f.use(offering, pinned_revision=f.OTHER_SHA))["UD307"]

    assert finding.message.endswith("is used at revision bbbbbbbbbb, and aaaaaaaaaa is adopted.")


def test_a_shortened_commit_is_the_commit_that_it_begins() -> None:
    assert f.found(f.use(asked_revision=f.SHA[:7])) == {}
    assert set(f.found(f.use(asked_revision=f.SHA[:6]))) >= {"UD307"}


@pytest.mark.parametrize("lacking", [{"status": "unknown"}, {"facts_as_of": None}])
def test_what_no_source_has_confirmed_is_not_known_where_its_absence_would_stop(lacking: dict[str, Any]) -> None:
    finding = f.found(f.use(f.gte(**lacking)))["UD301"]

    assert (finding.level, finding.is_unknown) == ("warning", True)
    assert finding.message == (
        "Whether Alibaba-NLP/gte-base (huggingface) is available is not known: no source has confirmed it."
    )
    assert verdict_of([finding]) == "unknown"


def test_what_is_not_known_only_warns_where_its_absence_would_only_warn() -> None:
    finding = f.found(f.use(f.gte(status="unknown"), of=f.system(is_production=False)))["UD301"]

    assert (finding.level, finding.is_unknown) == ("warning", False)


def test_what_we_run_ourselves_or_hold_a_copy_of_needs_no_source() -> None:
    assert f.found(f.use(f.gte(status="unknown", provider_is_self=True))) == {}
    assert f.found(f.use(f.gte(status="unknown"), has_verified_copy=True)) == {}


STALE = StaleFacts(source_id=4, source="Hugging Face Hub", since=f.NOW - timedelta(hours=14))


def test_facts_that_nobody_confirms_any_more_make_a_production_check_unknown() -> None:
    finding = f.found(f.use(f.gte(stale=STALE)))["UD306"]

    assert (finding.level, finding.is_unknown) == ("warning", True)
    assert finding.message == (
        "Alibaba-NLP/gte-base (huggingface) was last confirmed on 2026-04-14 19:00 UTC, 14 hours ago: its source, "
        "Hugging Face Hub, does not answer."
    )
    assert finding.fix == ("Ask an operator to look at the source Hugging Face Hub; its next good poll settles this.")
    assert finding.page == Page("source", 4)
    assert verdict_of([finding]) == "unknown"


def test_fresh_facts_are_nothing_to_speak_of() -> None:
    assert "UD306" not in f.found(f.use(f.gte()))


@pytest.mark.parametrize(
    ("place", "level", "verdict"),
    [
        ({"criticality": "critical"}, "warning", "unknown"),
        ({"criticality": "normal"}, "warning", "unknown"),
        ({"criticality": "experimental"}, "warning", "warn"),
        ({"criticality": "critical", "is_production": False}, "note", "pass"),
        ({"criticality": "experimental", "is_production": False}, "note", "pass"),
    ],
)
def test_a_silent_source_stops_only_what_would_be_stopped_by_what_it_may_hide(
    place: dict[str, Any], level: str, verdict: str
) -> None:
    finding = f.found(f.use(f.gte(stale=STALE), of=f.system(**place)))["UD306"]
    assert (finding.level, verdict_of([finding])) == (level, verdict)


def test_policy_may_say_that_silence_only_warns() -> None:
    policy = from_document(1, {"levels": {"UD306": "warning"}})
    finding = f.found(f.use(f.gte(stale=STALE)), policy)["UD306"]
    assert (finding.level, finding.is_unknown) == ("warning", False)


def test_a_verified_copy_keeps_running_while_the_source_is_silent() -> None:
    finding = f.found(f.use(f.gte(stale=STALE), has_verified_copy=True))["UD306"]
    assert (finding.level, finding.is_unknown) == ("warning", False)
    assert finding.message.endswith("Our verified copy keeps it running.")


def test_what_is_gone_or_run_by_ourselves_needs_no_fresher_word() -> None:
    assert set(f.found(f.use(f.gte(stale=STALE, status="removed")))) == {"UD301"}
    assert f.found(f.use(f.gte(stale=STALE, provider_is_self=True))) == {}


def test_a_known_failure_weighs_more_than_silence() -> None:
    findings = f.found(f.use(f.gte(stale=STALE, retires_on=f.TODAY + timedelta(days=3))))
    assert {rule: finding.level for rule, finding in findings.items()} == {"UD302": "error", "UD306": "warning"}
    assert verdict_of(findings.values()) == "fail"


def test_silence_about_the_way_out_only_warns() -> None:
    plan = f.plan(f.alternative(f.arctic(stale=STALE)))
    finding = f.found(f.use(plan=plan))["UD306"]
    assert (finding.level, finding.is_unknown) == ("warning", False)
    assert finding.message.startswith("The way out: Snowflake/arctic-m (huggingface) was last confirmed on")


def test_a_waiver_covers_the_time_of_silence() -> None:
    finding = f.found(f.use(f.gte(stale=STALE), waivers=(f.waiver("UD306"),)))["UD306"]
    assert (finding.level, finding.is_unknown) == ("note", False)


def test_policy_decides_the_lead_time() -> None:
    policy = replace(Policy(), lead_days={**Policy().lead_days, "critical": 10})

    assert f.found(f.use(retiring(20)), policy) == {}


@pytest.mark.parametrize("criticality", ["critical", "experimental"])
@pytest.mark.parametrize("is_production", [True, False])
def test_another_identity_under_the_same_name_stops_everywhere_without_grace_or_waiver(
    *, criticality: str, is_production: bool
) -> None:
    taken_over = replace(f.gte(), upstream_id="f" * 24)
    where = f.system(criticality=criticality, is_production=is_production, waivers=(f.waiver("UD305"),))

    finding = f.found(f.use(taken_over, of=where, actions=(f.action("identity"),)))["UD305"]

    assert finding.level == "error"
    assert finding.message.endswith(f"and is {'f' * 24}: the same name, another identity.")
    assert finding.fix == (
        "Do not fetch it again, find out who published it and compare digests; then propose its adoption again "
        "(somebody else decides), or switch to Snowflake/arctic-m (huggingface)."
    )
    assert finding.page is not None
    assert finding.page.kind == "adoption"


def test_a_copy_of_our_own_is_where_to_stay_while_the_identity_is_looked_into() -> None:
    taken_over = replace(f.gte(), upstream_id="f" * 24)

    finding = f.found(f.use(taken_over, has_verified_copy=True))["UD305"]

    assert (finding.level, finding.fix.split(",")[0]) == ("error", "Stay on our verified copy")


def nameless_adoption(**fields: Any) -> Any:
    """An offering that was adopted when nobody knew the place's own id of it."""
    return f.adopted(f.unadopted("acme/e5", "Acme", upstream_id="", **fields))


@pytest.mark.parametrize(("days_after", "stops"), [(1, True), (-1, False)])
def test_where_no_identity_was_adopted_a_re_registration_since_then_counts(*, days_after: int, stops: bool) -> None:
    offering = replace(nameless_adoption(), reregistered_at=f.GRANTED + timedelta(days=days_after))

    assert ("UD305" in f.found(f.use(offering))) is stops


def test_an_identity_that_is_still_the_adopted_one_is_not_doubted_for_an_old_change() -> None:
    assert f.found(f.use(replace(f.gte(), reregistered_at=f.NOW))) == {}


def test_a_re_registration_of_what_nobody_adopted_is_told() -> None:
    offering = f.unadopted("acme/e5", "Acme", reregistered_at=f.NOW)

    assert set(f.found(f.use(offering))) == {"UD103", "UD305"}


def test_a_policy_cannot_switch_the_identity_off() -> None:
    with pytest.raises(BadPolicy, match="cannot be switched off"):
        from_document(1, {"levels": {"UD305": "off"}})
