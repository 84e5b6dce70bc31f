"""The material facts that an adoption or an approval rests on, and whether they still are what they were. Pure.

Named facts: `license` (SPDX id of the revision in use), `gating`, `upstream_id`, `status_gone`, `root_vendors` (slugs),
`lineage_known`, and `revision` where one is pinned. An approval rests on two facts of the model in use as well:
`shared_vendors`, the slugs of those that stand behind both, and `primary_lineage_known`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from governance.rules.facts import JSON, OfferingFacts, same_revision

_STRICTNESS = {"open": 0, "auto": 1, "manual": 2}


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that is no longer what a decision rests on."""

    fact: str
    before: JSON
    after: JSON

    def __str__(self) -> str:
        return _IN_WORDS[self.fact](self.before, self.after)


def of_adoption(offering: OfferingFacts, revision: str) -> dict[str, JSON]:
    """What an adoption of `offering` rests on; an empty `revision` means the current one, unpinned."""
    license_ = offering.license_at(revision)
    facts: dict[str, JSON] = {
        "license": license_.spdx_id if license_ else None,
        "gating": offering.gating,
        "upstream_id": offering.upstream_id,
        "status_gone": offering.is_gone,
        "root_vendors": list(offering.roots.slugs),
        "lineage_known": offering.roots.is_known,
    }
    return facts | {"revision": revision} if revision else facts


def of_approval(offering: OfferingFacts | None, revision: str, primary: OfferingFacts) -> dict[str, JSON]:
    """What an approval of `offering` as an alternative to `primary` rests on; nothing, where no model takes over."""
    if offering is None:
        return {}
    of_both: dict[str, JSON] = {
        "shared_vendors": [slug for slug in sorted(offering.roots.slugs) if slug in primary.roots.slugs],
        "primary_lineage_known": primary.roots.is_known,
    }
    return of_adoption(offering, revision) | of_both


def changed(basis: Mapping[str, JSON], now: Mapping[str, JSON]) -> list[FactChange]:
    """The facts of `basis` that differ from those of `now` in a way that matters, in the order of the basis.

    Learning what was not known, or a host becoming more open, changes nothing that a decision rested on. A fact that
    only one of the two names is passed over.
    """
    return [
        FactChange(fact, before, now[fact])
        for fact, before in basis.items()
        # What is equal never matters, and nearly all of it is.
        if fact in now and before != now[fact] and fact in _MATTERS and _MATTERS[fact](before, now[fact])
    ]


def _differs_from_known(before: JSON, after: JSON) -> bool:
    return bool(before) and before != after


def _identity_differs(before: JSON, after: JSON) -> bool:
    return bool(before) and bool(after) and before != after


def _is_stricter(before: JSON, after: JSON) -> bool:
    return _STRICTNESS.get(str(after), 0) > _STRICTNESS.get(str(before), 0)


def _vendors_differ(before: JSON, after: JSON) -> bool:
    return set(_list(before)) != set(_list(after))


def _shares_more(before: JSON, after: JSON) -> bool:
    return bool(_newly_shared(before, after))


def _newly_shared(before: JSON, after: JSON) -> list[str]:
    return [vendor for vendor in _list(after) if vendor not in _list(before)]


def _is_lost(before: JSON, after: JSON) -> bool:
    return bool(before) and not after


def _revision_differs(before: JSON, after: JSON) -> bool:
    return bool(before) and not same_revision(str(before), str(after))


def _list(value: JSON) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


_MATTERS: dict[str, Callable[[JSON, JSON], bool]] = {
    "license": _differs_from_known,
    "gating": _is_stricter,
    "upstream_id": _identity_differs,
    "status_gone": lambda before, after: bool(after) and not before,
    "root_vendors": _vendors_differ,
    "lineage_known": _is_lost,
    "shared_vendors": _shares_more,
    "primary_lineage_known": _is_lost,
    "revision": _revision_differs,
}
_IN_WORDS: dict[str, Callable[[JSON, JSON], str]] = {
    "license": lambda before, after: f"its license was {before} and is {after or 'not known'}",
    "gating": lambda before, after: f"its gating was {before} and is {after}",
    "upstream_id": lambda before, after: f"upstream gave the name to another repository ({before} became {after})",
    "status_gone": lambda _before, _after: "it is gone upstream",
    "root_vendors": lambda before, after: f"the vendors behind it were {_listed(before)} and are {_listed(after)}",
    "lineage_known": lambda _before, _after: "its lineage is no longer known",
    "shared_vendors": lambda before, after: (
        f"now behind the model in use as well: {', '.join(_newly_shared(before, after))}"
    ),
    "primary_lineage_known": lambda _before, _after: "the lineage of the model in use is no longer known",
    "revision": lambda before, after: f"its revision was {str(before)[:10]} and is {str(after)[:10]}",
}


def _listed(value: JSON) -> str:
    return ", ".join(_list(value)) or "none"
