"""UD409 as a table: what a gateway does against what was approved."""

from typing import Any

import pytest

from governance.rules.drift import EVERY, Deployment, DriftFound, Route, Serving, UseOfModel, find_drifts
from governance.rules.facts import BlockFacts, OfferingFacts, RootFacts


def offering(pk: int, name: str, vendor: int, **fields: Any) -> OfferingFacts:
    roots = RootFacts(names={vendor: f"vendor {vendor}"}, is_known=True)
    return OfferingFacts(
        **({"id": pk, "model_id": pk, "model_name": name, "name": name, "host": "h", "roots": roots} | fields)
    )


GPT, MINI = offering(1, "gpt", 10), offering(2, "mini", 10)
CLAUDE, MISTRAL = offering(3, "claude", 20), offering(4, "mistral", 30)
BLOCKED = offering(5, "bad", 40, blocks=(BlockFacts("this offering", "it leaks.", None),))
AT_AZURE = offering(6, "gpt", 10, model_id=1)
ALL = {"gpt": GPT, "mini": MINI, "claude": CLAUDE, "mistral": MISTRAL, "bad": BLOCKED, "azure": AT_AZURE}


def use(*approved: OfferingFacts, pk: int = 1, of: OfferingFacts = GPT) -> UseOfModel:
    return UseOfModel(pk, f"use {pk}", of, approved)


def gateway(*routes: Route, served: tuple[str, ...] = ("gpt",), **more: tuple[Deployment, ...]) -> Serving:
    meanings = {name: (Deployment(one),) for name, one in ALL.items()}
    return Serving((*served, *more), meanings | more, routes)


def route(*names: str, primary: str = "gpt", is_ordinary: bool = True) -> Route:
    return Route(primary, names, "router_settings.fallbacks[0]", is_ordinary)


def told(serving: Serving, *uses: UseOfModel) -> list[tuple[str, str]]:
    return [(one.kind, one.ref) for one in find_drifts(serving, uses)]


def one_of(serving: Serving, *uses: UseOfModel) -> DriftFound:
    (found,) = find_drifts(serving, uses)
    return found


def test_a_gateway_that_does_what_was_approved_has_no_drift() -> None:
    assert told(gateway(route("claude", "mistral")), use(CLAUDE, MISTRAL)) == []


def test_a_fallback_that_nobody_approved_is_told_for_each_use_that_it_would_answer() -> None:
    found = find_drifts(gateway(route("claude", "mistral")), [use(CLAUDE, pk=1), use(CLAUDE, MISTRAL, pk=2)])

    assert [(one.kind, one.ref, one.dependency_id) for one in found] == [("unapproved", "mistral", 1)]
    assert found[0].message == "From “gpt” the gateway falls back to mistral (h), which nobody approved for use 1."


def test_a_blocked_fallback_is_told_as_blocked_alone() -> None:
    found = one_of(gateway(route("claude", "bad")), use(CLAUDE))

    assert found.kind == "blocked"
    assert "which is blocked (this offering): it leaks." in found.message


def test_the_same_vendor_is_told_and_weighs_less_where_people_approved_it() -> None:
    assert told(gateway(route("mini")), use()) == [("unapproved", "mini"), ("same_vendor", "mini")]

    found = one_of(gateway(route("mini")), use(MINI))
    assert (found.kind, found.at_most) == ("same_vendor", "note")
    assert "behind which vendor 10 stands as well" in found.message


def test_the_same_model_at_another_place_is_continuity_and_said_so() -> None:
    found = one_of(gateway(route("azure")), use(AT_AZURE))

    assert found.kind == "same_vendor"


@pytest.mark.parametrize("routes", [(), (route("mistral", is_ordinary=False),)])
def test_a_plan_that_the_gateway_does_not_have_is_missing(routes: tuple[Route, ...]) -> None:
    found = find_drifts(gateway(*routes), [use(CLAUDE, MISTRAL)])

    assert [one.kind for one in found] == ["missing"]
    assert found[0].message == (
        "claude (h) and mistral (h) have been approved for use 1, but the gateway has no fallback at all."
    )


def test_one_alternative_that_is_missing_is_named() -> None:
    found = one_of(gateway(route("claude")), use(CLAUDE, MISTRAL))

    assert found.message == "mistral (h) has been approved for use 1, but the gateway does not fall back to it."


def test_another_order_is_told() -> None:
    found = one_of(gateway(route("mistral", "claude")), use(CLAUDE, MISTRAL))

    assert (found.kind, found.place) == ("order", "router_settings.fallbacks[0]")
    assert "claude (h), then mistral (h)" in found.message


def test_what_only_one_of_two_uses_approved_is_not_missed() -> None:
    assert told(gateway(route("claude")), use(CLAUDE, MISTRAL, pk=1), use(CLAUDE, pk=2)) == []


def test_the_default_counts_for_every_model_and_a_route_of_its_own_wins() -> None:
    assert told(gateway(route("claude", primary=EVERY)), use(CLAUDE)) == []
    found = find_drifts(gateway(route("claude", primary=EVERY), route("mistral")), [use(CLAUDE, MISTRAL)])
    assert [(one.kind, one.ref) for one in found] == [("missing", "gpt")]


def test_a_use_that_the_gateway_does_not_serve_is_not_missed() -> None:
    assert told(gateway(served=()), use(CLAUDE)) == []


def test_a_model_that_nobody_declared_is_told() -> None:
    assert told(gateway(served=("mistral",)), use(CLAUDE)) == [("undeclared", "mistral")]


def test_a_name_that_the_register_does_not_know_is_told_with_its_place() -> None:
    unknown = (Deployment(None, "“azure/x” is the name of a deployment.", "model_list[3].litellm_params.model"),)
    found = one_of(gateway(route("claude"), eu=unknown), use(CLAUDE))

    assert (found.kind, found.place) == ("unresolved", "model_list[3].litellm_params.model")
    assert "“azure/x” is the name of a deployment." in found.message


def test_a_fallback_to_nothing_known_is_told_once() -> None:
    assert told(gateway(route("claude", "who", "who")), use(CLAUDE)) == [("unresolved", "who")]


def test_several_deployments_of_one_name_are_each_looked_at() -> None:
    both = (Deployment(CLAUDE), Deployment(MISTRAL))
    assert ("unapproved", "pool") in told(
        Serving(("gpt",), {"gpt": (Deployment(GPT),), "pool": both}, (route("pool"),)), use(CLAUDE)
    )
