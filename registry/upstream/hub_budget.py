"""The Hub's limits, which count metadata and files apart, for each token, or for each address without one.

See https://huggingface.co/docs/hub/rate-limits: windows of five minutes. What the Hub says of itself replaces these numbers.
"""

from datetime import datetime

import httpx2
from django.conf import settings
from django.utils import timezone

from registry.budget import Allowance, Budget, note, spend
from registry.upstream.base import Blocked

_WINDOW = 300.0
# By whether we have a token.
_METADATA = {False: Allowance(500, _WINDOW), True: Allowance(1000, _WINDOW)}
_FILES = {False: Allowance(3000, _WINDOW), True: Allowance(5000, _WINDOW)}


def now() -> datetime:
    """The clock by which the Hub's windows pass."""
    return timezone.now()


def budget_of(place: str) -> Budget:
    """What a request to that path counts against."""
    has_token = bool(settings.HF_TOKEN)
    if "/resolve" in place:
        return Budget("huggingface files", settings.HF_TOKEN, _FILES[has_token])
    return Budget("huggingface", settings.HF_TOKEN, _METADATA[has_token])


def take(budget: Budget) -> None:
    """Take one request. Raises `Blocked` if it may not be sent now."""
    at = now()
    blockade = spend(budget, now=at)
    if blockade is not None:
        raise Blocked(
            f"Nothing may be sent to the Hub until {blockade.until:%H:%M:%S} UTC, for {blockade.reason}.",
            retry_after=blockade.until - at,
        )


def heed(budget: Budget, response: httpx2.Response) -> None:
    """Keep what an answer says of limits. Raises `Blocked` if it is nothing but a request to wait."""
    at = now()
    until = note(budget, response.headers, response.status_code, now=at)
    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        raise Blocked("The Hub asks us to wait (429).", retry_after=(until or at) - at)
