"""3xx: is it still there, for how long, as open as it was, and exactly which revision is it?"""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from governance import basis
from governance.rules.case import Case
from governance.rules.catalogue import WARNING
from governance.rules.english import days, for_purpose, in_days, short, span
from governance.rules.facts import OfferingFacts, StaleFacts, same_revision
from governance.rules.findings import Flaw, Page
from governance.rules.plan import ANOTHER, not_confirmed

AVAILABILITY, RETIREMENT, ACCESS, IDENTITY = "availability", "retirement", "access", "identity"
_COPY_SERVES = " Our verified copy keeps it running."


def judge(case: Case) -> Iterator[Flaw]:
    yield from _existence(case)
    yield from _identity(case)
    yield from _gating(case)
    yield from _freshness(case)
    yield from _pinning(case)


def _existence(case: Case) -> Iterator[Flaw]:
    """Gone, or going on a day, or going some day: one of the three at most."""
    offering = case.offering
    if offering.is_gone or (offering.retires_on is not None and offering.retires_on <= case.today):
        yield _gone(case)
    elif offering.retires_on is not None:
        yield from _going(case)
    elif offering.status == "deprecated":
        yield Flaw(
            rule="UD303",
            message=f"{offering} is deprecated; no day is set yet.",
            fix=f"Plan the move. {case.switch} before a day is set.",
            page=case.use_page,
            concern=RETIREMENT,
        )
    elif not offering.is_confirmed and not case.use.has_verified_copy:
        flaw = not_confirmed(offering, rule="UD301")
        yield replace(flaw, message=flaw.message[:1].upper() + flaw.message[1:])


def _gone(case: Case) -> Flaw:
    offering, has_copy = case.offering, case.use.has_verified_copy
    what = f"is {offering.status} upstream" if offering.is_gone else f"was retired on {offering.retires_on}"
    fix = f"{case.switch} now." if has_copy or not offering.has_revisions else f"{case.switch} now, or serve a copy."
    return Flaw(
        rule="UD301",
        message=f"{offering} {what}.{_COPY_SERVES if has_copy else ''}",
        fix=fix if not has_copy else f"{case.switch} before the copy is too old.",
        page=case.use_page,
        concern=AVAILABILITY if offering.status in {"removed", "disabled"} else RETIREMENT,
        at_most=WARNING if has_copy else None,
    )


def _going(case: Case) -> Iterator[Flaw]:
    retires_on = case.offering.retires_on
    lead, measured = case.policy.lead_days[case.use.system.criticality], _measured_days(case)
    needed = max(lead, measured)
    if retires_on is None or retires_on > case.today + timedelta(days=needed):
        return
    why = f"a {case.use.system.criticality} system needs {days(lead)}"
    if measured > lead:
        why = f"the last drill took {days(measured)} to switch"
    yield Flaw(
        rule="UD302",
        message=f"{case.offering} retires on {retires_on}, {in_days(retires_on, case.today)}; {why}.",
        fix=f"{case.switch} before {retires_on}.",
        page=case.use_page,
        concern=RETIREMENT,
    )


def _measured_days(case: Case) -> int:
    """How long the switch to the way out really takes, rounded up; 0 if nobody measured it."""
    way_out = case.way_out
    if way_out is None and case.plan is not None and case.plan.nearest is not None:
        way_out = case.plan.nearest.alternative
    return math.ceil(way_out.switch_time_days or 0) if way_out else 0


def _identity(case: Case) -> Iterator[Flaw]:
    """Compared with what was adopted; where nobody adopted an identity, a re-registration that was seen since counts."""
    offering, adoption = case.offering, case.use.adoption
    adopted = str(adoption.basis.get("upstream_id") or "") if adoption else ""
    if adopted and offering.upstream_id:
        is_another = adopted != offering.upstream_id
        what = f"was adopted as {adopted} and is {offering.upstream_id}"
    else:
        since = offering.reregistered_at
        is_another = since is not None and (adoption is None or adoption.granted_at < since)
        what = f"was registered anew on {since.date()}" if since else ""
    if is_another:
        yield Flaw(
            rule="UD305",
            message=f"{offering} {what}: {ANOTHER}.",
            fix=_first_look(case),
            page=case.adoption_page,
            concern=IDENTITY,
        )


