"""How the pages say days, levels and verdicts."""

from datetime import date, datetime

from django import template
from django.utils import timezone

register = template.Library()

_TONES = {
    **dict.fromkeys(("pass", "approved", "available", "open", "done", "passed", "listed", "holds", "low"), "good"),
    **dict.fromkeys(("warn", "warning", "deprecated", "restricted", "important", "acknowledged", "submitted"), "warn"),
    **dict.fromkeys(("partial", "auto", "manual"), "warn"),
    **dict.fromkeys(("fail", "error", "critical", "rejected", "retired", "removed", "disabled", "failed"), "bad"),
    **dict.fromkeys(("non-commercial", "unknown"), "bad"),
    **dict.fromkeys(("note", "notice", "proprietary", "snoozed", "proposed", "asserted_root", "complete"), "note"),
}


@register.filter
def tone(word: str) -> str:
    """The colour class of a state, level or verdict; empty for words without a judgement."""
    known = _TONES.get(str(word))
    return f"us-{known}" if known else ""


@register.filter
def days_away(day: date | None) -> str:
    """“in 12 days”, “today”, “3 days ago”; empty for no day."""
    if day is None:
        return ""
    distance = (day - timezone.now().date()).days
    if distance == 0:
        return "today"
    amount = f"{abs(distance)} day{'' if abs(distance) == 1 else 's'}"
    return f"in {amount}" if distance > 0 else f"{amount} ago"


# Days left at which a day begins to press: work takes weeks, a decision minutes.
_PRESSING = {"work": (7, 30), "decision": (2, 5)}


@register.filter
def urgency(day: date | None, what: str = "work") -> str:
    """The text class of a day by which `what` has to be done; empty while there is time."""
    if day is None:
        return ""
    distance = (day - timezone.now().date()).days
    bad, warn = _PRESSING[what]
    return "us-text-bad" if distance <= bad else "us-text-warn" if distance <= warn else ""


@register.filter
def ago(moment: datetime | None) -> str:
    """“5 min ago”, “3 h ago”, “2 days ago”; “never” for no moment."""
    if moment is None:
        return "never"
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


@register.filter
def short_revision(revision: str) -> str:
    """The first twelve signs of a commit id, as Git shows it."""
    return revision[:12]


@register.filter
def shown(value: object) -> str:
    """A fact of any shape as a person writes it; a dash for nothing."""
    if value is None or value in ("", [], {}, ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    return str(value)


@register.filter
def words(name: str) -> str:
    """The name of a column or fact as people write it."""
    return name.replace("_", " ")


@register.filter
def percent(share: float) -> str:
    """“25 %” of 0.25."""
    return f"{share:.0%}"
