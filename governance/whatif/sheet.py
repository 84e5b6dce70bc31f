"""An answer as a table for a spreadsheet. Pure."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from governance.whatif.answer import Document

COLUMNS = (
    "outcome",
    "reason",
    "system",
    "system_name",
    "team",
    "criticality",
    "environment",
    "purpose",
    "ref",
    "why",
    "text",
    "leans_on",
    "plan_holds",
    "notice_days",
    "ready_in_days",
    "days_without",
)
# A spreadsheet takes a cell that begins so for a formula, also behind white space that it strips.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def csv_of(document: Document) -> str:
    """A line per dependency that is touched, below the names of the columns. Text cannot become a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_row(line) for line in document["lines"])
    return out.getvalue()


def _row(line: Document) -> Iterable[Any]:
    return (cell(line[column]) for column in COLUMNS)


def cell(value: Any) -> Any:
    """Numbers as they are; text that a spreadsheet would take for a formula behind an apostrophe."""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
