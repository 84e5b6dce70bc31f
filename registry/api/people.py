"""Who asks."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from registry.models import User


def person_of(request: Request) -> User:
    """The person behind a request; raises `NotAuthenticated` where there is none."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def asker_of(request: Request) -> User | None:
    """The person behind a request; None for a pipeline, which asks as itself."""
    return request.user if isinstance(request.user, User) else None
