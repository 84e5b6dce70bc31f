"""What is read of three feeds that people and scrapers keep, and what of a bad document is set aside."""

from datetime import date
from decimal import Decimal

import pytest

from registry.records import ListingRecord
from registry.upstream import SOURCES, Parsed, UpstreamError
from tests.registry.payloads import payload

FEEDS = ["deprecations_info", "model_deprecations", "models_dev"]


def read(name: str) -> Parsed:
    """`models_dev/plain.json`, by the source of that folder."""
    return SOURCES[name.partition("/")[0]]().parse(payload(name))


def records(name: str) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in read(name).records}


def reasons(name: str) -> dict[str, str]:
    return {reject.external_id: reject.reason for reject in read(name).rejects}


class TestModelsDev:
    def test_an_entry_states_prices_lengths_tools_and_modalities(self) -> None:
        assert records("models_dev/plain.json")["openai/acme-chat-1"] == ListingRecord(
            external_id="openai/acme-chat-1",
            host="openai",
            host_id="acme-chat-1",
            input_price=Decimal("2.5"),
            output_price=Decimal(10),
            context_length=128_000,
            max_output=16_384,
            supports_tools=True,
            input_modalities=("text", "image"),
            output_modalities=("text",),
        )

    def test_deprecated_is_a_statement_and_every_other_status_is_none(self) -> None:
        found = records("models_dev/plain.json")
        names = ("openai/acme-chat-0", "openai/acme-chat-1", "openai/acme-chat-2")
        assert [found[name].is_deprecated for name in names] == [True, None, None]

    def test_a_length_of_zero_is_no_length_and_a_price_of_zero_is_a_price(self) -> None:
        record = records("models_dev/plain.json")["google-vertex/acme-draw@001"]
        assert (record.host, record.context_length, record.max_output) == ("vertex_ai", None, None)
        assert (record.input_price, record.output_price) == (Decimal(0), Decimal(0))

    def test_a_provider_that_the_table_leaves_out_keeps_its_name(self) -> None:
        record = records("models_dev/plain.json")["acme-cloud/org/acme-open-7b"]
        assert (record.host, record.host_id) == ("acme-cloud", "org/acme-open-7b")

    def test_a_wrong_type_sets_aside_its_record_or_its_provider_alone(self) -> None:
        assert reasons("models_dev/wrong-type.json") == {
            "openai/acme-chat-2": "the record is ['a', 'list'], not an object",
            "openai/acme-chat-3": "“cost” is not an object",
            "openai/acme-chat-4": "“input” is free, not a number",
            "openai/acme-chat-5": "“context” is -1, not a whole number from 0 to 2147483647",
            "openai/acme-chat-6": "“input” is {'text': True}, not a text or a list of texts",
            "openai/acme-chat-7": "“input” is 1E+9, not a price in USD per million tokens",
            "openai/acme-chat-8": "“tool_call” is yes, not true or false",
            "anthropic": "“models” is not an object",
            "groq": "the record is 7, not an object",
        }
        assert list(records("models_dev/wrong-type.json")) == ["openai/acme-chat-1"]

    def test_a_field_a_model_or_a_provider_stated_twice_is_not_guessed_at(self) -> None:
        assert reasons("models_dev/duplicate-keys.json") == {
            "openai/acme-chat-1": "the id is in the document twice",
            "openai/acme-chat-2": "“status” is stated twice",
            "groq": "the provider is in the document twice",
        }
        assert list(records("models_dev/duplicate-keys.json")) == ["openai/acme-chat-3"]

    def test_what_no_database_takes_is_set_aside_in_printable_words(self) -> None:
        assert reasons("models_dev/nul-and-surrogates.json") == {
            "openai/acme\\u0000-1": "“id” holds a NUL character",
            "openai/\\udfff": "“id” holds half of a character (a lone surrogate)",
            "openai/acme-chat-3": "“status” holds half of a character (a lone surrogate)",
            "acme\\u202e/acme-chat-5": "the id holds characters that cannot be seen",
        }
        assert list(records("models_dev/nul-and-surrogates.json")) == ["openai/acme-chat-4"]

    @pytest.mark.parametrize(
        ("host", "names"),
        [
            ("openai", ["openai/m"]),
            ("bedrock", ["amazon-bedrock/m"]),
            ("vertex_ai", ["google-vertex/m", "google-vertex-anthropic/m"]),
            ("acme-cloud", ["acme-cloud/m"]),
            # The feed uses these names for other places than the register does.
            ("google", []),
            ("huggingface", []),
        ],
    )
    def test_an_offering_is_called_as_the_feed_calls_its_place(self, host: str, names: list[str]) -> None:
        assert SOURCES["models_dev"]().names_of(host, "m") == names


