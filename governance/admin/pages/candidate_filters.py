"""The two questions that narrow a list of candidates, as they stand in an address."""

from django.http import HttpRequest

from governance.candidates import Filters


def filters_of(request: HttpRequest) -> Filters:
    """`?independent=1&allowed=1`; any other value asks for nothing."""
    return Filters(
        is_independent_only=request.GET.get("independent") == "1",
        is_allowed_only=request.GET.get("allowed") == "1",
    )
