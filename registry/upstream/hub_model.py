"""Ask the Hub about one repository: its metadata, or why there is none."""

from dataclasses import dataclass

import httpx2
from django.conf import settings
from huggingface_hub import ModelInfo
from huggingface_hub.errors import DisabledRepoError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import ExpandModelProperty_T

from registry.upstream import hub_client
from registry.upstream.base import Blocked, UpstreamError

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
_BAD_TOKEN = "Invalid credentials"  # noqa: S105 - words of the Hub, no secret
# What the client raises while it builds its objects from something that is no answer of the Hub.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no metadata, in words that the document keeps.

    `kind`: `not_found`, which the Hub says to callers whom it knows; `hidden`, which may be missing or private;
    `gated` and `disabled`, which are there; `unknown` for anything else.
    """

    kind: str
    detail: str
    error: UpstreamError | None = None


def ask(asked: str) -> ModelInfo | Problem:
    """What the Hub shows of `asked`. Raises `Blocked`, and `UpstreamError` if the Hub refuses our token."""
    try:
        info = hub_client.api().model_info(asked, expand=EXPAND)
        stated: object = info.id
        return info if isinstance(stated, str) else Problem("unknown", "the answer names no repository")
    except HfHubHTTPError as error:
        return problem_of(error)
    except Blocked:
        raise
    except UpstreamError as error:
        return Problem("unknown", str(error), error)
    except UNREADABLE as error:
        return Problem("unknown", f"the answer cannot be read ({type(error).__name__}: {error})"[:300])


def problem_of(error: HfHubHTTPError) -> Problem:
    """What a refusal says about a repository. Raises `UpstreamError` if it is our token that is refused."""
    # A gated repository raises a subclass of RepositoryNotFoundError, and is the opposite of it: it is there.
    if isinstance(error, GatedRepoError):
        return Problem("gated", "the Hub shows nothing of it to those without access")
    if isinstance(error, DisabledRepoError):
        return Problem("disabled", "the Hub has disabled access")
    return _not_shown(error)


def _not_shown(error: HfHubHTTPError) -> Problem:
    status = error.response.status_code
    if _BAD_TOKEN in (error.response.headers.get("x-error-message") or ""):
        raise UpstreamError("The Hub refuses our token: check HF_TOKEN.", retryable=False) from error
    is_missing = isinstance(error, RepositoryNotFoundError)
    if is_missing and status == httpx2.codes.NOT_FOUND and settings.HF_TOKEN:
        return Problem("not_found", "the Hub knows no such repository")
    # Without a token the Hub says no more than 401, which its client only takes for that where it speaks TLS.
    if is_missing or (status == httpx2.codes.UNAUTHORIZED and not settings.HF_TOKEN):
        return Problem("hidden", f"missing or private ({status}); a token tells them apart")
    return Problem("unknown", f"the Hub answered {status}")
