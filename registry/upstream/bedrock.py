"""AWS Bedrock's list of foundation models, asked for through boto3 with AWS's own ways to sign in.

The list is made per region and has no pages. A model that has ended is left out of it.
"""

import importlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings

from registry.budget import Budget
from registry.upstream import http
from registry.upstream.base import Document, Known, UpstreamError
from registry.upstream.model_list import ModelList, refuse_missing
from registry.upstream.provider_lists import BEDROCK

_SECONDS_TO_CONNECT = 5
_SECONDS_TO_READ = 10
_REFUSED = frozenset({401, 403})
_TOO_MANY = 429
_SERVER_ERROR = 500


class Bedrock(ModelList):
    def __init__(self) -> None:
        super().__init__(BEDROCK)

    def missing(self) -> list[str]:
        return [] if settings.BEDROCK_REGIONS else ["BEDROCK_REGIONS"]

    def is_set_up(self) -> bool:
        return bool(settings.BEDROCK_REGIONS)

    def fetch(self, known: Known) -> Document:  # noqa: ARG002 - AWS knows no conditional request
        refuse_missing(self.missing())
        pages = [_ask(region) for region in settings.BEDROCK_REGIONS]
        raw = json.dumps({"pages": pages}, sort_keys=True, separators=(",", ":")).encode()
        return Document(raw, f"{_address(settings.BEDROCK_REGIONS[0])}/foundation-models")


def _address(region: str) -> str:
    return settings.BEDROCK_URL or f"https://bedrock.{region}.amazonaws.com"


def _ask(region: str) -> Mapping[str, Any]:
    """What Bedrock lists in one region, in an order that does not change by itself."""
    host = http.host_of(_address(region))
    answer = _answer(region, host)
    # boto3 makes an empty answer of one that is cut off or no JSON at all.
    if "modelSummaries" not in answer:
        raise UpstreamError(f"{host} sent no list of models for {region}.", retryable=True)
    return {"modelSummaries": sorted(answer["modelSummaries"], key=lambda one: str(one.get("modelId")))}


def _answer(region: str, host: str) -> Mapping[str, Any]:
    errors, parsers = _of_boto("botocore.exceptions"), _of_boto("botocore.parsers")
    # AWS counts for each account and region, and does not tell us which account we are.
    budget = Budget(BEDROCK.slug, region)
    http.spend(budget)
    try:
        answer: Mapping[str, Any] = http.within(
            http.DEADLINE, lambda: _client(region).list_foundation_models(), host=host
        )
    except errors.ClientError as error:
        raise _refusal(error.response, host, wait=_note(budget, error.response)) from error
    except errors.BotoCoreError as error:
        is_of_the_network = isinstance(error, errors.ConnectionError | errors.HTTPClientError)
        raise UpstreamError(f"{host} cannot be asked: {error}", retryable=is_of_the_network) from error
    # What its parsers raise, one after the other, for an answer of another shape.
    except (parsers.ResponseParserError, AttributeError, TypeError, ValueError) as error:
        raise UpstreamError(f"{host} sent no list of models: {error}.", retryable=True) from error
    _note(budget, answer)
    return answer


def _note(budget: Budget, answer: Mapping[str, Any]) -> timedelta | None:
    about = answer.get("ResponseMetadata", {})
    return http.note(budget, about.get("HTTPHeaders", {}), about.get("HTTPStatusCode", 0))


def _client(region: str) -> Any:
    core = _of_boto("botocore.session").Session()
    # Moments stay as they were sent: boto3 gives up the whole list for one that it cannot read.
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=lambda value: value)
    return (
        _of_boto("boto3.session")
        .Session(botocore_session=core)
        .client(
            "bedrock",
            region_name=region,
            endpoint_url=settings.BEDROCK_URL or None,
            config=_of_boto("botocore.config").Config(
                connect_timeout=_SECONDS_TO_CONNECT,
                read_timeout=_SECONDS_TO_READ,
                # The next poll is the next try.
                retries={"total_max_attempts": 1},
            ),
        )
    )


def _of_boto(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UpstreamError(
            "Bedrock is asked through boto3, which is not installed: pip install boto3 where Understudy runs.",
            retryable=False,
        ) from error


def _refusal(answer: Mapping[str, Any], host: str, *, wait: timedelta | None) -> UpstreamError:
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = answer.get("Error", {}).get("Code", "")
    if status in _REFUSED:
        message = f"{host} refused us ({code}): the credentials need the permission bedrock:ListFoundationModels."
        return UpstreamError(message, retryable=False)
    is_passing = status == _TOO_MANY or status >= _SERVER_ERROR
    return UpstreamError(f"{host} answered {status} ({code}).", retryable=is_passing, retry_after=wait)
