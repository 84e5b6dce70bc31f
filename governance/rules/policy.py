"""The policy in force as the rules read it: built-in defaults, with what a stored document says otherwise.

A document has these keys, all optional; `docs/reference/policy.md` explains each:

    {"levels": {"UD303": "error", "UD401": {"production": {"normal": "error"}}},
     "lead_days": {"critical": 120},
     "allowed_license_classes": {"shipped": ["open"]},
     "compare_countries": true,
     "waiver_max_days": 60, "waiver_warning_days": 14,
     "adoption_days": 365, "approval_days": 365, "drill_days": 180, "decision_days": 14,
     "cached_verdict_hours": 8, "breaker_max_share": 0.05,
     "concentration_max_share": 0.5, "concentration_min_dependencies": 10,
     "enforce_from": {"UD405": "2027-01-01", "systems": {"help-centre": {"UD401": "2027-03-01"}}},
     "exceptions": [{"tag": "sandbox", "rules": ["UD405"], "level": "note", "until": "2027-01-31", "reason": "…"}],
     "routes": {"by_criticality": {"waive_rule": {"critical": {"reviewer": 2}}}}}

`governance.rules.routes` says what `routes` may say.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

from governance.rules.catalogue import (
    CRITICALITIES,
    ENVIRONMENT_CLASSES,
    LEVELS,
    NONPRODUCTION,
    NOTE,
    OFF,
    PRODUCTION,
    RULES,
    WARNING,
    Levels,
)
from governance.rules.routes import Routes
from governance.rules.routes import parse as parse_routes
from registry.absence import MAX_GONE

DISTRIBUTIONS = ("internal", "saas", "shipped")
# Unknown is not among them: that is a finding of its own (UD201), and nobody can allow what nobody knows.
LICENSE_CLASSES = ("open", "restricted", "proprietary", "non-commercial")
LONGEST = 3650
MOST_HOURS = 24
# Who is blocked, who cannot be told apart or is not known, and who took another's name: nothing but the cause helps.
NEVER_SOFTENED = frozenset({"UD101", "UD104", "UD105", "UD305"})
# Nor do these ever weigh less than they do by themselves: a block, and another identity under the same name.
NEVER_LOWERED = frozenset({"UD104", "UD305"})
Path = tuple[str | int, ...]


class BadPolicy(ValueError):
    """A policy document cannot be used; `path` leads to the place and the text says what would be right."""

    def __init__(self, path: Path, expected: str) -> None:
        self.path = path
        self.expected = expected
        super().__init__(f"{self.field}: {expected}.")

    @property
    def field(self) -> str:
        """The place as people write it: `levels.UD401.production`, `exceptions[1].until`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".") or "policy"


def lower(one: str, other: str) -> str:
    """The less severe of two levels."""
    return min(one, other, key=LEVELS.index)


