"""How often one may try to log in, with the form or with each request: counted before the password is looked at."""

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import Throttled

from governance import pace

# Of one address, whatever the accounts: one password tried on many accounts is guessing as well.
A_MINUTE_FROM_ONE_ADDRESS = 120


class LimitedLogIn:
    """An authentication backend that lets nobody in; it raises `Throttled` for who has tried too often.

    Each try counts, the good ones too: 100 that come at once are all counted before the first of them is judged.
    """

    def authenticate(self, request: HttpRequest | None, username: str = "", password: str = "") -> None:  # noqa: ARG002 - Django's signature
        limits = {f"log-in:{username.casefold()}": settings.LOGIN_LIMIT}
        if request is not None and settings.LOGIN_LIMIT:
            address = pace.address_of(request.META, proxies=settings.PROXIES)
            limits[f"log-in from:{address}"] = max(A_MINUTE_FROM_ONE_ADDRESS, settings.LOGIN_LIMIT)
        now = timezone.now()
        wait = max(pace.wait_for(who, limit=limit, now=now) for who, limit in limits.items())
        if wait:
            raise Throttled(wait, "Too many attempts to log in.")
