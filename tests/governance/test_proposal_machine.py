"""Whatever people do, in whatever order: nobody decides on an own proposal, and every permit has a decision behind it.

A machine takes random steps (roles come and go, facts change, time passes, pages grow old, somebody tries raw SQL)
and a small model says what each step must answer. `MACHINE_EXAMPLES=200` makes 10,000 steps of it.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from governance import decide as deciding
from governance.audit import verify
from governance.models import Adoption, Decision, Proposal
from governance.permissions import ROLES
from governance.proposals import Refused, decide, digest, expire, propose_adoption, state_of, withdraw
from registry.models import Offering, User
from tests import factories as make
from tests.governance.guards import sql

PEOPLE, OFFERINGS, STEPS = 4, 2, 50
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "9"))
people = st.integers(0, PEOPLE - 1)
offerings = st.integers(0, OFFERINGS - 1)
some = st.integers(0, 7)
mostly = st.sampled_from((True, True, False))
verdicts = st.sampled_from(("approve", "approve", "reject"))
# What decisions were answered with, so that a run which tries nothing does not pass.
ANSWERS: Counter[str] = Counter()


@dataclass
class Asked:
    """What the model knows of a proposal."""

    proposer: int
    offering: int
    decide_by: datetime
    state: str = "submitted"
    seen: dict[int, tuple[str, int]] = field(default_factory=dict)  # by person: the digest and the version of the facts


class Decisions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now = make.NOW
        self.people = [make.user() for _ in range(PEOPLE)]
        self.offerings = [make.offering() for _ in range(OFFERINGS)]
        self.groups = {role: Group.objects.get_or_create(name=role)[0] for role in ROLES}
        self.roles: list[set[str]] = [set() for _ in self.people]
        self.active = [True] * PEOPLE
        self.version = [0] * OFFERINGS
        self.asked: dict[int, Asked] = {}
        self.in_force: dict[int, int] = {}
        for person in range(PEOPLE):
            self.change_role(person, "reviewer", given=True)
            self.change_role(person, "owner", given=True)
        self.propose(0, 0)

    def teardown(self) -> None:
        assert verify().is_intact
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # --- the world around ---

    @rule(person=people, role=st.sampled_from(ROLES), given=mostly)
    def change_role(self, person: int, role: str, given: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        # Behind the back of the person's page, which still holds the old rights.
        held = User.groups.through.objects.filter(user=self.people[person], group=self.groups[role])
        held.delete()
        self.roles[person].discard(role)
        if given:
            self.people[person].groups.add(self.groups[role])
            self.roles[person].add(role)

    @rule(person=people, active=mostly)
    def lock_out_or_in(self, person: int, active: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        User.objects.filter(pk=self.people[person].pk).update(is_active=active)
        self.active[person] = active

    @rule(offering=offerings)
    def change_a_fact(self, offering: int) -> None:
        self.version[offering] += 1
        Offering.objects.filter(pk=self.offerings[offering].pk).update(upstream_id=f"{self.version[offering]:024x}")

    @rule(days=st.integers(0, 6), swept=st.booleans())
    def let_time_pass(self, days: int, swept: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        self.now += timedelta(days=days)
        overdue = [asked for asked in self.asked.values() if asked.state == "submitted" and asked.decide_by < self.now]
        if swept:
            assert expire(self.now) == len(overdue)
            for asked in overdue:
                asked.state = "expired"

    # --- people at work ---

    @rule(person=people, offering=offerings)
    def propose(self, person: int, offering: int) -> None:
        open_for_it = [a for a in self.asked.values() if a.offering == offering and self.is_open(a)]
        expected = "not_allowed" if not self.may_propose(person) else "duplicate" if open_for_it else ""
        answer, proposal = self.attempt(
            propose_adoption,
            proposer=self.people[person],
            offering=self.offerings[offering],
            purpose="embedding",
            distribution="saas",
            reason="We need it.",
        )
        assert answer == expected
        if proposal:
            self.asked[proposal.pk] = Asked(person, offering, proposal.decide_by)

    @rule(person=people, which=some)
    def look(self, person: int, which: int) -> None:
        self.open_page(person, *self.pick(which))

    def open_page(self, person: int, pk: int, asked: Asked) -> None:
        seen = digest(state_of(Proposal.objects.get(pk=pk), now=self.now))
        asked.seen[person] = (seen, self.version[asked.offering])

    @rule(person=people, which=some, verdict=verdicts)
    def look_and_decide(self, person: int, which: int, verdict: str) -> None:
        self.open_page(person, *self.pick(which))
        self.decide(person, which, verdict)

    @rule(person=people, which=some, verdict=verdicts)
    def decide(self, person: int, which: int, verdict: str) -> None:
        pk, asked = self.pick(which)
        seen, version = asked.seen.get(person, ("never looked", -1))
        expected = self.expected_of_decision(person, asked, version, pk)
        answer, _ = self.attempt(
            decide,
            Proposal.objects.get(pk=pk),
            decider=self.people[person],
            verdict=verdict,
            state_digest=seen,
        )
        assert answer == expected
        ANSWERS[answer] += 1
        if not answer:
            asked.state = {"approve": "approved", "reject": "rejected"}[verdict]
            if verdict == "approve":
                self.in_force[asked.offering] = pk

    @rule(person=people, which=some)
    def withdraw(self, person: int, which: int) -> None:
        pk, asked = self.pick(which)
        owns = person == asked.proposer and self.active[person]
        expected = "not_allowed" if not owns else "" if self.is_open(asked) else "closed"
        answer, _ = self.attempt(withdraw, Proposal.objects.get(pk=pk), actor=self.people[person])
        assert answer == expected
        if not answer:
            asked.state = "withdrawn"

    # --- people at the database ---

    @rule(which=some, named=people)
    def decide_as_the_proposer_by_sql(self, which: int, named: int) -> None:
        pk, asked = self.pick(which)
        values = (pk, self.people[named].pk, self.people[asked.proposer].pk, self.now)
        with pytest.raises(IntegrityError):
            sql(
                "INSERT INTO governance_decision (proposal_id, proposer_id, decider_id, verdict, comment,"
                " state_digest, decided_at) VALUES (%s, %s, %s, 'approve', '', '', %s)",
                *values,
            )

    @rule(which=some, to=people)
    def hand_over_or_edit_by_sql(self, which: int, to: int) -> None:
        pk, asked = self.pick(which)
        with pytest.raises(IntegrityError):
            sql("UPDATE governance_proposal SET purpose = 'chat' WHERE id = %s", pk)
        if to != asked.proposer:
            with pytest.raises(IntegrityError):
                sql("UPDATE governance_proposal SET proposer_id = %s WHERE id = %s", self.people[to].pk, pk)

    # --- what always holds ---

    @invariant()
    def nobody_decided_on_an_own_proposal(self) -> None:
        assert not Decision.objects.filter(decider=F("proposal__proposer")).exists()

    @invariant()
    def permits_and_states_are_those_of_the_model(self) -> None:
        standing = dict(Adoption.objects.filter(ended_at=None).values_list("offering_id", "proposal_id"))
        assert standing == {self.offerings[offering].pk: pk for offering, pk in self.in_force.items()}
        states = dict(Proposal.objects.values_list("pk", "state"))
        assert states == {pk: asked.state for pk, asked in self.asked.items()}

    # --- the model ---

    def pick(self, which: int) -> tuple[int, Asked]:
        return sorted(self.asked.items())[which % len(self.asked)]

    def is_open(self, asked: Asked) -> bool:
        return asked.state == "submitted" and asked.decide_by >= self.now

    def may_propose(self, person: int) -> bool:
        return self.active[person] and bool(self.roles[person] & {"owner", "reviewer"})

    def expected_of_decision(self, person: int, asked: Asked, version: int, pk: int) -> str:
        if person == asked.proposer:
            return "own_proposal"
        if not self.active[person] or "reviewer" not in self.roles[person]:
            return "not_allowed"
        if Decision.objects.filter(proposal=pk, decider=self.people[person]).exists():
            return "already_decided"
        if not self.is_open(asked):
            return "closed"
        return "" if version == self.version[asked.offering] else "state_changed"

    def attempt(self, act: Any, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        """The code of the refusal, or '' and what came back."""
        try:
            return "", act(*args, **kwargs, now=self.now)
        except Refused as refused:
            return refused.code, None


def run(examples: int, **options: Any) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize="MACHINE_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        **options,
    )
    run_state_machine_as_test(Decisions, settings=chosen)


@pytest.mark.django_db
def test_no_order_of_steps_lets_anybody_decide_on_an_own_proposal() -> None:
    ANSWERS.clear()
    run(EXAMPLES)
    assert set(ANSWERS) == {"", "own_proposal", "not_allowed", "already_decided", "closed", "state_changed"}


@pytest.mark.django_db
def test_without_the_check_of_the_person_the_machine_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "_refuse_the_wrong_person", lambda _proposal, _decider: None)
    with pytest.raises((AssertionError, IntegrityError, ExceptionGroup)):
        run(10, phases=[Phase.generate])
