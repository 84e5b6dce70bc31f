"""What a change says, in one sentence; pure.

Actions, mails, tickets and pages use the same sentence. Upstream's words go in as they are:
each face escapes for its own medium.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.models import ChangeKind, Severity

_LONGEST = 90


@dataclass(frozen=True, slots=True)
class News:
    """A change as the decision about it needs it. `subject` is how people call the thing.

    `dispute` is a sentence: what the sources say that contradict each other about the day.
    """

    kind: str
    subject: str
    severity: str = Severity.NOTICE
    before: Any = None
    after: Any = None
    effective_on: date | None = None
    summary: str = ""
    dispute: str = ""


_SENTENCES = {
    ChangeKind.LISTED: "{subject} is listed",
    ChangeKind.REMOVED: "{subject} was removed upstream",
    ChangeKind.RESTORED: "{subject} is available again",
    ChangeKind.RENAMED: "{subject} was renamed{change}",
    ChangeKind.REREGISTERED: "{subject} was registered anew: the same name, another identity",
    ChangeKind.DISABLED: "{subject} was disabled upstream",
    ChangeKind.GATED: "{subject} became gated",
    ChangeKind.UNGATED: "{subject} is no longer gated",
    ChangeKind.LICENSE_CHANGED: "The license of {subject} changed{change}",
    ChangeKind.LICENSE_TEXT_CHANGED: "The license text of {subject} changed behind the same name",
    ChangeKind.REVISION_MOVED: "{subject} has a new revision{change}",
    ChangeKind.DEPRECATED: "{subject} is deprecated",
    ChangeKind.UNDEPRECATED: "{subject} is no longer deprecated",
    ChangeKind.RETIREMENT_ANNOUNCED: "{subject} retires{on}",
    ChangeKind.RETIREMENT_MOVED: "The retirement of {subject} moved{change}",
    ChangeKind.RETIREMENT_WITHDRAWN: "The retirement of {subject} was withdrawn",
    ChangeKind.RETIRED: "{subject} is retired",
    ChangeKind.PRICE_CHANGED: "The price of {subject} changed{change}",
    ChangeKind.CAPABILITY_CHANGED: "Capabilities of {subject} changed{change}",
    ChangeKind.SUCCESSOR_NAMED: "A successor of {subject} was named{change}",
    ChangeKind.LINEAGE_CHANGED: "The lineage of {subject} changed{change}",
    ChangeKind.VENDOR_CHANGED: "{subject} changed hands{change}",
    ChangeKind.VENDOR_SIGNAL: "{subject}: {summary}",
}


def headline(news: News) -> str:
    """One sentence without a full stop, e.g. `The license of acme/e5 changed: apache-2.0 → other`."""
    sentence = _SENTENCES[ChangeKind(news.kind)]
    if news.kind == ChangeKind.VENDOR_SIGNAL and news.summary.startswith(news.subject):
        sentence = "{summary}"
    said = sentence.format(
        subject=news.subject,
        change=_difference(news.before, news.after),
        on=f" on {news.effective_on}" if news.effective_on else "",
        summary=news.summary or "a signal without a summary",
    )
    return f"{said} (sources disagree)" if news.dispute else said


def _difference(before: Any, after: Any) -> str:
    """`: old → new`, as far as either was stated; where both are documents only the keys that differ are named."""
    if isinstance(before, dict) and isinstance(after, dict):
        before, after = _differing(before, after), _differing(after, before)
    old, new = in_words(before), in_words(after)
    if not new:
        return ""
    return f": {old} → {new}" if old and old != new else f": {new}"


def _differing(document: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if other.get(key) != value}


def in_words(value: Any) -> str:
    """A JSON value as a person would write it: shas cut, empty parts left out, at most 90 characters."""
    if value is None or value == "":
        return ""
    if isinstance(value, dict):
        words = _document_in_words(value)
    elif isinstance(value, list):
        words = ", ".join(filter(None, map(in_words, value)))
    elif isinstance(value, bool):
        words = "yes" if value else "no"
    else:
        words = _short_sha(str(value))
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def _document_in_words(document: dict[str, Any]) -> str:
    stated = {key: in_words(value) for key, value in document.items() if value is not None}
    if len(stated) == 1:
        return next(iter(stated.values()))
    return ", ".join(f"{key.replace('_', ' ')} {words}" for key, words in stated.items() if words)


def _short_sha(text: str) -> str:
    is_sha = len(text) in (40, 64) and all(digit in "0123456789abcdef" for digit in text)
    return text[:10] if is_sha else text


def one_line(text: str) -> str:
    """`text` without anything that could end a header, forge a line or steer a terminal."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())
