"""What several plans lean on, and the one action that would help most."""

from dataclasses import replace
from typing import Any

from governance.rules.facts import AlternativeFacts, HostFacts, OfferingFacts
from governance.whatif.fates import judge
from governance.whatif.fixes import Help, most_helpful, shared_alternatives
from governance.whatif.question import Exposed
from tests.governance import facts_of_rules as f
from tests.governance.exposures import exposed, scene, with_plan

# --- the same fallback ----------------------------------------------------------------------------


def test_two_plans_that_lean_on_one_offering_are_named_and_one_alone_is_not() -> None:
    bge = f.adopted(f.unadopted("BAAI/bge-m3", "BAAI"))
    on_bge = [exposed(replace(with_plan(f.alternative(bge)), id=number)) for number in (1, 2)]
    fates = [judge(one, scene()) for one in (*on_bge, exposed())]

    shared = shared_alternatives(fates)

    assert [(one.kind, one.name, one.dependencies) for one in shared] == [
        ("offering", "BAAI/bge-m3 (huggingface)", (1, 2))
    ]


def test_two_offerings_of_one_vendor_lean_on_that_vendor() -> None:
    first = exposed(replace(with_plan(f.alternative(f.adopted(f.unadopted("BAAI/bge-m3", "BAAI")))), id=1))
    second = exposed(replace(with_plan(f.alternative(f.adopted(f.unadopted("BAAI/reranker", "BAAI")))), id=2))

    shared = shared_alternatives([judge(one, scene()) for one in (first, second)])

    assert [(one.kind, one.name, one.dependencies) for one in shared] == [("vendor", "BAAI", (1, 2))]


# --- the one action that helps most ----------------------------------------------------------------


def way(offering: OfferingFacts) -> AlternativeFacts:
    """As what is adopted would be put into a plan."""
    return AlternativeFacts(id=0, order=0, offering=offering, pinned_revision=offering.head_revision)


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


def test_no_drill_is_offered_where_one_host_serves_both_as_it_would_make_nothing_whole() -> None:
    rented = HostFacts({77: "Rented GPUs"})
    assert helpful([exposed(with_plan(f.alternative(host=rented), host=rented), drill=None)]) == []


def test_no_drill_is_offered_where_there_is_no_notice_to_switch_in() -> None:
    at = scene(gone_on=f.TODAY)
    assert most_helpful([judge(exposed(drill=None), at)], at, {}) == []


def test_what_may_be_used_and_stands_in_no_plan_is_offered_for_those_without_one() -> None:
    use = ("embedding", "saas")
    dead, gte, arctic = f.adopted(f.unadopted("x/dead", "X", status="removed")), f.gte(), f.arctic()

    (only,) = helpful([exposed(f.dependency(plan=None))], {use: [way(one) for one in (dead, gte, arctic)]})

    assert (only.act.kind, only.name, only.kept_running) == ("plan", str(arctic), [5])
