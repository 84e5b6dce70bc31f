"""JSON in, with the limits that keep hostile bodies from costing anything."""

import io
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from registry.api.problems import too_large


class LimitedJSONParser(JSONParser):
    """Refuses a body above DATA_UPLOAD_MAX_MEMORY_SIZE (413) and text that no database can hold (400).

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
            raise ParseError("JSON parse error - it is nested too deeply") from error
        except UnicodeError as error:
            raise ParseError("JSON parse error - it holds text that is not valid Unicode") from error
        return data
