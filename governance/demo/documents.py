"""What the two upstreams say about the demo's models, in the upstreams' own shapes, on the day of loading and later.

`load_demo` feeds the first pair through the ordinary poll; the later pair waits under `UNDERSTUDY_VAR/demo` for
whoever wants to watch a change arrive.
"""

import hashlib
from datetime import date, timedelta
from typing import Any

from governance.demo.rows import ModelRow, Organisation, Place

JSON = dict[str, Any]


def hub_models(organisation: Organisation) -> list[JSON]:
    """One answer of `GET /api/models/{id}` for each repository."""
    return [
        _repository(model, place, organisation)
        for model in organisation.models
        for place in model.places
        if place.host == "huggingface"
    ]


def hub_models_later(organisation: Organisation) -> list[JSON]:
    """The same after a bad week: one model is gated, another changes its license behind a new revision."""
    changed = {row["id"]: row for row in hub_models(organisation)}
    changed["Alibaba-NLP/gte-large-en-v1.5"]["gated"] = "manual"
    reranker = changed["Alibaba-NLP/gte-reranker-modernbert-base"]
    reranker["sha"] = hashlib.sha1(b"reranker, later", usedforsecurity=False).hexdigest()
    reranker["cardData"] |= {"license": "other", "license_name": "qwen-research"}
    reranker["tags"] = ["license:other"]
    return list(changed.values())


def price_map(today: date) -> JSON:
    """LiteLLM's map, as far as the demo's services are in it."""
    return {
        "claude-sonnet-5": _service("anthropic", 1_000_000, "3e-06", "1.5e-05", None),
        "anthropic.claude-sonnet-5": _service("bedrock_converse", 1_000_000, "3e-06", "1.5e-05", None),
        "gpt-5.4-2026-03-05": _service("openai", 1_050_000, "2.5e-06", "1.5e-05", None),
        "gpt-5-2025-08-07": _service("openai", 272_000, "1.25e-06", "1e-05", today + timedelta(days=18)),
        "azure/gpt-5-2025-08-07": _service("azure", 272_000, "1.25e-06", "1e-05", today + timedelta(days=78)),
        "meta.llama3-1-8b-instruct-v1:0": _service("bedrock", 128_000, "2.2e-07", "2.2e-07", None),
    }


def price_map_later(today: date) -> JSON:
    """The same after an announcement: the support assistant's model gets a retirement date, another's moves up."""
    later = price_map(today)
    later["claude-sonnet-5"]["deprecation_date"] = (today + timedelta(days=60)).isoformat()
    later["azure/gpt-5-2025-08-07"]["deprecation_date"] = (today + timedelta(days=40)).isoformat()
    return later


def _service(provider: str, context: int, input_cost: str, output_cost: str, retires_on: date | None) -> JSON:
    entry: JSON = {
        "litellm_provider": provider,
        "mode": "chat",
        "max_input_tokens": context,
        "input_cost_per_token": float(input_cost),
        "output_cost_per_token": float(output_cost),
        "supports_function_calling": True,
    }
    if retires_on:
        entry["deprecation_date"] = retires_on.isoformat()
    return entry


def _repository(model: ModelRow, place: Place, organisation: Organisation) -> JSON:
    bases = [(_hub_id(slug, organisation), relation) for slug, relation in model.bases]
    card: JSON = {"license": place.license}
    if bases:
        card["base_model"] = [base for base, _ in bases]
    tags = [f"license:{place.license}", *(f"base_model:{relation}:{base}" for base, relation in bases)]
    return {
        "_id": hashlib.sha1(place.external_id.encode(), usedforsecurity=False).hexdigest()[:24],
        "id": place.external_id,
        "sha": place.revision,
        "gated": place.gated or False,
        "disabled": False,
        "private": False,
        "pipeline_tag": model.task,
        "tags": tags,
        "cardData": card,
    }


def _hub_id(slug: str, organisation: Organisation) -> str:
    base = next(model for model in organisation.models if model.slug == slug)
    return next(place.external_id for place in base.places if place.host == "huggingface")
