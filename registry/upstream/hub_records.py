"""What an answer of the Hub says about one repository. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.records import BaseModel, Gating, ListingRecord, Reject
from registry.upstream.base import Lack, Parsed, Unanswered, UpstreamError
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
RELATIONS = frozenset({"finetune", "quantized", "merge", "adapter"})
GATED: Mapping[Any, Gating] = {False: "open", "auto": "auto", "manual": "manual"}
# Longer ones are not read.
MAX_TEXT = 256 * 1024
_LONGEST_KEY = 64


def parse(raw: bytes) -> Parsed:
    """The records of a list of answers, the bad ones set aside. Raises `UpstreamError` if it is no such list."""
    answers = read_json(raw)
    if not isinstance(answers, list):
        raise UpstreamError("The document is no list of answers of the Hub.", retryable=True)
    read = [_read(answer) for answer in answers]
    records = [one for one in read if isinstance(one, ListingRecord)]
    named = {record.license_text for record in records} - {None}
    return Parsed(
        records=records,
        rejects=[one for one in read if isinstance(one, Reject)],
        unanswered=[one for one in read if isinstance(one, Unanswered)],
        partial=frozenset(
            _asked(answer) for answer, one in zip(answers, read, strict=True) if _is_partial(answer, one)
        ),
        texts={digest: said for digest, said in map(_digested, _license_texts(answers)) if digest in named},
    )


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
    """A row of a list states identity, revision and gate; a refusal one of them."""
    return isinstance(read, ListingRecord) and ("problem" in answer or answer.get("listed") is True)


def _asked(answer: Mapping[str, Any]) -> str:
    return str(answer.get("asked") or answer["id"])


def _record(asked: str, answer: Mapping[str, Any]) -> ListingRecord:
    card, tags = _card(answer), texts(answer, "tags")
    answered, file = external_id(answer.get("id")), _license_file(answer)
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
        license_file=text(file, "oid", longest=_LONGEST_KEY),
        license_text=_license_digest(file),
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
    if not isinstance(stated, bool | str) or stated not in GATED:
        raise BadField(f"“gated” is {printable(stated)}, not false, auto or manual")
    return GATED[stated]


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
        relation = text(stated, "relation") or ""
        for base in stated.get("models") or ():
            yield checked("baseModels", base["id"]), relation
    except (AttributeError, KeyError, TypeError) as error:
        raise BadField(f"“baseModels” is {printable(stated)}, not a relation with models") from error


def _license_file(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    stated = answer.get("licenseFile")
    if stated is not None and not isinstance(stated, dict):
        raise BadField(f"“licenseFile” is {printable(stated)}, not an object")
    return stated or {}


def _license_digest(file: Mapping[str, Any]) -> str | None:
    """Of the text itself where it was read, else the one that is known to belong to the same file."""
    said = file.get("text")
    if isinstance(said, str):
        return _digested(checked("licenseFile", said, longest=MAX_TEXT))[0]
    return text(file, "sha256", longest=_LONGEST_KEY)


def _license_texts(answers: Sequence[Any]) -> Iterator[str]:
    for answer in answers:
        file = answer.get("licenseFile") if isinstance(answer, dict) else None
        said = file.get("text") if isinstance(file, dict) else None
        if isinstance(said, str) and not any("\ud800" <= character <= "\udfff" for character in said):
            yield said


def _digested(said: str) -> tuple[str, str]:
    return hashlib.sha256(said.encode()).hexdigest(), said
