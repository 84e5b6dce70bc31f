"""Home: what needs me, what ends soon, what hangs on one vendor, and whether the sources answer."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from governance import leavers
from governance.admin.pages import single_vendor
from governance.admin.pages.frame import person_of, show
from governance.attest import count_overdue
from governance.due_drills import DueDrill, due_of_teams
from governance.models import Action, BreakGlass, Comment, Impact, Proposal
from governance.permissions import ADMIN, can_decide, roles_of
from governance.queue import decidable_by, questions_to
from governance.vendor_signals import open_signals
from registry.health import Health, look
from registry.models import AIModel, Change, Dependency, Offering, ProposedSignal, Source, Team, User

HORIZON = timedelta(days=90)
RECENT = timedelta(days=14)
LIST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Home:
    """Everything the page shows; the lists are cut to what fits, the counts are not."""

    actions: list[Action]
    action_count: int
    to_decide: list[Proposal]
    to_decide_count: int
    overdue: list[Proposal]
    can_decide: bool
    is_administrator: bool
    questions: list[Comment]
    mine: list[Proposal]
    retirements: list[Offering]
    single: single_vendor.Overview
    sources: list[Health]
    changes: list[Change]
    signals: list[ProposedSignal]
    teams: list[Team]
    drills: list[DueDrill]
    to_attest: int
    leavers: int
    glasses: list[BreakGlass]
    to_review: list[BreakGlass]
    is_empty: bool

    @property
    def shows_actions(self) -> bool:
        """Whoever is in no team is told how to get into one, unless deciding or administering is what they do."""
        return bool(self.teams) or not (self.can_decide or self.is_administrator)

    @property
    def alarms(self) -> list[Health]:
        """The sources that somebody was told of: silent, held back or empty. One that never answered is no news."""
        return [one for one in self.sources if one.is_stale or one.quarantines]


def load(person: User, *, now: datetime) -> Home:
    """The page for one person, in a number of queries that does not depend on how much there is."""
    actions = Action.objects.for_person(person).open().select_related("dependency__system", "team").order_by("due_on")
    to_decide = decidable_by(person, today=now.date())
    teams = list(Team.objects.of(person))
    return Home(
        actions=list(actions[:LIST_LENGTH]),
        action_count=actions.count(),
        to_decide=[] if to_decide is None else list(to_decide[:LIST_LENGTH]),
        to_decide_count=0 if to_decide is None else to_decide.count(),
        overdue=_overdue(person, to_decide, today=now.date()),
        can_decide=to_decide is not None,
        is_administrator=ADMIN in roles_of(person),
        questions=list(questions_to(person)),
        mine=list(_own_proposals(person, now=now)[:LIST_LENGTH]),
        retirements=_retirements(now.date()),
        single=single_vendor.load(now=now, limit=LIST_LENGTH),
        sources=look(Source.objects.filter(is_enabled=True), now=now),
        changes=_changes(person),
        signals=list(open_signals()) if person.has_perm("registry.change_proposedsignal") else [],
        teams=teams,
        drills=due_of_teams(teams, now=now)[:LIST_LENGTH],
        to_attest=count_overdue(person, now=now),
        leavers=len(leavers.find()) if person.has_perm("governance.view_leavers") else 0,
        glasses=list(BreakGlass.objects.in_force(now).select_related(*_OPENED)),
        to_review=_to_review(person, now=now),
        is_empty=not AIModel.objects.exists(),
    )


_SUBJECTS = (
    "proposer",
    "offering__model",
    "model",
    "system",
    "alternative__offering__model",
    "dependency__system",
    "dependency__offering__model",
)


def _overdue(person: User, to_decide: QuerySet[Proposal] | None, *, today: date) -> list[Proposal]:
    """What this person lets wait; to administrators, what anybody does."""
    if ADMIN in roles_of(person):
        return list(Proposal.objects.overdue(today).select_related(*_SUBJECTS).most_pressing_first())
    return [] if to_decide is None else list(to_decide.filter(due_on__lt=today))


_OPENED = ("system", "environment", "opened_by")


def _to_review(person: User, *, now: datetime) -> list[BreakGlass]:
    """What waits for the review of this person: all of it, until it is done."""
    if not can_decide(person):
        return []
    return list(BreakGlass.objects.to_review(now).exclude(opened_by=person).select_related(*_OPENED))


def _own_proposals(person: User, *, now: datetime) -> QuerySet[Proposal]:
    recent = Q(state=Proposal.State.SUBMITTED) | Q(closed_at__gte=now - RECENT)
    return Proposal.objects.filter(recent, proposer=person).select_related(*_SUBJECTS)


def _retirements(today: date) -> list[Offering]:
    """Offerings in use or standing ready that end within the horizon, soonest first, with who is affected."""
    used = Q(dependencies__ended_on=None, dependencies__isnull=False) | Q(alternatives__approvals__ended_at=None)
    uses = Dependency.objects.current().select_related("system", "environment")
    return list(
        Offering.objects.retiring_before(today + HORIZON)
        .filter(used)
        .distinct()
        .select_related("model")
        .prefetch_related(Prefetch("dependencies", uses, to_attr="uses"))
        .order_by("retires_on")[:LIST_LENGTH]
    )


def _changes(person: User) -> list[Change]:
    """The latest changes that reach a dependency; those of one's own teams where one is in a team."""
    impacts = Impact.objects.select_related("dependency__system")
    touching = Impact.objects.all()
    teams = Team.objects.of(person)
    if teams.exists():
        touching = touching.filter(dependency__system__team__in=teams)
    return list(
        Change.objects.in_force()
        .filter(pk__in=touching.values("change_id"))
        .select_related("listing__source", "offering", "model", "vendor")
        .prefetch_related(Prefetch("impacts", impacts))[:LIST_LENGTH]
    )


def home(request: HttpRequest) -> HttpResponse:
    return show(request, "home.html", title="Home", home=load(person_of(request), now=timezone.now()))
