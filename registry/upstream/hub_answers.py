"""What the Hub answers about watched repositories, one after the other, and what of it is new."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from huggingface_hub import ModelInfo

from registry.records import JSON
from registry.upstream.base import Blocked, Kept, UpstreamError
from registry.upstream.hub_license import license_file
from registry.upstream.hub_model import Problem, ask
from registry.upstream.hub_state import State, has_known_content, is_as_known, is_known_refusal

# A Hub that fails so often in a row, after 20 s each at worst, fails the others, too.
PATIENCE = 3
# For the questions about one namespace. Who is not reached is unknown, and read in a later round.
LONGEST = timedelta(minutes=2)
# Of a card only what is read: the rest moves daily, or is large.
CARD = ("license", "license_name", "license_link", "base_model", "base_model_relation", "new_version")
IS_THERE = frozenset({"gated", "disabled"})
IS_MISSING = frozenset({"not_found", "hidden"})


@dataclass(frozen=True, slots=True)
class Answer:
    """About one id: `line` for the digest, None where nothing is known; `said` for the document, None if as known."""

    asked: str
    line: tuple[object, ...] | None
    said: JSON | None = None

    @classmethod
    def refused(cls, asked: str, problem: Problem) -> "Answer":
        line = None if problem.kind in {"unknown", "hidden"} else (asked, problem.kind)
        return cls(asked, line, {"id": asked, "problem": problem.kind, "detail": problem.detail})

    @classmethod
    def missing(cls, asked: str, reason: str) -> "Answer":
        return cls.refused(asked, Problem("not_found", reason))

    @property
    def is_missing(self) -> bool:
        return self.said is not None and self.said.get("problem") in IS_MISSING

    @property
    def is_there(self) -> bool:
        return self.line is not None and not self.is_missing


@dataclass(slots=True)
class Questions:
    """Asks until the Hub wants to be left alone, fails too often in a row, or takes too long; the rest is unknown."""

    end: UpstreamError | None = None
    _failures: int = 0
    _began_at: float | None = None

    def answer(self, kept: Kept, row: State | None = None) -> Answer:
        """About one repository; `row` is what a list showed of it, if there was one."""
        asked = kept.external_id
        found = self.ask(asked)
        if isinstance(found, Problem):
            return _refusal(kept, found, row)
        state = State.of(found)
        if is_as_known(kept, state):
            return Answer(asked, state.line(asked))
        if has_known_content(kept, state):
            return Answer(asked, state.line(asked), state.as_answer(asked))
        return self._whole(kept, found)

    def ask(self, asked: str) -> ModelInfo | Problem:
        if self.end is not None:
            return Problem("unknown", f"not asked: {self.end}")
        try:
            found = ask(asked)
        except Blocked as error:
            self.end = error
            return Problem("unknown", f"not asked: {error}")
        self._count(found.error if isinstance(found, Problem) else None)
        self._watch_the_time()
        return found

    def _whole(self, kept: Kept, info: ModelInfo) -> Answer:
        try:
            file = license_file(info, kept.before)
        except UpstreamError as error:
            if isinstance(error, Blocked):
                self.end = error
            self._count(error)
            return Answer.refused(kept.external_id, Problem("unknown", str(error)))
        said = as_json(kept.external_id, info) | ({"licenseFile": file} if file else {})
        return Answer(kept.external_id, State.of(info).line(kept.external_id), said)

    def _watch_the_time(self) -> None:
        self._began_at = self._began_at or time.monotonic()
        if time.monotonic() - self._began_at > LONGEST.total_seconds():
            self.end = self.end or UpstreamError("the namespace has had its time", retryable=True)

    def _count(self, error: UpstreamError | None) -> None:
        self._failures = 0 if error is None else self._failures + 1
        if self._failures >= PATIENCE:
            self.end = self.end or error


def answer_from(row: State, kept: Kept, questions: Questions) -> Answer:
    """About a repository that a list shows. It is asked for only if its content may have moved."""
    asked = kept.external_id
    if is_as_known(kept, row):
        return Answer(asked, row.line(asked))
    if has_known_content(kept, row):
        return Answer(asked, row.line(asked), row.as_answer(asked))
    return questions.answer(kept, row)


def as_json(asked: str, info: ModelInfo) -> JSON:
    """The answer again, as the Hub sent it, without what the client added and what moves daily."""
    card = info.card_data
    stated: dict[str, Any] = {
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


def _refusal(kept: Kept, problem: Problem, row: State | None) -> Answer:
    asked = kept.external_id
    if row is not None and problem.kind in IS_THERE:
        return Answer(asked, row.line(asked), row.as_answer(asked))
    if is_known_refusal(kept, problem.kind):
        return Answer(asked, (asked, problem.kind))
    return Answer.refused(asked, problem)
