"""The Hugging Face Hub through its own client: one metadata request for each repository in the register.

Only metadata is asked for, never a file of weights. What the client does was measured: `docs/reference/hub.md`.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

import httpx2
from django.conf import settings
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
)

from registry.records import Base, ListingRecord, Parsed, Reject
from registry.upstream import documents
from registry.upstream.base import Document, UpstreamError, Validators

HOST = "huggingface"
TIMEOUT_SECONDS = 15.0
_EXPAND = ["sha", "gated", "disabled", "private", "createdAt", "tags", "cardData", "pipeline_tag"]
_GATING = {False: "open", None: None, "auto": "auto", "manual": "manual"}
_RELATIONS = ("finetune", "quantized", "adapter", "merge")
_TOO_MANY = 429
_JSON = dict[str, Any]


class HuggingFace:
    """A document is a JSON list with one element per repository: the Hub's answer, or `{"id", "problem", "detail"}`.

    `problem` is `absent` for a repository that the Hub says does not exist, `disabled`, or `unknown`.
    """

    slug: ClassVar[str] = HOST
    name: ClassVar[str] = "Hugging Face Hub"
    method: ClassVar[str] = "vendor_api"
    is_complete: ClassVar[bool] = False

    def fetch(self, known: Validators, watched: Collection[str]) -> Document | None:  # noqa: ARG002 - the Hub's ETags move with every download
        answers = list(_ask_for_each(sorted(watched)))
        if answers and all(answer.get("problem") == "unknown" for answer in answers):
            raise UpstreamError(f"The Hub answered none of {len(answers)} requests: {answers[0]['detail']}")
        body = json.dumps(answers, sort_keys=True).encode()
        return Document(body=body, url=f"{settings.HF_ENDPOINT}/api/models", sha256=hashlib.sha256(body).hexdigest())

    def parse(self, body: bytes) -> Parsed:
        answers = documents.load(body)
        if not isinstance(answers, list):
            raise UpstreamError(f"A document of the Hub is a list of models, not a {type(answers).__name__}")
        records: list[ListingRecord] = []
        rejects: list[Reject] = []
        problems: dict[str, set[str]] = {"absent": set(), "unknown": set()}
        for answer in answers:
            try:
                _sort_in(answer, records, problems)
            except ValueError as error:
                name = answer.get("id") if isinstance(answer, dict) else None
                rejects.append(Reject(documents.excerpt(name).strip('"'), str(error), documents.excerpt(answer)))
        return Parsed(tuple(records), tuple(rejects), frozenset(problems["absent"]), frozenset(problems["unknown"]))

    def place(self, record: ListingRecord) -> tuple[str, str]:
        return HOST, record.external_id


def _ask_for_each(watched: Iterable[str]) -> Iterable[_JSON]:
    api = HfApi(
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN or False,
        library_name="understudy",
        library_version="0.1",
    )
    is_limited = False
    for name in watched:
        if is_limited:
            yield _problem(name, "unknown", "not asked: the Hub's limit was reached")
            continue
        answer = _ask(api, name)
        is_limited = answer.get("status") == _TOO_MANY
        yield answer


def _ask(api: HfApi, name: str) -> _JSON:
    try:
        info = api.model_info(name, expand=_EXPAND, timeout=TIMEOUT_SECONDS)  # type: ignore[arg-type]  # a list of literals
    except GatedRepoError as error:
        # A subclass of RepositoryNotFoundError, and the opposite of it: it is there, and we may not look.
        return _problem(name, "unknown", f"gated: {error}")
    except DisabledRepoError as error:
        return _problem(name, "disabled", str(error))
    except RepositoryNotFoundError as error:
        return _not_found(name, error)
    except HfHubHTTPError as error:
        return _problem(name, "unknown", str(error)) | {"status": error.response.status_code}
    except (httpx2.HTTPError, OSError, ValueError) as error:
        return _problem(name, "unknown", f"{type(error).__name__}: {error}")
    return _plain(name, info)


def _not_found(name: str, error: RepositoryNotFoundError) -> _JSON:
    # Without a token the Hub answers 401 for what is missing and for what is private alike.
    if error.response.status_code == httpx2.codes.NOT_FOUND and settings.HF_TOKEN:
        return _problem(name, "absent", str(error))
    return _problem(name, "unknown", f"not visible without a token: {error}")


def _problem(name: str, problem: str, detail: str) -> _JSON:
    return {"id": name, "problem": problem, "detail": detail.strip()[:300]}


def _plain(asked: str, info: Any) -> _JSON:
    """The Hub's answer as JSON again: what the client made objects of, and the id that was asked for."""
    card = info.card_data.to_dict() if info.card_data is not None else None
    return {
        "_id": getattr(info, "_id", None),
        "id": info.id,
        "asked": asked,
        "sha": info.sha,
        "gated": info.gated,
        "disabled": info.disabled,
        "private": info.private,
        "tags": info.tags,
        "cardData": card,
        "pipeline_tag": info.pipeline_tag,
    }


