"""The form of "what if they go?" takes what the API takes: offerings at one place, too."""

from typing import Any

import pytest

from governance.admin.pages.what_if_forms import WhatIfForm
from registry.models import Offering, Vendor
from tests import factories as f
from tests.governance.conftest import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def places() -> tuple[Offering, Offering]:
    """One id at two places."""
    model = f.model()
    return (
        f.offering("gpt-5-2025-08-07", host="azure", kind="service", model=model),
        f.offering("gpt-5-2025-08-07", host="openai", kind="service", model=model),
    )


def asked(written: str) -> WhatIfForm:
    form = WhatIfForm({"gone_on": "2026-06-01", "offerings": written})
    form.full_clean()
    return form


def test_an_id_means_every_place_with_its_host_that_place_and_a_number_the_row(
    places: tuple[Offering, Offering],
) -> None:
    azure, openai = places
    meant = {
        "gpt-5-2025-08-07": (azure.pk, openai.pk),
        "GPT-5-2025-08-07": (azure.pk, openai.pk),
        "azure/gpt-5-2025-08-07": (azure.pk,),
        f"{openai.pk}": (openai.pk,),
        f"openai/gpt-5-2025-08-07, {openai.pk}": (openai.pk,),
        "": (),
    }
    assert {written: asked(written).question.offerings for written in meant} == meant


def test_a_name_with_a_slash_of_its_own_is_found_with_and_without_its_place() -> None:
    one = f.offering("BAAI/bge-m3")
    for written in ("BAAI/bge-m3", "baai/BGE-M3", "huggingface/BAAI/bge-m3"):
        assert asked(written).question.offerings == (one.pk,)


@pytest.mark.parametrize("written", ["nothing", "azure/nothing", "9" * 30, "٣", "a\x00b"])
def test_what_is_no_offering_is_said_at_the_field(written: str) -> None:
    assert list(asked(written).errors) == ["offerings"]


def test_the_page_answers_for_that_place_alone_and_keeps_it_as_a_report(places: tuple[Offering, Offering]) -> None:
    azure, openai = places
    here, there = f.dependency(offering=azure), f.dependency(offering=openai)
    browser = browser_of(f.user(role="reviewer"))

    page = browser.get("/what-if/?offerings=azure/gpt-5-2025-08-07")

    lines: list[dict[str, Any]] = page.context["answer"]["lines"]
    assert [line["dependency"] for line in lines] == [here.pk]
    assert there.pk not in {line["dependency"] for line in lines}
    kept = browser.post("/what-if/", {"gone_on": "2036-06-01", "offerings": "azure/gpt-5-2025-08-07", "title": "Azure"})
    assert kept.status_code == 302


def test_the_page_says_how_many_may_be_in_the_country_as_well() -> None:
    f.vendor(country="CN")
    f.dependency(offering=f.offering(model=f.model(developer=f.vendor("somewhere"))))
    browser, question = browser_of(f.user(role="viewer")), {"countries": "CN", "gone_on": "2027-03-01"}

    assert (
        "1 of those that are not touched has a vendor behind it whose country"
        in browser.get("/what-if/", question).text
    )

    Vendor.objects.filter(country="").update(country="FR")
    assert "of those that are not touched" not in browser.get("/what-if/", question).text
