"""One question to the Hub through its own client, within our limits: metadata of one repository, or why there is none."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from huggingface_hub import HfApi, ModelInfo, set_client_factory
from huggingface_hub.errors import DisabledRepoError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import ExpandModelProperty_T

from registry.upstream import http
from registry.upstream.base import UpstreamError

# Each model is a request of its own, so one that hangs must not cost the others their time.
DEADLINE = timedelta(seconds=20)
EXPAND: list[ExpandModelProperty_T] = [
    "sha",
    "gated",
    "disabled",
    "private",
    "tags",
    "pipeline_tag",
    "cardData",
    "baseModels",
]
# Whatever else is asked for, it is no metadata.
METADATA = "/api/models"
_BAD_TOKEN = "Invalid credentials"  # noqa: S105 - words of the Hub, no secret


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no answer, in words that the document keeps."""

    kind: str
    detail: str
    ends_the_round: UpstreamError | None = None


def ask(asked: str) -> ModelInfo | Problem:
    """What the Hub shows of `asked`. Never raises for what goes wrong upstream."""
    ask = partial(_api().model_info, asked, expand=EXPAND)
    try:
        return http.within(DEADLINE, ask, host=http.host_of(settings.HF_ENDPOINT))
    except HfHubHTTPError as error:
        return _refusal(error)
    except UpstreamError as error:
        return Problem("unknown", str(error))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # What the client raises while it builds its object from something that is no answer of the Hub.
        return Problem("unknown", f"the answer cannot be read ({type(error).__name__}: {error})"[:300])


def _refusal(error: HfHubHTTPError) -> Problem:
    # A gated repository raises a subclass of RepositoryNotFoundError, and is the opposite of it: it is there.
    if isinstance(error, GatedRepoError):
        return Problem("gated", "the Hub shows nothing of it to those without access")
    if isinstance(error, DisabledRepoError):
        return Problem("disabled", "the Hub has disabled access")
    return _not_found(error) if isinstance(error, RepositoryNotFoundError) else _failure(error)


def _not_found(error: RepositoryNotFoundError) -> Problem:
    """Only to a caller whom the Hub knows does it tell what is missing from what is private."""
    status = error.response.status_code
    if status == httpx2.codes.NOT_FOUND and settings.HF_TOKEN:
        return Problem("not_found", "the Hub knows no such repository")
    return Problem("unknown", f"missing or private ({status}); a token tells them apart")


def _failure(error: HfHubHTTPError) -> Problem:
    response = error.response
    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        wait = http.wait_asked_for(response)
        end = UpstreamError("The Hub asks us to wait (429).", retryable=True, retry_after=wait)
        return Problem("unknown", "the Hub asks us to wait (429)", ends_the_round=end)
    if _BAD_TOKEN in (response.headers.get("x-error-message") or ""):
        end = UpstreamError("The Hub refuses our token: check HF_TOKEN.", retryable=False)
        return Problem("unknown", "the Hub refuses our token", ends_the_round=end)
    return Problem("unknown", f"the Hub answered {response.status_code}")


@cache
def _client_factory() -> None:
    """Give the Hub's client our limits. Its own has no time-out, follows any redirect and reads any length."""
    set_client_factory(_client)


def _api() -> HfApi:
    _client_factory()
    return HfApi(
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN or False,
        library_name="understudy",
        library_version="0.1",
        user_agent=http.USER_AGENT,
    )


def _client() -> httpx2.Client:
    return httpx2.Client(
        timeout=httpx2.Timeout(10.0),
        follow_redirects=True,
        max_redirects=http.MAX_REDIRECTS,
        # Not packed, so that what is counted is what is read into memory.
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [_refuse_other_places], "response": [_limit]},
    )


def _refuse_other_places(request: httpx2.Request) -> None:
    """A rename redirects within the Hub; anything else, and any file, is not what was asked for."""
    if request.url.netloc.decode() != urlsplit(settings.HF_ENDPOINT).netloc:
        raise UpstreamError(f"The Hub redirected to {request.url.host}.", retryable=False)
    if METADATA not in request.url.path:
        raise UpstreamError(f"The Hub redirected to {request.url.path}, which is no metadata.", retryable=False)


def _limit(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").casefold() != "identity":
        raise UpstreamError("The Hub packed its answer, which was not asked for.", retryable=False)
    response.stream = _Limited(response.stream)


class _Limited(httpx2.SyncByteStream):
    """A body that ends with an error once it is longer, or comes slower, than any metadata."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._ends_at = time.monotonic() + DEADLINE.total_seconds()

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > http.MAX_BYTES:
                raise UpstreamError(f"The Hub answered with more than {http.MAX_BYTES:,} bytes.", retryable=False)
            if time.monotonic() > self._ends_at:
                raise UpstreamError("The Hub answered too slowly.", retryable=True)
            yield piece

    def close(self) -> None:
        self._stream.close()
