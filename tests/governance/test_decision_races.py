"""Several people at the same moment, on a real PostgreSQL: one grant, one chain; and with the locks off it breaks."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from governance import append, audit
from governance import decide as deciding
from governance.models import Adoption, AuditEntry, Decision, Proposal
from governance.proposals import Refused, decide, digest, propose_adoption, state_of
from registry.models import Offering, User
from tests import factories as make
from tests.factories import NOW

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="set DATABASE_URL to a PostgreSQL server"),
]

ROUNDS, CLIENTS = 50, 4
FEWER = 20
WRITERS, LINES = 6, 50


def at_once(acts: Iterable[Callable[[], object]]) -> list[str]:
    """Run each in a thread and a connection of its own, all from the same moment; what each came to."""
    acts = list(acts)
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            act()
        except Refused as refused:
            return refused.code
        except DatabaseError as error:
            return type(error).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def owner() -> User:
    return make.user(role="owner")


@pytest.fixture
def reviewers() -> list[User]:
    return [make.user(role="reviewer") for _ in range(CLIENTS)]


def proposed(owner: User, offering: Offering, number: int) -> Proposal:
    return propose_adoption(
        proposer=owner, offering=offering, purpose=f"use-{number}", distribution="saas", reason="r", now=NOW
    )


def approve(proposal: Proposal, decider: User, seen: str) -> Callable[[], object]:
    return lambda: decide(proposal, decider=decider, verdict="approve", state_digest=seen, now=NOW)


def test_of_several_reviewers_at_once_one_decides(owner: User, reviewers: list[User]) -> None:
    offering = make.offering()
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        proposal = proposed(owner, offering, number)
        seen = digest(state_of(proposal))
        outcomes.update(at_once(approve(proposal, reviewer, seen) for reviewer in reviewers))
    assert outcomes == {"done": ROUNDS, "closed": ROUNDS * (CLIENTS - 1)}
    assert Adoption.objects.count() == Decision.objects.count() == ROUNDS
    assert audit.verify().is_intact


def test_a_click_made_several_times_decides_once(owner: User, reviewers: list[User]) -> None:
    offering = make.offering()
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        proposal = proposed(owner, offering, number)
        outcomes.update(at_once([approve(proposal, reviewers[0], digest(state_of(proposal)))] * CLIENTS))
    assert outcomes == {"done": ROUNDS, "already_decided": ROUNDS * (CLIENTS - 1)}
    assert Adoption.objects.count() == ROUNDS


def test_without_the_lock_people_race_into_each_other(
    owner: User, reviewers: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "_locked", lambda proposal: Proposal.objects.get(pk=proposal.pk))
    offering = make.offering()
    outcomes: Counter[str] = Counter()
    for number in range(FEWER):
        proposal = proposed(owner, offering, number)
        seen = digest(state_of(proposal))
        outcomes.update(at_once(approve(proposal, reviewer, seen) for reviewer in reviewers))
    # What is left then is the unique key of the table: an error instead of an answer, never a second grant.
    assert outcomes["IntegrityError"] > 0
    assert Adoption.objects.count() == FEWER


def test_a_fact_that_changes_in_the_same_moment_is_never_approved_unseen(owner: User, reviewers: list[User]) -> None:
    offering = make.offering()
    outcomes: Counter[str] = Counter()
    for number in range(FEWER):
        Offering.objects.filter(pk=offering.pk).update(gating="open")
        proposal = proposed(owner, offering, number)
        seen = digest(state_of(proposal))
        gate = Offering.objects.filter(pk=offering.pk)
        results = at_once([approve(proposal, reviewers[0], seen), lambda gate=gate: gate.update(gating="manual")])
        outcomes[results[0]] += 1
    rest_on = Adoption.objects.filter(basis__fact="gating").values_list("basis__value", flat=True)
    assert set(outcomes) <= {"done", "state_changed"}
    assert list(rest_on) == ["open"] * outcomes["done"]


def test_proposing_the_same_at_once_makes_one_proposal(owner: User) -> None:
    offering = make.offering()
    for number in range(10):
        outcomes = at_once([lambda number=number: proposed(owner, offering, number)] * CLIENTS)
        assert Counter(outcomes) == {"done": 1, "duplicate": CLIENTS - 1}


def write_lines(actor: User) -> None:
    for number in range(LINES):
        with transaction.atomic():
            audit.record("test:user:changed", actor, actor=actor, after={"n": number})


def test_writers_side_by_side_make_one_chain_without_a_fork() -> None:
    actor = make.user()
    outcomes = at_once([lambda: write_lines(actor)] * WRITERS)
    assert outcomes == ["done"] * WRITERS
    assert audit.verify().last.sequence == WRITERS * LINES
    assert audit.verify().is_intact
    assert AuditEntry.objects.values("previous_hash").distinct().count() == WRITERS * LINES


def test_without_the_lock_writers_take_the_same_place_in_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    unlocked = append._LOCK_AND_INSERT.replace("pg_advisory_xact_lock(%s)", "%s")  # noqa: SLF001 - the guard itself
    monkeypatch.setattr(append, "_LOCK_AND_INSERT", unlocked)
    actor = make.user()
    assert "IntegrityError" in at_once([lambda: write_lines(actor)] * WRITERS)
