"""What a change means for one dependency: whether somebody has to act, on what, and by when. Pure."""

from dataclasses import dataclass
from datetime import date
from math import inf

from governance.deadlines import Clock, due_on
from governance.headlines import News, headline
from governance.models.triage import Concern, Impact
from governance.rules.facts import same_revision
from governance.treatments import ANSWERED_BY_A_PLAN, OF_ONE_REVISION, SPARED_BY_A_COPY, TREATMENTS, Response, Treatment
from registry.models import ChangeKind, Severity


@dataclass(frozen=True, slots=True)
class Reach:
    """A dependency and the way by which a change gets to it.

    `through` names what was hit where that is not the model in use itself: the alternative, the base model, the
    vendor. Pin, head, copy and the effective retirement day are those of what was hit. `fallback` is a clause about
    the plan; `lost_approval` says why the approval of the alternative that was hit has ended.
    """

    dependency_id: int
    path: str
    system: str
    purpose: str
    environment: str
    criticality: str
    is_production: bool = True
    through: str = ""
    pinned_revision: str = ""
    head_revision: str = ""
    has_verified_copy: bool = False
    retires_on: date | None = None
    has_holding_plan: bool = False
    fallback: str = ""
    lost_approval: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody has to do; it becomes the one open action of its concern. `is_urgent` wakes a snoozed one."""

    concern: Concern
    title: str
    what_to_do: str
    due_on: date
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """The meaning of one change for one reach. A change that eases may end the need of its concern."""

    response: Response
    explanation: str
    concern: Concern
    need: Need | None = None
    eases: bool = False


# News of this weight is not worth an action, whatever the table says.
_WEIGHTLESS = {Severity.INFO}
_ANNOUNCES_AN_END = {ChangeKind.RETIREMENT_ANNOUNCED, ChangeKind.RETIREMENT_MOVED}
# A dearer price is an action from a quarter more on; below, it is told, and a lower one is only recorded.
DEARER = 1.25


def assess(news: News, reach: Reach, clock: Clock) -> Assessment:
    """What `news` means for the dependency of `reach`."""
    treatment = TREATMENTS[news.kind]
    response = _response(news, reach, treatment)
    concern = treatment.concern if reach.path != Impact.Path.ALTERNATIVE else Concern.INDEPENDENCE
    return Assessment(
        response=response,
        explanation=explain(news, reach),
        concern=concern,
        need=_need(news, reach, clock, concern=concern) if response is Response.ACT else None,
        eases=treatment.eases and reach.path == Impact.Path.DIRECT,
    )


def _response(news: News, reach: Reach, treatment: Treatment) -> Response:
    if reach.lost_approval:
        return Response.ACT
    wanted = _by_path(reach, treatment)
    if news.kind in OF_ONE_REVISION and stays_elsewhere(reach):
        return min(wanted, Response.NOTE)
    if news.kind == ChangeKind.PRICE_CHANGED:
        return min(wanted, _response_to_price(news))
    if news.kind in ANSWERED_BY_A_PLAN and reach.has_holding_plan:
        return min(wanted, Response.TELL)
    if news.severity in _WEIGHTLESS:
        return min(wanted, Response.TELL)
    return wanted


def _by_path(reach: Reach, treatment: Treatment) -> Response:
    return {
        Impact.Path.DIRECT: treatment.direct,
        Impact.Path.ALTERNATIVE: treatment.alternative,
        Impact.Path.LINEAGE: treatment.lineage,
        Impact.Path.VENDOR: treatment.direct,
    }[Impact.Path(reach.path)]


def stays_elsewhere(reach: Reach) -> bool:
    """Whether the use is pinned to a revision that is known not to be the head, where the change happened."""
    pinned, head = reach.pinned_revision, reach.head_revision
    return bool(pinned and head) and not same_revision(pinned, head)


def _response_to_price(news: News) -> Response:
    before, after = news.before, news.after
    if not isinstance(before, dict) or not isinstance(after, dict):
        return Response.TELL
    ratios = [ratio for key in after if (ratio := _ratio(before.get(key), after[key])) is not None]
    dearest = max(ratios, default=1.0)
    if dearest >= DEARER:
        return Response.ACT
    return Response.TELL if dearest > 1 else Response.NOTE


def _ratio(before: object, after: object) -> float | None:
    """How many times as dear, without end where it was free; None where either price is absent or unreadable."""
    try:
        old, new = float(str(before)), float(str(after))
    except ValueError:
        return None
    if old > 0:
        return new / old
    return inf if new > 0 else 1.0


def explain(news: News, reach: Reach) -> str:
    """One or two sentences: how the change gets to this dependency, and what softens it."""
    return " ".join(filter(None, [_way(news, reach), _softening(news, reach)]))[:400]


def _way(news: News, reach: Reach) -> str:
    use = f"{reach.system} ({reach.purpose}, {reach.environment})"
    return {
        Impact.Path.DIRECT: f"{use} uses {news.subject}.",
        Impact.Path.ALTERNATIVE: f"The fallback plan of {use} counts on {reach.through}.",
        Impact.Path.LINEAGE: f"{use} uses {reach.through}, which was made from {news.subject}.",
        Impact.Path.VENDOR: f"{use} uses {reach.through}, which leads back to {news.subject}.",
    }[Impact.Path(reach.path)]


def _softening(news: News, reach: Reach) -> str:
    if reach.lost_approval:
        return f"Its approval has ended: {reach.lost_approval}."
    if news.kind in OF_ONE_REVISION and stays_elsewhere(reach):
        return f"It stays on revision {reach.pinned_revision[:10]}, which did not change: nothing has to be done."
    if news.kind in SPARED_BY_A_COPY and reach.has_verified_copy:
        return "Our verified copy keeps it running."
    if news.kind in ANSWERED_BY_A_PLAN:
        return f"Fallback: {reach.fallback or 'no plan that holds'}."
    return ""


def _need(news: News, reach: Reach, clock: Clock, *, concern: Concern) -> Need:
    has_copy = news.kind in SPARED_BY_A_COPY and reach.has_verified_copy
    is_spare = reach.path == Impact.Path.ALTERNATIVE
    return Need(
        concern=concern,
        title=_title(news, reach),
        what_to_do=_what_to_do(news, reach),
        due_on=due_on(
            clock,
            severity=news.severity,
            criticality=reach.criticality,
            effective_on=_ends_on(news, reach),
            is_relaxed=has_copy or is_spare or not reach.is_production,
        ),
        is_urgent=news.severity == Severity.CRITICAL and not (has_copy or is_spare),
    )


def _ends_on(news: News, reach: Reach) -> date | None:
    """The day that the deadline counts back from, where the change announces an end."""
    if news.kind not in _ANNOUNCES_AN_END:
        return None
    # Sources disagree on days. The gate goes by the effective one, so the deadline does too.
    return reach.retires_on or news.effective_on


def _title(news: News, reach: Reach) -> str:
    prefix = f"fallback for {reach.purpose}: " if reach.path == Impact.Path.ALTERNATIVE else ""
    return f"{reach.system}: {prefix}{headline(news)}"[:300]


def _what_to_do(news: News, reach: Reach) -> str:
    if reach.path == Impact.Path.ALTERNATIVE:
        ended = "its approval has ended" if reach.lost_approval else "the plan counts on it"
        return f"{headline(news)}, and {ended}: check that another approved alternative remains, or put one in."
    day = _ends_on(news, reach) or "it retires"
    steps = [TREATMENTS[news.kind].what_to_do.format(day=day), _softening(news, reach)]
    if news.kind not in ANSWERED_BY_A_PLAN and reach.fallback:
        steps.append(f"Fallback: {reach.fallback}.")
    return " ".join(filter(None, [*steps, news.dispute]))
