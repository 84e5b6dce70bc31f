"""What comes in, with the limits that keep hostile bodies from costing anything."""

import io
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.request import Request

from registry.api.problems import too_large

# No body of ours needs ten, and what reads one level after the other in Python gives up at some hundreds.
DEEPEST = 64


class LimitedJSONParser(JSONParser):
    """Refuses a body above DATA_UPLOAD_MAX_MEMORY_SIZE (413), deep nests, and text that no database can hold (both 400).

    Django's own limit guards `request.body` alone, and DRF reads the stream past it.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise too_large(limit)
        try:
            data = super().parse(io.BytesIO(raw), media_type, parser_context)
            # A lone surrogate is valid JSON and no valid text.
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise _too_deep() from error
        except UnicodeError as error:
            raise ParseError("JSON parse error - it holds text that is not valid Unicode") from error
        if _is_deep(data):
            raise _too_deep()
        return data


def _is_deep(data: Any) -> bool:
    """Whether lists and objects stand deeper than DEEPEST levels; level by level, for a nest is what breaks recursion."""
    level = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _too_deep() -> ParseError:
    return ParseError(f"JSON parse error - it is nested too deeply: {DEEPEST} levels are read")


class RawParser(BaseParser):
    """The body as bytes, whatever it is said to be; above `limit` it is refused (413)."""

    media_type = "*/*"
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def parse(self, stream: Any, *_described: Any, **_more: Any) -> bytes:  # type: ignore[override]  # no form, no fields
        raw: bytes = stream.read(self.limit + 1)
        if len(raw) > self.limit:
            raise too_large(self.limit)
        return raw


def raw_body(request: Request) -> bytes:
    """What a `RawParser` read; empty where no body came."""
    data: Any = request.data
    return data if isinstance(data, bytes) else b""
