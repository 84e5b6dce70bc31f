"""Who has to agree to a proposal, by kind, criticality and license class; pure."""

from typing import Any

import pytest

from governance.rules.policy import BadPolicy, from_document
from governance.rules.routes import ROLES, Routes, assign, in_words, missing

BUILT_IN: dict[str, tuple[str, str, str, dict[str, int]]] = {
    "an open model": ("adopt_model", "critical", "open", {"reviewer": 1}),
    "a proprietary model": ("adopt_model", "", "proprietary", {"reviewer": 1}),
    "a restricted model": ("adopt_model", "", "restricted", {"reviewer": 1, "legal": 1}),
    "a non-commercial model": ("adopt_model", "normal", "non-commercial", {"reviewer": 1, "legal": 1}),
    "an open alternative of a critical system": ("approve_alternative", "critical", "open", {"reviewer": 1}),
    "a restricted alternative": ("approve_alternative", "normal", "restricted", {"reviewer": 1, "legal": 1}),
    "a waiver for a critical system": ("waive_rule", "critical", "", {"reviewer": 2}),
    "a waiver for an important system": ("waive_rule", "important", "", {"reviewer": 1}),
    "a retirement": ("retire_model", "critical", "", {"reviewer": 1}),
    "a kind that nobody thought of": ("another", "critical", "open", {"reviewer": 1}),
}


@pytest.mark.parametrize("case", BUILT_IN)
def test_the_built_in_routes(case: str) -> None:
    kind, criticality, license_class, route = BUILT_IN[case]
    assert Routes().of(kind, criticality=criticality, license_class=license_class) == route


def test_of_criticality_and_license_class_the_larger_number_of_each_role_is_asked() -> None:
    policy = from_document(
        1,
        {
            "routes": {
                "by_criticality": {"adopt_model": {"critical": {"reviewer": 3}}},
                "by_license_class": {"adopt_model": {"restricted": {"reviewer": 2, "legal": 2}}},
            }
        },
    )
    route = policy.routes.of("adopt_model", criticality="critical", license_class="restricted")
    assert route == {"reviewer": 3, "legal": 2}


def test_a_policy_may_ask_for_less_than_is_built_in_but_never_for_nobody() -> None:
    policy = from_document(1, {"routes": {"by_criticality": {"waive_rule": {"critical": {"reviewer": 1}}}}})
    assert policy.routes.of("waive_rule", criticality="critical") == {"reviewer": 1}
    emptied = from_document(1, {"routes": {"by_license_class": {"adopt_model": {"restricted": {}}}}})
    assert emptied.routes.of("adopt_model", license_class="restricted") == {"reviewer": 1}


BAD: dict[str, tuple[Any, str]] = {
    "no table": ([], "routes"),
    "an unknown key": ({"by_team": {}}, "routes.by_team"),
    "an unknown kind": ({"by_criticality": {"adopt": {}}}, "routes.by_criticality.adopt"),
    "an unknown criticality": (
        {"by_criticality": {"waive_rule": {"high": {}}}},
        "routes.by_criticality.waive_rule.high",
    ),
    "an unknown class": (
        {"by_license_class": {"adopt_model": {"gpl": {}}}},
        "routes.by_license_class.adopt_model.gpl",
    ),
    "an unknown role": (
        {"by_criticality": {"waive_rule": {"normal": {"admin": 1}}}},
        "routes.by_criticality.waive_rule.normal.admin",
    ),
    "nobody": (
        {"by_criticality": {"waive_rule": {"normal": {"reviewer": 0}}}},
        "routes.by_criticality.waive_rule.normal.reviewer",
    ),
    "a crowd": (
        {"by_criticality": {"waive_rule": {"normal": {"reviewer": 6}}}},
        "routes.by_criticality.waive_rule.normal.reviewer",
    ),
    "a yes": (
        {"by_criticality": {"waive_rule": {"normal": {"reviewer": True}}}},
        "routes.by_criticality.waive_rule.normal.reviewer",
    ),
    "an endless delegation": ({"delegation_days": 91}, "routes.delegation_days"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_document_that_cannot_be_meant_is_refused_with_its_place(case: str) -> None:
    routes, place = BAD[case]
    with pytest.raises(BadPolicy) as refused:
        from_document(1, {"routes": routes})
    assert refused.value.field == place


BOTH, ONE, OTHER = frozenset(ROLES), frozenset({"reviewer"}), frozenset({"legal"})


@pytest.mark.parametrize(
    ("people", "left"),
    [
        ({}, {"reviewer": 1, "legal": 1}),
        ({"a": ONE}, {"legal": 1}),
        ({"a": BOTH}, {"legal": 1}),
        ({"a": BOTH, "b": ONE}, {}),
        ({"a": BOTH, "b": OTHER}, {}),
        ({"a": ONE, "b": ONE}, {"legal": 1}),
        ({"a": frozenset(), "b": OTHER}, {"reviewer": 1}),
    ],
)
def test_nobody_fills_two_places_and_who_has_two_roles_makes_room(
    people: dict[str, frozenset[str]], left: dict[str, int]
) -> None:
    route = {"reviewer": 1, "legal": 1}
    assert missing(route, assign(route, people)) == left


def test_a_route_in_words() -> None:
    assert in_words({"reviewer": 2, "legal": 1}) == "2 reviewers and 1 person of legal"