def _sort_in(answer: Any, records: list[ListingRecord], problems: dict[str, set[str]]) -> None:
    if not isinstance(answer, dict):
        raise ValueError(f"the element is a {type(answer).__name__}, not an object")
    name = documents.checked_text(answer.get("asked") or answer.get("id"), "id")
    if name is None:
        raise ValueError("the element has no id")
    problem = answer.get("problem")
    if problem in problems:
        problems[problem].add(name)
    elif problem == "disabled":
        records.append(ListingRecord(external_id=name, is_disabled=True))
    else:
        records.append(_record(name, answer))


def _record(name: str, answer: _JSON) -> ListingRecord:
    card = answer.get("cardData") or {}
    if not isinstance(card, dict):
        raise ValueError(f"cardData is a {type(card).__name__}, not an object")
    tags = answer.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("tags is not a list of text")
    if answer.get("gated") not in _GATING:
        raise ValueError(f"gated is {answer.get('gated')!r}, none of the values that are known")
    answered = documents.checked_text(answer.get("id"), "id")
    return ListingRecord(
        external_id=name,
        upstream_id=documents.checked_text(answer.get("_id"), "_id", limit=64),
        renamed_to=answered if answered and answered.casefold() != name.casefold() else None,
        revision=documents.checked_text(answer.get("sha"), "sha", limit=64),
        gating=_GATING[answer.get("gated")],
        is_disabled=answer.get("disabled") if isinstance(answer.get("disabled"), bool) else None,
        license=_license(card, tags),
        license_name=documents.checked_text(card.get("license_name"), "license_name"),
        license_link=documents.checked_text(card.get("license_link"), "license_link", limit=500),
        bases=_bases(card, tags),
        successor=documents.checked_text(card.get("new_version"), "new_version"),
        task=documents.checked_text(answer.get("pipeline_tag"), "pipeline_tag", limit=50),
    )


def _license(card: _JSON, tags: list[str]) -> str | None:
    """The card's license, which may be a list; without a card, the tag's."""
    stated = card.get("license")
    if isinstance(stated, list):
        stated = " AND ".join(sorted(str(one) for one in stated)) if len(stated) > 1 else next(iter(stated), None)
    tagged = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), None)
    return documents.checked_text(stated or tagged, "license")


def _bases(card: _JSON, tags: list[str]) -> tuple[Base, ...] | None:
    """Base models with their relation from the tags, else from the card; None where neither says anything."""
    related = [tag.split(":", 2)[1:] for tag in tags if tag.startswith("base_model:") and tag.count(":") > 1]
    bases = {Base(base, relation) for relation, base in related if relation in _RELATIONS}
    if not bases:
        stated = card.get("base_model") or []
        names = [stated] if isinstance(stated, str) else stated
        relation = str(card.get("base_model_relation") or "finetune")
        bases = {Base(str(base), relation) for base in names if base}
    return tuple(sorted(bases, key=lambda base: (base.external_id, base.relation))) or None
