"""UD406: can an alternative do the work? What nobody knows of it is a question to the owner of the model."""

from collections.abc import Iterator

from governance.rules.catalogue import NOTE
from governance.rules.english import listed
from governance.rules.facts import AlternativeFacts
from governance.rules.findings import Flaw, Page
from governance.rules.place import Place, flaw_of, offering_of, plan_page
from registry.capabilities import Fit, Match, compare


def matches(alternative: AlternativeFacts, place: Place) -> tuple[Match, ...]:
    """What the use needs beside what the alternative offers; nothing where no need was stated, or no model takes over."""
    offering = alternative.offering
    return compare(place.dependency.needs, offering.capabilities) if offering is not None else ()


def lacks(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    purpose, page = place.dependency.purpose, plan_page(place)
    lacking = [match for match in matches(alternative, place) if match.fit is Fit.LACKS]
    if lacking:
        yield flaw_of(
            "UD406",
            f"{alternative} lacks what {purpose} needs: {'; '.join(match.gap for match in lacking)}.",
            f"Put an alternative into the plan that has it, or change what {purpose} needs if it can do without "
            f"({listed(match.need for match in lacking)}).",
            page,
        )
    if _is_another_index(alternative, place) and not _says_how_to_reindex(place):
        yield flaw_of(
            "UD406",
            f"{alternative} makes other vectors, at whatever dimension, and the plan does not say how the index is built "
            "again.",
            "Say in the plan how the index is rebuilt, and have the alternative approved.",
            page,
        )


def _is_another_index(alternative: AlternativeFacts, place: Place) -> bool:
    return place.dependency.has_index and offering_of(alternative).model_id != place.primary.model_id


def _says_how_to_reindex(place: Place) -> bool:
    return place.dependency.plan is not None and place.dependency.plan.says_how_to_reindex


def questions(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    """What nobody knows is neither a match nor a failure: a question to who owns the model."""
    unknown = [match for match in matches(alternative, place) if match.fit is Fit.UNKNOWN]
    if unknown:
        offering = offering_of(alternative)
        yield Flaw(
            rule="UD406",
            message=f"Whether {offering} has all that {place.dependency.purpose} needs is not known: "
            f"{'; '.join(match.gap for match in unknown)}.",
            fix=f"Enter {listed(match.need for match in unknown)} of {offering.model_name} on its page.",
            page=Page("model", offering.model_id),
            at_most=NOTE,
        )
