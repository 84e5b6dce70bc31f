"""UD409: how a gateway's fallbacks differ from the approved plans of the uses that it serves; pure.

A gateway knows a model by its name and not by who calls it, so of several uses of one model only what all of them have
approved may take over, exactly as in the export.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.rules.catalogue import NOTE
from governance.rules.english import listed
from governance.rules.facts import OfferingFacts

RULE = "UD409"
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a name of the gateway calls: an offering, or the reason why it is not known."""

    offering: OfferingFacts | None
    problem: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """What takes over from the name `primary` (`EVERY` for all), in order; `is_ordinary` for any failure, and not only
    for a context that is too long or a content policy.
    """

    primary: str
    fallbacks: tuple[str, ...]
    place: str
    is_ordinary: bool = True


@dataclass(frozen=True, slots=True)
class Serving:
    """A gateway: the names it offers to callers, what each name stands for, and its routes."""

    served: tuple[str, ...]
    meanings: Mapping[str, tuple[Deployment, ...]]
    routes: tuple[Route, ...]

    def offerings_of(self, name: str) -> tuple[OfferingFacts, ...]:
        return tuple(one.offering for one in self.meanings.get(name, ()) if one.offering is not None)

    def names_of(self, offering: OfferingFacts) -> tuple[str, ...]:
        """The names by which callers get at `offering`."""
        return tuple(name for name in self.served if offering.id in {one.id for one in self.offerings_of(name)})


