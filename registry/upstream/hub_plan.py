"""Which costs less: to list a namespace or to ask about each watched repository in it. Pure."""

from collections.abc import Sequence

from registry.upstream.base import Part


def is_listed(part: Part) -> bool:
    """Whether one listing is asked for; a tie goes to it, for it shows what else the vendor releases.

    A listing whose length is not known is taken for one page. The part "" has no namespace that could be listed.
    """
    return bool(part.name) and pages_of(part) <= len(part.watched)


def pages_of(part: Part) -> int:
    return part.page_count or 1


def summed_up(parts: Sequence[Part]) -> str:
    """`412 namespaces in 431 pages, 27 repositories one by one`"""
    listed = [part for part in parts if is_listed(part)]
    alone = sum(len(part.watched) for part in parts) - sum(len(part.watched) for part in listed)
    pages = sum(pages_of(part) for part in listed)
    found = []
    if listed or not alone:
        found.append(f"{_counted(len(listed), 'namespace')} in {_counted(pages, 'page')}")
    if alone:
        found.append(f"{_counted(alone, 'repository', 'repositories')} one by one")
    return ", ".join(found)


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
