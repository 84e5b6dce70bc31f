"""The Celery app with no deadline and no limit on what an answer may hold: the negative control of promise B3.

`celery -A tests.fakes.boundless worker …`
"""

from datetime import timedelta

from config.celery import app
from registry.upstream import http

__all__ = ["app"]


@app.on_after_finalize.connect  # type: ignore[untyped-decorator]  # Celery carries no types
def _take_the_limits_away(**_: object) -> None:
    plain = http.get

    def get(url: str, **options: object) -> object:
        return plain(url, **options | {"deadline": timedelta(hours=1), "max_bytes": 2**40})  # type: ignore[arg-type]

    http.get = get  # type: ignore[assignment]
