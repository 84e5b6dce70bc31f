"""The Hugging Face Hub, asked through its own client about each repository in the register.

A document is a JSON array: one answer of `GET /api/models/{id}` per repository, with `asked` where the answer goes
by another id, or `{"id", "problem", "detail"}` where there was none. Only metadata is asked for, never a file.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from huggingface_hub import ModelInfo

from registry.records import BaseModel, Gating, ListingRecord, Reject
from registry.upstream.base import Document, Known, Lack, Parsed, Unanswered, UpstreamError
from registry.upstream.hub_client import METADATA, Problem, ask
from registry.upstream.reading import (
    BadField,
    checked,
    external_id,
    flag,
    one_object,
    printable,
    read_json,
    rejected,
    text,
    texts,
)

HOST = "huggingface"
# Half of what a task may run. Who was not reached comes first in the next round.
ROUND = timedelta(minutes=5)
# Of a card only what is read below: the rest moves daily, or is large.
CARD = ("license", "license_name", "license_link", "base_model", "base_model_relation", "new_version")
RELATIONS = frozenset({"finetune", "quantized", "merge", "adapter"})
_GATED: Mapping[Any, Gating] = {False: "open", "auto": "auto", "manual": "manual"}
_LONGEST_KEY = 64


class HuggingFace:
    slug = HOST
    is_complete = False
    absence_means_gone = True
    watched_host = HOST

    def fetch(self, known: Known) -> Document | None:
        """One answer per watched id. After a 429 nobody else is asked; without a single answer the round failed."""
        answers: list[dict[str, Any]] = []
        end: UpstreamError | None = None
        ends_at = time.monotonic() + ROUND.total_seconds()
        for asked in known.watched:
            if end is None and time.monotonic() > ends_at:
                end = UpstreamError("The Hub is too slow for all that is watched.", retryable=True)
            answer = ask(asked) if end is None else Problem("unknown", f"not asked: {end}")
            end = end or (answer.ends_the_round if isinstance(answer, Problem) else None)
            answers.append(_as_json(asked, answer))
        _refuse_silence(answers, end)
        raw = json.dumps(answers, sort_keys=True, separators=(",", ":")).encode()
        return Document(raw, f"{settings.HF_ENDPOINT}{METADATA}")

    def parse(self, raw: bytes) -> Parsed:
        answers = read_json(raw)
        if not isinstance(answers, list):
            raise UpstreamError("The document is no list of answers of the Hub.", retryable=True)
        read = [_read(answer) for answer in answers]
        partial = {answer["id"] for answer, one in zip(answers, read, strict=True) if _is_partial(answer, one)}
        return Parsed(
            records=[one for one in read if isinstance(one, ListingRecord)],
            rejects=[one for one in read if isinstance(one, Reject)],
            unanswered=[one for one in read if isinstance(one, Unanswered)],
            partial=frozenset(partial),
        )

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return (host_id,) if host == HOST else ()

    def page_of(self, external_id: str) -> str:
        return f"{settings.HF_ENDPOINT}/{external_id}"


def _refuse_silence(answers: Sequence[dict[str, Any]], end: UpstreamError | None) -> None:
    """Raise unless the Hub said something about at least one model: a complete outage says nothing about any."""
    unknown = [answer for answer in answers if answer.get("problem") == "unknown"]
    if not answers or len(unknown) < len(answers):
        return
    raise end or UpstreamError(
        f"The Hub answered for none of {len(answers)} models: {unknown[0]['detail']}", retryable=True
    )


def _as_json(asked: str, info: ModelInfo | Problem) -> dict[str, Any]:
    """The answer again, as the Hub sent it, without what the client added and what moves daily."""
    if isinstance(info, Problem):
        return {"id": asked, "problem": info.kind, "detail": info.detail}
    card = info.card_data
    stated = {
        "_id": getattr(info, "_id", None),
        "id": info.id,
        "sha": info.sha,
        "gated": info.gated,
        "disabled": info.disabled,
        "private": info.private,
        "pipeline_tag": info.pipeline_tag,
        "tags": info.tags,
        "baseModels": info.base_models,
        "cardData": None if card is None else {name: getattr(card, name, None) for name in CARD},
    }
    answer = {name: value for name, value in stated.items() if value is not None}
    return answer if info.id == asked else answer | {"asked": asked}


def _read(given: Any) -> ListingRecord | Reject | Unanswered:
    identity = (given.get("asked") or given.get("id") or "?") if isinstance(given, dict) else "?"
    try:
        answer = one_object(given)
        asked = external_id(answer.get("asked") or answer.get("id"))
        problem = text(answer, "problem")
        return _record(asked, answer) if problem is None else _without_answer(asked, problem, answer)
    except BadField as error:
        return rejected(identity, given, error)


def _without_answer(asked: str, problem: str, answer: Mapping[str, Any]) -> ListingRecord | Unanswered:
    if problem == "disabled":
        return ListingRecord(external_id=asked, host=HOST, host_id=asked, is_disabled=True)
    if problem == "gated":
        # Which of the two gates it is stays hidden; the stricter one is assumed until metadata says.
        return ListingRecord(external_id=asked, host=HOST, host_id=asked, gating="manual")
    lack = Lack.NOT_FOUND if problem == Lack.NOT_FOUND else Lack.UNKNOWN
    return Unanswered(asked, lack, text(answer, "detail") or problem)


def _is_partial(answer: Any, read: object) -> bool:
    return isinstance(read, ListingRecord) and "problem" in answer


def _record(asked: str, answer: Mapping[str, Any]) -> ListingRecord:
    card, tags = _card(answer), texts(answer, "tags")
    answered = external_id(answer.get("id"))
    return ListingRecord(
        external_id=asked,
        host=HOST,
        host_id=asked,
        upstream_id=text(answer, "_id", longest=_LONGEST_KEY),
        # The Hub's ids ignore case, so another spelling is no other name.
        renamed_to=answered if answered.casefold() != asked.casefold() else None,
        sha=text(answer, "sha", longest=_LONGEST_KEY),
        gating=_gating(answer),
        is_disabled=flag(answer, "disabled"),
        license=_license(card, tags),
        license_name=text(card, "license_name"),
        license_link=text(card, "license_link"),
        base_models=_base_models(answer, card, tags),
        successor=text(card, "new_version"),
        task=text(answer, "pipeline_tag", longest=50),
    )


def _card(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    card = answer.get("cardData")
    if card is not None and not isinstance(card, dict):
        raise BadField(f"“cardData” is {printable(card)}, not an object")
    return card or {}


def _gating(answer: Mapping[str, Any]) -> Gating | None:
    stated = answer.get("gated")
    if stated is None:
        return None
    if not isinstance(stated, bool | str) or stated not in _GATED:
        raise BadField(f"“gated” is {printable(stated)}, not false, auto or manual")
    return _GATED[stated]


def _license(card: Mapping[str, Any], tags: Sequence[str] | None) -> tuple[str, ...] | None:
    """The card's license, which may be a list; else the tag's. () if card or tags were shown and state none."""
    stated = texts(card, "license")
    if stated is not None:
        return stated
    if tags is None:
        return () if card else None
    return tuple(tag.removeprefix("license:") for tag in tags if tag.startswith("license:"))


def _base_models(
    answer: Mapping[str, Any], card: Mapping[str, Any], tags: Sequence[str] | None
) -> tuple[BaseModel, ...] | None:
    """From tags and card together; a relation stated anywhere beats one left open. None if neither was shown."""
    if tags is None and not card and "baseModels" not in answer:
        return None
    relation = text(card, "base_model_relation") or ""
    found: dict[str, str] = {}
    for base, stated in [
        *((base, relation) for base in texts(card, "base_model") or ()),
        *_tagged(tags or ()),
        *_structured(answer.get("baseModels")),
    ]:
        found[base] = (stated if stated in RELATIONS else "") or found.get(base, "")
    return tuple(sorted(BaseModel(base, relation) for base, relation in found.items()))


def _tagged(tags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`base_model:<id>` and `base_model:<relation>:<id>`; the Hub writes both forms side by side."""
    for tag in tags:
        prefix, _, rest = tag.partition(":")
        if prefix == "base_model" and rest:
            relation, colon, base = rest.partition(":")
            yield (base, relation) if colon else (rest, "")


def _structured(stated: Any) -> Iterator[tuple[str, str]]:
    if stated is None:
        return
    try:
        relation = stated.get("relation") or ""
        for base in stated.get("models") or ():
            yield checked("baseModels", base["id"]), relation
    except (AttributeError, KeyError, TypeError) as error:
        raise BadField(f"“baseModels” is {printable(stated)}, not a relation with models") from error
