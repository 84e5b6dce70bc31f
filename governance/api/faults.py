"""What is wrong with a file that was sent, as an HTTP answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import status

from registry.api.problems import Problem
from registry.imports.faults import Refused

_SHOWN = 200


@contextmanager
def faults_as_problem(code: str) -> Iterator[None]:
    """Turn `Refused` into a bad request that names the place of each fault."""
    try:
        yield
    except Refused as refused:
        errors = [
            {"field": ", ".join(part for part in (fault.place, fault.column) if part), "message": fault.reason}
            for fault in refused.faults[:_SHOWN]
        ]
        raise Problem(
            status_code=status.HTTP_400_BAD_REQUEST, code=code, detail=str(refused.faults[0]), errors=errors
        ) from refused