class TestDeprecationsInfo:
    def test_the_first_schema_states_days_and_a_replacement(self) -> None:
        assert records("deprecations_info/first-schema.json")["OpenAI/acme-chat-1"] == ListingRecord(
            external_id="OpenAI/acme-chat-1",
            host="openai",
            host_id="acme-chat-1",
            deprecated_on=date(2025, 11, 18),
            retires_on=date(2026, 2, 17),
            successor="openai/acme-chat-2",
        )

    def test_a_blank_shutdown_is_none_and_the_row_still_says_since_when(self) -> None:
        record = records("deprecations_info/first-schema.json")["Google/acme-flash"]
        assert (record.host, record.deprecated_on, record.retires_on) == ("gemini", date(2025, 12, 4), None)

    def test_prose_is_taken_as_a_row_without_an_id_and_names_no_successor(self) -> None:
        record = records("deprecations_info/first-schema.json")["AWS Bedrock/Acme 3.7 Chat"]
        assert (record.host, record.host_id, record.successor) == ("bedrock", None, None)
        assert record.retires_on == date(2026, 4, 28)

    def test_snapshot_behind_an_id_is_dropped_and_other_headings_stay_prose(self) -> None:
        found = {name: record.host_id for name, record in records("deprecations_info/headings.json").items()}
        assert found == {
            "OpenAI/acme-latest snapshot": "acme-latest",
            "OpenAI/acme-mini-latest model snapshot": "acme-mini-latest",
            "OpenAI/Legacy Acme model snapshots": None,
            "OpenAI/ACM·E snapshot": None,
            "AWS Bedrock/January 30, 2026 (us-gov-east-1 and us-gov-west-1 Regions)": None,
        }

    def test_the_feed_states_the_same_under_its_items(self) -> None:
        assert records("deprecations_info/feed.json")["AWS Bedrock/acme.chat-v1:0"] == ListingRecord(
            external_id="AWS Bedrock/acme.chat-v1:0",
            host="bedrock",
            host_id="acme.chat-v1:0",
            deprecated_on=date(2026, 1, 30),
            retires_on=date(2026, 7, 30),
            successor="bedrock/acme.chat-v2:0",
        )

    def test_a_shutdown_repeated_as_the_day_of_deprecation_gives_way_to_the_day_it_was_known(self) -> None:
        record = records("deprecations_info/feed.json")["Azure/acme-live"]
        assert (record.deprecated_on, record.successor) == (date(2026, 4, 25), None)

    def test_a_row_is_no_statement_of_deprecation_beyond_its_days(self) -> None:
        every = [*read("deprecations_info/feed.json").records, *read("deprecations_info/first-schema.json").records]
        assert {record.is_deprecated for record in every} == {None}

    def test_a_vendor_that_the_table_leaves_out_keeps_its_name(self) -> None:
        assert records("deprecations_info/feed.json")["Nova Labs/acme-x"].host == "Nova Labs"

    def test_a_bad_row_is_set_aside_alone(self) -> None:
        found = [(reject.external_id, reject.reason) for reject in read("deprecations_info/wrong-type.json").rejects]
        assert found == [
            ("", "the record is a text, not an object"),
            ("", "“model_id” is missing"),
            ("OpenAI/acme-chat-2", "“shutdown_date” is February 17, 2026, not a day like 2026-01-31"),
            ("OpenAI/acme-chat-3", "“shutdown_date” is 0000-02-17, which is no day of the calendar"),
            ("OpenAI/acme-chat-4", "“replacement_models” is [1], not a text or a list of texts"),
            ("", "the record is None, not an object"),
            ("", "“model_id” holds a NUL character"),
            ("Azure/twice", "the id is in the document twice"),
        ]
        assert list(records("deprecations_info/wrong-type.json")) == ["OpenAI/acme-chat-1"]

    def test_an_offering_may_be_listed_under_its_id_or_under_a_heading_with_it(self) -> None:
        assert SOURCES["deprecations_info"]().names_of("vertex_ai", "m") == [
            "Google Vertex/m",
            "Google Vertex/m model snapshot",
            "Google Vertex/m snapshot",
        ]


