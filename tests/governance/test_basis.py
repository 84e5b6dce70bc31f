"""What a decision rests on, and when it still does."""

from dataclasses import replace

import pytest

from governance import basis
from governance.rules.facts import JSON, same_revision
from tests.governance import facts_of_rules as f


def test_an_adoption_rests_on_seven_facts_of_the_pinned_revision() -> None:
    offering = f.gte(head_revision=f.OTHER_SHA, licenses={f.SHA: f.APACHE, f.OTHER_SHA: f.QWEN_RESEARCH})

    assert basis.of_adoption(offering, f.SHA) == {
        "license": "Apache-2.0",
        "gating": "open",
        "upstream_id": offering.upstream_id,
        "status_gone": False,
        "root_vendors": ["alibaba"],
        "lineage_known": True,
        "revision": f.SHA,
    }


def test_an_unpinned_adoption_rests_on_the_newest_license_and_on_no_revision() -> None:
    offering = f.gte(head_revision=f.OTHER_SHA, licenses={f.SHA: f.APACHE, f.OTHER_SHA: f.QWEN_RESEARCH})

    facts = basis.of_adoption(offering, "")

    assert facts["license"] == "LicenseRef-qwen-research"
    assert "revision" not in facts


def test_an_approval_rests_on_the_facts_of_the_alternative_as_pinned() -> None:
    of_both: dict[str, JSON] = {"shared_vendors": [], "primary_lineage_known": True}

    assert basis.of_approval(f.arctic(), f.SHA, f.gte()) == basis.of_adoption(f.arctic(), f.SHA) | of_both


def test_an_approval_rests_on_who_stands_behind_both_models() -> None:
    facts = basis.of_approval(f.arctic(), f.SHA, f.arctic(id=99))

    assert facts["shared_vendors"] == ["snowflake"]


def test_an_approval_of_a_way_without_a_model_rests_on_no_fact() -> None:
    assert basis.of_approval(None, "", f.gte()) == {}


@pytest.mark.parametrize(
    ("fact", "before", "after"),
    [
        ("license", "Apache-2.0", "MIT"),
        ("license", "Apache-2.0", None),
        ("gating", "open", "auto"),
        ("gating", "auto", "manual"),
        ("gating", "unknown", "manual"),
        ("upstream_id", "1", "2"),
        ("status_gone", False, True),
        ("root_vendors", ["alibaba"], ["alibaba", "moonshot"]),
        ("root_vendors", ["alibaba", "qwen"], ["alibaba"]),
        ("lineage_known", True, False),
        ("shared_vendors", [], ["alibaba"]),
        ("shared_vendors", ["meta"], ["alibaba", "meta"]),
        ("primary_lineage_known", True, False),
        ("revision", f.SHA, f.OTHER_SHA),
    ],
)
def test_what_matters_is_a_change_and_is_said_in_words(fact: str, before: JSON, after: JSON) -> None:
    changes = basis.changed({fact: before}, {fact: after})

    assert [(change.fact, change.before, change.after) for change in changes] == [(fact, before, after)]
    assert len(str(changes[0])) > 10


@pytest.mark.parametrize(
    ("fact", "before", "after"),
    [
        ("license", None, "MIT"),
        ("gating", "manual", "open"),
        ("gating", "manual", "unknown"),
        ("gating", "unknown", "open"),
        ("upstream_id", "", "2"),
        ("upstream_id", "1", ""),
        ("status_gone", True, False),
        ("root_vendors", ["b", "a"], ["a", "b"]),
        ("lineage_known", False, True),
        ("shared_vendors", ["alibaba", "meta"], ["meta"]),
        ("primary_lineage_known", False, True),
        ("revision", f.SHA, f.SHA[:8]),
        ("a_fact_of_a_later_release", 1, 2),
    ],
)
def test_learning_easing_and_what_is_not_understood_are_no_changes(fact: str, before: JSON, after: JSON) -> None:
    assert basis.changed({fact: before}, {fact: after}) == []


def test_a_fact_that_one_side_does_not_name_is_passed_over() -> None:
    assert basis.changed({"revision": f.SHA}, {}) == []
    assert basis.changed({}, {"revision": f.SHA}) == []


def test_a_decision_on_facts_that_stay_has_no_changes() -> None:
    offering = f.gte()

    assert basis.changed(basis.of_adoption(offering, f.SHA), basis.of_adoption(replace(offering, id=99), f.SHA)) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f.SHA, f.SHA, True),
        (f.SHA, f.SHA[:7], True),
        (f.SHA, f.SHA[:6], False),
        (f.SHA, f.OTHER_SHA[:7], False),
        ("v1", "v1", True),
        ("v1", "v1.0", False),
        ("2024-08-06", "2024-08", False),
    ],
)
def test_a_shortened_commit_is_the_same_revision_and_a_shortened_tag_is_not(
    one: str, other: str, *, same: bool
) -> None:
    assert same_revision(one, other) is same
    assert same_revision(other, one) is same
