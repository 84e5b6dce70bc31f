"""Thousands of documents that are wrong in ways nobody thought of: none crashes, and good neighbours stay.

With each change 2,400, with UNDERSTUDY_TEST_WHOLE=1 ten times as many.
What a parser lets through can be compared, stored as JSON and text, and read again.
"""

import json
import os
from random import Random
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from registry.diff import compare, standing
from registry.records import from_facts, to_facts
from registry.upstream import SOURCES, Parsed, UpstreamError
from registry.upstream import Source as Adapter
from registry.upstream.huggingface import HuggingFace
from registry.upstream.litellm import LiteLLM
from tests.registry.payloads import payload

GOOD_CHAT = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06}
GOOD_REPOSITORY = {"_id": "1", "id": "good/model", "sha": "a", "gated": False, "tags": [], "cardData": {}}
ENTRY = json.loads(payload("litellm/plain.json"))["azure/acme-chat-1"] | {
    "output_vector_size": 8,
    "supported_modalities": ["text"],
}
REPOSITORY = json.loads(payload("huggingface/lineage.json"))[0] | {
    "baseModels": {"relation": "merge", "models": [{"id": "a/b"}]},
}
# Of each feed: a good row, a row to be poisoned, and the document around the two.
FEEDS = {
    "models_dev": (
        {"tool_call": True},
        json.loads(payload("models_dev/plain.json"))["openai"]["models"]["acme-chat-1"] | {"status": "deprecated"},
        '{{"good": {{"models": {{"row": {0}}}}}, "bad": {{"models": {{"row": {1}}}}}}}',
    ),
    "deprecations_info": (
        {"provider": "good", "model_id": "row", "shutdown_date": "2026-02-17"},
        json.loads(payload("deprecations_info/feed.json"))["items"][0]["_deprecation"],
        '{{"items": [{{"_deprecation": {0}}}, {{"_deprecation": {1}}}]}}',
    ),
    "model_deprecations": (
        {"provider": "good", "model": "row"},
        json.loads(payload("model_deprecations/plain.json"))["models"][0] | {"aliases": []},
        '{{"models": [{0}, {1}]}}',
    ),
}
# Of each vendor's list: a document whose first row is to be poisoned.
LISTS = {
    "openai": "openai/plain.json",
    "anthropic": "anthropic/first-page.json",
    "mistral": "mistral/aliases.json",
    "cohere": "cohere/plain.json",
    "gemini": "gemini/plain.json",
    "groq": "groq/plain.json",
    "openrouter": "openrouter/plain.json",
    "azure": "azure/management.json",
    "bedrock": "bedrock/eu-central-1.json",
    "openai_compatible": "openai_compatible/vllm.json",
}
ROWS = {
    slug: next(rows[0] for rows in json.loads(payload(name)).values() if isinstance(rows, list))
    for slug, name in LISTS.items()
}
GOOD_ROW = '{"id": "good", "name": "good", "modelId": "good"}'
# Raw JSON, so that it can hold what no encoder writes.
LITERALS = [
    *("null", "true", "-1", "0", "1e999", "-1e-999", "NaN", "Infinity", "-Infinity", "1" * 400, "0.1", "[]", "{}"),
    *('""', '"0000-00-00"', '"2026-02-30"', '"9999-99-99"', '"2025-1-6"', '"1e5"', '"NaN"', '"base_model:"'),
    *('"\\u0000"', '"\\ud800"', '"\\u202e"', '["\\u0000"]', '["\\udfff"]', '"' + "x" * 1000 + '"'),
    *('[[["a"]]]', '{"a": 1, "a": 2}', "[null]", '{"models": [null]}', '{"models": 1}', "[1, 2]"),
    *("1e300", "1790812800000", '"2026-01-01T00:00:00Z"', '"0001-01-01T00:00:00+14:00"', '"2026-01-01T99"', '"-1"'),
    *("[" * 200 + "]" * 200, '["base_model:x:y", "license:"]', '{"relation": 1, "models": [{"id": "a"}]}'),
]
WHOLE = [
    *(f"{slug}/plain.json" for slug in ("models_dev", "model_deprecations")),
    "deprecations_info/feed.json",
    *LISTS.values(),
]
KEYS = ["a/b", "", "\\u0000", "\\udfff", "good", ".", "x" * 300, "a\\nb"]
JUNK = [b"", b"\x00", b"\xff", b'"', b"}", b"NaN", b"<html>", b"[" * 5000, b"\xed\xa0\x80"]
# One number decides a document: a failing one is named by it, and drawing costs next to nothing.
NUMBERS = st.integers(0, 2**64)
TIMES = 10 if os.environ.get("UNDERSTUDY_TEST_WHOLE") else 1
QUICKLY = settings(max_examples=300 * TIMES, deadline=None, database=None)


