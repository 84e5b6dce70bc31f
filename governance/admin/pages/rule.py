"""What a rule is about: where the link of a finding leads."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from governance.admin.pages.frame import show
from governance.rules.catalogue import CRITICALITIES, ENVIRONMENT_CLASSES, RULES
from governance.terms import terms_in_force


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a list or a paragraph of a documentation page; `lines` of a list are its items."""

    kind: str
    lines: tuple[str, ...]


def blocks_of(text: str) -> Iterator[Block]:
    """The few forms that the rules' pages use. The first heading is left out: the page has its own."""
    for paragraph in text.split("\n\n"):
        lines = tuple(line.strip() for line in paragraph.strip().splitlines())
        if not lines or lines[0].startswith("# "):
            continue
        if lines[0].startswith("#"):
            yield Block("heading", (lines[0].lstrip("# "),))
            lines = lines[1:]
        if lines and lines[0].startswith(("- ", "* ")):
            yield Block("list", tuple(_items(lines)))
        elif lines:
            yield Block("text", (" ".join(lines),))


def _items(lines: tuple[str, ...]) -> Iterator[str]:
    """Items, each with the lines that continue it."""
    item = ""
    for line in lines:
        if line.startswith(("- ", "* ")):
            if item:
                yield item
            item = line[2:]
        else:
            item = f"{item} {line}"
    yield item


def rule(request: HttpRequest, code: str) -> HttpResponse:
    known = RULES.get(code)
    if known is None:
        raise Http404(f"There is no rule {code}.")
    page = settings.BASE_DIR / "docs" / "rules" / f"{code}.md"
    policy = terms_in_force(timezone.now())
    levels = [
        (klass, [policy.levels[code][klass][criticality] for criticality in CRITICALITIES])
        for klass in ENVIRONMENT_CLASSES
    ]
    return show(
        request,
        "rule.html",
        title=f"Rule {code}",
        rule=known,
        levels=levels,
        criticalities=CRITICALITIES,
        blocks=list(blocks_of(page.read_text(encoding="utf-8"))) if page.is_file() else [],
    )
