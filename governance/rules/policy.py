"""The policy in force as the rules read it: built-in defaults, with what a stored document says otherwise.

A document has these keys, all optional:

    {"levels": {"UD303": "error", "UD401": {"production": {"normal": "error"}}},
     "lead_days": {"critical": 120},
     "allowed_license_classes": {"shipped": ["open"]},
     "waiver_max_days": 60, "waiver_warning_days": 14,
     "adoption_days": 365, "approval_days": 365, "drill_days": 180, "decision_days": 14,
     "concentration_max_share": 0.5, "concentration_min_dependencies": 10}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from governance.rules.catalogue import (
    CRITICALITIES,
    ENVIRONMENT_CLASSES,
    LEVELS,
    NONPRODUCTION,
    OFF,
    PRODUCTION,
    RULES,
    WARNING,
    Levels,
)

DISTRIBUTIONS = ("internal", "saas", "shipped")
# Unknown is not among them: that is a finding of its own (UD201), and nobody can allow what nobody knows.
LICENSE_CLASSES = ("open", "restricted", "proprietary", "non-commercial")
LONGEST = 3650


class BadPolicy(ValueError):
    """A policy document cannot be used; `field` names the place and the text says what would be right."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}.")
        self.field = field


def lower(one: str, other: str) -> str:
    """The less severe of two levels."""
    return min(one, other, key=LEVELS.index)


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
    # Of so few dependencies each is a large share, and no finding about a habit.
    concentration_max_share: float = 0.5
    concentration_min_dependencies: int = 10

    def level_of(self, rule: str, *, criticality: str, is_production: bool) -> str:
        """How heavy `rule` weighs there, `off` included. Rules about plans never stop a build outside production."""
        level = self.levels[rule][PRODUCTION if is_production else NONPRODUCTION][criticality]
        return lower(level, WARNING) if RULES[rule].is_about_plans and not is_production else level

    def allows(self, license_class: str, distribution: str) -> bool:
        return license_class in self.allowed_license_classes[distribution]


def from_document(version: int, document: Mapping[str, Any]) -> Policy:
    """The policy of a stored version; raises `BadPolicy` on the first thing that cannot be meant."""
    default = Policy()
    _refuse_unknown("document", document, ("levels", "lead_days", "allowed_license_classes", *_NUMBERS, *_LIMITS))
    numbers = {name: _days(document[name], name, at_least=1) for name in _NUMBERS if name in document}
    limits = {name: read(document[name], name) for name, read in _LIMITS.items() if name in document}
    return replace(
        default,
        version=version,
        levels=_levels(document.get("levels", {}), default.levels),
        lead_days=_lead_days(document.get("lead_days", {}), default.lead_days),
        allowed_license_classes=_classes(document.get("allowed_license_classes", {}), default.allowed_license_classes),
        **numbers,
        **limits,
    )


def _share(value: Any, place: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise BadPolicy(place, f"must be a share above 0 and up to 1, such as 0.5, not {value!r}")
    return float(value)


def _count(value: Any, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadPolicy(place, f"must be a whole number of 1 or more, not {value!r}")
    return value


_LIMITS: Mapping[str, Callable[[Any, str], Any]] = {
    "concentration_max_share": _share,
    "concentration_min_dependencies": _count,
}
_NUMBERS = ("waiver_max_days", "waiver_warning_days", "adoption_days", "approval_days", "drill_days", "decision_days")


def _refuse_unknown(place: str, value: Any, known: tuple[str, ...]) -> None:
    if not isinstance(value, Mapping):
        raise BadPolicy(place, "must be a table of names and values")
    for name in value:
        if name not in known:
            raise BadPolicy(f"{place}.{name}", f"is not known; known are {', '.join(known)}")


def _days(value: Any, place: str, *, at_least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= LONGEST:
        raise BadPolicy(place, f"must be a whole number of days from {at_least} to {LONGEST}, not {value!r}")
    return value


def _lead_days(value: Any, default: Mapping[str, int]) -> dict[str, int]:
    _refuse_unknown("lead_days", value, CRITICALITIES)
    return {**default, **{name: _days(days, f"lead_days.{name}", at_least=0) for name, days in value.items()}}


def _classes(value: Any, default: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    _refuse_unknown("allowed_license_classes", value, DISTRIBUTIONS)
    return {**default, **{name: _class_set(given, name) for name, given in value.items()}}


def _class_set(value: Any, distribution: str) -> frozenset[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(LICENSE_CLASSES):
        known = ", ".join(LICENSE_CLASSES)
        raise BadPolicy(f"allowed_license_classes.{distribution}", f"must be a list of {known}, not {value!r}")
    return frozenset(value)


def _levels(value: Any, default: Mapping[str, Levels]) -> dict[str, Levels]:
    _refuse_unknown("levels", value, tuple(RULES))
    return {**default, **{code: _rule_levels(given, code, default[code]) for code, given in value.items()}}


def _rule_levels(value: Any, code: str, default: Levels) -> Levels:
    """One level for everywhere, or a table by environment class and criticality that leaves the rest as it is."""
    place = f"levels.{code}"
    if isinstance(value, str):
        level = _level(value, code, place)
        return {klass: dict.fromkeys(CRITICALITIES, level) for klass in ENVIRONMENT_CLASSES}
    _refuse_unknown(place, value, ENVIRONMENT_CLASSES)
    levels = {klass: dict(default[klass]) for klass in ENVIRONMENT_CLASSES}
    for klass, by_criticality in value.items():
        _refuse_unknown(f"{place}.{klass}", by_criticality, CRITICALITIES)
        for criticality, level in by_criticality.items():
            levels[klass][criticality] = _level(level, code, f"{place}.{klass}.{criticality}")
    return levels


def _level(value: Any, code: str, place: str) -> str:
    if value not in LEVELS:
        raise BadPolicy(place, f"must be one of {', '.join(LEVELS)}, not {value!r}")
    if value == OFF and not RULES[code].is_waivable:
        raise BadPolicy(place, "cannot be switched off")
    return str(value)
