"""A bucket as it is written down, and read again."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from registry.budget.bucket import Bucket
from registry.budget.headers import Allowance


def to_json(bucket: Bucket) -> dict[str, Any]:
    return asdict(bucket)


def from_json(state: Mapping[str, Any]) -> Bucket:
    """The bucket that was kept; a new one where a person or another release left what cannot be read."""
    try:
        return _bucket(state)
    except (TypeError, ValueError, KeyError, AttributeError):
        return Bucket()


def _bucket(state: Mapping[str, Any]) -> Bucket:
    advertised = state.get("advertised")
    return Bucket(
        advertised=Allowance(int(advertised["limit"]), float(advertised["seconds"])) if advertised else None,
        spent=tuple((float(end), int(count)) for end, count in state.get("spent", ())),
        blocked_until=float(state.get("blocked_until", 0)),
        left=int(state.get("left", 0)),
        resets_at=float(state.get("resets_at", 0)),
        refusals=int(state.get("refusals", 0)),
    )


def to_text(bucket: Bucket) -> str:
    return json.dumps(to_json(bucket))


def from_text(text: str | None) -> Bucket:
    try:
        return from_json(json.loads(text)) if text else Bucket()
    except ValueError:
        return Bucket()