def by(number: int) -> Random:
    return Random(number)  # noqa: S311 - it chooses test data


def mutated(entry: dict[str, Any], random: Random) -> str:
    """`entry` as JSON with some fields replaced, repeated or invented; now and then something else altogether."""
    if random.random() < 0.1:
        return random.choice(LITERALS)
    fields = {name: json.dumps(value) for name, value in entry.items()}
    for _ in range(random.randint(1, 3)):
        name = random.choice([*fields, "unheard_of"])
        inner = entry.get(name)
        is_deep = isinstance(inner, dict) and random.random() < 0.7
        fields[name] = mutated(inner, random) if is_deep else random.choice(LITERALS)
    pairs = [f'"{name}": {value}' for name, value in fields.items()]
    pairs += random.sample(pairs, random.randint(0, 1))
    return "{" + ", ".join(pairs) + "}"


def broken(random: Random) -> bytes:
    """A good document cut, or with bytes put into it."""
    whole = payload(random.choice(["litellm/plain.json", "huggingface/lineage.json", *WHOLE]))
    at = random.randint(0, len(whole))
    return whole[:at] + random.choice(JUNK) + random.choice([b"", whole[at:]])


def check(adapter: Adapter, raw: bytes) -> Parsed | None:
    """Parse; whatever comes out can be compared, stored and shown."""
    try:
        parsed = adapter.parse(raw)
    except UpstreamError:
        return None
    for record in parsed.records:
        facts = json.loads(json.dumps(to_facts(record), allow_nan=False))
        assert from_facts(record.external_id, facts) == record
        assert compare(record, record) == []
        standing(record)
        storable(record.external_id, json.dumps(facts, ensure_ascii=False))
    for reject in parsed.rejects:
        storable(reject.external_id, reject.reason, reject.excerpt)
        assert reject.reason
    return parsed


def storable(*texts: str) -> None:
    for text in texts:
        assert "\x00" not in text
        text.encode("utf-8")


@seed(20260415)
@QUICKLY
@given(NUMBERS)
def test_a_poisoned_entry_of_the_price_map_is_read_or_set_aside(number: int) -> None:
    random = by(number)
    key, entry = random.choice(KEYS), mutated(ENTRY, random)
    parsed = check(LiteLLM(), f'{{"good": {json.dumps(GOOD_CHAT)}, "bad/{key}": {entry}}}'.encode())
    assert parsed is not None
    assert "good" in {record.external_id for record in parsed.records}
    assert len(parsed.records) + len(parsed.rejects) == 2


@seed(20260415)
@QUICKLY
@given(NUMBERS)
def test_a_poisoned_answer_of_the_hub_is_read_or_set_aside(number: int) -> None:
    answer = mutated(REPOSITORY, by(number))
    parsed = check(HuggingFace(), f"[{json.dumps(GOOD_REPOSITORY)}, {answer}]".encode())
    assert parsed is not None
    assert parsed.records[0].external_id == "good/model"
    assert len(parsed.records) + len(parsed.rejects) + len(parsed.unanswered) == 2


@pytest.mark.parametrize("slug", FEEDS)
@seed(20260415)
@QUICKLY
@given(number=NUMBERS)
def test_a_poisoned_row_of_a_feed_is_read_or_set_aside(slug: str, number: int) -> None:
    good, entry, document = FEEDS[slug]
    poisoned = mutated(entry, by(number))
    parsed = check(SOURCES[slug](), document.format(json.dumps(good), poisoned).encode())
    assert parsed is not None
    assert parsed.records[0].external_id == "good/row"
    assert len(parsed.records) + len(parsed.rejects) >= 2


@seed(20260415)
@settings(QUICKLY, max_examples=600 * TIMES)
@given(NUMBERS)
def test_a_poisoned_row_of_a_vendors_list_is_read_or_set_aside(number: int) -> None:
    random = by(number)
    slug = random.choice(list(LISTS))
    rows = f"[{GOOD_ROW}, {mutated(ROWS[slug], random)}]"
    page = f'{{"data": {rows}, "models": {rows}, "value": {rows}, "modelSummaries": {rows}}}'
    parsed = check(SOURCES[slug](), page.encode())
    assert parsed is not None
    assert parsed.records[0].external_id == "good"
    assert len(parsed.records) + len(parsed.rejects) >= 2


@seed(20260415)
@QUICKLY
@given(NUMBERS)
def test_a_broken_document_is_an_error_or_still_whole(number: int) -> None:
    raw = broken(by(number))
    check(LiteLLM(), raw)
    check(HuggingFace(), raw)
    for slug in (*FEEDS, *LISTS):
        check(SOURCES[slug](), raw)
