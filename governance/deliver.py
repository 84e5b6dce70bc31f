"""The outbox's back: claim what is due, send it, write down what came of it.

Each attempt is a row before it is an act. The claim is a conditional update with a lease; nothing is sent inside a
transaction; what a killed worker leaves behind is claimed again when its lease has run out, and the receiver
recognises it by the letter's reference. Letters for one server go one after the other, servers side by side: one
that hangs keeps nobody else waiting. Threads only talk to the network; the rows belong to the thread that calls.
"""

import logging
from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom
from time import monotonic

from django.db.models import Exists, OuterRef

from governance.attempts import Attempt, begin, fail, succeed
from governance.letters import write
from governance.models import Channel, Delivery, Notice
from governance.transports import Transport, installed
from governance.transports.base import Receipt, TransportError

logger = logging.getLogger(__name__)

_LANES = 8
_LOOK_AGAIN_SECONDS = 1.0

Outcome = Delivery.Outcome


@dataclass(slots=True)
class Tally:
    """What a pass did: how many attempts ended in which way."""

    sent: int = 0
    retry: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Pass:
    """The state of one pass. `closed` are the lanes whose server proved to be down."""

    transports: dict[str, Transport]
    dice: Random
    began_at: datetime
    began: float = field(default_factory=monotonic)
    flying: "dict[Future[Receipt], tuple[str, Attempt]]" = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)

    @property
    def now(self) -> datetime:
        """The moment: where the pass began, plus what has gone by since."""
        return self.began_at + timedelta(seconds=monotonic() - self.began)

    @property
    def busy(self) -> set[str]:
        return {lane for lane, _ in self.flying.values()}


def deliver_due(transports: Collection[str], *, now: datetime, dice: Random | None = None) -> Tally:
    """Send every notice that is due by one of `transports`; returns when nothing more can be done at present.

    Any number of workers may do so at once. A pass that waits for a slow server goes on serving the others.
    """
    chosen = {name: transport() for name, transport in installed().items() if name in transports}
    run = _Pass(transports=chosen, dice=dice or SystemRandom(), began_at=now)
    with ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="deliver") as pool:
        while _start(run, pool):
            done, _ = wait(run.flying, timeout=_LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                _land(run, future)
    return run.tally


def transports_of(style: str) -> list[str]:
    """The names of the transports that want digests, or tickets."""
    return [name for name, transport in installed().items() if transport.style.value == style]


def _start(run: _Pass, pool: ThreadPoolExecutor) -> bool:
    """Put a letter into every lane that is free; False when all lanes are empty."""
    for lane, channel_ids in _lanes(run).items():
        if lane not in run.closed and lane not in run.busy and len(run.flying) < _LANES:
            _start_lane(run, pool, lane, channel_ids)
    return bool(run.flying)


def _lanes(run: _Pass) -> dict[str, list[int]]:
    """By lane, the channels for which something is due."""
    due = Notice.objects.deliverable(run.now).filter(channel__transport__in=run.transports)
    lanes: dict[str, list[int]] = defaultdict(list)
    for channel in Channel.objects.filter(pk__in=due.values("channel_id")).order_by("pk"):
        lanes[run.transports[channel.transport].lane(channel.address)].append(channel.pk)
    return lanes


def _start_lane(run: _Pass, pool: ThreadPoolExecutor, lane: str, channel_ids: Collection[int]) -> None:
    """Claim and start the lane's next letter; what cannot be written fails at once, and the one behind it is taken."""
    while (notice := _next(channel_ids, now=run.now)) is not None:
        attempt = begin(notice, now=run.now)
        if attempt is None:
            continue
        transport = run.transports[notice.channel.transport]
        try:
            letter = write(attempt.notice)
        except Exception as error:  # a notice that cannot be read must not hold up the lane
            logger.exception("Notice %s could not be written", notice.key)
            _count(run, fail(attempt, _unexpected(error), transport.max_attempts, dice=run.dice, now=run.now))
            continue
        run.flying[pool.submit(transport.send, letter)] = (lane, attempt)
        return


def _next(channel_ids: Collection[int], *, now: datetime) -> Notice | None:
    """The notice that waited longest. One about a ticket waits for the earlier ones about it."""
    earlier = Notice.objects.filter(
        ticket=OuterRef("ticket"), pk__lt=OuterRef("pk"), state__in=[Notice.State.QUEUED, Notice.State.SENDING]
    )
    due = Notice.objects.deliverable(now).filter(channel_id__in=channel_ids).exclude(Exists(earlier))
    return due.select_related("channel__team", "ticket", "incident__source").order_by("due_at", "pk").first()


def _land(run: _Pass, future: "Future[Receipt]") -> None:
    """Write down what came of one letter."""
    lane, attempt = run.flying.pop(future)
    error = future.exception()
    if error is None:
        succeed(attempt, future.result(), now=run.now)
        _count(run, Outcome.SENT)
        return
    if not isinstance(error, TransportError):
        logger.error("Notice %s made its transport fail", attempt.notice.key, exc_info=error)
        error = _unexpected(error)
    if error.is_destination_down:
        run.closed.add(lane)
    most = run.transports[attempt.notice.channel.transport].max_attempts
    _count(run, fail(attempt, error, most, dice=run.dice, now=run.now))


def _unexpected(error: BaseException) -> TransportError:
    return TransportError(f"{type(error).__name__}: {error}")


def _count(run: _Pass, outcome: str) -> None:
    match outcome:
        case Outcome.SENT:
            run.tally.sent += 1
        case Outcome.RETRY:
            run.tally.retry += 1
        case _:
            run.tally.refused += 1
