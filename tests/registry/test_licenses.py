import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from registry.licenses import STRICTNESS, classify, find, from_hub, is_known
from registry.models import License, LicenseClass, LicenseName

DATA = json.loads((Path(settings.BASE_DIR) / "registry/data/licenses.json").read_text(encoding="utf-8"))
CLASSES = {
    "Apache-2.0": LicenseClass.OPEN,
    "MIT": LicenseClass.OPEN,
    "GPL-2.0-only": LicenseClass.OPEN,
    "C-UDA-1.0": LicenseClass.RESTRICTED,
    "LicenseRef-vendor-terms": LicenseClass.PROPRIETARY,
    "CC-BY-NC-4.0": LicenseClass.NON_COMMERCIAL,
    "LicenseRef-hf-other": LicenseClass.UNKNOWN,
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", "open"),
        ("mit", "open"),
        ("MIT AND Apache-2.0", "open"),
        ("MIT AND C-UDA-1.0", "restricted"),
        ("LicenseRef-vendor-terms AND C-UDA-1.0", "proprietary"),
        ("LicenseRef-vendor-terms AND CC-BY-NC-4.0", "non-commercial"),
        ("CC-BY-NC-4.0 OR MIT", "open"),
        ("CC-BY-NC-4.0 OR LicenseRef-hf-other", "non-commercial"),
        ("MIT AND (CC-BY-NC-4.0 OR C-UDA-1.0)", "restricted"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "open"),
        ("MIT AND LicenseRef-hf-other", "unknown"),
        ("LicenseRef-nobody-knows", "unknown"),
        ("MIT OR (", "unknown"),
        ("MIT AND AND", "unknown"),
        ("NONE", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_expression_has_a_class(expression: str, expected: str) -> None:
    assert classify(expression, CLASSES) == expected


def expressions() -> st.SearchStrategy[tuple[str, int]]:
    """Expressions with the place of their class in the order of strictness, built up together."""
    leaves = st.sampled_from(sorted(CLASSES)).map(lambda name: (name, STRICTNESS.index(CLASSES[name])))

    def join(parts: st.SearchStrategy[tuple[str, int]]) -> st.SearchStrategy[tuple[str, int]]:
        both = st.tuples(parts, parts)
        strict = both.map(lambda pair: (f"({pair[0][0]}) AND ({pair[1][0]})", max(pair[0][1], pair[1][1])))
        lenient = both.map(lambda pair: (f"({pair[0][0]}) OR ({pair[1][0]})", min(pair[0][1], pair[1][1])))
        return strict | lenient

    return st.recursive(leaves, join, max_leaves=6)


@given(expressions())
def test_all_of_and_apply_and_one_of_or_is_chosen(built: tuple[str, int]) -> None:
    expression, place = built

    assert classify(expression, CLASSES) == STRICTNESS[place]


@given(st.text(max_size=80))
def test_any_text_has_a_class(text: str) -> None:
    assert classify(text, CLASSES) in LicenseClass.values


def test_the_data_file_knows_every_id_of_the_hub(feeds: Path) -> None:
    truth = json.loads((feeds / "hf-licences.json").read_text(encoding="utf-8"))
    ours = {hub_id: row for row in DATA["licenses"] for hub_id in row["hub_ids"]}
    theirs = {row["hf_id"]: row for row in truth["licences"]}

    assert ours.keys() == theirs.keys()
    assert {i: ours[i]["license_class"] for i in ours} == {
        i: row["class"].replace("open-with-restrictions", "restricted") for i, row in theirs.items()
    }
    assert {i: ours[i]["spdx_id"] for i in ours} == {i: row["spdx"] or row["licenseref"] for i, row in theirs.items()}


def test_the_data_file_knows_the_names_behind_other(feeds: Path) -> None:
    truth = json.loads((feeds / "hf-licences.json").read_text(encoding="utf-8"))
    ours = {name: row["license_class"] for row in DATA["licenses"] for name in row["hub_license_names"]}

    assert ours == {
        row["license_name"]: row["class"].replace("open-with-restrictions", "restricted")
        for row in truth["other_license_names"]
    }


@pytest.mark.parametrize("row", DATA["licenses"], ids=lambda row: row["spdx_id"])
def test_an_entry_of_the_data_file_is_well_formed(row: dict[str, Any]) -> None:
    assert re.fullmatch(r"(LicenseRef-)?[A-Za-z0-9.-]+", row["spdx_id"])
    assert row["license_class"] in LicenseClass.values
    assert row["reason"].endswith(".")
    # The library folds some spellings into others; none of ours may become another license.
    assert classify(row["spdx_id"], {row["spdx_id"]: LicenseClass.OPEN}) == "open"


@pytest.mark.django_db
class TestFromHub:
    def test_the_migration_loaded_the_data_file(self) -> None:
        assert License.objects.count() == len(DATA["licenses"])
        assert LicenseName.objects.filter(field="license").count() == 83
        assert LicenseName.objects.filter(field="license_name").count() == 20

    @pytest.mark.parametrize(
        ("license_", "name", "spdx_id", "license_class"),
        [
            ("apache-2.0", None, "Apache-2.0", "open"),
            (" Apache-2.0 ", None, "Apache-2.0", "open"),
            (["mit"], None, "MIT", "open"),
            ("other", "tongyi-qianwen", "LicenseRef-scancode-tongyi-qianwen-2023", "restricted"),
            ("other", "Tongyi-Qianwen", "LicenseRef-scancode-tongyi-qianwen-2023", "restricted"),
            ("other", "qwen-research", "LicenseRef-hf-other-qwen-research", "non-commercial"),
            ("other", None, "LicenseRef-hf-other", "unknown"),
            ("other", "", "LicenseRef-hf-other", "unknown"),
            ("unknown", None, "LicenseRef-hf-unknown", "unknown"),
            (None, None, "NOASSERTION", "unknown"),
            ("", None, "NOASSERTION", "unknown"),
            ([], None, "NOASSERTION", "unknown"),
            (["", " "], None, "NOASSERTION", "unknown"),
            (["mit", "apache-2.0"], None, "Apache-2.0 AND MIT", "open"),
            (["mit", "MIT"], None, "MIT", "open"),
            (["cc-by-nc-4.0", "apache-2.0"], None, "Apache-2.0 AND CC-BY-NC-4.0", "non-commercial"),
            (["other", "mit"], "qwen", "LicenseRef-hf-other-qwen AND MIT", "restricted"),
            ("apache-2.0 or mit", None, "Apache-2.0 OR MIT", "open"),
            ("gpl-2.0-only with classpath-exception-2.0", None, "GPL-2.0-only WITH Classpath-exception-2.0", "open"),
            ("m\x00it", None, "MIT", "open"),
            ("other", "qw\ud800en", "LicenseRef-hf-other-qwen", "restricted"),
            ("house-license", None, "LicenseRef-hf-house-license", "unknown"),
            # A name behind `other` is what the publisher calls it, not what it is.
            ("other", "mit", "LicenseRef-hf-other-mit", "unknown"),
        ],
    )
    def test_the_fields_of_a_card_mean_a_license(
        self, license_: Any, name: str | None, spdx_id: str, license_class: str
    ) -> None:
        row = from_hub(license_, name)

        assert (row.spdx_id, row.license_class) == (spdx_id, license_class)

    def test_an_unread_license_gets_a_row_of_its_own_that_a_person_can_classify(self) -> None:
        first = from_hub("other", "acme-model-license", "https://acme.example/license")

        License.objects.filter(pk=first.pk).update(license_class="restricted")

        assert first.spdx_id == "LicenseRef-hf-other-acme-model-license"
        assert first.reference == "https://acme.example/license"
        assert "nobody has read" in first.reason
        assert from_hub("other", "acme-model-license").license_class == "restricted"
        assert from_hub("other", "acme-model-license-2").pk != first.pk

    def test_names_that_differ_only_in_signs_are_different_licenses(self) -> None:
        assert from_hub("other", "my license").pk != from_hub("other", "my_license").pk

    def test_a_name_in_another_script_is_kept_apart(self) -> None:
        assert from_hub("other", "许可").spdx_id.startswith("LicenseRef-hf-other-")
        assert from_hub("other", "许可").pk != from_hub("other", "許可").pk

    def test_a_link_alone_tells_licenses_apart(self) -> None:
        one = from_hub("other", None, "https://acme.example/one")

        assert one.license_class == "unknown"
        assert one.pk == from_hub("other", None, "https://acme.example/one").pk
        assert one.pk != from_hub("other", None, "https://acme.example/two").pk

    def test_a_link_that_is_no_address_is_not_kept_as_one(self) -> None:
        assert from_hub("other", "x-license", "javascript:alert(1)").reference == ""

    def test_a_very_long_name_fits(self) -> None:
        row = from_hub("other", "x" * 5000, "LICENSE")

        row.full_clean()

    def test_a_long_list_of_licenses_fits(self) -> None:
        row = from_hub([row["hub_ids"][0] for row in DATA["licenses"] if row["hub_ids"]])

        row.full_clean()
        assert row.license_class == "unknown"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "spdx_id"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("gemma", "LicenseRef-scancode-gemma-tou-2024-04-01"),
        ("licenseref-VENDOR-terms", "LicenseRef-vendor-terms"),
    ],
)
def test_a_person_finds_a_known_license(text: str, spdx_id: str) -> None:
    found = find(text)

    assert found is not None
    assert found.spdx_id == spdx_id
    assert is_known(text)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "Apache", "MIT OR Foo-1.0", "MIT OR (", "LicenseRef-nobody-knows", "a\x00b"])
def test_an_unknown_license_is_not_invented(text: str) -> None:
    before = License.objects.count()

    assert find(text) is None
    assert not is_known(text)
    assert License.objects.count() == before
