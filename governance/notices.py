"""The outbox's front: put what has to be said into the digest of a window, or to the ticket of a concern.

Rows alone; nothing is sent here. Callers hold a transaction, so that what happened and what is said about it
are there together or not at all.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from governance import audit
from governance.models import Action, Channel, Delivery, Impact, Notice, NoticeItem, Ticket
from governance.transports import Style, style_of
from registry.locks import serialise
from registry.models import Change, Dependency, Team, User


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to say, and the teams that have to hear it."""

    change_id: int
    dependency: Dependency
    action: Action | None
    team_ids: frozenset[int]

    @classmethod
    def about(cls, change: Change, dependency: Dependency, action: Action | None) -> "Item":
        """For the team of the system and the team that owns the model."""
        teams = {dependency.system.team_id, dependency.offering.model.owner_id}
        return cls(change.pk, dependency, action, frozenset(pk for pk in teams if pk is not None))


def window_end(now: datetime) -> datetime:
    """When the digest window that `now` lies in is over; windows lie the same for everybody and every worker."""
    seconds = settings.DIGEST_WINDOW.total_seconds()
    return datetime.fromtimestamp((now.timestamp() // seconds + 1) * seconds, tz=UTC)


def queue(items: Sequence[Item], *, now: datetime) -> None:
    """Put `items` into the outbox of every enabled channel of their teams."""
    serialise("triage")
    team_ids = {team_id for item in items for team_id in item.team_ids}
    for channel in Channel.objects.filter(is_enabled=True, team_id__in=team_ids):
        _put(channel, [item for item in items if channel.team_id in item.team_ids], now=now)


def digest_channels(team_ids: Collection[int]) -> dict[int, list[Channel]]:
    """By team the enabled channels to which digests go; a team without one is absent."""
    found: dict[int, list[Channel]] = defaultdict(list)
    for channel in Channel.objects.filter(team_id__in=team_ids, is_enabled=True).order_by("pk"):
        if channel.team_id is not None and style_of(channel.transport) is Style.DIGEST:
            found[channel.team_id].append(channel)
    return found


def _put(channel: Channel, items: Sequence[Item], *, now: datetime) -> None:
    if not items:
        return
    if style_of(channel.transport) is Style.DIGEST:
        # A change that reaches a dependency by two ways is said once, with both.
        once = {(item.change_id, item.dependency.pk): item for item in items}
        _add(open_digest(channel, len(once), now=now), once.values())
        return
    for action, about in _by_action(items, team_id=channel.team_id).items():
        _add(_open_ticket_notice(channel, action, len(about), now=now), about)


def _by_action(items: Iterable[Item], *, team_id: int | None) -> dict[Action, list[Item]]:
    """The items that ask somebody of this team to act; the owner of a model is told by digest alone."""
    found: dict[Action, list[Item]] = defaultdict(list)
    for item in items:
        if item.action is not None and item.action.team_id == team_id:
            found[item.action].append(item)
    return found


def _add(notice: Notice, items: Iterable[Item]) -> None:
    NoticeItem.objects.bulk_create(
        (
            NoticeItem(notice=notice, change_id=item.change_id, dependency=item.dependency, action=item.action)
            for item in items
        ),
        # An introduction may find the window's digest with some of it inside already.
        ignore_conflicts=True,
    )


def open_digest(channel: Channel, count: int, *, now: datetime, about: str = "digest") -> Notice:
    """The digest of this window, or of the first later one that no worker has taken yet; `count` things go into it.

    `about` keeps apart what is not told in one letter.
    """
    due_at = window_end(now)
    while True:
        notice, _ = Notice.objects.get_or_create(
            key=f"{about}:{channel.pk}:{due_at:%Y%m%dT%H%M%SZ}",
            defaults={"channel": channel, "due_at": due_at, "created_at": now},
        )
        if _reserve(notice, count):
            return notice
        due_at += settings.DIGEST_WINDOW


def _reserve(notice: Notice, count: int) -> bool:
    """Count `count` more items in; False means that it was taken for sending, now or ever.

    A notice that was tried once stays as it was, because its receiver may know it already by its key. The row
    stays locked until our transaction ends, so a worker that claims it afterwards reads our items too.
    """
    untouched = Notice.objects.filter(pk=notice.pk, state=Notice.State.QUEUED, attempts=0)
    return untouched.update(item_count=F("item_count") + count) == 1


def _open_ticket_notice(channel: Channel, action: Action, count: int, *, now: datetime) -> Notice:
    """The notice that will create or update the ticket of the action's dependency and concern."""
    ticket = _ticket(channel, action, now=now)
    waiting = ticket.notices.order_by("-pk").first()
    if waiting is not None and _reserve(waiting, count):
        return waiting
    return Notice.objects.create(
        channel=ticket.channel,
        key=f"ticket:{ticket.dependency_id}:{ticket.concern}:{ticket.notices.count() + 1}",
        ticket=ticket,
        due_at=now,
        created_at=now,
        item_count=count,
    )


def _ticket(channel: Channel, action: Action, *, now: datetime) -> Ticket:
    """The one ticket of the dependency and concern; it moves to `channel` where its own was switched off."""
    ticket, _ = Ticket.objects.select_related("channel").get_or_create(
        dependency_id=action.dependency_id,
        concern=action.concern,
        defaults={"channel": channel, "created_at": now, "updated_at": now},
    )
    if ticket.channel_id != channel.pk and not ticket.channel.is_enabled:
        ticket.channel, ticket.external_key, ticket.url = channel, "", ""
        ticket.save()
    return ticket


def tell_of_actions(actions: Iterable[Action], *, now: datetime) -> None:
    """Queue each of `actions` again with the newest change that it comes from, as when a snooze has ended."""
    queue(_items_of(list(actions)), now=now)


def introduce_new_channels(*, now: datetime) -> int:
    """Introduce every enabled channel that never was; returns how many."""
    new = list(Channel.objects.filter(introduced_at=None, is_enabled=True, team__isnull=False))
    return sum(introduce(channel, now=now) for channel in new)


@transaction.atomic
def introduce(channel: Channel, *, now: datetime) -> bool:
    """Tell a new channel the state as it stands: all open actions that its team should know of. Once.

    To introduce a channel again that was off for a while, empty `introduced_at` when it is switched on.
    """
    serialise("triage")
    if not Channel.objects.filter(pk=channel.pk, introduced_at=None).update(introduced_at=now):
        return False
    of_team = Q(team=channel.team_id) | Q(dependency__offering__model__owner=channel.team_id)
    actions = Action.objects.open().filter(of_team)
    _put(channel, _items_of(list(actions)), now=now)
    return True


def _items_of(actions: Collection[Action]) -> list[Item]:
    """An item per action, about the newest change behind it."""
    by_pk = {action.pk: action for action in actions}
    newest = {
        impact.action_id: impact
        for impact in Impact.objects.filter(action_id__in=by_pk)
        .select_related("change", "dependency__system", "dependency__offering__model")
        .order_by("change__detected_at", "pk")
    }
    return [Item.about(impact.change, impact.dependency, by_pk[pk]) for pk, impact in newest.items() if pk is not None]


def ensure_channels(team: Team) -> list[Channel]:
    """The channels that the team's own fields ask for: its e-mail address, and its project in the tracker.

    Without a tracker tickets become files, except in production, where nobody would see them.
    """
    wanted: list[tuple[str, str, dict[str, str]]] = []
    if team.email:
        wanted.append(("email", team.email, {}))
    if team.ticket_project and settings.JIRA_URL:
        wanted.append(("jira", settings.JIRA_URL, {"project": team.ticket_project}))
    elif team.ticket_project and settings.TICKET_FOLDER:
        wanted.append(("folder", settings.TICKET_FOLDER.name, {"project": team.ticket_project}))
    return [
        Channel.objects.get_or_create(team=team, transport=transport, address=address, defaults={"options": options})[0]
        for transport, address, options in wanted
    ]


def close_windows(*, now: datetime) -> int:
    """Make the digests of open windows due at once; returns how many."""
    waiting = Notice.objects.filter(state=Notice.State.QUEUED, attempts=0, due_at__gt=now)
    return waiting.update(due_at=now)


@transaction.atomic
def replay(notice: Notice, *, actor: User, now: datetime) -> Notice:
    """Send a dead letter again, with a new series of attempts; its key stays, so that a receiver who has it knows.

    Raises `ValidationError` where it is no dead letter.
    """
    revived = Notice.objects.filter(pk=notice.pk, state=Notice.State.DEAD)
    if not revived.update(state=Notice.State.QUEUED, due_at=now):
        raise ValidationError({"state": "Only a dead letter can be sent again."})
    # The deaths of the last series do not count for the new one.
    Delivery.objects.filter(notice=notice, outcome=Delivery.Outcome.STARTED).update(
        outcome=Delivery.Outcome.RETRY, detail="The worker died.", finished_at=now
    )
    audit.record("governance:notice:replayed", notice, actor=actor, before={"last_error": notice.last_error})
    notice.refresh_from_db()
    return notice
