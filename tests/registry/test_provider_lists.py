"""What is read of each vendor's own list of models, and what of a bad one is set aside."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from registry.models import Source
from registry.records import ListingRecord
from registry.upstream import Parsed, UpstreamError, adapter_of
from registry.upstream.provider_lists import PROVIDERS
from tests.registry.payloads import payload


def read(slug: str, *names: str) -> Parsed:
    """The documents `names` as one, its pages, as a poll puts them together."""
    pages = b", ".join(payload(name) for name in names)
    return adapter_of(slug).parse(b'{"pages": [' + pages + b"]}")


def records(slug: str, *names: str) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in read(slug, *names).records}


def column(found: dict[str, ListingRecord], name: str) -> dict[str, Any]:
    """One fact of all records that state it."""
    return {key: value for key, record in found.items() if (value := getattr(record, name)) is not None}


@pytest.mark.django_db
def test_every_list_has_a_row_and_only_what_needs_no_key_is_polled_from_the_start() -> None:
    rows = Source.objects.filter(slug__in=[*(provider.slug for provider in PROVIDERS), "bedrock"])
    assert rows.count() == len(PROVIDERS) + 1
    assert {row.method for row in rows} == {"vendor_api"}
    assert [row.slug for row in rows if row.is_enabled] == ["openrouter"]


def test_openai_states_when_a_model_will_be_shut_down() -> None:
    found = records("openai", "openai/plain.json")
    assert list(found) == ["acme-chat-1", "acme-chat-1-2024-05-13", "ft:acme-chat-1:northwind::B1cd"]
    assert column(found, "retires_on") == {"acme-chat-1-2024-05-13": date(2026, 10, 23)}
    assert found["acme-chat-1"] == ListingRecord(external_id="acme-chat-1", host="openai", host_id="acme-chat-1")


def test_anthropic_calls_a_model_retired_by_its_lifecycle_and_not_by_its_date() -> None:
    found = records("anthropic", "anthropic/first-page.json", "anthropic/last-page.json")
    assert column(found, "is_retired") == {"acme-prose-5": False, "acme-prose-4": False, "acme-prose-1": True}
    assert column(found, "is_deprecated") == {"acme-prose-5": False, "acme-prose-4": True, "acme-prose-1": True}


def test_a_moment_is_a_day_in_utc_and_the_epoch_is_none() -> None:
    found = records("anthropic", "anthropic/first-page.json", "anthropic/last-page.json")
    assert column(found, "retires_on") == {"acme-prose-4": date(2026, 6, 16), "acme-prose-1": date(2025, 7, 21)}
    assert column(found, "deprecated_on") == {"acme-prose-4": date(2026, 4, 14)}


def test_a_length_of_nothing_is_not_stated() -> None:
    found = records("anthropic", "anthropic/first-page.json", "anthropic/last-page.json")
    assert column(found, "context_length") == {"acme-prose-5": 1_000_000, "acme-prose-4": 200_000}
    assert column(found, "max_output") == {"acme-prose-5": 64_000, "acme-prose-4": 32_000}


def test_mistral_states_the_end_and_the_successor_of_a_model_under_each_of_its_names() -> None:
    found = records("mistral", "mistral/aliases.json")
    end = date(2026, 2, 27)
    assert column(found, "retires_on") == {"acme-large-2411": end, "acme-large": end}
    assert set(column(found, "successor").values()) == {"mistral/acme-large-2512"}
    assert found["acme-large"].host_id == "acme-large"


def test_a_name_with_a_row_of_its_own_is_no_alias() -> None:
    found = records("mistral", "mistral/aliases.json")
    assert found["acme-large-latest"].is_deprecated is False
    assert found["acme-large-2512"].retires_on is None


def test_mistral_says_of_a_fine_tuned_model_that_it_is_archived() -> None:
    assert column(records("mistral", "mistral/aliases.json"), "is_disabled") == {
        "ft:acme-small:northwind:20260101:ab12cd34": True
    }


def test_equal_rows_are_one() -> None:
    assert not read("mistral", "mistral/aliases.json").rejects
    assert "acme-small-2506" in records("mistral", "mistral/aliases.json")


def test_cohere_states_what_is_deprecated() -> None:
    found = records("cohere", "cohere/plain.json")
    assert column(found, "is_deprecated") == {"acme-command-1": False, "acme-command-0": True, "acme-embed-1": False}
    assert column(found, "context_length")["acme-command-1"] == 128_000
    assert column(found, "task") == {"acme-embed-1": "feature-extraction"}


def test_gemini_names_its_models_without_their_folder() -> None:
    found = records("gemini", "gemini/plain.json")
    assert column(found, "max_output") == {"acme-flash-2": 8192, "acme-embedding-1": 1}
    assert column(found, "task") == {"acme-embedding-1": "feature-extraction"}


def test_groq_states_lengths() -> None:
    assert column(records("groq", "groq/plain.json"), "context_length") == {"acme-ai/acme-8b-instant": 131_072}


def test_openrouter_states_prices_per_million_and_the_weights_behind_a_model() -> None:
    record = records("openrouter", "openrouter/plain.json")["acme/acme-70b-instruct"]
    assert (record.input_price, record.output_price) == (Decimal("0.4"), Decimal("0.4"))
    assert (record.weights_id, record.retires_on) == ("acme/Meta-Acme-70B-Instruct", date(2026, 11, 3))
    assert (record.supports_tools, record.input_modalities) == (True, ("text",))


def test_a_price_that_depends_is_not_stated_and_one_of_nothing_is() -> None:
    found = records("openrouter", "openrouter/plain.json")
    assert column(found, "input_price") == {
        "acme/acme-70b-instruct": Decimal("0.4"),
        "acme/acme-70b-instruct:free": Decimal(0),
    }
    assert found["openrouter/auto"].weights_id is None


def test_the_real_list_of_openrouter_is_read_whole(feeds: Path) -> None:
    parsed = adapter_of("openrouter").parse((feeds / "openrouter-models.json").read_bytes())
    found = {record.external_id: record for record in parsed.records}
    assert (len(found), len(parsed.rejects)) == (364, 0)
    assert len(column(found, "retires_on")) == 11
    assert len(column(found, "weights_id")) == 173
    assert found["x-ai/grok-4"].retires_on == date(2026, 5, 15)


def test_azure_keeps_an_estimate_apart_from_a_date() -> None:
    found = records("azure", "azure/management.json")
    assert column(found, "earliest_retires_on") == {"acme-chat-2026-01-15": date(2027, 6, 30)}
    assert "acme-chat-2026-01-15" not in column(found, "retires_on")
    assert column(found, "successor") == {"acme-chat-2024-11-20": "azure/acme-chat-2026-01-15"}


def test_of_several_rows_on_a_model_of_azure_the_sooner_day_counts() -> None:
    model = records("azure", "azure/management.json")["acme-chat-2024-11-20"]
    assert (model.retires_on, model.is_deprecated, model.is_retired) == (date(2026, 9, 15), True, False)


def test_azure_calls_retired_what_answers_no_more() -> None:
    found = records("azure", "azure/management.json")
    assert found["acme-chat-0613"].is_retired
    assert (found["acme-embed-1"].is_deprecated, found["acme-embed-1"].is_retired) == (True, False)


def test_an_azure_resource_writes_its_moments_in_unix_seconds() -> None:
    found = records("azure", "azure/resource.json")
    end = date(2026, 10, 1)
    assert column(found, "retires_on") == {"acme-chat-2024-11-20": end, "ft-72a2792e": end}
    assert set(column(found, "is_deprecated").values()) == {False}
    assert not column(found, "is_retired")


def test_an_endpoint_of_our_own_states_the_weights_that_it_serves(settings: Any) -> None:
    settings.OPENAI_COMPATIBLE_HOST = "northwind"
    found = records("openai_compatible", "openai_compatible/vllm.json", "openai_compatible/litellm-proxy.json")
    assert sorted(found) == ["acme-chat-1", "support-chat", "support-lora"]
    assert column(found, "weights_id") == {"support-chat": "acme/Acme-8B-Instruct"}
    assert column(found, "context_length") == {"support-chat": 32_768}
    assert set(column(found, "host").values()) == {"northwind"}


def test_a_row_is_asked_for_by_its_id_at_its_own_host_alone() -> None:
    azure = adapter_of("azure")
    assert list(azure.names_of("azure", "gpt-5-2025-08-07")) == ["gpt-5-2025-08-07"]
    assert not azure.names_of("openai", "gpt-5-2025-08-07")


def test_a_record_has_the_page_that_a_person_can_read() -> None:
    assert adapter_of("openrouter").page_of("acme/acme-70b:free") == "https://openrouter.ai/acme/acme-70b:free"
    assert adapter_of("openai").page_of("acme-chat-1") == "https://platform.openai.com/docs/deprecations"
    assert adapter_of("groq").page_of("acme-8b") == ""


def test_a_bad_row_is_set_aside_with_its_reason_and_its_neighbours_stay() -> None:
    parsed = read("openai", "openai/poison.json")
    assert [record.external_id for record in parsed.records] == ["acme-repeated", "acme-good"]
    assert [(reject.external_id, reject.reason) for reject in parsed.rejects] == [
        ("acme-year-zero", "“shutdown_date” is 0000-01-01, which is no day of the calendar"),
        ("acme-nan", "“shutdown_date” is NaN, not a moment"),
        ("acme-nul", "“shutdown_date” holds a NUL character"),
        ("", "“id” holds half of a character (a lone surrogate)"),
        ("acme-list", "“shutdown_date” is ['2026-01-01'], not a text"),
        ("acme-true", "“shutdown_date” is True, not a text"),
        ("acme-far", "“shutdown_date” is 1E+300, which is no moment in unix seconds"),
        ("acme-milliseconds", "“shutdown_date” is 1790812800000, which is no moment in unix seconds"),
        ("acme-early", "“shutdown_date” is 0001-01-01T00:00:00+14:00, not a moment like 2026-01-31T00:00:00Z"),
        ("", "“shutdown_date” is stated twice"),
        ("", "the record has no id"),
        ("", "the record is acme-text, not an object"),
        ("acme-contradicts", "the id is in the document twice"),
    ]


@pytest.mark.parametrize("slug", [provider.slug for provider in PROVIDERS] + ["bedrock"])
@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"NaN", b'{"data": 1}', b'{"pages": [{}]}', b'{"pages": 1}', b"<p>"]
)
def test_a_document_without_a_list_is_an_error_worth_another_try(slug: str, raw: bytes) -> None:
    with pytest.raises(UpstreamError) as raised:
        adapter_of(slug).parse(raw)
    assert raised.value.retryable
