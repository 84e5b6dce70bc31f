"""Workers killed at named points, as real processes against real servers: nothing is lost, nothing doubled.

The judges are the tracker's and the mail server's own records. Run by `make test-services`, on SQLite and PostgreSQL.
"""

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Event

import django
import pytest

from tests.fakes.databases import Databases
from tests.fakes.smtp import MailServer
from tests.fakes.tracker import Tracker
from tests.services.installation import Installation

pytestmark = pytest.mark.services

SEED = int(os.environ.get("UNDERSTUDY_TEST_SEED", "20260415"))


class World(Installation):
    """A migrated database with a tracker and a mail server, and processes that work on it."""

    def __init__(self, folder: Path, database_url: str, tracker: Tracker, mail: MailServer) -> None:
        self.tracker, self.mail = tracker, mail
        jira = {"JIRA_URL": tracker.url, "JIRA_USER": "understudy", "JIRA_TOKEN": "token"}
        super().__init__(folder, database_url, jira | {"EMAIL_URL": f"smtp://127.0.0.1:{mail.port}"})

    def rows(self, what: str, number: int) -> None:
        self.run("-m", "tests.fakes.outbox_rows", what, str(number))

    def deliver(self) -> None:
        self.run("manage.py", "deliver", "--now")

    def kill_when(self, reached: Event, *arguments: str) -> None:
        """Start a worker, wait until it stands at the point, and kill it there."""
        worker = self.start(*arguments)
        came = reached.wait(60)
        worker.kill()
        worker.wait(timeout=30)
        assert came, "the worker never came to the point"

    def let_leases_run_out(self) -> None:
        """What six minutes do."""
        self.sql("UPDATE governance_notice SET claimed_until = '2026-01-01 00:00:00+00:00' WHERE state = 'sending'")

    def count(self, table: str, condition: str = "1 = 1") -> int:
        return int(self.sql(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])  # noqa: S608 - our own words


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    print(f"seed {SEED}, Python {platform.python_version()}, Django {django.__version__}, {databases.vendor}")  # noqa: T201
    url = databases.copy()
    with Tracker() as tracker, MailServer() as mail, closing(World(tmp_path, url, tracker, mail)) as world:
        yield world
    databases.drop(url)


CREATING = [("search", False), ("search", True), ("create", False), ("create", True)]
UPDATING = [("comments", False), ("update", False), ("update", True), ("comment", False), ("comment", True)]
TICKETS = ("manage.py", "deliver", "--transport", "jira")
MAILS = ("manage.py", "deliver", "--now", "--transport", "email")


def kill_at(world: World, points: list[tuple[str, bool]]) -> None:
    """A worker dies at each point, on a notice of its own: those that came before are still leased."""
    for on, after in points:
        world.tracker.fail("hang", on=on, after=after)
        world.kill_when(world.tracker.reached, *TICKETS)
        world.tracker.release()


def test_a_worker_killed_anywhere_between_claim_and_mark_loses_no_ticket_and_doubles_none(world: World) -> None:
    world.rows("announce", 8)
    kill_at(world, CREATING)
    world.let_leases_run_out()
    world.deliver()
    assert len(world.tracker.labels) == 8
    assert max(Counter(world.tracker.labels).values()) == 1
    world.rows("retire", 8)
    kill_at(world, UPDATING)
    world.let_leases_run_out()
    world.deliver()
    assert [len(issue.comments) for issue in world.tracker.issues.values()] == [1] * 8
    assert world.count("governance_notice", "state <> 'sent'") == 0
    assert world.count("governance_ticket", "external_key = ''") == 0
    assert world.count("governance_delivery", "outcome = 'started'") == len(CREATING) + len(UPDATING)


def test_without_the_look_up_the_same_kill_makes_a_second_ticket(world: World) -> None:
    world.rows("announce", 1)
    kill_at(world, [("create", True)])
    world.let_leases_run_out()
    world.run("-m", "tests.fakes.deliver_blindly")
    assert Counter(world.tracker.labels).most_common(1)[0][1] == 2


def test_a_worker_killed_after_the_mail_server_took_the_mail_sends_the_same_message_again(world: World) -> None:
    world.rows("announce", 3)
    release = Event()

    def hang() -> str:
        release.wait(30)
        return "250 Taken"

    world.mail.after_data = hang
    world.kill_when(world.mail.accepted, *MAILS)
    release.set()
    world.mail.after_data = None
    world.let_leases_run_out()
    world.deliver()
    first, second = world.mail.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_payload(0).get_payload() == second.get_payload(0).get_payload()  # type: ignore[union-attr]
    assert world.count("governance_notice", "key LIKE 'digest:%' AND state = 'sent'") == 1


def test_workers_killed_in_the_middle_of_triage_leave_each_change_done_once_or_not_at_all(world: World) -> None:
    dice = Random(SEED)  # noqa: S311 - the same kills each time
    world.rows("announce", 5)
    for _ in range(3):
        # Anew for each worker: a quick machine would otherwise leave nothing to the last one.
        world.rows("storm", 400)
        done = world.count("governance_triage")
        worker = world.start("manage.py", "triage")
        wait_until(lambda: world.count("governance_triage") > done)  # noqa: B023 - called at once
        time.sleep(dice.random() * 0.3)
        worker.kill()
        worker.wait(timeout=30)
        assert world.count("governance_triage") == world.count("governance_impact")
    world.run("manage.py", "triage")
    assert (
        world.count("registry_change") == world.count("governance_triage") == world.count("governance_impact") == 1205
    )
    assert world.count("governance_action", "concern = 'access'") == 5
    digests = "notice_id IN (SELECT id FROM governance_notice WHERE key LIKE 'digest:%')"
    assert world.count("governance_noticeitem", digests) == 1205
    assert world.count("governance_ticket") == 10


def wait_until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < ends_at, "it did not happen within a minute"
        time.sleep(0.01)


def test_three_workers_at_once_create_each_ticket_once_and_send_one_digest(world: World) -> None:
    world.rows("announce", 24)
    workers = [world.start("manage.py", "deliver", "--now") for _ in range(3)]
    assert [worker.wait(timeout=180) for worker in workers] == [0, 0, 0]
    assert len(world.tracker.labels) == len(set(world.tracker.labels)) == 24
    assert len(world.mail.mails) == 1
    assert world.count("governance_notice", "state <> 'sent'") == 0
    assert world.count("governance_delivery", "outcome <> 'sent'") == 0
