"""Every kind of change as a table, and what looks like one and is none."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry.diff import compare, diff, standing
from registry.models import ChangeKind, Severity
from registry.records import BaseModel, ListingRecord, from_facts, to_facts

ID = "acme/e5"
FULL = ListingRecord(
    external_id=ID,
    host="huggingface",
    host_id=ID,
    upstream_id="1",
    sha="a",
    gating="open",
    is_disabled=False,
    license=("apache-2.0",),
    base_models=(BaseModel("acme/base", "finetune"),),
    retires_on=date(2027, 1, 31),
    input_price=Decimal("2.5"),
    output_price=Decimal(10),
    mode="chat",
    context_length=8192,
    supports_tools=True,
    input_modalities=("text",),
)


def row(**facts: Any) -> ListingRecord:
    return ListingRecord(external_id=ID, **facts)


KINDS: list[tuple[dict[str, Any], dict[str, Any], ChangeKind, Severity]] = [
    ({"upstream_id": "1"}, {"upstream_id": "2"}, ChangeKind.REREGISTERED, Severity.CRITICAL),
    ({}, {"renamed_to": "acme/e5-new"}, ChangeKind.RENAMED, Severity.WARNING),
    ({"is_disabled": False}, {"is_disabled": True}, ChangeKind.DISABLED, Severity.CRITICAL),
    ({}, {"is_disabled": True}, ChangeKind.DISABLED, Severity.CRITICAL),
    ({"is_disabled": True}, {"is_disabled": False}, ChangeKind.RESTORED, Severity.NOTICE),
    ({"gating": "open"}, {"gating": "auto"}, ChangeKind.GATED, Severity.WARNING),
    ({"gating": "open"}, {"gating": "manual"}, ChangeKind.GATED, Severity.WARNING),
    ({"gating": "manual"}, {"gating": "open"}, ChangeKind.UNGATED, Severity.INFO),
    ({"license": ("mit",)}, {"license": ("apache-2.0",)}, ChangeKind.LICENSE_CHANGED, Severity.WARNING),
    ({"license": ("mit",)}, {"license": ()}, ChangeKind.LICENSE_CHANGED, Severity.WARNING),
    (
        {"license": ("other",), "license_name": "community"},
        {"license": ("other",), "license_name": "research"},
        ChangeKind.LICENSE_CHANGED,
        Severity.WARNING,
    ),
    (
        {"license": ("other",), "license_link": "LICENSE"},
        {"license": ("other",), "license_link": "https://acme.example/terms"},
        ChangeKind.LICENSE_CHANGED,
        Severity.WARNING,
    ),
    ({"sha": "a"}, {"sha": "b"}, ChangeKind.REVISION_MOVED, Severity.INFO),
    ({"base_models": ()}, {"base_models": (BaseModel("x/y"),)}, ChangeKind.LINEAGE_CHANGED, Severity.WARNING),
    (
        {"base_models": (BaseModel("x/y", "merge"),)},
        {"base_models": (BaseModel("x/y", "quantized"),)},
        ChangeKind.LINEAGE_CHANGED,
        Severity.WARNING,
    ),
    ({}, {"successor": "acme/e6"}, ChangeKind.SUCCESSOR_NAMED, Severity.NOTICE),
    ({}, {"is_deprecated": True}, ChangeKind.DEPRECATED, Severity.NOTICE),
    ({}, {"deprecated_on": date(2026, 1, 1)}, ChangeKind.DEPRECATED, Severity.NOTICE),
    ({"is_deprecated": True}, {}, ChangeKind.UNDEPRECATED, Severity.INFO),
    ({}, {"retires_on": date(2027, 1, 1)}, ChangeKind.RETIREMENT_ANNOUNCED, Severity.WARNING),
    (
        {"retires_on": date(2027, 1, 2)},
        {"retires_on": date(2027, 1, 1)},
        ChangeKind.RETIREMENT_MOVED,
        Severity.WARNING,
    ),
    (
        {"retires_on": date(2027, 1, 1)},
        {"retires_on": date(2027, 1, 2)},
        ChangeKind.RETIREMENT_MOVED,
        Severity.NOTICE,
    ),
    ({"retires_on": date(2027, 1, 1)}, {}, ChangeKind.RETIREMENT_WITHDRAWN, Severity.NOTICE),
    ({"input_price": Decimal(10)}, {"input_price": Decimal("11.01")}, ChangeKind.PRICE_CHANGED, Severity.NOTICE),
    ({"output_price": Decimal(10)}, {"output_price": Decimal("8.99")}, ChangeKind.PRICE_CHANGED, Severity.NOTICE),
    ({"input_price": Decimal(0)}, {"input_price": Decimal("0.01")}, ChangeKind.PRICE_CHANGED, Severity.NOTICE),
    ({"mode": "chat"}, {"mode": "completion"}, ChangeKind.CAPABILITY_CHANGED, Severity.NOTICE),
    ({"context_length": 8192}, {"context_length": 4096}, ChangeKind.CAPABILITY_CHANGED, Severity.NOTICE),
    ({"embedding_dimension": 768}, {"embedding_dimension": 384}, ChangeKind.CAPABILITY_CHANGED, Severity.NOTICE),
    ({"supports_tools": True}, {"supports_tools": False}, ChangeKind.CAPABILITY_CHANGED, Severity.NOTICE),
]

NOTHING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"upstream_id": "1"}),
    ({"gating": "auto"}, {"gating": "manual"}),
    ({}, {"gating": "manual"}),
    ({"gating": "open"}, {}),
    ({"license": ("MIT",)}, {"license": ("mit ",)}),
    ({"license": ("mit", "apache-2.0")}, {"license": ("apache-2.0", "mit")}),
    ({"license": ("mit",), "license_link": "LICENSE"}, {"license": ("mit",), "license_link": "LICENSE.md"}),
    (
        {"license": ("other",), "license_name": "Research"},
        {"license": ("other",), "license_name": "research "},
    ),
    ({}, {"license": ("mit",)}),
    ({"license": ("mit",)}, {}),
    ({"base_models": (BaseModel("x/y"),)}, {"base_models": (BaseModel("x/y", "finetune"),)}),
    ({"successor": "acme/e6"}, {}),
    ({"renamed_to": "acme/e6"}, {}),
    ({"input_price": Decimal(10)}, {"input_price": Decimal(11)}),
    ({"input_price": Decimal(10)}, {"input_price": Decimal(9)}),
    ({"input_price": Decimal(10)}, {}),
    ({}, {"input_price": Decimal(10)}),
    ({"supports_tools": True}, {}),
    ({"max_output": 1}, {"max_output": 2}),
]


@pytest.mark.parametrize(("before", "after", "kind", "severity"), KINDS)
def test_a_change_has_its_kind_and_severity(
    before: dict[str, Any], after: dict[str, Any], kind: ChangeKind, severity: Severity
) -> None:
    (difference,) = compare(row(**before), row(**after))
    assert (difference.kind, difference.severity, difference.external_id) == (kind, severity, ID)


@pytest.mark.parametrize(("before", "after"), NOTHING)
def test_what_is_not_stated_twice_or_only_written_otherwise_is_no_change(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert compare(row(**before), row(**after)) == []


def test_several_changes_of_one_listing_are_told_apart() -> None:
    after = replace(FULL, sha="b", gating="manual", retires_on=None)
    kinds = [difference.kind for difference in compare(FULL, after)]
    assert kinds == [ChangeKind.GATED, ChangeKind.REVISION_MOVED, ChangeKind.RETIREMENT_WITHDRAWN]


def test_both_prices_are_one_change_that_names_what_moved() -> None:
    after = replace(FULL, input_price=Decimal("1.25"), output_price=Decimal(8))
    (difference,) = compare(FULL, after)
    assert (difference.before, difference.after) == (
        {"input_price": "2.5", "output_price": "10"},
        {"input_price": "1.25", "output_price": "8"},
    )


def test_a_retirement_says_from_when_to_when() -> None:
    (difference,) = compare(FULL, replace(FULL, retires_on=date(2027, 6, 30)))
    assert (difference.before, difference.after) == ("2027-01-31", "2027-06-30")
    assert difference.effective_on == date(2027, 6, 30)


def test_a_rename_goes_from_the_name_that_was_known_last() -> None:
    (difference,) = compare(row(renamed_to="acme/second"), row(renamed_to="acme/third"))
    assert (difference.before, difference.after) == ("acme/second", "acme/third")


def test_a_license_is_shown_with_its_name_and_link() -> None:
    (difference,) = compare(
        row(license=("mit",)), row(license=("other",), license_name="research", license_link="LICENSE")
    )
    assert (difference.before, difference.after) == ("mit", "other, research, LICENSE")


def test_a_new_id_is_listed_and_no_more_and_an_absent_one_is_missing_and_not_removed() -> None:
    new = ListingRecord(external_id="acme/new", retires_on=date(2027, 1, 1), is_disabled=True)
    found = diff({ID: FULL}, {"acme/new": new})
    assert [(one.kind, one.external_id) for one in found.differences] == [(ChangeKind.LISTED, "acme/new")]
    assert found.missing == (ID,)


def test_what_stands_is_told_to_a_user_who_comes_now() -> None:
    kinds = [one.kind for one in standing(replace(FULL, gating="manual", is_deprecated=True, successor="acme/e6"))]
    assert kinds == [
        ChangeKind.GATED,
        ChangeKind.DEPRECATED,
        ChangeKind.RETIREMENT_ANNOUNCED,
        ChangeKind.SUCCESSOR_NAMED,
    ]


def test_nothing_stands_about_an_untroubled_listing() -> None:
    assert standing(replace(FULL, retires_on=None)) == []


def test_facts_come_back_from_json_as_they_were() -> None:
    assert from_facts(ID, to_facts(FULL)) == FULL


def test_a_fact_of_a_later_release_is_passed_over() -> None:
    assert from_facts(ID, to_facts(FULL) | {"colour": "blue"}) == FULL