def _first_look(case: Case) -> str:
    stay = "Stay on our verified copy" if case.use.has_verified_copy else "Do not fetch it again"
    return (
        f"{stay}, find out who published it and compare digests; then propose its adoption again (somebody else "
        f"decides), or {case.switch[:1].lower()}{case.switch[1:]}."
    )


def _gating(case: Case) -> Iterator[Flaw]:
    adoption, has_copy = case.use.adoption, case.use.has_verified_copy
    if adoption is None:
        return
    changes = basis.changed(adoption.basis, basis.of_adoption(case.offering, case.use.revision))
    for change in (change for change in changes if change.fact == "gating"):
        how = "on request" if change.after == "manual" else "after accepting terms"
        yield Flaw(
            rule="UD304",
            message=f"{case.offering} became gated since it was adopted on {adoption.granted_at.date()}: it is given out "
            f"only {how}.{_COPY_SERVES if has_copy else ''}",
            fix="Read the terms, accept them with an account of the organisation, and propose its adoption again.",
            page=case.adoption_page,
            concern=ACCESS,
            at_most=WARNING if has_copy else None,
        )


def _freshness(case: Case) -> Iterator[Flaw]:
    """Sources that are silent: what the other rules went by may no longer be so.

    What is gone upstream needs no fresher word, and what we run ourselves needs no source. Of a way out that stands
    by, silence only warns: an outage upstream must not put every plan in question at once.
    """
    offering, has_copy = case.offering, case.use.has_verified_copy
    if offering.stale is not None and not offering.is_gone and not offering.provider_is_self:
        flaw = _not_confirmed_since(offering, offering.stale, case)
        message = f"{flaw.message}{_COPY_SERVES if has_copy else ''}"
        yield replace(flaw, message=message, at_most=WARNING if has_copy else None)
    spare = case.way_out.offering if case.way_out else None
    if spare is not None and spare.stale is not None and not spare.provider_is_self:
        flaw = _not_confirmed_since(spare, spare.stale, case)
        yield replace(flaw, message=f"The way out: {flaw.message}", at_most=WARNING)


def _not_confirmed_since(offering: OfferingFacts, stale: StaleFacts, case: Case) -> Flaw:
    ago = span(case.use.now - stale.since)
    return Flaw(
        rule="UD306",
        message=f"{offering} was last confirmed on {stale.since:%Y-%m-%d %H:%M} UTC, {ago} ago: its source, "
        f"{stale.source}, does not answer.",
        fix=f"Ask an operator to look at the source {stale.source}; its next good poll settles this.",
        page=Page("source", stale.source_id),
        is_unknown=True,
    )


def _pinning(case: Case) -> Iterator[Flaw]:
    """The first of: a name that moves, no revision, another than declared, another than adopted."""
    use, offering = case.use, case.offering
    adopted = str(use.adoption.basis.get("revision", "")) if use.adoption else ""
    declared = use.dependency.pinned_revision if use.dependency else ""
    if use.is_floating:
        yield _unpinned(
            case,
            f"The name floats: today it means {offering}, and upstream may let it mean another.",
            f"Write {offering.name} instead of the floating name.",
        )
    elif offering.has_revisions and not use.revision:
        pin = adopted or offering.head_revision
        to_what = f"Pin revision {pin}" if pin else "Pin a commit"
        yield _unpinned(case, f"{offering} is used{for_purpose(use)} without a pinned revision.", f"{to_what}.")
    elif declared and use.asked_revision and not same_revision(declared, use.asked_revision):
        yield _unpinned(
            case,
            f"{offering} is used at revision {short(use.asked_revision)}, and {short(declared)} is declared.",
            f"Use revision {declared}, or declare {use.asked_revision}.",
        )
    elif adopted and use.revision and not same_revision(adopted, use.revision):
        yield _unpinned(
            case,
            f"{offering} is used at revision {short(use.revision)}, and {short(adopted)} is adopted.",
            f"Use revision {adopted}, or propose the adoption of {use.revision}; somebody else decides.",
        )


def _unpinned(case: Case, message: str, fix: str) -> Flaw:
    return Flaw(rule="UD307", message=message, fix=fix, page=case.use_page)