class TestModelDeprecations:
    def test_a_row_states_a_firm_date_and_what_the_vendor_recommends(self) -> None:
        assert records("model_deprecations/plain.json")["openai/acme-chat-1"] == ListingRecord(
            external_id="openai/acme-chat-1",
            host="openai",
            host_id="acme-chat-1",
            is_deprecated=True,
            deprecated_on=date(2026, 4, 22),
            retires_on=date(2026, 10, 23),
            successor="openai/acme-chat-2",
        )

    def test_a_floor_is_no_retirement_date(self) -> None:
        record = records("model_deprecations/plain.json")["z-ai/acme-chat-2"]
        assert (record.host, record.earliest_retires_on, record.retires_on) == ("zai", date(2027, 6, 9), None)
        assert (record.is_deprecated, record.is_retired) == (False, False)

    def test_an_alias_is_a_row_of_its_own_that_says_the_same(self) -> None:
        found = records("model_deprecations/plain.json")
        alias = found["openai/acme-chat-1-2024-04-09"]
        assert (alias.host_id, alias.retires_on) == ("acme-chat-1-2024-04-09", date(2026, 10, 23))
        assert "openai/acme-chat-1-latest" in found

    def test_what_the_feed_itself_suggests_is_no_successor(self) -> None:
        assert records("model_deprecations/plain.json")["bedrock/acme-reel"].successor is None

    def test_retired_counts_once_somebody_looked_after_the_shutdown(self) -> None:
        found = records("model_deprecations/retired-too-early.json")
        assert {name: record.is_retired for name, record in found.items()} == {
            "openai/next-month": None,
            "openai/by-the-clock": None,
            "openai/never-verified": None,
            "openai/left-standing": None,
            "openai/seen-gone": True,
        }

    def test_retired_without_a_day_is_retired(self) -> None:
        record = records("model_deprecations/plain.json")["google/acme-0.5"]
        assert (record.host, record.is_retired, record.retires_on) == ("gemini", True, None)

    def test_a_bad_row_is_set_aside_alone(self) -> None:
        found = [(reject.external_id, reject.reason) for reject in read("model_deprecations/wrong-type.json").rejects]
        assert found == [
            ("", "the record is ['a', 'list'], not an object"),
            ("", "“model” is missing"),
            ("openai/acme-chat-2", "“shutdown_on” is 2026-02-30, which is no day of the calendar"),
            ("openai/acme-chat-3", "“replacements” is not a list"),
            ("openai/acme-chat-4", "“provider” is missing"),
            ("openai/acme-chat-5", "“aliases” is [7], not a text or a list of texts"),
            ("openai/acme-chat-6", "“aliases” holds a NUL character"),
            ("azure/twice", "the id is in the document twice"),
            ("groq/shared", "the id is in the document twice"),
        ]

    def test_a_row_of_its_own_comes_before_an_alias(self) -> None:
        found = records("model_deprecations/wrong-type.json")
        assert sorted(found) == ["groq/other", "groq/own", "groq/third", "openai/acme-chat-1"]
        assert found["groq/own"].is_retired is False

    def test_a_status_nobody_has_heard_of_states_nothing(self) -> None:
        record = records("model_deprecations/wrong-type.json")["openai/acme-chat-1"]
        assert (record.is_deprecated, record.is_retired) == (None, None)

    def test_a_row_has_a_page_that_links_the_vendors(self) -> None:
        page = SOURCES["model_deprecations"]().page_of("openai/gpt 4?")
        assert page == "https://modeldeprecations.dev/openai/gpt%204%3F"


@pytest.mark.parametrize("slug", FEEDS)
def test_what_a_feed_leaves_out_is_missing_there_and_not_gone(slug: str) -> None:
    source = SOURCES[slug]()
    assert (source.slug, source.is_complete, source.absence_means_gone, source.watched_host) == (slug, True, False, "")


@pytest.mark.parametrize("slug", FEEDS)
@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b"<html>502 Bad Gateway</html>", "a web page"),
        (b'{"openai": {"models"', "cut off"),
        (b"[" * 100_000, "nested too deeply"),
        (b'"a text"', "The document is n"),
        (b"NaN", "The document is n"),
    ],
)
def test_a_document_of_which_nothing_can_be_read_is_an_error_worth_another_try(
    slug: str, raw: bytes, says: str
) -> None:
    with pytest.raises(UpstreamError, match=says) as raised:
        SOURCES[slug]().parse(raw)

    assert raised.value.retryable


@pytest.mark.parametrize("slug", ["deprecations_info", "model_deprecations"])
def test_a_document_of_another_shape_is_an_error(slug: str) -> None:
    with pytest.raises(UpstreamError, match="The document is"):
        SOURCES[slug]().parse(b'{"error": "maintenance"}')
