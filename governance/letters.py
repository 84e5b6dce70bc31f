"""Read a notice's rows and write them down as the letter that a transport sends."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from governance.alerts import alert_about
from governance.disputes import Disputes
from governance.drift_letters import alert_about_drifts
from governance.headlines import headline, one_line
from governance.models import Action, Impact, Notice, NoticeItem, Ticket
from governance.models.notices import OPERATORS
from governance.outlook_letters import alert_about_releases
from governance.reach import disputes_about, news_of
from governance.reminder_letters import alert_about_reminders
from governance.transports.base import Alert, Letter, Line, Section, TicketState, Todo
from registry.models import Change, Member, System

_HISTORY = 30
_MOST_CRITICAL_FIRST = {value: place for place, value in enumerate(System.Criticality.values)}

Owners = dict[int, str]
Tickets = dict[tuple[int, str], Ticket]


def write(notice: Notice) -> Letter:
    """Everything `notice` has to say, as it stands now."""
    if notice.incident is not None:
        return _alert(notice, alert_about(notice.incident, is_over=notice.is_over), team=OPERATORS)
    if notice.ticket is None and notice.reminders.exists():
        channel = notice.channel
        told = one_line(str(channel.team or channel.person or OPERATORS))
        return _alert(notice, alert_about_reminders(notice, today=timezone.now().date()), team=told)
    if notice.ticket is None and notice.forewarnings.exists():
        return _alert(notice, alert_about_releases(notice), team=one_line(str(notice.channel.team)))
    if notice.ticket is None and notice.drifts.exists():
        return _alert(notice, alert_about_drifts(notice), team=one_line(str(notice.channel.team)))
    said = Exists(
        NoticeItem.objects.filter(notice=notice, change=OuterRef("change"), dependency=OuterRef("dependency"))
    )
    impacts = list(_with_everything().filter(said))
    if notice.ticket is not None:
        concern = notice.ticket.concern
        impacts = [row for row in impacts if row.action is not None and row.action.concern == concern]
    channel = notice.channel
    return Letter(
        key=notice.key,
        reference=reference_of(notice.key),
        address=channel.address,
        options=dict(channel.options),
        team=one_line(str(channel.team)),
        sections=_sections(impacts, _disputes(impacts), for_team=channel.team_id),
        home_url=f"{settings.BASE_URL}/",
        ticket=_ticket_state(notice.ticket) if notice.ticket else None,
    )


def _alert(notice: Notice, alert: Alert, *, team: str) -> Letter:
    channel = notice.channel
    return Letter(
        key=notice.key,
        reference=reference_of(notice.key),
        address=channel.address,
        options=dict(channel.options),
        team=team,
        sections=(),
        home_url=f"{settings.BASE_URL}/",
        alert=alert,
    )


def reference_of(key: str) -> str:
    """The name by which the receiver knows a notice or a ticket: one for ever, and another in each installation."""
    return f"understudy-{sha256(f'{settings.BASE_URL} {key}'.encode()).hexdigest()[:24]}"


def _with_everything() -> QuerySet[Impact]:
    return Impact.objects.select_related(
        "action__team",
        "action__dependency__system",
        "dependency__system__team",
        "dependency__offering",
        "dependency__environment",
        "change__listing__source",
        "change__listing__offering",
        "change__offering",
        "change__model",
        "change__vendor",
        "change__run__source",
        "change__reported_by",
    ).order_by("-change__detected_at", "-change_id", "pk")


def _disputes(impacts: Iterable[Impact]) -> Disputes:
    """What sources contradict each other about at this moment, for the days that the impacts are about."""
    return disputes_about({impact.change for impact in impacts}, now=timezone.now())


def _sections(impacts: Sequence[Impact], disputes: Disputes, *, for_team: int | None) -> tuple[Section, ...]:
    """A section per system, the most critical first. What another team has to do is said, but is no to-do here."""
    by_system: dict[System, list[Impact]] = defaultdict(list)
    for impact in impacts:
        by_system[impact.dependency.system].append(impact)
    owners = _owners(by_system)
    tickets = _tickets(impacts)
    systems = sorted(by_system, key=lambda system: (_MOST_CRITICAL_FIRST[system.criticality], system.name))
    return tuple(
        Section(
            system=one_line(system.name),
            criticality=system.get_criticality_display().lower(),
            owner=owners[system.team_id],
            url=page_of(system),
            todos=_todos(by_system[system], tickets, for_team=for_team),
            lines=_lines(by_system[system], disputes, for_team=for_team),
        )
        for system in systems
    )


def _owners(systems: Iterable[System]) -> Owners:
    """By team: its name and the people who answer for it."""
    teams = {system.team_id: system.team.name for system in systems}
    people: dict[int, list[str]] = defaultdict(list)
    active = Member.objects.active().filter(team_id__in=teams, role=Member.Role.OWNER).select_related("user")
    for member in active.order_by("pk"):
        people[member.team_id].append(str(member.user))
    return {
        pk: one_line(f"{name} ({', '.join(people[pk])})" if people[pk] else f"{name} (nobody answers for it)")
        for pk, name in teams.items()
    }


def _tickets(impacts: Iterable[Impact]) -> Tickets:
    dependency_ids = {impact.dependency_id for impact in impacts}
    rows = Ticket.objects.filter(dependency_id__in=dependency_ids).exclude(external_key="")
    return {(ticket.dependency_id, ticket.concern): ticket for ticket in rows}


def _todos(impacts: Sequence[Impact], tickets: Tickets, *, for_team: int | None) -> tuple[Todo, ...]:
    actions = {impact.action_id: impact.action for impact in impacts if impact.action is not None}
    own = [row for row in actions.values() if row.team_id == for_team and row.state != Action.State.DONE]
    return tuple(
        _todo(action, tickets.get((action.dependency_id, action.concern)))
        for action in sorted(own, key=lambda action: (action.due_on, action.pk))
    )


def _todo(action: Action, ticket: Ticket | None) -> Todo:
    return Todo(
        title=one_line(action.title),
        headline=one_line(action.title.removeprefix(f"{action.dependency.system.name}: ")),
        what_to_do=one_line(action.what_to_do) if action.state != Action.State.DONE else f"Done: {action.state_reason}",
        due_on=action.due_on,
        state=action.get_state_display().lower(),
        url=page_of(action),
        ticket=one_line(ticket.external_key) if ticket else "",
        ticket_url=ticket.url if ticket else "",
    )


def _lines(impacts: Iterable[Impact], disputes: Disputes, *, for_team: int | None) -> tuple[Line, ...]:
    """One line per change and use, with every way by which it gets there."""
    together: dict[tuple[int, int], list[Impact]] = defaultdict(list)
    for impact in impacts:
        together[impact.change_id, impact.dependency_id].append(impact)
    return tuple(_line(rows, disputes, for_team=for_team) for rows in together.values())


def _line(impacts: Sequence[Impact], disputes: Disputes, *, for_team: int | None) -> Line:
    change, dependency = impacts[0].change, impacts[0].dependency
    news = news_of(change, disputes)
    explanations = [_explanation(impact, for_team=for_team) for impact in impacts]
    return Line(
        headline=one_line(headline(news)),
        severity=change.severity,
        explanations=tuple(filter(None, (*explanations, one_line(news.dispute)))),
        model=one_line(str(dependency.offering)),
        purpose=dependency.purpose,
        environment=one_line(dependency.environment.name),
        detected_on=change.detected_at.date(),
        effective_on=change.effective_on,
        source=source_of(change),
        evidence_url=_address(change.evidence_url),
    )


def _explanation(impact: Impact, *, for_team: int | None) -> str:
    action = impact.action
    if action is None or action.team_id == for_team or action.state == Action.State.DONE:
        return one_line(impact.explanation)
    return one_line(f"{impact.explanation} {action.team} has to act by {action.due_on}.")


def source_of(change: Change) -> str:
    """Who says so: the source, or the person who reported it."""
    if change.run is not None:
        return one_line(change.run.source.name)
    if change.listing is not None:
        return one_line(change.listing.source.name)
    if change.reported_by is not None:
        return one_line(f"reported by {change.reported_by}")
    if change.origin == Change.Origin.CLOCK:
        return "what the register knows"
    return one_line(_host(change.evidence_url) or "not named")


def _host(address: str) -> str:
    """The host of an address that may become a link; empty for what a browser would not open as a page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    is_page = parts.scheme in ("https", "http") and one_line(address) == address
    return (parts.hostname or "") if is_page else ""


def _address(text: str) -> str:
    # Upstream wrote it.
    return text if _host(text) else ""


def _ticket_state(ticket: Ticket) -> TicketState:
    actions = Action.objects.filter(dependency=ticket.dependency_id, concern=ticket.concern)
    newest = actions.select_related("dependency__system").order_by("-pk").first()
    if newest is None:
        raise Ticket.DoesNotExist(f"No action stands behind ticket {ticket.pk}")
    about = _with_everything().filter(action__dependency=ticket.dependency_id, action__concern=ticket.concern)
    history = list(about[:_HISTORY])
    return TicketState(
        reference=reference_of(f"ticket:{ticket.dependency_id}:{ticket.concern}"),
        todo=_todo(newest, None),
        history=_lines(history, _disputes(history), for_team=newest.team_id),
        external_key=ticket.external_key,
    )


def page_of(row: System | Action) -> str:
    """The absolute address of the page where the owner goes on: the gate of a system, or the action itself."""
    if isinstance(row, System):
        return f"{settings.BASE_URL}{reverse('pages:gate', args=[row.slug])}"
    return f"{settings.BASE_URL}{reverse('pages:action', args=[row.pk])}"
