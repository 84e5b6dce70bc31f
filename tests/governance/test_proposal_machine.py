"""Whatever people do, in whatever order: nobody decides on an own proposal, and every permit has a decision behind it.

A machine takes random steps (roles come and go, facts change, time passes, pages grow old, proposals are edited, people
stand in for each other, the policy asks for one or two, somebody tries raw SQL) and a small model says what each step
must answer. `MACHINE_EXAMPLES=200` makes 10,000 steps of it.
"""

import os
from collections import Counter
from datetime import timedelta
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
from governance.models import Adoption, Decision, Delegation, Policy, Proposal
from governance.permissions import ROLES
from governance.proposals import (
    Refused,
    comment,
    decide,
    delegate,
    digest,
    edit,
    expire,
    propose_adoption,
    propose_retirement,
    state_of,
    take_back,
    withdraw,
)
from registry.models import AIModel, Offering, User
from tests import factories as make
from tests.governance.guards import sql
from tests.governance.machine_rows import Absence, Asked, Vote

PEOPLE, OFFERINGS, STEPS = 4, 2, 50
# What a proposal to retire the spare model is about, in the place of an offering.
RETIREMENT = OFFERINGS
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "9"))
people = st.integers(0, PEOPLE - 1)
offerings = st.integers(0, OFFERINGS - 1)
some = st.integers(0, 7)
mostly = st.sampled_from((True, True, False))
verdicts = st.sampled_from(("approve", "approve", "reject"))
# What decisions were answered with, so that a run which tries nothing does not pass.
ANSWERS: Counter[str] = Counter()


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
        self.absences: dict[int, Absence] = {}
        self.quorum = 1
        self.spare = make.model()
        self.retired_by = 0
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

    @rule(number=st.sampled_from((1, 1, 2)))
    def ask_for(self, number: int) -> None:
        self.quorum = number
        document = {"routes": {"by_license_class": {"adopt_model": {"open": {"reviewer": number}}}}}
        Policy.objects.create(
            version=Policy.objects.count() + 1,
            document=document,
            reason="r",
            author=self.people[0],
            in_force_from=self.now,
        )

    # --- people at work ---

    @rule(person=people, to=people, days=st.integers(0, 9))
    def let_stand_in(self, person: int, to: int, days: int) -> None:
        until = self.now.date() + timedelta(days=days)
        answer, made = self.attempt(
            delegate, delegator=self.people[person], delegate=self.people[to], until=until, reason="On leave."
        )
        assert answer == self.expected_of_delegation(person, to)
        if made:
            self.absences[made.pk] = Absence(person, to, until)

    @rule(person=people, which=some)
    def come_back(self, person: int, which: int) -> None:
        if not self.absences:
            return
        pk, absence = sorted(self.absences.items())[which % len(self.absences)]
        answer, _ = self.attempt(take_back, Delegation.objects.get(pk=pk), by=self.people[person])
        is_of_the_two = person in (absence.delegator, absence.delegate) and bool(self.roles[person])
        allowed = self.active[person] and (is_of_the_two or "admin" in self.roles[person])
        ended = absence.is_over or absence.until < self.now.date()
        assert answer == ("not_allowed" if not allowed else "closed" if ended else "")
        absence.is_over |= not answer

    @rule(person=people, which=some)
    def edit(self, person: int, which: int) -> None:
        pk, asked = self.pick(which)
        answer, _ = self.attempt(edit, Proposal.objects.get(pk=pk), actor=self.people[person], reason="Said anew.")
        owns = person == asked.proposer and self.active[person]
        assert answer == ("not_allowed" if not owns else "" if self.is_open(asked) else "closed")
        if not answer:
            asked.round, asked.votes = asked.round + 1, []

    @rule(person=people, which=some)
    def say_something(self, person: int, which: int) -> None:
        pk, asked = self.pick(which)
        answer, _ = self.attempt(comment, Proposal.objects.get(pk=pk), author=self.people[person], text="Hm.")
        speaks = self.active[person] and bool(self.roles[person])
        assert answer == ("not_allowed" if not speaks else "" if asked.state == "submitted" else "closed")

    @rule(person=people)
    def propose_to_retire(self, person: int) -> None:
        waits = any(asked.offering == RETIREMENT and self.is_open(asked) for asked in self.asked.values())
        may = self.active[person] and "reviewer" in self.roles[person]
        expected = "invalid" if self.retired_by else "not_allowed" if not may else "duplicate" if waits else ""
        answer, made = self.attempt(
            propose_retirement, proposer=self.people[person], model=self.spare, reason="Nobody uses it."
        )
        assert answer == expected
        if made:
            self.asked[made.pk] = Asked(person, RETIREMENT, made.decide_by)

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
        asked.seen[person] = (seen, self.version_of(asked))

    @rule(person=people, which=some, verdict=verdicts)
    def look_and_decide(self, person: int, which: int, verdict: str) -> None:
        self.open_page(person, *self.pick(which))
        self.decide(person, which, verdict)

    @rule(person=people, which=some, verdict=verdicts)
    def decide(self, person: int, which: int, verdict: str) -> None:
        pk, asked = self.pick(which)
        seen, version = asked.seen.get(person, ("never looked", (-1, -1)))
        expected = self.expected_of_decision(person, asked, version, pk)
        places = self.free_places(person, asked, pk)
        answer, _ = self.attempt(
            decide,
            Proposal.objects.get(pk=pk),
            decider=self.people[person],
            verdict=verdict,
            state_digest=seen,
        )
        assert answer == expected
        ANSWERS[answer] += 1
        if not answer and verdict == "reject":
            asked.state = "rejected"
        elif not answer:
            self.count(pk, asked, person, places)

    @rule(person=people, which=some)
    def withdraw(self, person: int, which: int) -> None:
        pk, asked = self.pick(which)
        owns = person == asked.proposer and self.active[person]
        expected = "not_allowed" if not owns else "" if self.is_open(asked) else "closed"
        answer, _ = self.attempt(withdraw, Proposal.objects.get(pk=pk), actor=self.people[person])
        assert answer == expected
        if not answer:
            asked.state = "withdrawn"

    def count(self, pk: int, asked: Asked, person: int, places: list[int]) -> None:
        """An approval was given: in one of the places that were free; enough that still count grant once."""
        row = Decision.objects.filter(proposal=pk).latest("pk")
        place = self.number_of(row.acting_for_id or row.decider_id)
        assert place in places
        asked.votes.append(Vote(person, place, row.delegation_id, self.version_of(asked)))
        needed = self.quorum if asked.offering != RETIREMENT else 1
        if sum(self.still_counts(vote, asked) for vote in asked.votes) >= needed:
            asked.state = "approved"
            if asked.offering == RETIREMENT:
                self.retired_by = pk
            else:
                self.in_force[asked.offering] = pk

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
        assert not Decision.objects.filter(acting_for=F("proposal__proposer")).exists()

    @invariant()
    def permits_and_states_are_those_of_the_model(self) -> None:
        standing = dict(Adoption.objects.filter(ended_at=None).values_list("offering_id", "proposal_id"))
        assert standing == {self.offerings[offering].pk: pk for offering, pk in self.in_force.items()}
        states = dict(Proposal.objects.values_list("pk", "state"))
        assert states == {pk: asked.state for pk, asked in self.asked.items()}
        is_retired = AIModel.objects.filter(pk=self.spare.pk, state="withdrawn").exists()
        assert is_retired == bool(self.retired_by)

    # --- the model ---

    def pick(self, which: int) -> tuple[int, Asked]:
        return sorted(self.asked.items())[which % len(self.asked)]

    def is_open(self, asked: Asked) -> bool:
        return asked.state == "submitted" and asked.decide_by >= self.now

    def may_propose(self, person: int) -> bool:
        return self.active[person] and bool(self.roles[person] & {"owner", "reviewer"})

    def version_of(self, asked: Asked) -> tuple[int, int]:
        return (0 if asked.offering == RETIREMENT else self.version[asked.offering]), asked.round

    def decides(self, person: int) -> bool:
        return self.active[person] and "reviewer" in self.roles[person]

    def places(self, person: int, asked: Asked) -> list[int]:
        """In whose places `person` may decide today."""
        today = self.now.date()
        lent = [
            one.delegator
            for one in self.absences.values()
            if one.delegate == person and not one.is_over and one.until >= today and one.delegator != asked.proposer
        ]
        return [place for place in (person, *lent) if self.active[person] and self.decides(place)]

    def free_places(self, person: int, asked: Asked, pk: int) -> list[int]:
        now_is = digest(state_of(Proposal.objects.get(pk=pk), now=self.now))
        rows = Decision.objects.filter(proposal=pk, round=asked.round, state_digest=now_is)
        given = rows.values_list("decider", "acting_for")
        taken = {self.number_of(one) for pair in given for one in pair if one}
        return (
            [] if self.people[person].pk in dict(given) else [p for p in self.places(person, asked) if p not in taken]
        )

    def number_of(self, person_pk: int) -> int:
        return [person.pk for person in self.people].index(person_pk)

    def still_counts(self, vote: Vote, asked: Asked) -> bool:
        if vote.version != self.version_of(asked):
            return False
        is_over = vote.absence is not None and self.absences[vote.absence].is_over
        return self.active[vote.by] and self.decides(vote.place) and not is_over

    def expected_of_delegation(self, person: int, to: int) -> str:
        if not self.active[person] or not self.roles[person] & {"reviewer", "legal"}:
            return "not_allowed"
        if person == to or not self.active[to] or not self.roles[to]:
            return "invalid"
        standing = [one for one in self.absences.values() if (one.delegator, one.delegate) == (person, to)]
        return "duplicate" if any(not o.is_over and o.until >= self.now.date() for o in standing) else ""

    def expected_of_decision(self, person: int, asked: Asked, version: tuple[int, int], pk: int) -> str:
        if person == asked.proposer:
            return "own_proposal"
        if not self.places(person, asked):
            return "not_allowed"
        if not self.free_places(person, asked, pk):
            return "already_decided"
        if not self.is_open(asked):
            return "closed"
        return "" if version == self.version_of(asked) else "state_changed"

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
    monkeypatch.setattr(deciding, "_refuse_one_in_two_hats", lambda _proposal, _decider: None)
    with pytest.raises((AssertionError, IntegrityError, ExceptionGroup)):
        run(10, phases=[Phase.generate])
