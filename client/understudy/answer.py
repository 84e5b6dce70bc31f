"""Reads the server's answer. One that is not wholly as promised is no answer: no guesses."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import NoReturn, TypeVar

from understudy.errors import CouldNotCheckError
from understudy.models import Answer, Finding, Level, Location, Verdict

Choice = TypeVar("Choice", bound=StrEnum)


def parse_answer(body: bytes) -> Answer:
    """The answer in `body`, else a `CouldNotCheckError`. Fields we do not know are passed over."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        _refuse("it is not JSON")
    top = _mapping(document, "the answer")
    url, verdict = _text(top, "url"), _choice(top, "verdict", Verdict)
    findings = tuple(_finding(entry) for entry in _list(top, "findings"))
    if verdict in {Verdict.PASS, Verdict.WARN} and any(finding.level is Level.ERROR for finding in findings):
        _refuse(f"the verdict is {verdict}, and a finding is an error")
    return Answer(
        url=url,
        verdict=verdict,
        facts_as_of=_optional_text(top, "facts_as_of"),
        policy_version=_optional_text(top, "policy_version"),
        findings=findings,
        body=body,
        page_url=_optional_text(top, "page_url"),
        signed=_optional_text(top, "signed"),
        environment_class=_optional_text(top, "environment_class"),
    )


def _finding(entry: object) -> Finding:
    fields = _mapping(entry, "a finding")
    waiver = fields.get("waiver")
    return Finding(
        rule=_text(fields, "rule"),
        level=_choice(fields, "level", Level),
        ref=_text(fields, "ref"),
        message=_text(fields, "message"),
        fix=_optional_text(fields, "fix"),
        help_url=_optional_text(fields, "help_url"),
        waived_until=None if waiver is None else _text(_mapping(waiver, "a waiver"), "until"),
        locations=tuple(_location(place) for place in _list(fields, "locations")),
    )


def _location(place: object) -> Location:
    fields = _mapping(place, "a location")
    line = fields.get("line")
    if line is not None and (not isinstance(line, int) or isinstance(line, bool)):
        _refuse("the line of a location is not an integer")
    return Location(_text(fields, "path"), line)


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        _refuse(f"{what} is not an object")
    return value


def _list(fields: Mapping[str, object], key: str) -> list[object]:
    value = fields.get(key)
    if not isinstance(value, list):
        _refuse(f"{key} is not a list")
    return value


def _text(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        _refuse(f"{key} is missing or no text")
    return value


def _optional_text(fields: Mapping[str, object], key: str) -> str | None:
    """The text or number at `key` as text; None if absent, null or empty."""
    value = fields.get(key)
    if value is not None and not isinstance(value, str | int):
        _refuse(f"{key} is no text")
    return None if value is None or value == "" else str(value)


def _choice(fields: Mapping[str, object], key: str, kind: type[Choice]) -> Choice:
    value = _text(fields, key)
    try:
        return kind(value)
    except ValueError:
        _refuse(f"{key} {value[:40]!r} is not known to this client")


def _refuse(problem: str) -> NoReturn:
    message = f"the answer is not one we can trust: {problem}"
    hint = "Is --url an Understudy server, and is this client recent enough for it?"
    raise CouldNotCheckError(message, hint=hint) from None
