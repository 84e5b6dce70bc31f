"""Feed small documents to a source, as `poll --file` does."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from registry.ingest import poll
from registry.models import PollRun
from tests.factories import NOW

Feed: TypeAlias = Callable[..., PollRun]
CHAT: dict[str, Any] = {
    "litellm_provider": "openai",
    "mode": "chat",
    "max_input_tokens": 128_000,
    "input_cost_per_token": 2.5e-06,
    "output_cost_per_token": 1e-05,
}


def chat(**fields: Any) -> dict[str, Any]:
    """An entry of LiteLLM's map."""
    return CHAT | fields


def feed(folder: Path, document: object, *, to: str = "litellm", now: datetime = NOW, **options: Any) -> PollRun:
    """Poll `to` with `document`: bytes as they are, anything else as JSON."""
    path = folder / "document.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return poll(to, now=now, document=path, **options)
