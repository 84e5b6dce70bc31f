"""Which offerings a row may mean: the same name at the same place, for a person to decide."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.listings import map_listing
from registry.match import could_be_ours, is_same, name_of, suggest
from registry.models import Change, Listing, Offering
from registry.unmap import unmap_listing
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("listed", "offered"),
    [
        ("gpt-5", "gpt-5-2025-08-07"),
        ("Claude 3.7 Sonnet", "anthropic.claude-3-7-sonnet-20250219-v1:0"),
        ("nova-canvas", "amazon.nova-canvas-v1:0"),
        ("Meta Llama 2 13b-chat-v1", "meta.llama2-13b-chat-v1:0"),
        ("claude-3-5-haiku@20241022", "claude-3-5-haiku"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "anthropic.claude-opus-4-1-20250805-v1:0"),
        ("DALL·E model snapshots", "dall-e"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
    ],
)
def test_a_name_is_the_same_but_for_its_date_its_version_and_a_prefix(listed: str, offered: str) -> None:
    assert is_same(name_of(listed), name_of(offered))
    assert is_same(name_of(offered), name_of(listed))


@pytest.mark.parametrize(
    ("listed", "offered"),
    [
        ("gpt-5", "gpt-5-mini"),
        ("gpt-5.4", "gpt-4.5"),
        ("gpt-4", "gpt-4o"),
        ("Claude 3.5 Sonnet", "anthropic.claude-3-7-sonnet-20250219-v1:0"),
        ("llama-3.1-8b", "llama-3.1-70b"),
        ("3.7 sonnet", "claude 5 3.7 sonnet"),
        ("v1:0", "gpt-5"),
        ("models", "gpt-5"),
    ],
)
def test_another_number_or_another_word_behind_is_another_model(listed: str, offered: str) -> None:
    assert not is_same(name_of(listed), name_of(offered))
    assert not is_same(name_of(offered), name_of(listed))


def service(external_id: str, host: str = "azure", **fields: Any) -> Offering:
    return f.offering(external_id, host=host, kind=Offering.Kind.SERVICE, status="unknown", **fields)


def azure(**ids: str) -> list[dict[str, str]]:
    return [{"provider": "Azure", "model_id": ids[key], "shutdown_date": "2027-02-06"} for key in ids]


def row(external_id: str) -> Listing:
    return Listing.objects.select_related("current").get(external_id=external_id)


@pytest.mark.django_db
class TestSuggestions:
    def test_name_the_offerings_at_the_same_place(self, tmp_path: Path) -> None:
        offering, _ = service("gpt-5-2025-08-07"), service("gpt-5-2025-08-07", "openai")
        feed(tmp_path, azure(own="gpt-5", other="gpt-5-mini"), to="deprecations_info")
        assert suggest(Listing.objects.all()) == {row("Azure/gpt-5").pk: [offering]}

    def test_leave_out_what_the_source_has_a_row_for_and_what_is_mapped(self, tmp_path: Path) -> None:
        service("gpt-5")
        feed(tmp_path, azure(exact="gpt-5", near="gpt-5-2025-08-07"), to="deprecations_info")
        assert row("Azure/gpt-5").offering is not None
        assert suggest(Listing.objects.all()) == {}

    def test_come_back_when_the_row_of_the_source_is_gone(self, tmp_path: Path) -> None:
        offering = service("gpt-5")
        feed(tmp_path, azure(exact="gpt-5"), to="deprecations_info")
        feed(tmp_path, azure(near="gpt-5-2025-08-07"), to="deprecations_info", now=LATER, accept_shrink=True)
        assert suggest(Listing.objects.all()) == {row("Azure/gpt-5-2025-08-07").pk: [offering]}

    def test_are_no_more_than_a_person_can_look_at(self, tmp_path: Path) -> None:
        for day in range(1, 6):
            service(f"gpt-5-2025-08-0{day}")
        feed(tmp_path, azure(own="gpt-5"), to="deprecations_info")
        (near,) = suggest(Listing.objects.all()).values()
        assert [one.external_id for one in near] == [f"gpt-5-2025-08-0{day}" for day in (1, 2, 3)]

    def test_never_name_weights(self, tmp_path: Path) -> None:
        f.offering("acme/chat", host="acme-cloud", kind=Offering.Kind.WEIGHTS)
        feed(tmp_path, {"acme-cloud": {"models": {"acme/chat-latest": {}}}}, to="models_dev")
        assert suggest(Listing.objects.all()) == {}

    def test_make_the_list_that_a_person_works_off(self, tmp_path: Path) -> None:
        service("gpt-5-2025-08-07")
        feed(tmp_path, azure(own="gpt-5", other="gpt-4"), to="deprecations_info")
        assert [one.external_id for one in could_be_ours(Listing.objects.all())] == ["Azure/gpt-5"]

    def test_take_the_same_number_of_queries_for_one_and_for_many(
        self, tmp_path: Path, django_assert_num_queries: Any
    ) -> None:
        for number in range(30):
            service(f"model-{number}-2025-08-07")
        feed(tmp_path, azure(**{f"m{number}": f"model-{number}" for number in range(30)}), to="deprecations_info")
        with django_assert_num_queries(3):
            assert len(suggest(Listing.objects.all())) == 30


@pytest.mark.django_db
class TestUnmapping:
    def test_takes_back_what_only_this_row_said_and_tells_the_users(self, tmp_path: Path) -> None:
        offering = service("chosen")
        feed(tmp_path, azure(own="gpt-5"), to="deprecations_info")
        map_listing(row("Azure/gpt-5"), offering, now=NOW)

        told = unmap_listing(row("Azure/gpt-5"), now=LATER)

        assert [(one.kind, one.before, one.after, one.origin) for one in told] == [
            ("retirement_withdrawn", "2027-02-06", None, Change.Origin.PERSON)
        ]
        offering.refresh_from_db()
        assert (offering.retires_on, offering.status) == (None, Offering.Status.UNKNOWN)
        assert row("Azure/gpt-5").offering is None

    def test_leaves_what_another_source_says(self, tmp_path: Path) -> None:
        offering = service("gpt-5", "openai")
        feed(tmp_path, {"gpt-5": chat(deprecation_date="2027-08-07")})
        feed(tmp_path, azure(own="gpt-5"), to="deprecations_info")
        map_listing(row("Azure/gpt-5"), offering, now=NOW)

        assert unmap_listing(row("Azure/gpt-5"), now=LATER) == []

        offering.refresh_from_db()
        assert (offering.retires_on, offering.status) == (date(2027, 8, 7), Offering.Status.DEPRECATED)

    def test_of_what_is_not_mapped_does_nothing(self, tmp_path: Path) -> None:
        feed(tmp_path, azure(own="gpt-5"), to="deprecations_info")
        assert unmap_listing(row("Azure/gpt-5"), now=LATER) == []
