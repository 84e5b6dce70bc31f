"""Who has to agree to a proposal: how many people of which role, by kind, criticality and license class. Pure.

In a policy document, under `routes`; whatever is left out stays as it is built in:

    {"by_criticality": {"waive_rule": {"critical": {"reviewer": 2}}},
     "by_license_class": {"adopt_model": {"restricted": {"legal": 1}}},
     "delegation_days": 30}

One reviewer is always asked. What criticality and license class ask for comes together: of each role the larger number.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from governance.rules.catalogue import CRITICALITIES

Person = TypeVar("Person", bound=Hashable)
Route = Mapping[str, int]
ByWord = Mapping[str, Mapping[str, Route]]
Wrong = Callable[[str, str], Exception]

REVIEWER, LEGAL = ROLES = ("reviewer", "legal")
ALWAYS: Route = {REVIEWER: 1}
KINDS = ("adopt_model", "approve_alternative", "waive_rule", "retire_model", "change_policy")
LICENSE_CLASSES = ("open", "restricted", "proprietary", "non-commercial", "unknown")
MOST_PEOPLE = 5
LONGEST_DELEGATION = 90
_IN_WORDS = {
    REVIEWER: lambda count: "1 reviewer" if count == 1 else f"{count} reviewers",
    LEGAL: lambda count: "1 person of legal" if count == 1 else f"{count} people of legal",
}


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of a policy. Built in: two reviewers waive a rule for a critical system, and legal reads the terms of
    what is no plain open license before it is adopted or stands in for another.
    """

    by_criticality: ByWord = field(default_factory=lambda: {"waive_rule": {"critical": {REVIEWER: 2}}})
    by_license_class: ByWord = field(
        default_factory=lambda: {
            # A license may have changed since the adoption, so legal reads those of alternatives as well.
            kind: {"restricted": {LEGAL: 1}, "non-commercial": {LEGAL: 1}}
            for kind in ("adopt_model", "approve_alternative")
        }
    )
    delegation_days: int = 30

    def of(self, kind: str, *, criticality: str = "", license_class: str = "") -> Route:
        """The route of a proposal; an empty word is one that the proposal has nothing to do with."""
        asked = (
            ALWAYS,
            self.by_criticality.get(kind, {}).get(criticality, {}),
            self.by_license_class.get(kind, {}).get(license_class, {}),
        )
        most = {role: max(one.get(role, 0) for one in asked) for role in ROLES}
        return {role: count for role, count in most.items() if count}


def assign(route: Route, roles_of: Mapping[Person, frozenset[str]]) -> dict[Person, str]:
    """Who fills which place of the route: as many places as can be filled, and nobody two of them.

    Those who come first keep a place, though perhaps in another of their roles.
    """
    places = [role for role, count in route.items() for _ in range(count)]
    taken: dict[int, Person] = {}

    def seat(person: Person, tried: set[int]) -> bool:
        for number, role in enumerate(places):
            if role in roles_of[person] and number not in tried:
                tried.add(number)
                if number not in taken or seat(taken[number], tried):
                    taken[number] = person
                    return True
        return False

    for person in roles_of:
        seat(person, set())
    return {person: places[number] for number, person in taken.items()}


def missing(route: Route, assigned: Mapping[Person, str]) -> Route:
    """What of the route nobody fills yet."""
    left = Counter(route)
    left.subtract(Counter(assigned.values()))
    return {role: left[role] for role in route if left[role] > 0}


def in_words(route: Route) -> str:
    """“2 reviewers and 1 person of legal”; empty for nobody."""
    return " and ".join(_IN_WORDS[role](count) for role, count in route.items())


def parse(document: Any, *, wrong: Wrong) -> Routes:
    """The routes of a policy document; `wrong` makes the error of a place and what is expected there."""
    _refuse_unknown("routes", document, ("by_criticality", "by_license_class", "delegation_days"), wrong)
    built_in = Routes()
    return Routes(
        _by_word(document, "by_criticality", CRITICALITIES, built_in.by_criticality, wrong),
        _by_word(document, "by_license_class", LICENSE_CLASSES, built_in.by_license_class, wrong),
        _number(
            document.get("delegation_days", built_in.delegation_days),
            "routes.delegation_days",
            LONGEST_DELEGATION,
            wrong,
        ),
    )


def _by_word(
    document: Mapping[str, Any], name: str, words: tuple[str, ...], built_in: ByWord, wrong: Wrong
) -> dict[str, Mapping[str, Route]]:
    place, given = f"routes.{name}", document.get(name, {})
    _refuse_unknown(place, given, KINDS, wrong)
    routes = {kind: dict(of_kind) for kind, of_kind in built_in.items()}
    for kind, of_kind in given.items():
        _refuse_unknown(f"{place}.{kind}", of_kind, words, wrong)
        for word, route in of_kind.items():
            routes.setdefault(kind, {})[word] = _route(route, f"{place}.{kind}.{word}", wrong)
    return dict(routes)


def _route(value: Any, place: str, wrong: Wrong) -> Route:
    _refuse_unknown(place, value, ROLES, wrong)
    return {role: _number(count, f"{place}.{role}", MOST_PEOPLE, wrong) for role, count in value.items()}


def _number(value: Any, place: str, most: int, wrong: Wrong) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise wrong(place, f"must be a whole number from 1 to {most}, not {value!r}")
    return value


def _refuse_unknown(place: str, value: Any, known: tuple[str, ...], wrong: Wrong) -> None:
    if not isinstance(value, Mapping):
        raise wrong(place, "must be a table of names and values")
    for name in value:
        if name not in known:
            raise wrong(f"{place}.{name}", f"is not known; known are {', '.join(known)}")
