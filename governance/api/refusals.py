"""What a use case refuses, as an HTTP answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import status

from governance.proposals import Refused
from registry.api.problems import Problem

_STATUS = {
    "own_proposal": status.HTTP_403_FORBIDDEN,
    "own_team": status.HTTP_403_FORBIDDEN,
    "own_act": status.HTTP_403_FORBIDDEN,
    "not_allowed": status.HTTP_403_FORBIDDEN,
    "review_first": status.HTTP_409_CONFLICT,
    "state_changed": status.HTTP_409_CONFLICT,
    "already_decided": status.HTTP_409_CONFLICT,
    "closed": status.HTTP_409_CONFLICT,
    "blocked": status.HTTP_409_CONFLICT,
    "duplicate": status.HTTP_409_CONFLICT,
}


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """Turn `Refused` into a problem with the same code; what is not listed above is a bad request."""
    try:
        yield
    except Refused as refused:
        raise Problem(
            status_code=_STATUS.get(refused.code, status.HTTP_400_BAD_REQUEST),
            code=refused.code,
            detail=str(refused),
            **getattr(refused, "extra", {}),
        ) from refused
