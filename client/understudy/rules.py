"""What each rule means: the pages of the documentation, shipped with the client so that `explain` needs no network."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class RuleText:
    """The page of one rule, in Markdown, and its heading."""

    code: str
    title: str
    page: str

    @property
    def summary(self) -> str:
        """The paragraph that says what the rule means, in one line."""
        _, _, rest = self.page.partition("## What it means\n\n")
        return " ".join(rest.partition("\n\n")[0].split())


@cache
def rule_texts() -> dict[str, RuleText]:
    """All rules by their code."""
    pages: dict[str, str] = json.loads(files("understudy").joinpath("rules.json").read_text(encoding="utf-8"))
    return {code: RuleText(code, _title(page), page) for code, page in pages.items()}


def _title(page: str) -> str:
    return page.partition("\n")[0].partition(": ")[2]
