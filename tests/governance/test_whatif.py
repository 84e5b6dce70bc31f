"""What becomes of a dependency when something goes: the definitions as tables, and the gate as a second opinion."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.rules.facts import AlternativeFacts, DependencyFacts, OfferingFacts
from governance.rules.policy import Policy
from governance.whatif import fates as whatif_fates
from governance.whatif.fates import Outcome, Reason, days_in_words, judge
from governance.whatif.fixes import Help, done, most_helpful
from governance.whatif.question import DrillFacts, Exposed, Lost, Scene, Way
from registry.capabilities import Needs
from tests.governance import facts_of_rules as f
from tests.governance import oracle
from tests.governance.test_rules_oracle import alternative, offering

IN_A_MONTH = f.TODAY + timedelta(days=30)
ALIBABA = next(iter(f.roots("Alibaba").names))
LOST = Lost(vendors={ALIBABA: "Alibaba"})


def scene(lost: Lost = LOST, gone_on: date = IN_A_MONTH) -> Scene:
    return Scene(lost, gone_on, f.TODAY, Policy())


def passed(switch_days: float | None = 0.5, expires_on: date = f.LATER) -> DrillFacts:
    return DrillFacts(passed=True, expires_on=expires_on, switch_days=switch_days)


DRILLED = passed()


def exposed(dependency: DependencyFacts | None = None, *, drill: DrillFacts | None = DRILLED, **fields: Any) -> Exposed:
    """A critical use of Alibaba's model whose plan holds without Alibaba and was drilled, unless told otherwise."""
    dependency = dependency or f.dependency()
    alternatives = dependency.plan.alternatives if dependency.plan else ()
    drills = {one.id: drill for one in alternatives} if drill else {}
    return Exposed(dependency=dependency, system=f.system(), **({"drills": drills} | fields))


def with_plan(*alternatives: AlternativeFacts, **fields: Any) -> DependencyFacts:
    return f.dependency(plan=f.plan(*alternatives), **fields)


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
    one = exposed(f.dependency(plan=None, has_verified_copy=True), served_by=77)

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


DEGRADES = {
    "never drilled": (exposed(drill=None), Reason.UNDRILLED),
    "the last drill failed": (
        exposed(drill=DrillFacts(passed=False, expires_on=f.LATER, switch_days=0.5)),
        Reason.UNDRILLED,
    ),
    "the drill has expired by then": (
        exposed(drill=passed(expires_on=IN_A_MONTH - timedelta(days=1))),
        Reason.UNDRILLED,
    ),
    "never measured": (exposed(drill=passed(None)), Reason.UNDRILLED),
    "the switch takes longer than the notice": (exposed(drill=passed(30.5)), Reason.SLOW),
    "no model does it": (exposed(with_plan(manual())), Reason.NO_MODEL),
    "not shown to be independent": (
        exposed(with_plan(f.alternative(f.arctic(roots=f.roots("Snowflake", unknown=("arctic-m",)))))),
        Reason.DEPENDENT,
    ),
}


@pytest.mark.parametrize("name", DEGRADES)
def test_it_degrades(name: str) -> None:
    one, reason = DEGRADES[name]
    assert outcome_of(one) == (Outcome.DEGRADES, reason)


def test_the_same_model_at_another_host_carries_on_when_a_host_goes_but_is_no_independence() -> None:
    elsewhere = f.adopted(replace(f.unadopted("alibaba.gte", "Alibaba"), host="bedrock", model_id=f.gte().model_id))
    one = exposed(with_plan(f.alternative(elsewhere)))

    assert outcome_of(one, scene(Lost(hosts=frozenset({"huggingface"})))) == (Outcome.DEGRADES, Reason.DEPENDENT)
    assert outcome_of(one) == (Outcome.STOPS, Reason.ALL_LOST)


def test_the_best_of_several_alternatives_counts() -> None:
    undrilled, drilled = f.alternative(order=1), f.alternative(f.adopted(f.unadopted("IBM/granite", "IBM")), order=2)
    one = exposed(with_plan(undrilled, drilled), drills={2: passed()})

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
    one = exposed(f.dependency(f.gte(provider_id=5)), served_by=77)
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
    assert (at.notice_days, judge(exposed(drill=passed(3.0)), at).outcome) == (notice, outcome)


@pytest.mark.parametrize(
    ("days", "words"), [(0.0, "1 minute"), (0.02, "29 minutes"), (1 / 24, "1 hour"), (1.5, "36 hours"), (3.0, "3 days")]
)
def test_days_in_words(days: float, words: str) -> None:
    assert days_in_words(days) == words


# --- the one action that helps most ----------------------------------------------------------------


def unapproved(number: int) -> Exposed:
    return exposed(replace(with_plan(replace(f.alternative(), approval=None)), id=number), drill=None)


def helpful(members: list[Exposed], candidates: Any = None) -> list[Help]:
    return most_helpful([judge(one, scene()) for one in members], scene(), candidates or {})


def test_the_act_that_keeps_most_running_comes_first() -> None:
    unadopted = replace(f.alternative(), offering=replace(f.arctic(), adoptions=()))
    unadopted = f.approved(replace(unadopted, approval=None))
    members = [unapproved(1), unapproved(2), unapproved(3), exposed(replace(with_plan(unadopted), id=4))]

    first, second, *_ = helpful(members)

    assert first.text == "Approve Snowflake/arctic-m (huggingface) for these 3"
    assert (first.act.kind, first.kept_running) == ("approve", [1, 2, 3])
    assert (second.act.kind, second.kept_running, second.made_whole) == ("adopt", [4], [4])


