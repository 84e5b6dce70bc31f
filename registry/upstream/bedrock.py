"""AWS Bedrock's list of foundation models, asked for through boto3 with AWS's own ways to sign in.

The list is made per region and has no pages. A model that has ended is left out of it.
"""

import importlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

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

    def fetch(self, known: Known) -> Document:  # noqa: ARG002 - AWS knows no conditional request
        refuse_missing(self.missing())
        pages = [_ask(region) for region in settings.BEDROCK_REGIONS]
        raw = json.dumps({"pages": pages}, default=_written, sort_keys=True, separators=(",", ":")).encode()
        return Document(raw, f"{_address(settings.BEDROCK_REGIONS[0])}/foundation-models")


def _address(region: str) -> str:
    return settings.BEDROCK_URL or f"https://bedrock.{region}.amazonaws.com"


def _ask(region: str) -> Mapping[str, Any]:
    """What Bedrock lists in one region, in an order that does not change by itself."""
    host = http.host_of(_address(region))
    answer: Mapping[str, Any] = http.within(http.DEADLINE, lambda: _list(region, host), host=host)
    return {"modelSummaries": sorted(answer.get("modelSummaries", []), key=lambda one: str(one.get("modelId")))}


def _list(region: str, host: str) -> Mapping[str, Any]:
    session, config, errors = (_of_boto(name) for name in ("boto3.session", "botocore.config", "botocore.exceptions"))
    try:
        client = session.Session().client(
            "bedrock",
            region_name=region,
            endpoint_url=settings.BEDROCK_URL or None,
            config=config.Config(
                connect_timeout=_SECONDS_TO_CONNECT,
                read_timeout=_SECONDS_TO_READ,
                # The next poll is the next try.
                retries={"total_max_attempts": 1},
                user_agent_extra=http.USER_AGENT.partition(" ")[0],
            ),
        )
        answer: Mapping[str, Any] = client.list_foundation_models()
    except errors.ClientError as error:
        raise _refusal(error, host) from error
    except errors.BotoCoreError as error:
        is_passing = isinstance(error, errors.HTTPClientError | errors.ResponseParserError)
        raise UpstreamError(f"{host} cannot be asked: {error}.", retryable=is_passing) from error
    return answer


def _of_boto(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UpstreamError(
            "Bedrock is asked through boto3, which is not installed: pip install boto3 where Understudy runs.",
            retryable=False,
        ) from error


def _refusal(error: Any, host: str) -> UpstreamError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", "")
    if status in _REFUSED:
        message = f"{host} refused us ({code}): the credentials need the permission bedrock:ListFoundationModels."
        return UpstreamError(message, retryable=False)
    is_passing = status == _TOO_MANY or status >= _SERVER_ERROR
    return UpstreamError(f"{host} answered {status} ({code}).", retryable=is_passing)


def _written(value: Any) -> str:
    """A moment as JSON has it; nothing else in an answer needs this."""
    if not isinstance(value, datetime):
        raise UpstreamError("Bedrock's answer holds what no JSON can.", retryable=False)
    return value.isoformat()
