"""Words that several rules need."""

from collections.abc import Iterable
from datetime import date, timedelta

from governance.rules.facts import LicenseFacts, Use

DISTRIBUTION = {
    "internal": "internal use",
    "saas": "software as a service",
    "shipped": "software shipped to customers",
}
_SHA = 40


def listed(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def short(revision: str) -> str:
    """A commit as people write it; any other revision as it is."""
    return revision[:10] if len(revision) == _SHA else revision


def days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def span(time: timedelta) -> str:
    """`50 minutes`, `14 hours`, `3 days`: as exact as one says it."""
    minutes = time // timedelta(minutes=1)
    if minutes < 120:  # noqa: PLR2004 - two hours
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else days(minutes // (24 * 60))


def in_days(day: date, today: date) -> str:
    """`today`, `in 1 day`, `in 12 days`."""
    left = (day - today).days
    return f"in {days(left)}" if left else "today"


def license_of(license_: LicenseFacts | None) -> str:
    return license_.spdx_id if license_ else "not known"


def for_purpose(use: Use) -> str:
    """` for embedding`, or nothing where no purpose is known."""
    return f" for {use.purpose}" if use.purpose else ""
