"""Four people at the same moment over HTTP, in front of a real server: what is asked for is granted once, and never stuck.

Rounds of four kinds in turn: four reviewers approve; one clicks four times; four approve what takes two; and three
approve while the proposer edits. `UNDERSTUDY_TEST_WHOLE=1` makes the promise whole: 1,000 rounds on PostgreSQL and 200 on
SQLite. The judge reads what the server answered and then asks it for every proposal.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any, Self
from uuid import uuid4

import httpx2
import psycopg
import pytest

from tests.flows.platform import Platform, running
from tests.services.production import POSTGRES

pytestmark = pytest.mark.services

WHOLE = bool(os.environ.get("UNDERSTUDY_TEST_WHOLE"))
ROUNDS = {"postgresql": 1000, "sqlite": 200} if WHOLE else {"postgresql": 16, "sqlite": 8}
CLIENTS = 4
PREPARE = """
import json
from datetime import timedelta
from django.contrib.auth.models import Group
from django.utils import timezone
from governance import tokens
from governance.proposals import propose_adoption
from registry.models import Offering, User
now, people = timezone.now(), []
for name, role in [("asker", "reviewer"), *((f"reviewer-{{n}}", "reviewer") for n in range({clients}))]:
    person = User.objects.create_user(name)
    person.groups.add(Group.objects.get(name=role))
    people.append(tokens.make(person, by=None, now=timezone.now())[1])
asker, asked = User.objects.get(username="asker"), []
offering = Offering.objects.get(external_id="BAAI/bge-m3")
for number in range({rounds}):
    common = {{"proposer": asker, "reason": "Round.", "now": now}}
    asked.append(
        propose_adoption(offering=offering, purpose=f"round-{{number}}", distribution="saas", **common).pk
    )
print("PREPARED" + json.dumps([people, asked]))
"""
# From then on an adoption takes two.
POLICY = """
from django.utils import timezone
from governance.models import Policy
from registry.models import User
routes = {"by_license_class": {"adopt_model": {"open": {"reviewer": 2}}}}
Policy.objects.create(
    version=1, reason="Two.", author=User.objects.first(), in_force_from=timezone.now(), document={"routes": routes}
)
"""


@contextmanager
def database(vendor: str) -> Iterator[dict[str, str]]:
    """Settings for a database of its own; on PostgreSQL it is gone in the end."""
    if vendor == "sqlite":
        yield {}
        return
    name = f"understudy_http_{uuid4().hex[:8]}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield {"DATABASE_URL": f"{POSTGRES}/{name}"}
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


class Clients:
    """The askers' and reviewers' connections, each act at the same moment as the others of its round."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        self.asker, *self.reviewers = (
            httpx2.Client(base_url=f"{url}/api/v1/proposals/", headers={"Authorization": f"Token {one}"}, timeout=60)
            for one in tokens
        )
        self.pool = ThreadPoolExecutor(CLIENTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()
        for client in (self.asker, *self.reviewers):
            client.close()

    def at_once(self, acts: list[tuple[httpx2.Client, str, dict[str, Any]]]) -> list[str]:
        barrier = Barrier(len(acts))

        def run(act: tuple[httpx2.Client, str, dict[str, Any]]) -> str:
            client, path, body = act
            barrier.wait(timeout=60)
            answer = client.post(path, json=body)
            return "done" if answer.is_success else str(answer.json().get("code", answer.status_code))

        return list(self.pool.map(run, acts))

    def seen(self, pk: int) -> Any:
        return self.reviewers[0].get(f"{pk}/").json()


def approvals(
    clients: Clients, people: list[httpx2.Client], pk: int
) -> list[tuple[httpx2.Client, str, dict[str, Any]]]:
    body = {"verdict": "approve", "state_digest": clients.seen(pk)["current_digest"]}
    return [(person, f"{pk}/decide/", body) for person in people]


def race(clients: Clients, kind: int, pk: int) -> tuple[str, ...]:
    """One round; the answers in order, the edit's last where there is one."""
    match kind:
        case 0 | 2:
            return tuple(sorted(clients.at_once(approvals(clients, clients.reviewers, pk))))
        case 1:
            return tuple(sorted(clients.at_once(approvals(clients, [clients.reviewers[0]] * CLIENTS, pk))))
        case _:
            acts = approvals(clients, clients.reviewers[:3], pk)
            answers = clients.at_once([*acts, (clients.asker, f"{pk}/edit/", {"reason": "Said anew."})])
            return (*sorted(answers[:3]), f"edit {answers[3]}")


EXPECTED: dict[int, set[tuple[str, ...]]] = {
    0: {("closed", "closed", "closed", "done")},
    1: {("already_decided", "already_decided", "already_decided", "done")},
    2: {("closed", "closed", "done", "done")},
    # Whoever is first: an approval closes it for the edit, an edit makes what was seen another state.
    3: {("closed", "closed", "done", "edit closed"), ("state_changed",) * 3 + ("edit done",)},
}


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
def test_of_four_at_once_it_is_granted_once_and_never_stuck(tmp_path: Path, vendor: str) -> None:
    rounds = ROUNDS[vendor]
    with database(vendor) as settings, running(tmp_path, **settings) as platform, ExitStack() as stack:
        tokens, asked = prepared(platform, rounds)
        clients, outcomes = stack.enter_context(Clients(platform.url, tokens)), Counter[Any]()
        two = set(asked[2::4])
        for kind in (0, 1, 3, 2):
            if kind == 2:
                platform.manage("shell", "-c", POLICY)
            for pk in asked[kind::4]:
                outcomes[kind, race(clients, kind, pk)] += 1
        sys.stdout.write(f"{vendor}: {rounds} rounds of {CLIENTS} at once: {dict(outcomes)}\n")
        wrong = {key: count for key, count in outcomes.items() if key[1] not in EXPECTED[key[0]]}
        assert wrong == {}
        states = {pk: clients.seen(pk) for pk in asked}
        open_ = [pk for pk, row in states.items() if row["state"] == "submitted"]
        assert len(open_) == outcomes[3, ("state_changed",) * 3 + ("edit done",)]
        assert all(len(states[pk]["decisions"]) == (2 if pk in two else 1) for pk in asked if pk not in open_)
        # Nothing is stuck: what was edited is decided by two who look again.
        for pk in open_:
            assert clients.at_once(approvals(clients, clients.reviewers[:2], pk)) == ["done", "done"]
        assert granted(platform) == {str(pk): 1 for pk in asked}


def prepared(platform: Platform, rounds: int) -> tuple[list[str], list[int]]:
    out = platform.manage("shell", "-c", PREPARE.format(rounds=rounds, clients=CLIENTS))
    tokens, asked = json.loads(out.split("PREPARED")[1].splitlines()[0])
    return tokens, asked


def granted(platform: Platform) -> dict[str, int]:
    """By proposal of these rounds, how many adoptions there are."""
    code = (
        "import json\nfrom collections import Counter\nfrom governance.models import Adoption\n"
        "rows = Adoption.objects.filter(purpose__startswith='round-').values_list('proposal_id', flat=True)\n"
        "print('GRANTED' + json.dumps(Counter(map(str, rows))))"
    )
    found: dict[str, int] = json.loads(platform.manage("shell", "-c", code).split("GRANTED")[1].splitlines()[0])
    return found
