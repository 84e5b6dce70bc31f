"""Back up, restore (promise E5): the chain verifies, and nobody is told again what they were told.

Copied as `docs/how-to/back-up-and-restore.md` says, while the platform works on. The judges are the tracker's and the mail
server's own records, and a verifier that knows nothing of Django.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.fakes.databases import POSTGRES, ROOT, Databases
from tests.fakes.smtp import MailServer
from tests.fakes.tracker import Tracker
from tests.governance.test_kill import World

pytestmark = pytest.mark.services
BEFORE, AFTER = 4, 3


class Platform:
    """A platform that works on after it was backed up, and the one that is restored from that."""

    def __init__(self, folder: Path, databases: Databases, tracker: Tracker, mail: MailServer) -> None:
        self.folder, self.tracker, self.mail = folder, tracker, mail
        self._restored_url = databases.copy()
        self._url = databases.copy()
        self.running = World(folder, self._url, tracker, mail)

    def back_up(self) -> None:
        if self._url.startswith("sqlite"):
            with closing(sqlite3.connect(_file(self._url))) as source, closing(sqlite3.connect(self._dump)) as copy:
                source.backup(copy)
        else:
            _pg("pg_dump", "--format=custom", f"--file={self._dump}", self._url)

    def restore(self) -> World:
        self.running.close()
        if self._url.startswith("sqlite"):
            _file(self._restored_url).write_bytes(self._dump.read_bytes())
        else:
            with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
                name = self._restored_url.rpartition("/")[2]
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]  # a name of our own
                server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # the same
            _pg("pg_restore", f"--dbname={self._restored_url}", str(self._dump))
        self.running = World(self.folder, self._restored_url, self.tracker, self.mail)
        self.running.run("manage.py", "migrate", "--verbosity", "0")
        return self.running

    def drop(self, databases: Databases) -> None:
        self.running.close()
        for url in (self._url, self._restored_url):
            databases.drop(url)

    @property
    def told(self) -> tuple[list[str], list[int], set[str]]:
        """The tickets, the comments on each, and which mails there are."""
        comments = [len(issue.comments) for issue in self.tracker.issues.values()]
        return self.tracker.labels, comments, {mail["Message-ID"] for mail in self.mail.mails}

    @property
    def _dump(self) -> Path:
        return self.folder / "back-up"


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _pg(*command: str) -> None:
    subprocess.run(command, check=True, timeout=120)


@pytest.fixture
def platform(databases: Databases, tmp_path: Path) -> Iterator[Platform]:
    with Tracker() as tracker, MailServer() as mail:
        platform = Platform(tmp_path, databases, tracker, mail)
        yield platform
        platform.drop(databases)


def test_a_restored_platform_tells_nobody_again(platform: Platform) -> None:
    platform.running.rows("announce", BEFORE)
    platform.running.deliver()
    # These wait when it is backed up, and are told before the disaster.
    platform.running.rows("retire", AFTER)
    platform.back_up()
    platform.running.deliver()
    told = platform.told
    mails = len(platform.mail.mails)
    assert (len(told[0]), told[1]) == (BEFORE, [1] * AFTER + [0] * (BEFORE - AFTER))

    restored = platform.restore()
    waiting = restored.count("governance_notice", "state <> 'sent'")
    restored.deliver()

    assert waiting > 0
    assert platform.told == told
    assert restored.count("governance_notice", "state <> 'sent'") == 0
    # What the back-up did not know of goes out under the same Message-ID; what it knew of does not at all.
    assert len(platform.mail.mails) - mails <= 1


def test_without_the_look_up_the_tickets_that_waited_are_told_twice(platform: Platform) -> None:
    platform.running.rows("announce", BEFORE)
    platform.back_up()
    platform.running.deliver()
    assert len(platform.tracker.labels) == BEFORE

    platform.restore().run("-m", "tests.fakes.deliver_blindly")

    assert len(platform.tracker.labels) == 2 * BEFORE


def test_the_restored_chain_is_the_one_that_was_backed_up(platform: Platform, tmp_path: Path) -> None:
    kept, later = tmp_path / "kept.json", tmp_path / "later.json"
    running = platform.running
    running.rows("announce", 1)
    running.rows("sign", 20)
    running.run("manage.py", "verify_audit", "--no-checkpoint", "--export", str(kept))
    platform.back_up()
    running.rows("sign", 5)
    running.run("manage.py", "verify_audit", "--no-checkpoint", "--export", str(later))

    restored = platform.restore()

    assert restored.count("governance_auditentry") == 20
    restored.run("manage.py", "verify_audit", "--checkpoint", str(kept))
    # The lines of after the back-up are gone, and that shows.
    assert restored.start("manage.py", "verify_audit", "--checkpoint", str(later)).wait(timeout=60) == 1
    chain = tmp_path / "chain.jsonl"
    restored.run("manage.py", "export_audit", str(chain))
    assert [_verified(chain, checkpoint) for checkpoint in (kept, later)] == [0, 1]


def _verified(chain: Path, checkpoint: Path) -> int:
    program = [
        sys.executable,
        "-I",
        str(ROOT / "governance" / "verifier.py"),
        str(chain),
        "--checkpoint",
        str(checkpoint),
    ]
    return subprocess.run(program, check=False, capture_output=True, timeout=60).returncode


def test_the_restored_database_still_refuses_what_it_refused(platform: Platform) -> None:
    """Triggers are part of the back-up."""
    platform.running.rows("announce", 1)
    platform.running.rows("sign", 2)
    platform.back_up()
    restored = platform.restore()
    for statement in (
        "UPDATE governance_auditentry SET tag = 'x'",
        "DELETE FROM governance_auditentry",
        "UPDATE registry_dependency SET purpose = 'x'",
    ):
        with pytest.raises((sqlite3.Error, psycopg.Error)):
            restored.sql(statement)
    assert restored.count("governance_auditentry") == 2
