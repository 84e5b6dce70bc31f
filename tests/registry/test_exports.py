from typing import Any

import pytest
import yaml

from registry.exports.litellm import Plan, name_of, router_settings


def settings(*plans: Plan) -> Any:
    return yaml.safe_load(router_settings(plans))["router_settings"]["fallbacks"]


def test_plans_become_the_fallbacks_of_a_router_in_their_order() -> None:
    text = router_settings([Plan("chat", "openai/gpt-4o", ("anthropic/claude", "mistral/large"))])

    assert text == ("router_settings:\n  fallbacks:\n  - openai/gpt-4o:\n    - anthropic/claude\n    - mistral/large\n")


def test_without_plans_the_router_has_no_fallbacks() -> None:
    assert settings() == []


def test_uses_of_one_model_share_only_what_all_of_them_approved() -> None:
    plans = [Plan("help", "gpt", ("a", "b", "c")), Plan("search", "gpt", ("c", "b"))]

    assert settings(*plans) == [{"gpt": ["b", "c"]}]
    assert "# help: a left out, because another use of gpt has no approval for it.\n" in router_settings(plans)


def test_uses_that_agree_on_nothing_get_a_note_and_no_entry() -> None:
    plans = [Plan("help", "gpt", ("a",)), Plan("search", "gpt", ())]

    assert settings(*plans) == []
    assert "# help: a left out" in router_settings(plans)


def test_a_model_is_no_fallback_of_itself() -> None:
    assert settings(Plan("chat", "gpt", ("gpt", "a", "a"))) == [{"gpt": ["a"]}]


def test_an_index_that_has_to_be_built_again_is_said() -> None:
    text = router_settings([Plan("search", "gte", ("bge",), needs_new_index=True)])

    assert text.startswith("# search: build the index again with bge before it answers; vectors do not mix.\n")


@pytest.mark.parametrize("name", ["null", "1e5", "a: b", "- x", "yes", "#x", "ü/模型", "a\nb: c"])
def test_any_name_comes_back_as_it_was(name: str) -> None:
    plan = Plan(f"use of {name}", name, (f"{name}2", name), needs_new_index=True)

    assert settings(plan) == [{name: [f"{name}2"]}]


@pytest.mark.parametrize(
    ("host", "external_id", "name"),
    [
        ("huggingface", "BAAI/bge-m3", "huggingface/BAAI/bge-m3"),
        ("openai", "gpt-4o", "openai/gpt-4o"),
        ("azure", "azure/eu/gpt-4o", "azure/eu/gpt-4o"),
    ],
)
def test_an_offering_has_the_name_that_litellm_would_give_it(host: str, external_id: str, name: str) -> None:
    assert name_of(host, external_id) == name
