"""The forms in which a report is written: one module each, all of the same shape, in one table."""

from typing import Protocol

from understudy.formats import github, gitlab, junit, plain_json, sarif, text
from understudy.models import Report


class Render(Protocol):
    """Turns a report into text. Only text for a terminal minds the two wishes."""

    def __call__(self, report: Report, *, in_colour: bool = False, verbose: bool = False) -> str: ...


FORMATS: dict[str, Render] = {
    "text": text.render,
    "json": plain_json.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
    "gitlab": gitlab.render,
}
