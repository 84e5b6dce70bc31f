"""What a rule is about: where the link of a finding leads."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import mark_safe

from governance.admin.pages.frame import show
from governance.markdown import as_html
from governance.rules.catalogue import CRITICALITIES, ENVIRONMENT_CLASSES, RULES
from governance.terms import terms_in_force


def rule(request: HttpRequest, code: str) -> HttpResponse:
    known = RULES.get(code)
    if known is None:
        raise Http404(f"There is no rule {code}.")
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
        explanation=mark_safe(as_html(_explanation(code))),  # noqa: S308 - as_html escapes everything
    )


def _explanation(code: str) -> str:
    """The documentation of the rule without title, reason and table of levels: this page has its own.

    Empty where the documentation is not installed beside the code.
    """
    page = settings.BASE_DIR / "docs" / "rules" / f"{code}.md"
    _, *sections = page.read_text(encoding="utf-8").split("\n## ") if page.is_file() else [""]
    kept = "\n## ".join(section for section in sections if not section.startswith("Why\n"))
    lines = (line for line in f"## {kept}".splitlines() if not line.startswith("|"))
    return "\n".join(lines) if sections else ""
