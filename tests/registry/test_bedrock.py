"""AWS Bedrock's list, asked for by boto3 itself against a server that answers as AWS does."""

import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from registry.records import ListingRecord
from registry.upstream import Document, Known, UpstreamError, adapter_of
from registry.upstream.base import Blocked
from tests.fakes.model_lists import ModelLists
from tests.registry.payloads import payload

# Where the budget of requests is kept.
pytestmark = pytest.mark.django_db
TARGET = "/foundation-models"
EUROPE, AMERICA = payload("bedrock/eu-central-1.json"), payload("bedrock/us-east-1.json")


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelLists]:
    """The server, asked in one region by somebody whom AWS knows."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHETESTS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-tests")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with ModelLists() as running:
        settings.BEDROCK_URL, settings.BEDROCK_REGIONS = running.url, ["eu-central-1"]
        yield running


def fetch() -> Document:
    document = adapter_of("bedrock").fetch(Known())
    assert document is not None
    return document


def records(raw: bytes) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in adapter_of("bedrock").parse(raw).records}


def regions(*pages: bytes) -> bytes:
    return b'{"pages": [' + b", ".join(pages) + b"]}"


def test_the_list_is_asked_for_with_a_signature_and_says_when_a_model_ends(aws: ModelLists) -> None:
    aws.answers[TARGET] = (200, EUROPE)
    found = records(fetch().raw)
    [(target, headers)] = aws.asked
    assert target == TARGET
    assert "eu-central-1/bedrock/aws4_request" in headers["authorization"]
    assert found["acme.prose-3-v1:0"] == ListingRecord(
        external_id="acme.prose-3-v1:0",
        host="bedrock",
        host_id="acme.prose-3-v1:0",
        is_deprecated=True,
        deprecated_on=date(2026, 1, 30),
        retires_on=date(2026, 12, 30),
        input_modalities=("text", "image"),
        output_modalities=("text",),
    )
    assert found["acme.prose-5-v1:0"].is_deprecated is False
    assert found["acme.embed-v1"].task == "feature-extraction"


def test_the_same_answers_make_the_same_document(aws: ModelLists) -> None:
    aws.answers[TARGET] = (200, EUROPE)
    first = fetch()
    aws.answers[TARGET] = (200, EUROPE)
    assert fetch().sha256 == first.sha256
    assert first.url == f"{aws.url}{TARGET}"


def test_every_region_is_asked(aws: ModelLists, settings: Any) -> None:
    settings.BEDROCK_REGIONS = ["eu-central-1", "us-east-1"]
    aws.answers[TARGET] = (200, EUROPE)
    fetch()
    assert [headers["authorization"].split("/")[2] for _, headers in aws.asked] == ["eu-central-1", "us-east-1"]


@pytest.mark.parametrize("pages", [(EUROPE, AMERICA), (AMERICA, EUROPE)], ids=["east", "west"])
def test_of_two_regions_the_sooner_day_counts_whichever_comes_first(pages: tuple[bytes, bytes]) -> None:
    found = records(regions(*pages))
    assert sorted(found) == ["acme.embed-v1", "acme.prose-3-v1:0", "acme.prose-5-v1:0"]
    model = found["acme.prose-3-v1:0"]
    assert (model.deprecated_on, model.retires_on) == (date(2026, 1, 30), date(2026, 10, 1))


def test_what_the_command_line_of_aws_prints_is_read_as_it_is() -> None:
    assert records(EUROPE) == records(regions(EUROPE))


def test_a_region_that_fails_takes_the_others_with_it(aws: ModelLists, settings: Any) -> None:
    settings.BEDROCK_REGIONS = ["eu-central-1", "us-east-1"]
    aws.answers[TARGET] = (500, {"message": "Internal"})
    with pytest.raises(UpstreamError, match="answered 500") as raised:
        fetch()
    assert raised.value.retryable
    assert len(aws.asked) == 1


@pytest.mark.parametrize(
    ("answer", "retryable", "says"),
    [
        ((403, {"message": "no", "__type": "AccessDeniedException"}), False, "bedrock:ListFoundationModels"),
        ((429, {"message": "slow down", "__type": "ThrottlingException"}), True, "answered 429"),
        ((400, {"message": "what?", "__type": "ValidationException"}), False, "answered 400"),
        ((200, b"<html>"), True, "no list of models"),
        ((200, b'{"modelSummaries": ['), True, "no list of models"),
        ((200, {"modelSummaries": 1}), True, "no list of models"),
        ((200, {"modelSummaries": ["acme.prose-5-v1:0"]}), True, "no list of models"),
    ],
)
def test_a_failure_says_whether_another_try_helps(
    aws: ModelLists, answer: tuple[int, Any], *, retryable: bool, says: str
) -> None:
    aws.answers[TARGET] = answer
    with pytest.raises(UpstreamError, match=says) as raised:
        fetch()
    assert raised.value.retryable is retryable


def test_after_a_429_the_region_is_left_alone(aws: ModelLists, settings: Any) -> None:
    aws.answers[TARGET] = (429, {"message": "slow down", "__type": "ThrottlingException"})
    with pytest.raises(UpstreamError, match="answered 429"):
        fetch()
    with pytest.raises(Blocked, match="bedrock is not asked before") as raised:
        fetch()
    assert raised.value.retry_after is not None
    assert len(aws.asked) == 1
    settings.BEDROCK_REGIONS = ["us-east-1"]
    aws.answers[TARGET] = (200, AMERICA)
    assert fetch()


def test_a_moment_that_cannot_be_read_sets_its_row_aside_alone(aws: ModelLists) -> None:
    rows = [{"modelId": "a", "modelLifecycle": {"endOfLifeTime": "never"}}, {"modelId": "b"}, {"modelName": "no id"}]
    aws.answers[TARGET] = (200, {"modelSummaries": rows})
    parsed = adapter_of("bedrock").parse(fetch().raw)
    assert [record.external_id for record in parsed.records] == ["b"]
    assert sorted(reject.reason for reject in parsed.rejects) == [
        "the record has no id",
        "“endOfLifeTime” is never, not a day like 2026-01-31",
    ]


def test_without_credentials_a_person_has_to_help(aws: ModelLists, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(UpstreamError, match="credentials") as raised:
        fetch()
    assert not raised.value.retryable
    assert aws.asked == []


def test_nobody_there_is_worth_another_try(aws: ModelLists, settings: Any) -> None:
    settings.BEDROCK_URL = "http://127.0.0.1:9"
    with pytest.raises(UpstreamError, match="cannot be asked") as raised:
        fetch()
    assert raised.value.retryable
    assert aws.asked == []


def test_without_a_region_nothing_is_asked(settings: Any) -> None:
    settings.BEDROCK_REGIONS = []
    with pytest.raises(UpstreamError, match="Set BEDROCK_REGIONS, or disable") as raised:
        fetch()
    assert not raised.value.retryable


def test_without_boto3_the_way_out_is_said(aws: ModelLists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(UpstreamError, match="pip install boto3") as raised:
        fetch()
    assert not raised.value.retryable
    assert aws.asked == []