@dataclass(frozen=True, slots=True)
class ExceptionTerms:
    """For systems with `tag`, up to and including the day `until`, `rules` weigh no more than `level`."""

    tag: str
    rules: frozenset[str]
    level: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Levels and numbers. Version 0 is what is built in."""

    version: int = 0
    levels: Mapping[str, Levels] = field(default_factory=lambda: {code: rule.levels for code, rule in RULES.items()})
    # LiteLLM reminds 90, 60 and 30 days before a model retires; so much time a move should have.
    lead_days: Mapping[str, int] = field(
        default_factory=lambda: {"critical": 90, "important": 60, "normal": 30, "experimental": 14}
    )
    allowed_license_classes: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: {
            "internal": frozenset({"open", "restricted", "proprietary"}),
            "saas": frozenset({"open", "restricted", "proprietary"}),
            "shipped": frozenset({"open", "proprietary"}),
        }
    )
    waiver_max_days: int = 90
    waiver_warning_days: int = 14
    adoption_days: int = 365
    approval_days: int = 365
    drill_days: int = 180
    decision_days: int = 14
    # For so many hours a pipeline may go by its last signed verdict while nobody answers; more than a day is no answer.
    cached_verdict_hours: int = 24
    # Whether an alternative served from the same country counts as served by the same host (UD407).
    compare_countries: bool = False
    # Half of what runs on one vendor is where "one of our vendors" becomes "our vendor"; of three uses two are no trend.
    concentration_max_share: float = 0.5
    concentration_min_dependencies: int = 10
    # Of what a source lists, more gone at once than this is an incident and no removal.
    breaker_max_share: float = MAX_GONE
    enforce_from: Mapping[str, date] = field(default_factory=dict)
    enforce_from_by_system: Mapping[str, Mapping[str, date]] = field(default_factory=dict)
    exceptions: tuple[ExceptionTerms, ...] = ()
    routes: Routes = field(default_factory=Routes)

    def level_of(self, rule: str, *, criticality: str, is_production: bool) -> str:
        """How heavy `rule` weighs there, `off` included. Rules about plans never stop a build outside production."""
        level = self.levels[rule][PRODUCTION if is_production else NONPRODUCTION][criticality]
        return lower(level, WARNING) if RULES[rule].is_about_plans and not is_production else level

    def allows(self, license_class: str, distribution: str) -> bool:
        return license_class in self.allowed_license_classes[distribution]

    def is_too_concentrated(self, behind: int, total: int) -> bool:
        """Whether a vendor behind so many of all passes the limit; of too few nothing is said."""
        return total >= self.concentration_min_dependencies and behind / total > self.concentration_max_share

    def reads_like(self, other: "Policy") -> bool:
        """Whether the rules find the same flaws by both: they differ at most in how heavy those weigh."""
        return all(getattr(self, name) == getattr(other, name) for name in _READ_BY_RULES)

    def exception_for(self, rule: str, tags: Collection[str], today: date) -> ExceptionTerms | None:
        """Of the exceptions in force for a system with `tags` the one that lowers `rule` most."""
        fitting = (one for one in self.exceptions if rule in one.rules and one.tag in tags and today <= one.until)
        return min(fitting, key=lambda one: LEVELS.index(one.level), default=None)

    def enforced_from(self, rule: str, system: str) -> date | None:
        """The day from which `rule` may stop `system` (by slug): its own, else that of all; None: it always could."""
        own = self.enforce_from_by_system.get(system, {})
        return own.get(rule, self.enforce_from.get(rule))


# The other fields say what a flaw weighs, what is granted from now on, or when a source is believed.
_WEIGHED = {"version", "levels", "enforce_from", "enforce_from_by_system", "exceptions", "waiver_warning_days"}
_GRANTED = {"cached_verdict_hours", "waiver_max_days", "adoption_days", "approval_days", "drill_days", "decision_days"}
_OF_SOURCES = {"breaker_max_share"}
_READ_BY_RULES = tuple(one.name for one in fields(Policy) if one.name not in _WEIGHED | _GRANTED | _OF_SOURCES)


def from_document(version: int, document: Mapping[str, Any]) -> Policy:
    """The policy of a stored version; raises `BadPolicy` on the first thing that cannot be meant."""
    _refuse_unknown((), document, tuple(_PARTS))
    default = Policy(version=version)
    parts = {name: value for key, given in document.items() for name, value in _PARTS[key](given, default).items()}
    return replace(default, **parts)


def refuse_unsoftened(path: Path, code: str) -> None:
    """Raise `BadPolicy` for a rule that nothing but mending its cause makes quiet."""
    if code in NEVER_SOFTENED or not RULES[code].is_waivable:
        raise BadPolicy(path, "is about what nobody may soften: no exception and no later day is possible")


def _refuse_unknown(path: Path, value: Any, known: Iterable[str]) -> None:
    if not isinstance(value, Mapping):
        raise BadPolicy(path, "must be a table of names and values")
    known = tuple(known)
    for name in value:
        if name not in known:
            raise BadPolicy((*path, name), f"is not known; known are {', '.join(known)}")


def _days(value: Any, path: Path, *, at_least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= LONGEST:
        raise BadPolicy(path, f"must be a whole number of days from {at_least} to {LONGEST}, not {value!r}")
    return value


def _flag(name: str) -> "Part":
    def read(value: Any, _default: Policy) -> dict[str, Any]:
        if not isinstance(value, bool):
            raise BadPolicy((name,), f"must be true or false, not {value!r}")
        return {name: value}

    return read


def _number_of_days(name: str) -> "Part":
    return lambda value, _default: {name: _days(value, (name,), at_least=1)}


def _lead_days(value: Any, default: Policy) -> dict[str, Any]:
    _refuse_unknown(("lead_days",), value, CRITICALITIES)
    given = {name: _days(days, ("lead_days", name), at_least=0) for name, days in value.items()}
    return {"lead_days": {**default.lead_days, **given}}


def _classes(value: Any, default: Policy) -> dict[str, Any]:
    place = "allowed_license_classes"
    _refuse_unknown((place,), value, DISTRIBUTIONS)
    given = {name: frozenset(_words(classes, (place, name), LICENSE_CLASSES)) for name, classes in value.items()}
    return {place: {**default.allowed_license_classes, **given}}


def _words(value: Any, path: Path, known: Iterable[str]) -> list[str]:
    """A list of words out of `known`."""
    known = tuple(known)
    if not isinstance(value, list) or any(not isinstance(word, str) or word not in known for word in value):
        raise BadPolicy(path, f"must be a list of {', '.join(known)}, not {value!r}")
    return value


def _levels(value: Any, default: Policy) -> dict[str, Any]:
    _refuse_unknown(("levels",), value, RULES)
    given = {code: _rule_levels(levels, code, default.levels[code]) for code, levels in value.items()}
    return {"levels": {**default.levels, **given}}


def _rule_levels(value: Any, code: str, default: Levels) -> Levels:
    """One level for everywhere, or a table by environment class and criticality that leaves the rest as it is."""
    path = ("levels", code)
    if isinstance(value, str):
        level = _level(value, code, path)
        return {klass: dict.fromkeys(CRITICALITIES, level) for klass in ENVIRONMENT_CLASSES}
    _refuse_unknown(path, value, ENVIRONMENT_CLASSES)
    levels = {klass: dict(default[klass]) for klass in ENVIRONMENT_CLASSES}
    for klass, by_criticality in value.items():
        _refuse_unknown((*path, klass), by_criticality, CRITICALITIES)
        for criticality, level in by_criticality.items():
            levels[klass][criticality] = _level(level, code, (*path, klass, criticality))
    return levels


def _level(value: Any, code: str, path: Path) -> str:
    if value not in LEVELS:
        raise BadPolicy(path, f"must be one of {', '.join(LEVELS)}, not {value!r}")
    if value == OFF and not RULES[code].is_waivable:
        raise BadPolicy(path, "cannot be switched off")
    return str(value)


def _share(name: str, *, up_to: float) -> "Part":
    def read(value: Any, _default: Policy) -> dict[str, Any]:
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= up_to:
            raise BadPolicy((name,), f"must be a share above 0 and up to {up_to:g}, not {value!r}")
        return {name: float(value)}

    return read


def _min_dependencies(value: Any, _default: Policy) -> dict[str, Any]:
    name = "concentration_min_dependencies"
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MANY:
        raise BadPolicy((name,), f"must be a whole number from 1 to {_MANY}, not {value!r}")
    return {name: value}


def _hours(value: Any, _default: Policy) -> dict[str, Any]:
    name = "cached_verdict_hours"
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_HOURS:
        raise BadPolicy((name,), f"must be a whole number of hours from 0 to {MOST_HOURS}, not {value!r}")
    return {name: value}


def _day(value: Any, path: Path) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadPolicy(path, f"must be a day such as 2027-01-31, not {value!r}") from None


def _enforce_from(value: Any, _default: Policy) -> dict[str, Any]:
    path: Path = ("enforce_from",)
    _refuse_unknown(path, value, ("systems", *RULES))
    systems = value.get("systems", {})
    if not isinstance(systems, Mapping):
        raise BadPolicy((*path, "systems"), "must be a table of systems by slug")
    for slug, days in systems.items():
        _refuse_unknown((*path, "systems", slug), days, RULES)
    return {
        "enforce_from": _by_rule({code: day for code, day in value.items() if code != "systems"}, path),
        "enforce_from_by_system": {
            slug: _by_rule(days, (*path, "systems", slug)) for slug, days in systems.items() if days
        },
    }


def _by_rule(value: Mapping[str, Any], path: Path) -> dict[str, date]:
    for code in value:
        refuse_unsoftened((*path, code), code)
    return {code: _day(day, (*path, code)) for code, day in value.items()}


def _routes(value: Any, _default: Policy) -> dict[str, Any]:
    return {"routes": parse_routes(value, wrong=lambda place, expected: BadPolicy(tuple(place.split(".")), expected))}


def _exceptions(value: Any, _default: Policy) -> dict[str, Any]:
    if not isinstance(value, list):
        raise BadPolicy(("exceptions",), "must be a list of tables, each headed [[exceptions]]")
    return {"exceptions": tuple(_exception(one, ("exceptions", place)) for place, one in enumerate(value))}


def _exception(value: Any, path: Path) -> ExceptionTerms:
    _refuse_unknown(path, value, _OF_AN_EXCEPTION)
    for name in _OF_AN_EXCEPTION:
        if name not in value:
            raise BadPolicy(path, f"lacks {name}; an exception has {', '.join(_OF_AN_EXCEPTION)}")
    for name in ("tag", "reason"):
        if not isinstance(value[name], str) or not value[name].strip():
            raise BadPolicy((*path, name), f"must be a text that says something, not {value[name]!r}")
    rules = _words(value["rules"], (*path, "rules"), RULES)
    for place, code in enumerate(rules):
        refuse_unsoftened((*path, "rules", place), code)
    if value["level"] not in (NOTE, WARNING):
        raise BadPolicy((*path, "level"), f"must be note or warning, not {value['level']!r}: nothing is hidden")
    until = _day(value["until"], (*path, "until"))
    return ExceptionTerms(value["tag"], frozenset(rules), value["level"], until, value["reason"].strip())


Part = Callable[[Any, Policy], dict[str, Any]]
_MANY = 100_000
_OF_AN_EXCEPTION = ("tag", "rules", "level", "until", "reason")
_DAYS = ("waiver_max_days", "waiver_warning_days", "adoption_days", "approval_days", "drill_days", "decision_days")
# A key of the document, and what makes fields of `Policy` of its value. A new part is one line here, one in
# `governance.rules.loosened`, and a section in `docs/reference/policy.md`.
_PARTS: Mapping[str, Part] = {
    "levels": _levels,
    "lead_days": _lead_days,
    "allowed_license_classes": _classes,
    "compare_countries": _flag("compare_countries"),
    **{name: _number_of_days(name) for name in _DAYS},
    "cached_verdict_hours": _hours,
    "concentration_max_share": _share("concentration_max_share", up_to=1.0),
    "concentration_min_dependencies": _min_dependencies,
    "breaker_max_share": _share("breaker_max_share", up_to=MAX_GONE),
    "enforce_from": _enforce_from,
    "exceptions": _exceptions,
    "routes": _routes,
}
