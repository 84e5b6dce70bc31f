"""UD407: who serves the model in use, and who serves its alternative?"""

from collections.abc import Iterator

from governance.rules.catalogue import NOTE
from governance.rules.english import listed
from governance.rules.facts import AlternativeFacts, HostFacts, OfferingFacts
from governance.rules.findings import Flaw, Page
from governance.rules.place import Place, flaw_of, offering_of, plan_page


def shared(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    """Who serves, not where weights came from. Whatever we run ourselves shares a host with nobody."""
    ours, theirs = place.dependency.host, alternative.host
    if (ours is not None and ours.is_ourselves) or (theirs is not None and theirs.is_ourselves):
        return
    if ours is None or theirs is None:
        nameless = place.primary if ours is None else offering_of(alternative)
        yield _question(f"Who serves {nameless} is not known", f"Enter who provides {nameless}.", nameless)
    elif shared := ours.shared_with(theirs):
        yield flaw_of(
            "UD407",
            f"{listed(shared)} {'serves' if len(shared) == 1 else 'serve'} both {place.primary} and {alternative}: one "
            "outage takes both.",
            f"Put an alternative into the plan that {listed(shared)} {'does' if len(shared) == 1 else 'do'} not serve, "
            "or have it served elsewhere and name who serves it.",
            plan_page(place),
        )
    elif place.policy.compare_countries:
        yield from _countries(ours, theirs, alternative, place)


def _countries(ours: HostFacts, theirs: HostFacts, alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    if same := sorted(ours.countries & theirs.countries):
        yield flaw_of(
            "UD407",
            f"{place.primary} and {alternative} are both served from {listed(same)}.",
            f"Put an alternative into the plan that is served from elsewhere than {listed(same)}.",
            plan_page(place),
        )
    for host, offering in ((ours, place.primary), (theirs, offering_of(alternative))):
        if not host.countries:
            who = listed(sorted(host.names.values(), key=str.casefold))
            yield _question(f"From which country {who} serves is not known", f"Enter the country of {who}.", offering)


def _question(what: str, fix: str, offering: OfferingFacts) -> Flaw:
    return Flaw(
        rule="UD407",
        message=f"{what}, so nobody can say whether one host takes both the model in use and its alternative.",
        fix=fix,
        page=Page("offering", offering.id),
        at_most=NOTE,
    )
