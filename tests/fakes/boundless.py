"""The Celery app with no deadline and no limit on what an answer may hold: the negative control of promise B3.

`celery -A tests.fakes.boundless worker …`
"""

from datetime import timedelta
from typing import Any

from celery.signals import worker_process_init

from config.celery import app

__all__ = ["app"]


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery carries no types
def take_the_limits_away(**_: object) -> None:
    from registry.upstream import http  # noqa: PLC0415 - Django is set up by now

    plain: Any = http.get
    http.get = lambda url, **options: plain(url, **options | {"deadline": timedelta(hours=1), "max_bytes": 2**40})
