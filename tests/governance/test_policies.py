"""Changing the policy: at once, or by a second person where it loosens something."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from governance.models import AuditEntry, Policy, Proposal
from governance.policies import Outcome, change
from governance.policy_state import text_of
from governance.proposals import decide, digest, state_of
from governance.refused import Refused
from governance.terms import terms_in_force
from registry.models import User
from tests import factories as f
from tests.factories import NOW
from tests.governance.guards import drop_guard, sql

pytestmark = pytest.mark.django_db

STRICTER = "# We want to know early.\nwaiver_max_days = 60\n"
LOOSER = "# Audits take longer.\nwaiver_max_days = 60\napproval_days = 700\n"


@pytest.fixture
def rita() -> User:
    return f.user("rita", role="reviewer")


def changed(text: str, author: User, **fields: object) -> Outcome:
    return change(author=author, text=text, reason="We thought about it.", now=NOW, **fields)  # type: ignore[arg-type]  # a table of fields


def approved(proposal: Proposal, **fields: object) -> Proposal:
    reviewer = f.user(role="reviewer")
    seen = digest(state_of(proposal, now=NOW))
    return decide(proposal, decider=reviewer, verdict="approve", state_digest=seen, now=NOW)


def test_what_loosens_nothing_takes_force_at_once_and_is_audited(rita: User) -> None:
    outcome = changed(STRICTER, rita)

    assert outcome.policy is not None
    assert (outcome.policy.version, outcome.policy.text, outcome.policy.loosens) == (1, STRICTER, "")
    assert terms_in_force(NOW).waiver_max_days == 60
    line = AuditEntry.objects.get(tag="governance:policy:changed")
    assert line.after is not None
    assert line.after["text"] == STRICTER


def test_what_loosens_waits_for_another_person(rita: User) -> None:
    outcome = changed(LOOSER, rita)

    assert outcome.policy is None
    assert [str(one) for one in outcome.loosened] == ["approval_days: 365 becomes 700"]
    assert outcome.proposal is not None
    assert terms_in_force(NOW).approval_days == 365

    with pytest.raises(Refused) as refused:
        decide(
            outcome.proposal,
            decider=rita,
            verdict="approve",
            state_digest=digest(state_of(outcome.proposal, now=NOW)),
            now=NOW,
        )
    assert refused.value.code == "own_proposal"

    approved(outcome.proposal)
    stored = Policy.objects.get()
    assert (stored.text, stored.author, stored.proposal) == (LOOSER, rita, outcome.proposal)
    assert stored.loosens == "approval_days: 365 becomes 700"
    assert terms_in_force(NOW).approval_days == 700


def test_a_policy_may_ask_for_more_people_to_loosen_it(rita: User) -> None:
    changed("# Two agree.\n[routes.by_criticality.change_policy]\ncritical = {reviewer = 2}\n", rita)
    text = "# Two agree.\napproval_days = 700\n[routes.by_criticality.change_policy]\ncritical = {reviewer = 2}\n"
    waiting = changed(text, rita).proposal
    assert waiting is not None
    assert approved(waiting).state == Proposal.State.SUBMITTED
    assert terms_in_force(NOW).approval_days == 365
    assert approved(waiting).state == Proposal.State.APPROVED
    assert terms_in_force(NOW).approval_days == 700


def test_a_decision_on_what_a_newer_version_has_overtaken_is_asked_again(rita: User) -> None:
    proposal = changed(LOOSER, rita).proposal
    assert proposal is not None
    seen = digest(state_of(proposal, now=NOW))
    changed(STRICTER, rita)

    with pytest.raises(Refused) as refused:
        decide(proposal, decider=f.user(role="reviewer"), verdict="approve", state_digest=seen, now=NOW)

    assert refused.value.code == "state_changed"


def test_a_stricter_version_that_is_still_to_come_is_not_taken_back_by_one_person(rita: User) -> None:
    changed(STRICTER, rita, in_force_from=NOW + timedelta(days=7))

    outcome = changed("waiver_max_days = 80\n", rita)

    assert [str(one) for one in outcome.loosened] == ["waiver_max_days: 60 becomes 80"]


def test_a_version_takes_force_on_its_day(rita: User) -> None:
    tomorrow = NOW + timedelta(days=1)
    changed(STRICTER, rita, in_force_from=tomorrow)

    assert terms_in_force(NOW).waiver_max_days == 90
    assert terms_in_force(tomorrow).waiver_max_days == 60


def test_what_is_exported_and_brought_back_is_no_change(rita: User) -> None:
    changed(STRICTER, rita)
    exported = text_of(Policy.objects.get())

    outcome = changed(exported, rita)

    assert (outcome.is_changed, outcome.policy) == (False, Policy.objects.get())
    assert exported == STRICTER


def test_the_built_in_policy_is_exported_too_and_changes_nothing(rita: User) -> None:
    outcome = changed(text_of(None), rita)

    assert (outcome.is_changed, outcome.policy) == (False, None)
    assert "# waiver_max_days = 90" in text_of(None)


def test_a_version_that_was_stored_without_a_text_is_exported_from_its_document(rita: User) -> None:
    document = {"lead_days": {"critical": 120}, "levels": {"UD303": "error"}}
    stored = Policy.objects.create(version=1, document=document, reason="r", author=rita, in_force_from=NOW)

    assert changed(text_of(stored), rita).is_changed is False


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("# one\nlead_day = 3\n", "line 2, lead_day: is not known", 2),
        ('a = "', "line 1: this is no TOML", 1),
        ("[enforce_from]\nUD401 = 2999-01-01\n", "line 2, enforce_from.UD401: must be within 365 days", 2),
        ('[levels]\nUD104 = "note"\n', "line 2, levels.UD104.production.critical: is about what nobody may soften", 2),
        (
            '[levels.UD305.production]\nnormal = "warning"\n',
            "line 2, levels.UD305.production.normal: is about what nobody may soften: it is at least error, not warning.",
            2,
        ),
        ("[enforce_from.systems.serach]\nUD401 = 2026-06-01\n", "line 1, enforce_from.systems.serach: there is no", 1),
        (
            '[[exceptions]]\ntag = "x"\nrules = ["UD401"]\nlevel = "note"\nreason = "r"\nuntil = 2099-01-01\n',
            "line 6, exceptions[0].until: must be within 365 days, at the latest 2027-04-15",
            6,
        ),
    ],
)
def test_a_text_that_cannot_be_meant_is_refused_with_line_and_field(
    text: str, message: str, line: int, rita: User
) -> None:
    with pytest.raises(Refused, match=r"^line") as refused:
        changed(text, rita)

    assert str(refused.value).startswith(message)
    assert refused.value.extra["line"] == line


def test_owners_do_not_change_the_policy() -> None:
    with pytest.raises(Refused) as refused:
        changed(STRICTER, f.user(role="owner"))
    assert refused.value.code == "not_allowed"


def test_one_change_waits_at_a_time(rita: User) -> None:
    changed(LOOSER, rita)
    with pytest.raises(Refused) as refused:
        changed("approval_days = 800\n", rita)
    assert refused.value.code == "duplicate"


INSERT = (
    "INSERT INTO governance_policy (version, document, text, loosens, proposal_id, reason, author_id, in_force_from, "
    "created_at) VALUES (9, '{}', %s, %s, %s, 'r', %s, %s, %s)"
)


def test_raw_sql_cannot_loosen_without_a_proposal(rita: User) -> None:
    with pytest.raises(IntegrityError, match="loosening_policy_has_a_proposal"):
        sql(INSERT, LOOSER, "approval_days", None, rita.pk, NOW, NOW)


def test_raw_sql_cannot_loosen_with_a_proposal_that_nobody_approved(rita: User) -> None:
    proposal = changed(LOOSER, rita).proposal
    assert proposal is not None
    with pytest.raises(IntegrityError, match="another person approved"):
        sql(INSERT, LOOSER, "approval_days", proposal.pk, rita.pk, NOW, NOW)

    drop_guard("policy_is_as_it_was_approved", "governance_policy")
    assert sql(INSERT, LOOSER, "approval_days", proposal.pk, rita.pk, NOW, NOW) == 1


def test_the_text_of_a_proposal_is_pinned(rita: User) -> None:
    proposal = changed(LOOSER, rita).proposal
    assert proposal is not None
    with pytest.raises(IntegrityError, match="what a proposal is about"):
        Proposal.objects.filter(pk=proposal.pk).update(policy_text=STRICTER)
