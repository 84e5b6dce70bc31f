"""In what a policy asks for less than another: each loosening has a name, and needs a second person."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from governance.rules.catalogue import CRITICALITIES, ENVIRONMENT_CLASSES, LEVELS, PRODUCTION, RULES
from governance.rules.policy import DISTRIBUTIONS, ExceptionTerms, Policy
from governance.rules.routes import KINDS, Route, in_words
from governance.rules.routes import LICENSE_CLASSES as CLASSES_OF_ROUTES


@dataclass(frozen=True, slots=True)
class Loosening:
    """One thing that is asked for less: the field of the document, and what became of it in words."""

    field: str
    change: str

    def __str__(self) -> str:
        return f"{self.field}: {self.change}"


def loosened(before: Policy, after: Policy) -> list[Loosening]:
    """Everything that `after` lets pass and `before` would not have; nothing for a policy compared with itself.

    Days are compared as they stand, past or not: what a clock makes of them is not asked. How long a proposal may
    wait (`decision_days`) lets nothing pass, so either direction is free.
    """
    return [one for compare in _COMPARED for one in compare(before, after)]


def _levels(before: Policy, after: Policy) -> Iterator[Loosening]:
    for code in RULES:
        for klass in ENVIRONMENT_CLASSES:
            for criticality in CRITICALITIES:
                old, new = (
                    policy.level_of(code, criticality=criticality, is_production=klass == PRODUCTION)
                    for policy in (before, after)
                )
                if LEVELS.index(new) < LEVELS.index(old):
                    yield Loosening(f"levels.{code}.{klass}.{criticality}", f"{old} becomes {new}")


def _lead_days(before: Policy, after: Policy) -> Iterator[Loosening]:
    for criticality in CRITICALITIES:
        old, new = before.lead_days[criticality], after.lead_days[criticality]
        if new < old:
            yield Loosening(f"lead_days.{criticality}", f"{old} days become {new}")


def _license_classes(before: Policy, after: Policy) -> Iterator[Loosening]:
    for distribution in DISTRIBUTIONS:
        for one in sorted(after.allowed_license_classes[distribution] - before.allowed_license_classes[distribution]):
            yield Loosening(f"allowed_license_classes.{distribution}", f"{one} is allowed as well")


# What lets more pass the larger it is, and what does so the smaller it is.
_MORE = (
    "waiver_max_days",
    "adoption_days",
    "approval_days",
    "drill_days",
    "cached_verdict_hours",
    "concentration_max_share",
    "concentration_min_dependencies",
    "breaker_max_share",
)
_LESS = ("waiver_warning_days",)


def _numbers(before: Policy, after: Policy) -> Iterator[Loosening]:
    for name in (*_MORE, *_LESS):
        old, new = getattr(before, name), getattr(after, name)
        if (new > old) if name in _MORE else (new < old):
            yield Loosening(name, f"{old} becomes {new}")


def _enforce_from(before: Policy, after: Policy) -> Iterator[Loosening]:
    systems = sorted({*before.enforce_from_by_system, *after.enforce_from_by_system})
    for code in RULES:
        old, new = before.enforce_from.get(code), after.enforce_from.get(code)
        if _is_later(new, old):
            yield Loosening(f"enforce_from.{code}", _from_when(old, new))
        for system in systems:
            own = [policy.enforced_from(code, system) for policy in (before, after)]
            # What follows the day of all systems is told there, once.
            if own != [old, new] and _is_later(own[1], own[0]):
                yield Loosening(f"enforce_from.systems.{system}.{code}", _from_when(own[0], own[1]))


def _is_later(one: date | None, other: date | None) -> bool:
    return (one or date.min) > (other or date.min)


def _from_when(old: date | None, new: date | None) -> str:
    return f"stops from {new}, not {f'from {old}' if old else 'at once'}"


def _exceptions(before: Policy, after: Policy) -> Iterator[Loosening]:
    for place, one in enumerate(after.exceptions):
        for code in sorted(one.rules):
            if not any(_covers(standing, one, code) for standing in before.exceptions):
                what = f"{code} is at most a {one.level} for systems tagged {one.tag} until {one.until}"
                yield Loosening(f"exceptions[{place}]", what)


def _covers(standing: ExceptionTerms, one: ExceptionTerms, code: str) -> bool:
    """Whether `standing` lets pass already what `one` lets pass of the rule."""
    return (
        code in standing.rules
        and standing.tag == one.tag
        and standing.until >= one.until
        and LEVELS.index(standing.level) <= LEVELS.index(one.level)
    )


def _countries(before: Policy, after: Policy) -> Iterator[Loosening]:
    if before.compare_countries and not after.compare_countries:
        yield Loosening("compare_countries", "the same country counts as another host")


def _routes(before: Policy, after: Policy) -> Iterator[Loosening]:
    old, new = before.routes, after.routes
    for kind in KINDS:
        for word in CRITICALITIES:
            routes = old.of(kind, criticality=word), new.of(kind, criticality=word)
            yield from _fewer(f"routes.by_criticality.{kind}.{word}", *routes)
        for word in CLASSES_OF_ROUTES:
            routes = old.of(kind, license_class=word), new.of(kind, license_class=word)
            yield from _fewer(f"routes.by_license_class.{kind}.{word}", *routes)
    if new.delegation_days > old.delegation_days:
        yield Loosening("routes.delegation_days", f"{old.delegation_days} becomes {new.delegation_days}")


def _fewer(field: str, before: Route, after: Route) -> Iterator[Loosening]:
    if any(after.get(role, 0) < count for role, count in before.items()):
        yield Loosening(field, f"{in_words(before)} become {in_words(after)}")


_COMPARED: tuple[Callable[[Policy, Policy], Iterable[Loosening]], ...] = (
    _levels,
    _lead_days,
    _license_classes,
    _numbers,
    _enforce_from,
    _exceptions,
    _countries,
    _routes,
)