def test_drilling_makes_whole_what_was_never_tried() -> None:
    (only,) = helpful([exposed(drill=None)])
    assert (only.act.kind, only.kept_running, only.made_whole) == ("drill", [], [5])


def test_no_drill_is_offered_where_there_is_no_notice_to_switch_in() -> None:
    at = scene(gone_on=f.TODAY)
    assert most_helpful([judge(exposed(drill=None), at)], at, {}) == []


def test_what_may_be_used_and_stands_in_no_plan_is_offered_for_those_without_one() -> None:
    use = ("embedding", "saas")
    dead, gte, arctic = f.adopted(f.unadopted("x/dead", "X", status="removed")), f.gte(), f.arctic()

    (only,) = helpful([exposed(f.dependency(plan=None))], {use: [dead, gte, arctic]})

    assert (only.act.kind, only.name, only.kept_running) == ("plan", str(arctic), [5])


@settings(max_examples=60, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_doing_it_keeps_running_exactly_what_was_promised(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world = oracle.random_world(dice)
    at = scene(lost_of(world, dice.randrange(len(world.parents))))
    members = [random_exposed(dice, world, number) for number in range(4)]
    use = ("embedding", "saas")
    candidates = {use: [f.adopted(offering(world, model)) for model in range(len(world.bases))]}
    fates = [judge(one, at) for one in members]

    for help_ in most_helpful(fates, at, candidates):
        after = [judge(done(help_.act, one, at, candidates) if is_for(help_, one) else one, at) for one in members]
        still = {one.exposed.dependency.id for one in after if one.outcome == Outcome.STOPS}
        before = {one.exposed.dependency.id for one in fates if one.outcome == Outcome.STOPS}
        assert set(help_.kept_running) == before - still
        assert set(help_.made_whole) <= {one.exposed.dependency.id for one in after if one.outcome == Outcome.SURVIVES}


def is_for(help_: Help, one: Exposed) -> bool:
    """A decision on a model counts for everybody; what is put into a plan is put into those that are named."""
    return help_.act.kind != "plan" or one.dependency.id in help_.dependencies


# --- the gate as a second opinion ------------------------------------------------------------------


def lost_of(world: oracle.World, vendor: int) -> Lost:
    """The vendor with its children, we ourselves left out, as loading resolves it."""
    family = [
        one for one in range(len(world.parents)) if vendor in oracle.chain_of(world, one) and one != world.is_self
    ]
    return Lost(vendors={one: f"V{one}" for one in family} if vendor != world.is_self else {})


def is_lost_by_hand(world: oracle.World, model: int, vendor: int, gone: int) -> bool:
    """The vendor stands behind it, or it is the one model that goes as well."""
    return model == gone or (vendor != world.is_self and vendor in oracle.vendors_behind(world, model))


def needing(
    world: oracle.World, primary: OfferingFacts, alternatives: list[AlternativeFacts], **fields: Any
) -> DependencyFacts:
    """A use that needs what the oracle takes for needed."""
    needs = Needs(context_length=oracle.NEEDED)
    return f.dependency(primary, plan=f.plan(*alternatives), needs=needs, has_index=world.has_index, **fields)


def random_exposed(dice: Random, world: oracle.World, number: int) -> Exposed:
    ways = [oracle.random_way(dice, len(world.bases)) for _ in range(dice.randrange(4))]
    alternatives = [alternative(world, way, order) for order, way in enumerate(ways, start=1)]
    primary = offering(world, dice.randrange(len(world.bases)))
    dependency = needing(world, primary, alternatives, has_verified_copy=dice.random() < 0.2)
    drills = {one.id: passed(dice.choice([0.5, 40.0])) for one in alternatives if dice.random() < 0.6}
    return exposed(replace(dependency, id=number), drills=drills)


def agrees(seed: int) -> bool:
    """Whether the fate's plan holds exactly where the definition of the gate says so for what is left of the plan."""
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world, primary, plan = oracle.random_plan(seed)
    vendor, gone = dice.randrange(len(world.parents)), dice.randrange(len(world.bases))
    alternatives = [alternative(world, way, order) for order, way in enumerate(plan, start=1)]
    one = exposed(needing(world, offering(world, primary), alternatives))
    lost = replace(lost_of(world, vendor), offering_ids=frozenset({offering(world, gone).id}))
    fate = judge(one, scene(lost, gone_on=f.TODAY + timedelta(days=1)))
    left = [way for way in plan if way.kind != "offering" or not is_lost_by_hand(world, way.model, vendor, gone)]
    holds = any(holds_tomorrow(world, primary, way) for way in left)
    touched = is_lost_by_hand(world, primary, vendor, gone)
    survives_by_plan = fate.reason == Reason.PLAN
    is_a_model = fate.by is not None and fate.by.is_model
    return (fate.plan_holds, bool(fate.ways)) == (holds, touched) and (
        not touched or not is_a_model or survives_by_plan == holds
    )


def holds_tomorrow(world: oracle.World, primary: int, way: oracle.Way) -> bool:
    """By the definition, a day later: what retires on the first day after the lead time is within it by then."""
    later = None if way.retires_in is None else way.retires_in - 1
    return oracle.holds_by_definition(world, primary, replace(way, retires_in=later))


@settings(max_examples=200, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_a_plan_holds_without_what_is_lost_exactly_when_the_gate_says_so(seed: int) -> None:
    assert agrees(seed)


def test_the_oracle_notices_when_the_lost_are_left_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(agrees(seed) for seed in range(120))

    monkeypatch.setattr(whatif_fates, "without_the_lost", lambda one, _scene: one.dependency)

    assert not all(agrees(seed) for seed in range(120))
