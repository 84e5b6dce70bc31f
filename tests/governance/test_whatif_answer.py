"""What an answer says beside the fates: what plans lean on together, and the document of all."""

from dataclasses import replace
from datetime import timedelta

from governance.whatif.answer import Answer, document_of
from governance.whatif.fates import Fate, judge
from governance.whatif.fixes import shared_alternatives
from governance.whatif.question import Scene
from tests.governance import facts_of_rules as f
from tests.governance.exposures import exposed, passed, scene, with_plan

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


def test_a_switch_that_is_too_slow_says_how_long_nothing_runs() -> None:
    at = scene(gone_on=f.TODAY + timedelta(days=2))
    fate = judge(exposed(drill=passed(4.5)), at)
    line = document_of(answer_of([fate], at))["lines"][0]

    assert (line["notice_days"], line["ready_in_days"], line["days_without"]) == (2, 4.5, 2.5)
    assert "2.5 days without it" in line["text"]
