"""What is read of LiteLLM's price map, and what of a bad one is set aside."""

from datetime import date
from decimal import Decimal

import pytest

from registry.records import ListingRecord
from registry.upstream import Parsed, UpstreamError
from registry.upstream.litellm import LiteLLM
from tests.registry.payloads import payload


def read(name: str) -> Parsed:
    return LiteLLM().parse(payload(f"litellm/{name}"))


def records(name: str) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in read(name).records}


def reasons(name: str) -> dict[str, str]:
    return {reject.external_id: reject.reason for reject in read(name).rejects}


def test_entries_that_are_no_models_are_passed_over() -> None:
    assert sorted(records("plain.json")) == [
        "acme-chat-1",
        "acme-embed-1",
        "azure/acme-chat-1",
        "bedrock/eu-central-1/acme.chat-1",
        "vertex_ai/acme-chat-1",
    ]
    assert not read("plain.json").rejects


def test_an_entry_states_prices_per_million_lengths_and_capabilities() -> None:
    assert records("plain.json")["acme-chat-1"] == ListingRecord(
        external_id="acme-chat-1",
        host="openai",
        host_id="acme-chat-1",
        input_price=Decimal("2.5"),
        output_price=Decimal(10),
        mode="chat",
        task="text-generation",
        context_length=128_000,
        max_output=16_384,
        supports_tools=True,
    )


def test_an_embedding_model_states_its_dimension_and_a_price_of_nothing() -> None:
    record = records("plain.json")["acme-embed-1"]
    assert (record.task, record.embedding_dimension, record.output_price) == ("feature-extraction", 1536, Decimal(0))


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("acme-chat-1", ("openai", "acme-chat-1")),
        ("azure/acme-chat-1", ("azure", "acme-chat-1")),
        ("bedrock/eu-central-1/acme.chat-1", ("bedrock", "eu-central-1/acme.chat-1")),
        ("vertex_ai/acme-chat-1", ("vertex_ai", "acme-chat-1")),
    ],
)
def test_the_place_is_named_alike_for_all_kinds_of_models(key: str, place: tuple[str, str]) -> None:
    record = records("plain.json")[key]
    assert (record.host, record.host_id) == place


def test_a_day_needs_no_leading_zeros() -> None:
    assert records("dates-without-zeros.json")["acme-chat-1"].retires_on == date(2025, 1, 6)


def test_the_year_zero_sets_one_record_aside_and_says_why() -> None:
    assert reasons("year-zero.json") == {
        "acme-chat-1": "“deprecation_date” is 0000-01-01, which is no day of the calendar"
    }
    assert list(records("year-zero.json")) == ["acme-chat-2"]


def test_numbers_may_be_texts_and_whole_numbers_may_have_a_point() -> None:
    record = records("numbers-as-text.json")["acme-chat-1"]
    assert (record.input_price, record.output_price) == (Decimal("2.5"), Decimal(10))
    assert (record.context_length, record.max_output) == (2_000_000, 8192)


def test_a_wrong_type_sets_aside_its_record_alone() -> None:
    assert reasons("wrong-type.json") == {
        "acme-chat-2": "“max_input_tokens” is {'value': 1}, not a number",
        "acme-chat-3": "the record is ['a', 'list'], not an object",
        "acme-chat-4": "“supports_function_calling” is yes, not true or false",
        "acme-chat-5": "“litellm_provider” is missing",
    }
    assert list(records("wrong-type.json")) == ["acme-chat-1"]


def test_what_is_no_number_sets_aside_its_record_alone() -> None:
    assert sorted(reasons("not-a-number.json")) == ["acme-chat-1", "acme-chat-2", "acme-chat-3", "acme-chat-4"]
    assert list(records("not-a-number.json")) == ["acme-chat-5"]


def test_a_field_or_an_id_stated_twice_is_not_guessed_at() -> None:
    assert reasons("duplicate-keys.json") == {
        "acme-chat-1": "“deprecation_date” is stated twice",
        "acme-chat-2": "the id is in the document twice",
    }
    assert list(records("duplicate-keys.json")) == ["acme-chat-3"]


def test_what_no_database_takes_is_set_aside_in_printable_words() -> None:
    found = reasons("nul-and-surrogates.json")
    assert found == {
        "acme-chat-1": "“litellm_provider” holds a NUL character",
        "acme\\u0000-2": "“id” holds a NUL character",
        "acme-chat-3": "“mode” holds half of a character (a lone surrogate)",
        "\\udfff": "“id” holds half of a character (a lone surrogate)",
        "acme\\u202e-5": "the id holds characters that cannot be seen",
    }
    assert all(reject.excerpt.isascii() for reject in read("nul-and-surrogates.json").rejects)
    assert list(records("nul-and-surrogates.json")) == ["acme-chat-6"]


def test_an_id_that_is_too_long_or_empty_is_set_aside() -> None:
    found = reasons("long-and-empty-ids.json")
    assert list(found.values()) == ["“id” is 301 characters long; 300 are taken", "the record has no id"]
    assert all(len(identity) <= 300 for identity in found)
    assert list(records("long-and-empty-ids.json")) == ["acme-chat-1"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (payload("litellm/web-page.html"), "a web page"),
        (payload("litellm/truncated.json"), "cut off"),
        (payload("litellm/list.json"), "no price map"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{}\x00", "cut off"),
        (b'{"a": "\xff"}', "cut off"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"NaN", "no price map"),
    ],
)
def test_a_document_of_which_nothing_can_be_read_is_an_error_worth_another_try(raw: bytes, says: str) -> None:
    with pytest.raises(UpstreamError, match=says) as raised:
        LiteLLM().parse(raw)

    assert raised.value.retryable
