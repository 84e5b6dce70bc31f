"""Whatever a file of another tool holds, it is read or refused in words; nothing else is raised."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.imports.cyclonedx import read_bill
from registry.imports.faults import Refused
from registry.imports.files import read
from registry.imports.litellm import gateway_of, load, models_of
from registry.imports.review import review
from registry.imports.write import write
from registry.models import AIModel
from tests import factories as f

REFS = st.sampled_from(
    [
        "pkg:huggingface/BAAI/bge-m3@abc",
        "pkg:huggingface/a",
        "pkg:huggingface//",
        "pkg:generic/openai/gpt",
        "pkg:generic/x",
        "pkg:npm/%40a/b",
        "openai/gpt-4o",
        "huggingface/a/b/c",
        "bedrock/eu.meta.x",
        "/",
        "a//b",
        "ü/模型",
        "os.environ/X",
        "..",
        "",
    ]
)
WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | REFS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
TEXT = REFS | st.text(max_size=6)


def components(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Components of the right shape as far as `value` lets them be."""
    licenses = st.lists(st.fixed_dictionaries({}, optional={"expression": value}), max_size=2)
    optional = {
        "group": value,
        "purl": REFS,
        "licenses": licenses,
        "publisher": value,
        "description": value,
        "modelCard": st.fixed_dictionaries({"modelParameters": st.fixed_dictionaries({"task": value})}),
        "pedigree": st.fixed_dictionaries({"ancestors": st.lists(st.fixed_dictionaries({"name": value}), max_size=2)}),
        "x": WILD,
    }
    one = st.fixed_dictionaries({"type": st.just("machine-learning-model"), "name": value}, optional=optional)
    return st.lists(one, max_size=3)


def configurations(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Configurations of the right shape as far as `value` lets them be."""
    params = st.fixed_dictionaries({"model": value}, optional={"api_base": value})
    entry = st.fixed_dictionaries(
        {"model_name": value, "litellm_params": params},
        optional={"model_info": st.fixed_dictionaries({"base_model": value})},
    )
    routes = st.lists(st.dictionaries(REFS, st.lists(value, max_size=3), max_size=2), max_size=3)
    return st.fixed_dictionaries(
        {"model_list": st.lists(entry, max_size=4)},
        optional={"router_settings": st.fixed_dictionaries({"fallbacks": routes})},
    )


GENTLY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def bill(listed: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": listed}).encode()


@GENTLY
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    for reader in (read_bill, lambda raw: gateway_of(load(raw)), lambda raw: models_of(load(raw))):
        with suppress(Refused):
            reader(content)


@GENTLY
@given(WILD | components(WILD), configurations(WILD))
def test_values_of_any_kind_are_refused_in_words(listed: Any, configuration: Any) -> None:
    with suppress(Refused):
        read_bill(bill(listed))
    with suppress(Refused):
        gateway_of(load(json.dumps(configuration).encode()))


@pytest.mark.django_db
@GENTLY
@given(components(TEXT))
def test_any_names_in_a_bill_come_in_or_are_refused(listed: Any) -> None:
    with suppress(Refused):
        write(review(read("a.json", bill(listed))), now=f.NOW)
    assert set(AIModel.objects.values_list("state", flat=True)) <= {"proposed"}


@pytest.mark.django_db
@GENTLY
@given(configurations(TEXT))
def test_any_names_in_a_configuration_come_in_or_are_refused(configuration: Any) -> None:
    with suppress(Refused):
        write(review(read("a.json", json.dumps(configuration).encode())), now=f.NOW)
