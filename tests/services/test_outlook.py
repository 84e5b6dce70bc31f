"""Releases asked about again by real workers: who would be stopped now hears of it once, and before the next release.

The judge is the mail server's own record. On SQLite and PostgreSQL, each with the embedded broker.
"""

import os
import platform
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import django
import pytest

from tests.fakes.databases import Databases
from tests.fakes.forks import Forked
from tests.fakes.smtp import MailServer
from tests.services.installation import Installation

pytestmark = pytest.mark.services

# Two systems of two teams that got through a moment ago.
RELEASED = """
import django
django.setup()
from django.utils import timezone
from governance.check import CheckRequest, RequestedModel, check
from governance.models import Channel, Notice
from governance.notices import ensure_channels
from governance.triage import triage_changes
from tests import factories as f
from tests.governance.gate_world import green
import tests.factories, tests.governance.gate_world
for module in (tests.factories, tests.governance.gate_world):
    module.NOW = timezone.now()
    module.TODAY = module.NOW.date()
for slug in ("product-search", "help-centre"):
    used = green(f.system(slug), offering=f.offering(f"acme/{slug}"))
    ensure_channels(used.system.team)
    triage_changes(now=timezone.now())
    question = CheckRequest(slug, "production", (RequestedModel(used.offering.external_id),))
    assert check(question, asked_by=None, now=timezone.now()).verdict == "pass"
Notice.objects.all().delete()
f.user("rita", role="reviewer")
"""
BLOCK = """
import django
django.setup()
from django.utils import timezone
from governance.blocks import block
from registry.models import Offering, User
rita, used = User.objects.get(username="rita"), Offering.objects.get(external_id="acme/product-search")
block(by=rita, reason="Under investigation.", now=timezone.now(), offering=used)
"""
NOTHING_SHIPS = """
import django
django.setup()
from django.utils import timezone
from governance.models import Policy
from registry.models import User
document = {"allowed_license_classes": {"saas": []}}
rita = User.objects.get(username="rita")
Policy.objects.create(version=1, document=document, reason="r", author=rita, in_force_from=timezone.now())
"""
LOOK = """
import django
django.setup()
from governance.tasks import look_ahead
for _ in range(12):
    look_ahead.delay()
"""
# It has claimed a place, and stands still where it would ask the gate.
LOOK_AND_STAND_STILL = """
import sys, time, django
django.setup()
from pathlib import Path
from governance import outlook, tasks
def stand_still(*_arguments, **_options):
    Path({marker!r}).touch()
    time.sleep(600)
outlook.evaluate = stand_still
tasks.look_ahead()
"""


class World(Installation):
    def __init__(self, folder: Path, database_url: str, mail: MailServer) -> None:
        self.mail = mail
        super().__init__(folder, database_url, {"EMAIL_URL": f"smtp://127.0.0.1:{mail.port}", "REDIS_URL": ""})
        self.run("-c", RELEASED)

    def worker(self, name: str, *options: str) -> Forked:
        """As `manage.py up` starts it."""
        plain = (
            "--pool",
            "threads",
            "--concurrency",
            "4",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        )
        command = ("-m", "celery", "--quiet", "-A", "config", "worker", "--queues", "triage")
        return self.start(*command, "--hostname", f"{name}@here", *plain, *options)

    def look(self) -> None:
        """A dozen looks, taken up by two workers at once, and ended when both have nothing left to do."""
        self.run("-c", LOOK)
        workers = [self.worker(name) for name in ("one", "two")]
        wait_until(lambda: not list((self.folder / "var" / "broker" / "queue").iterdir()))
        # One may have done everything before the other has begun.
        wait_until(lambda: all(hears_the_end(worker) for worker in workers))
        assert [end(worker) for worker in workers] == [0, 0]

    def let_hours_pass(self) -> None:
        """What six hours do: that a place was looked at since the block counts no more."""
        # Written as SQLite keeps a moment, for it compares them as texts.
        self.sql("UPDATE governance_outlook SET looked_at = '2026-01-01 00:00:00'")

    def letters(self) -> list[str]:
        self.run("manage.py", "deliver", "--now", "--transport", "email")
        return [" ".join(mail["Subject"].split()) for mail in self.mail.mails]


TOLD = "[Understudy] The next release of Product-Search in production would be stopped"


def wait_until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < ends_at, "not within two minutes"
        time.sleep(0.05)


def hears_the_end(worker: Forked) -> bool:
    """Whether it catches SIGTERM by now; before that it would not end but be ended."""
    said = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
    caught = int(said.split("SigCgt:")[1].split()[0], base=16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def end(worker: Forked) -> int:
    """As a container is stopped: what it has begun it ends."""
    os.kill(worker.pid, signal.SIGTERM)
    return worker.wait(timeout=60)


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    print(f"Python {platform.python_version()}, Django {django.__version__}, {databases.vendor}")  # noqa: T201
    url = databases.copy()
    with MailServer() as mail, closing(World(tmp_path, url, mail)) as world:
        yield world
    databases.drop(url)


def test_whoever_would_be_stopped_now_is_told_once_however_many_workers_look(world: World) -> None:
    world.look()
    assert world.letters() == [], "nothing has moved, and somebody was told"
    world.run("-c", BLOCK)
    world.look()
    assert world.letters() == [TOLD]
    world.let_hours_pass()
    world.look()
    assert world.letters() == [TOLD]


def test_what_was_told_is_what_keeps_it_from_being_told_again(world: World) -> None:
    """The control of the test above."""
    world.run("-c", BLOCK)
    world.look()
    world.letters()
    world.sql("DELETE FROM governance_notice_forewarnings")
    world.sql("DELETE FROM governance_forewarning")
    world.let_hours_pass()
    world.look()

    assert world.letters() == [TOLD, TOLD]


def test_a_worker_killed_while_it_looks_delays_the_news_and_loses_none(world: World) -> None:
    world.run("-c", BLOCK)
    marker = world.folder / "standing still"
    worker = world.start("-c", LOOK_AND_STAND_STILL.format(marker=str(marker)))
    wait_until(marker.exists)
    worker.kill()
    worker.wait(timeout=30)
    world.let_hours_pass()
    world.look()

    assert world.letters() == [TOLD]


def test_a_policy_that_takes_force_is_told_by_what_beat_starts(world: World) -> None:
    world.run("-c", NOTHING_SHIPS)
    worker = world.worker("beating", "--beat")
    wait_until(lambda: world.sql("SELECT count(*) FROM governance_forewarning") == [(2,)])
    assert end(worker) == 0

    assert len(world.letters()) == 2
    findings = world.sql("SELECT CAST(findings AS text) FROM governance_forewarning")
    assert all("UD202" in text for (text,) in findings)
