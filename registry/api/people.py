"""Who asks."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from registry.models import User


def person_of(request: Request) -> User:
    """The person behind a request; raises `NotAuthenticated` where there is none."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