@dataclass(frozen=True, slots=True)
class UseOfModel:
    """A declared use, and what may take over for it today in the order of its plan."""

    dependency_id: int
    label: str
    offering: OfferingFacts
    approved: tuple[OfferingFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound:
    """One difference. `at_most` caps its level; without a `dependency_id` it is about the gateway itself."""

    kind: str
    ref: str
    message: str
    fix: str
    place: str
    dependency_id: int | None = None
    at_most: str | None = None


def find_drifts(gateway: Serving, uses: Sequence[UseOfModel]) -> list[DriftFound]:
    """Every difference, once, the gravest kinds first within what the routes say."""
    found = [
        *(drift for route in gateway.routes for drift in _of_route(route, gateway, uses)),
        *(drift for use in uses for drift in _of_use(use, gateway, uses)),
        *_of_names(gateway, uses),
    ]
    return list({(one.kind, one.ref, one.message, one.dependency_id): one for one in reversed(found)}.values())[::-1]


# --- where the gateway goes --------------------------------------------------------------------
def _of_route(route: Route, gateway: Serving, uses: Sequence[UseOfModel]) -> Iterator[DriftFound]:
    concerned = [use for use in uses if route.primary == EVERY or route.primary in gateway.names_of(use.offering)]
    primaries = {use.offering.id: use.offering for use in concerned}
    primaries |= {one.id: one for one in gateway.offerings_of(route.primary)}
    for name in route.fallbacks:
        yield from _unknown(name, route, gateway)
        for target in gateway.offerings_of(name):
            if target.blocks:
                yield _blocked(name, target, route)
                continue
            strangers = [use for use in concerned if not _is_approved(target, use)]
            yield from (_unapproved(name, target, use, route) for use in strangers)
            for primary in primaries.values():
                is_approved = bool(concerned) and not strangers
                yield from _same_vendor(name, target, primary, route, is_approved=is_approved)


def _is_approved(target: OfferingFacts, use: UseOfModel) -> bool:
    return target.id in {one.id for one in (use.offering, *use.approved)}


def _from(route: Route) -> str:
    return "every model" if route.primary == EVERY else f"“{route.primary}”"


def _blocked(name: str, target: OfferingFacts, route: Route) -> DriftFound:
    block = target.blocks[0]
    return DriftFound(
        kind="blocked",
        ref=name,
        message=f"From {_from(route)} the gateway falls back to {target}, which is blocked ({block.subject}): {block.reason}",
        fix=f"Take “{name}” out of {route.place}.",
        place=route.place,
    )


def _unapproved(name: str, target: OfferingFacts, use: UseOfModel, route: Route) -> DriftFound:
    return DriftFound(
        kind="unapproved",
        ref=name,
        message=f"From {_from(route)} the gateway falls back to {target}, which nobody approved for {use.label}.",
        fix=f"Take “{name}” out of {route.place}, or put it into the plan of {use.label} and have it approved.",
        place=route.place,
        dependency_id=use.dependency_id,
    )


def _same_vendor(
    name: str, target: OfferingFacts, primary: OfferingFacts, route: Route, *, is_approved: bool
) -> Iterator[DriftFound]:
    if target.id == primary.id:
        return
    shared = target.roots.shared_with(primary.roots)
    if not shared and target.model_id != primary.model_id:
        return
    who = f"behind which {listed(shared)} stands as well" if shared else "which is the same model at another place"
    yield DriftFound(
        kind="same_vendor",
        ref=name,
        message=f"From {primary} the gateway falls back to {target}, {who}: that helps in an outage and not when they go.",
        fix=f"Put an approved alternative of another vendor into {route.place}.",
        place=route.place,
        # Continuity that people approved is told, so that nobody takes it for independence.
        at_most=NOTE if is_approved else None,
    )


def _unknown(name: str, route: Route, gateway: Serving) -> Iterator[DriftFound]:
    if not gateway.offerings_of(name):
        problem = next((one.problem for one in gateway.meanings.get(name, ())), "it is in no model list")
        yield DriftFound(
            kind="unresolved",
            ref=name,
            message=f"From {_from(route)} the gateway falls back to “{name}”, which the register does not know: {problem}",
            fix=f"Register the model behind “{name}”, or state the name as an alias of its offering.",
            place=route.place,
        )


# --- where the plans go ------------------------------------------------------------------------
def _of_use(use: UseOfModel, gateway: Serving, uses: Sequence[UseOfModel]) -> Iterator[DriftFound]:
    """What the plan of a use says and the gateway does not do; nothing for a use that it does not serve."""
    expected = _expected(use, uses)
    for name in gateway.names_of(use.offering):
        routes = [route for route in gateway.routes if route.is_ordinary and route.primary in {name, EVERY}]
        # A route of its own wins over the default, and of two of its own the first.
        route = min(routes, key=lambda one: one.primary == EVERY, default=None)
        order = _ids_in_order(route, gateway) if route else []
        missing = [one for one in expected if one.id not in order]
        place = route.place if route else ""
        if missing:
            yield _missing(name, missing, use, place)
        elif _has_other_order([one.id for one in expected], order):
            yield DriftFound(
                kind="order",
                ref=name,
                message=f"For {use.label} the plan asks for {', then '.join(map(str, expected))}; the gateway "
                "has another order.",
                fix=f"Put {place} into the order of the plan.",
                place=place,
                dependency_id=use.dependency_id,
            )


def _expected(use: UseOfModel, uses: Iterable[UseOfModel]) -> list[OfferingFacts]:
    """What all uses of the same offering have approved, in the order of this one."""
    others = [{one.id for one in other.approved} for other in uses if other.offering.id == use.offering.id]
    once = {one.id: one for one in use.approved if one.id != use.offering.id}
    return [one for one in once.values() if all(one.id in ids for ids in others)]


def _ids_in_order(route: Route, gateway: Serving) -> list[int]:
    return [one.id for name in route.fallbacks for one in gateway.offerings_of(name)]


def _has_other_order(expected: Sequence[int], order: Sequence[int]) -> bool:
    wanted = set(expected)
    return list(dict.fromkeys(pk for pk in order if pk in wanted)) != list(expected)


def _missing(name: str, missing: Sequence[OfferingFacts], use: UseOfModel, place: str) -> DriftFound:
    what = listed(map(str, missing))
    has = "has" if len(missing) == 1 else "have"
    how = "the gateway does not fall back to it" if len(missing) == 1 else "the gateway does not fall back to them"
    if not place:
        how = "the gateway has no fallback at all"
    return DriftFound(
        kind="missing",
        ref=name,
        message=f"{what} {has} been approved for {use.label}, but {how}.",
        fix="Export the plans again and put them into the gateway's configuration.",
        place=place,
        dependency_id=use.dependency_id,
    )


# --- what it serves ----------------------------------------------------------------------------
def _of_names(gateway: Serving, uses: Sequence[UseOfModel]) -> Iterator[DriftFound]:
    declared = {use.offering.id for use in uses} | {one.id for use in uses for one in use.approved}
    for name in gateway.served:
        for one in gateway.meanings.get(name, ()):
            if one.offering is None:
                message = f"The gateway serves “{name}”, which the register does not know: {one.problem}"
                fix = f"Register the model behind “{name}”, or state the name as an alias of its offering."
                yield DriftFound(kind="unresolved", ref=name, message=message, fix=fix, place=one.place)
            elif one.offering.id not in declared:
                message = (
                    f"The gateway serves {one.offering} as “{name}”, and no system that it serves has declared it."
                )
                fix = "Declare who uses it, or take it out of the model list."
                yield DriftFound(kind="undeclared", ref=name, message=message, fix=fix, place=one.place)
