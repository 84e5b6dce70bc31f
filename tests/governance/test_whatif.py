"""What becomes of a dependency when something goes: the definitions as tables."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from governance.rules.facts import AlternativeFacts, DependencyFacts, HostFacts
from governance.whatif.answer import Answer, document_of
from governance.whatif.fates import Fate, Outcome, Reason, days_in_words, judge
from governance.whatif.question import Exposed, Lost, Scene, Way
from registry.capabilities import Capabilities, Needs
from tests.governance import facts_of_rules as f
from tests.governance.exposures import IN_A_MONTH, LOST, exposed, scene, tried, with_plan

RENTED = HostFacts({77: "Rented GPUs"}, frozenset({"DE"}))


def outcome_of(one: Exposed, at: Scene | None = None) -> tuple[Outcome, Reason]:
    fate = judge(one, at or scene())
    return fate.outcome, fate.reason


# --- what stops, degrades and survives ----------------------------------------------------------


def test_what_the_loss_does_not_get_to_survives_untouched_whatever_its_plan() -> None:
    other = f.dependency(f.arctic(), plan=None)

    assert outcome_of(exposed(other)) == (Outcome.SURVIVES, Reason.UNTOUCHED)
    assert judge(exposed(other), scene()).ways == ()


def test_a_drilled_plan_of_other_vendors_survives_and_says_in_how_many_days() -> None:
    fate = judge(exposed(), scene())

    assert (fate.outcome, fate.reason, fate.ready_in_days) == (Outcome.SURVIVES, Reason.PLAN, 0.5)
    assert fate.text == "Snowflake/arctic-m (huggingface) takes over, ready in 12 hours as measured."


def test_a_verified_copy_keeps_running_and_is_called_continuity() -> None:
    fate = judge(exposed(f.dependency(plan=None, has_verified_copy=True)), scene())

    assert (fate.outcome, fate.reason, fate.plan_holds) == (Outcome.SURVIVES, Reason.COPY, False)
    assert "continuity, not independence" in fate.text


@pytest.mark.parametrize(
    ("lost", "way"),
    [
        (Lost(license_classes=frozenset({"open"})), Way.LICENSE),
        (Lost(vendors={77: "Rented GPUs"}), Way.SERVED),
    ],
    ids=["the right to use it", "who runs it"],
)
def test_a_copy_does_not_help_where_something_else_than_the_source_is_lost(lost: Lost, way: Way) -> None:
    one = exposed(f.dependency(plan=None, has_verified_copy=True, host=RENTED))

    assert judge(one, scene(lost)).ways == (way,)
    assert judge(one, scene(lost)).outcome == Outcome.STOPS


STOPS = {
    "no plan": (f.dependency(plan=None), Reason.NO_PLAN),
    "a plan without alternatives": (with_plan(), Reason.NO_PLAN),
    "an alternative of the same vendor": (
        with_plan(f.alternative(f.adopted(f.unadopted("Octen/x", "Alibaba")))),
        Reason.ALL_LOST,
    ),
    "nobody approved it": (with_plan(replace(f.alternative(), approval=None)), Reason.FLAWED),
    "it is gone itself": (with_plan(f.alternative(f.arctic(status="removed"))), Reason.FLAWED),
    "its approval has expired by then": (
        with_plan(f.approved(f.alternative(), expires_on=IN_A_MONTH - timedelta(days=1))),
        Reason.FLAWED,
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_it_stops(name: str) -> None:
    dependency, reason = STOPS[name]
    assert outcome_of(exposed(dependency)) == (Outcome.STOPS, reason)


def manual() -> AlternativeFacts:
    way = AlternativeFacts(id=1, order=1, kind="manual", impact_statement="Answers take a day.")
    return f.approved(way)


SHORT = f.adopted(f.unadopted("Snowflake/arctic-m", "Snowflake", capabilities=Capabilities(context_length=512)))
LACKING = with_plan(f.alternative(SHORT), needs=Needs(context_length=4000))
RENTED_TWICE = with_plan(f.alternative(host=RENTED), host=RENTED)
DEGRADES = {
    "never drilled": (exposed(drill=None), Reason.UNDRILLED),
    "the last drill failed": (
        exposed(drill=f.drilled(has_passed=False)),
        Reason.UNDRILLED,
    ),
    "the drill has expired by then": (
        exposed(drill=f.drilled(expires_on=IN_A_MONTH - timedelta(days=1))),
        Reason.UNDRILLED,
    ),
    "never measured": (exposed(switch_days=None), Reason.UNDRILLED),
    "the switch takes longer than the notice": (exposed(switch_days=30.5), Reason.SLOW),
    "no model does it": (exposed(with_plan(manual())), Reason.NO_MODEL),
    "it lacks what the purpose needs": (exposed(LACKING), Reason.LACKING),
    "the plan does not say how the index is built again": (exposed(f.dependency(has_index=True)), Reason.LACKING),
    "one host serves both": (exposed(RENTED_TWICE), Reason.SAME_HOST),
    "not shown to be independent": (
        exposed(with_plan(f.alternative(f.arctic(roots=f.roots("Snowflake", unknown=("arctic-m",)))))),
        Reason.DEPENDENT,
    ),
}


@pytest.mark.parametrize("name", DEGRADES)
def test_it_degrades(name: str) -> None:
    one, reason = DEGRADES[name]
    assert outcome_of(one) == (Outcome.DEGRADES, reason)


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (exposed(drill=None), "the switch was never drilled"),
        (exposed(LACKING), "it lacks what embedding needs: its context is 512 tokens, not 4,000"),
        (
            exposed(f.dependency(has_index=True)),
            "it makes other vectors, at whatever dimension, and the plan does not say how the index is built again",
        ),
        (
            exposed(RENTED_TWICE),
            (
                "Rented GPUs serves both Alibaba-NLP/gte-base (huggingface) and Snowflake/arctic-m (huggingface): "
                "one outage takes both"
            ),
        ),
    ],
)
def test_what_degrades_says_why_in_words(one: Exposed, says: str) -> None:
    fate = judge(one, scene())
    assert fate.text == f"Snowflake/arctic-m (huggingface) would take over, but {says}."


def test_a_host_that_nobody_has_named_is_a_question_and_degrades_nothing() -> None:
    assert outcome_of(exposed(f.dependency(host=None))) == (Outcome.SURVIVES, Reason.PLAN)


def test_an_alternative_goes_with_the_vendor_that_serves_it() -> None:
    served = exposed(with_plan(f.alternative(host=RENTED), host=RENTED))
    assert outcome_of(served, scene(Lost(vendors={77: "Rented GPUs"}))) == (Outcome.STOPS, Reason.ALL_LOST)


def test_the_same_model_at_another_host_carries_on_when_a_host_goes_but_is_no_independence() -> None:
    elsewhere = f.adopted(replace(f.unadopted("alibaba.gte", "Alibaba"), host="bedrock", model_id=f.gte().model_id))
    one = exposed(with_plan(f.alternative(elsewhere)))

    assert outcome_of(one, scene(Lost(hosts=frozenset({"huggingface"})))) == (Outcome.DEGRADES, Reason.DEPENDENT)
    assert outcome_of(one) == (Outcome.STOPS, Reason.ALL_LOST)


def test_the_best_of_several_alternatives_counts() -> None:
    undrilled = tried(f.alternative(order=1), None)
    drilled = tried(f.alternative(f.adopted(f.unadopted("IBM/granite", "IBM")), order=2))
    one = Exposed(dependency=with_plan(undrilled, drilled), system=f.system())

    fate = judge(one, scene())

    assert (fate.outcome, fate.by) == (Outcome.SURVIVES, drilled)


# --- ways --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "way"),
    [
        (LOST, Way.MADE),
        (Lost(hosts=frozenset({"huggingface"})), Way.HOST),
        (Lost(models={f.gte().model_id: "gte"}), Way.MODEL),
        (Lost(offering_ids=frozenset({f.gte().id})), Way.OFFERING),
        (Lost(license_classes=frozenset({"open"})), Way.LICENSE),
        (Lost(vendors={5: "Hugging Face"}), Way.PLACE),
        (Lost(vendors={77: "Rented GPUs"}), Way.SERVED),
    ],
)
def test_each_loss_gets_to_it_by_its_way(lost: Lost, way: Way) -> None:
    one = exposed(f.dependency(f.gte(provider_id=5), host=RENTED))
    assert judge(one, scene(lost)).ways == (way,)
    assert judge(one, scene(Lost(vendors={6: "Nobody"}, hosts=frozenset({"azure"})))).ways == ()


def test_the_license_of_the_revision_in_use_counts_and_not_that_of_the_newest() -> None:
    licenses = {f.SHA: f.APACHE, f.OTHER_SHA: f.QWEN_RESEARCH}
    one = exposed(f.dependency(f.gte(licenses=licenses, head_revision=f.OTHER_SHA)))

    assert judge(one, scene(Lost(license_classes=frozenset({"non-commercial"})))).ways == ()
    assert judge(one, scene(Lost(license_classes=frozenset({"open"})))).ways == (Way.LICENSE,)


# --- days --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gone_on", "notice", "outcome"),
    [
        (f.TODAY + timedelta(days=3), 3, Outcome.SURVIVES),
        (f.TODAY + timedelta(days=2), 2, Outcome.DEGRADES),
        (f.TODAY, 0, Outcome.DEGRADES),
        (f.TODAY - timedelta(days=9), 0, Outcome.DEGRADES),
    ],
)
def test_a_switch_of_three_days_needs_three_days_of_notice(gone_on: date, notice: int, outcome: Outcome) -> None:
    at = scene(gone_on=gone_on)
    assert (at.notice_days, judge(exposed(switch_days=3.0), at).outcome) == (notice, outcome)


@pytest.mark.parametrize("dependency", [f.dependency(), RENTED_TWICE, LACKING])
def test_a_switch_that_is_too_slow_says_how_long_nothing_runs_whatever_else_is_wrong(
    dependency: DependencyFacts,
) -> None:
    at = scene(gone_on=f.TODAY + timedelta(days=2))
    fate = judge(exposed(dependency, switch_days=4.5), at)
    line = document_of(answer_of([fate], at))["lines"][0]

    assert (line["notice_days"], line["ready_in_days"], line["days_without"]) == (2, 4.5, 2.5)
    assert "2.5 days without it" in line["text"]


@pytest.mark.parametrize(
    ("days", "words"), [(0.0, "1 minute"), (0.02, "29 minutes"), (1 / 24, "1 hour"), (1.5, "36 hours"), (3.0, "3 days")]
)
def test_days_in_words(days: float, words: str) -> None:
    assert days_in_words(days) == words


# --- the document ----------------------------------------------------------------------------------


def answer_of(fates: list[Fate], at: Scene) -> Answer:
    return Answer({"vendors": ("Alibaba",)}, at, f.NOW, 9, tuple(fates), (), ())


def test_the_document_counts_all_and_lists_what_stops_in_critical_systems_first() -> None:
    normal = replace(exposed(f.dependency(plan=None)), system=f.system(criticality="normal"))
    fates = [judge(one, scene()) for one in (exposed(), normal, exposed(f.dependency(plan=None)))]

    document = document_of(answer_of(fates, scene()))

    counts = document["counts"]
    assert (counts["stops"], counts["critical_stops"], counts["survives"], counts["untouched"]) == (2, 1, 1, 6)
    assert [(line["outcome"], line["criticality"]) for line in document["lines"]] == [
        ("stops", "critical"),
        ("stops", "normal"),
        ("survives", "critical"),
    ]
    assert document["lines"][0]["why"] == ["Alibaba stands behind it"]
