"""From a change to impacts, actions and ended approvals, with real rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import basis, triage
from governance.evaluation import evaluate_dependency
from governance.facts import load_offerings
from governance.models import (
    Action,
    Approval,
    AuditEntry,
    Basis,
    Concern,
    Evaluation,
    Impact,
    Proposal,
    Triage,
    TriageFailure,
)
from governance.proposals import decide, digest, propose_adoption, state_of
from governance.triage import triage_changes
from registry.models import (
    Alternative,
    Change,
    ChangeKind,
    Dependency,
    FallbackPlan,
    Offering,
    PlanRevision,
    PollRun,
    Revision,
)
from tests import factories as make
from tests.admin_rows import decided
from tests.factories import NOW, TODAY, day

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def change(kind: ChangeKind, **fields: Any) -> Change:
    defaults: dict[str, Any] = {
        "severity": "warning",
        "origin": "source",
        "detected_at": NOW,
        "evidence_url": "https://hub.example/acme/e5",
    }
    return Change.objects.create(kind=kind, **(defaults | fields))


def paths_of(row: Change) -> set[tuple[int, str]]:
    return set(Impact.objects.filter(change=row).values_list("dependency_id", "path"))


def set_facts(offering: Offering, **facts: Any) -> None:
    """What ingest does before it writes a change: bring the effective facts up to date."""
    Offering.objects.filter(pk=offering.pk).update(**facts)


def test_a_change_reaches_who_uses_the_offering_and_nobody_else() -> None:
    used, other = make.dependency(), make.dependency()
    ended = make.dependency(offering=used.offering, ended_on=TODAY)
    gated = change(ChangeKind.GATED, offering=used.offering)
    triage_changes(now=NOW)
    assert paths_of(gated) == {(used.pk, "direct")}
    assert list(Action.objects.values_list("dependency_id", "concern", "team_id")) == [
        (used.pk, "access", used.system.team_id)
    ]
    assert {other.pk, ended.pk}.isdisjoint(Impact.objects.values_list("dependency_id", flat=True))


def test_a_change_of_a_mapped_listing_reaches_who_uses_its_offering() -> None:
    used = make.dependency()
    row = change(ChangeKind.DEPRECATED, listing=make.listing("acme/e5", offering=used.offering))
    triage_changes(now=NOW)
    assert paths_of(row) == {(used.pk, "direct")}


def test_a_change_of_an_alternative_reaches_the_plan_of_its_newest_submitted_revision_only() -> None:
    planned, former = make.dependency(), make.dependency()
    spare = make.offering()
    make.plan(planned, spare)
    make.plan(former, spare)
    make.plan(former, make.offering())
    row = change(ChangeKind.REMOVED, offering=spare)
    triage_changes(now=NOW)
    assert paths_of(row) == {(planned.pk, "alternative")}
    assert Action.objects.get().concern == Concern.INDEPENDENCE


def test_a_change_of_a_base_model_reaches_what_was_made_from_it_but_not_the_same_model_elsewhere() -> None:
    base = make.offering()
    child = make.model()
    make.derived(child, base.model)
    derived = make.dependency(offering=make.offering(model=child))
    make.dependency(offering=make.offering(host="azure", model=base.model))
    row = change(ChangeKind.GATED, offering=base)
    triage_changes(now=NOW)
    assert paths_of(row) == {(derived.pk, "lineage")}
    assert not Action.objects.exists()


def test_a_vendor_signal_reaches_everything_that_leads_back_to_the_vendor() -> None:
    parent = make.vendor("alibaba")
    lab = make.vendor("qwen", parent=parent)
    third = make.vendor("third-party")
    base = make.model(developer=lab)
    tuned = make.model(developer=third)
    make.derived(tuned, base)
    direct = make.dependency(offering=make.offering(model=base))
    through_lineage = make.dependency(offering=make.offering(model=tuned))
    served = make.dependency(offering=make.offering(host="alibaba-cloud", provider=parent))
    leaning = make.dependency()
    make.plan(leaning, make.offering(model=base))
    row = change(ChangeKind.VENDOR_SIGNAL, vendor=parent, summary="shifts from open models to revenue")
    triage_changes(now=NOW)
    assert paths_of(row) == {
        (direct.pk, "vendor"),
        (through_lineage.pk, "vendor"),
        (served.pk, "vendor"),
        (leaning.pk, "alternative"),
    }
    assert set(Action.objects.values_list("dependency_id", flat=True)) == {direct.pk, through_lineage.pk, served.pk}


def test_a_pinned_system_keeps_its_license_and_hears_that_nothing_has_to_be_done() -> None:
    offering = make.offering(revision="b" * 40)
    pinned = make.dependency(offering=offering, pinned_revision="a" * 40)
    floating = make.dependency(offering=offering, pinned_revision="")
    change(ChangeKind.LICENSE_CHANGED, offering=offering, before="apache-2.0", after="other")
    triage_changes(now=NOW)
    assert "nothing has to be done" in Impact.objects.get(dependency=pinned).explanation
    assert [action.dependency_id for action in Action.objects.all()] == [floating.pk]


def test_each_change_is_worked_through_once_however_often_it_is_looked_for() -> None:
    used = make.dependency()
    row = change(ChangeKind.GATED, offering=used.offering)
    assert [triage_changes(now=NOW), triage_changes(now=NOW)] == [1, 0]
    assert triage._work_through([row.pk], now=NOW) == 0  # noqa: SLF001 - what a worker does that read the row earlier
    assert (Impact.objects.count(), Action.objects.count(), Triage.objects.count()) == (1, 1, 1)


def test_what_an_unfinished_poll_wrote_does_not_count_yet() -> None:
    used = make.dependency()
    run = PollRun.objects.create(source=make.source(), slot=NOW, started_at=NOW, lease_until=LATER)
    change(ChangeKind.GATED, offering=used.offering, run=run)
    assert triage_changes(now=NOW) == 0
    PollRun.objects.update(completed_at=NOW)
    assert triage_changes(now=NOW) == 1


def test_thousands_of_listings_that_nobody_uses_are_marked_in_a_few_queries() -> None:
    source = make.source()
    listings = [make.listing(f"m/{number}", source_=source) for number in range(20)]
    rows = [
        Change(kind="listed", severity="info", origin="source", listing=listings[number % 20], detected_at=NOW)
        for number in range(4000)
    ]
    Change.objects.bulk_create(rows)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert triage_changes(now=NOW) == 4000
    assert len(queries) < 30
    assert Triage.objects.count() == 4000
    assert not Impact.objects.exists()


def test_one_action_stands_for_a_concern_and_later_changes_update_it() -> None:
    used = make.dependency()
    change(ChangeKind.DEPRECATED, offering=used.offering, severity="notice")
    triage_changes(now=NOW)
    first = Action.objects.get()
    set_facts(used.offering, retires_on=day("2026-05-10"))
    change(ChangeKind.RETIREMENT_ANNOUNCED, offering=used.offering, effective_on=day("2026-05-10"), detected_at=LATER)
    triage_changes(now=LATER)
    action = Action.objects.get()
    assert action.pk == first.pk
    assert "retires on 2026-05-10" in action.title
    assert action.due_on < first.due_on
    assert Impact.objects.filter(action=action).count() == 2


def test_a_later_retirement_moves_the_deadline_back() -> None:
    used = make.dependency()
    set_facts(used.offering, retires_on=day("2026-09-30"))
    change(ChangeKind.RETIREMENT_ANNOUNCED, offering=used.offering, effective_on=day("2026-09-30"))
    triage_changes(now=NOW)
    set_facts(used.offering, retires_on=day("2026-12-31"))
    change(ChangeKind.RETIREMENT_MOVED, offering=used.offering, effective_on=day("2026-12-31"), detected_at=LATER)
    triage_changes(now=LATER)
    assert Action.objects.get().due_on == day("2026-10-02")


def test_a_snoozed_action_wakes_up_when_it_gets_worse() -> None:
    used = make.dependency()
    change(ChangeKind.DEPRECATED, offering=used.offering)
    triage_changes(now=NOW)
    Action.objects.update(state="snoozed", snoozed_until=day("2026-06-01"))
    change(ChangeKind.RETIRED, offering=used.offering, severity="critical", detected_at=LATER)
    triage_changes(now=LATER)
    action = Action.objects.get()
    assert (action.state, action.snoozed_until) == ("open", None)


def test_a_withdrawn_retirement_settles_the_action_unless_the_model_stays_deprecated() -> None:
    gone, lingering = make.dependency(), make.dependency()
    set_facts(lingering.offering, status="deprecated")
    for used in (gone, lingering):
        change(ChangeKind.RETIREMENT_ANNOUNCED, offering=used.offering, effective_on=day("2026-09-30"))
        change(ChangeKind.RETIREMENT_WITHDRAWN, offering=used.offering, detected_at=LATER)
    triage_changes(now=LATER)
    assert Action.objects.get(dependency=gone).state == "done"
    assert Action.objects.get(dependency=lingering).state == "open"


def test_a_done_action_is_followed_by_a_new_one() -> None:
    used = make.dependency()
    change(ChangeKind.GATED, offering=used.offering)
    triage_changes(now=NOW)
    Action.objects.update(state="done")
    change(ChangeKind.GATED, offering=used.offering, detected_at=LATER)
    triage_changes(now=LATER)
    assert list(Action.objects.order_by("pk").values_list("state", flat=True)) == ["done", "open"]


def test_a_change_that_cannot_be_worked_through_stops_no_other_and_is_set_aside_after_three_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = make.dependency(), make.dependency()
    poison = change(ChangeKind.GATED, offering=bad.offering)
    change(ChangeKind.GATED, offering=good.offering, detected_at=LATER)
    find = triage.find

    def find_or_die(rows: list[Change], **kwargs: Any) -> Any:
        return 1 / 0 if poison in rows else find(rows, **kwargs)

    monkeypatch.setattr(triage, "find", find_or_die)
    marked = [triage_changes(now=NOW) for _ in range(5)]
    assert marked == [1, 0, 0, 0, 0]
    assert TriageFailure.objects.get().failures == 3
    assert not Triage.objects.filter(change=poison).exists()
    assert Action.objects.get().dependency == good


def test_a_dependency_declared_after_the_announcement_hears_of_it_once() -> None:
    offering = make.offering()
    set_facts(offering, retires_on=day("2026-09-30"), gating="manual")
    announced = change(ChangeKind.RETIREMENT_ANNOUNCED, offering=offering, effective_on=day("2026-09-30"))
    triage_changes(now=NOW)
    late = make.dependency(offering=offering)
    assert [evaluate_dependency(late, now=LATER), evaluate_dependency(late, now=LATER)] == [True, False]
    triage_changes(now=LATER)
    assert set(Action.objects.values_list("concern", flat=True)) == {"retirement", "access"}
    assert paths_of(announced) == {(late.pk, "direct")}
    assert Impact.objects.count() == 2


def test_gating_that_was_there_when_it_was_adopted_asks_for_nothing() -> None:
    offering = make.offering(gating="manual")
    used = make.dependency(offering=offering)
    owner, reviewer = make.user(role="owner"), make.user(role="reviewer")
    proposal = propose_adoption(
        proposer=owner,
        offering=offering,
        purpose=used.purpose,
        distribution=used.system.distribution,
        reason="We hold an account that may read it.",
        now=NOW,
    )
    seen = digest(state_of(proposal))
    decide(proposal, decider=reviewer, verdict="approve", state_digest=seen, now=NOW)
    triage_changes(now=LATER)
    assert Evaluation.objects.filter(dependency=used).exists()
    assert not Action.objects.exists()


def test_the_sweep_finds_dependencies_that_nobody_evaluated() -> None:
    troubled = make.offering(status="deprecated")
    make.dependency(offering=troubled)
    make.dependency()
    triage_changes(now=NOW)
    assert Evaluation.objects.count() == 2
    assert Action.objects.get().dependency.offering == troubled


def test_what_the_first_look_finds_counts_as_older_than_the_changes_of_the_same_sweep() -> None:
    offering = make.offering(gating="manual")
    used = make.dependency(offering=offering)
    set_facts(offering, status="deprecated")
    change(ChangeKind.DEPRECATED, offering=offering)
    triage_changes(now=NOW)
    first_look = Evaluation.objects.get(dependency=used).evaluated_at
    assert Action.objects.get(concern="access").created_at <= first_look
    assert Action.objects.get(concern="retirement").created_at > first_look


def approval(dependency: Dependency, spare: Offering, **alternative: Any) -> Approval:
    """An approval that rests on the facts of this moment, as a decision leaves it."""
    revision = PlanRevision.objects.create(
        plan=FallbackPlan.objects.create(dependency=dependency), number=1, created_by=make.user()
    )
    pinned = spare.head_revision
    row = Alternative.objects.create(
        plan_revision=revision, order=1, kind="offering", offering=spare, pinned_revision=pinned, **alternative
    )
    PlanRevision.objects.filter(pk=revision.pk).update(submitted_at=NOW)
    proposal = Proposal.objects.create(
        kind="approve_alternative",
        proposer=make.user(),
        reason="r",
        dependency=dependency,
        plan_revision=revision,
        alternative=row,
        state_digest="0" * 64,
        decide_by=LATER,
    )
    granted = Approval.objects.create(
        proposal=decided(proposal),
        dependency=dependency,
        plan_revision=revision,
        alternative=row,
        granted_at=NOW,
        expires_on=day("2027-04-15"),
    )
    facts = load_offerings([spare.pk, dependency.offering_id], now=NOW)
    rests_on = basis.of_approval(facts[spare.pk], row.pinned_revision, facts[dependency.offering_id])
    for fact, value in rests_on.items():
        Basis.objects.create(approval=granted, fact=fact, value=value)
    return granted


def test_a_license_change_ends_the_approval_that_rests_on_it_and_says_so() -> None:
    used, spare = make.dependency(), make.offering()
    granted = approval(used, spare)
    Revision.objects.filter(offering=spare).update(license=make.license_("LicenseRef-other", "unknown"))
    row = change(ChangeKind.LICENSE_CHANGED, offering=spare, before="Apache-2.0", after="other")
    triage_changes(now=LATER)
    granted.refresh_from_db()
    assert granted.ended_at == LATER
    assert granted.end_reason == "its license was Apache-2.0 and is LicenseRef-other"
    assert granted.end_reason in Impact.objects.get(change=row).explanation
    assert "its approval has ended" in Action.objects.get().what_to_do
    assert AuditEntry.objects.filter(tag="governance:approval:ended").count() == 1


def test_an_approval_of_a_pinned_revision_outlives_a_license_change_of_the_head() -> None:
    used, spare = make.dependency(), make.offering(revision="a" * 40)
    granted = approval(used, spare)
    set_facts(spare, head_revision="b" * 40)
    Revision.objects.create(
        offering=spare, revision="b" * 40, license=make.license_("LicenseRef-other", "unknown"), observed_at=LATER
    )
    change(ChangeKind.LICENSE_CHANGED, offering=spare, before="Apache-2.0", after="other")
    triage_changes(now=LATER)
    granted.refresh_from_db()
    assert granted.ended_at is None


@pytest.mark.parametrize(("digest", "ended"), [("", 1), ("sha256:abc", 0)])
def test_a_verified_copy_of_the_alternative_keeps_its_approval_when_it_becomes_gated(digest: str, ended: int) -> None:
    used, spare = make.dependency(), make.offering()
    approval(used, spare, held_copy_digest=digest, held_copy_verified_on=TODAY)
    set_facts(spare, gating="manual")
    change(ChangeKind.GATED, offering=spare)
    triage_changes(now=LATER)
    assert Approval.objects.exclude(ended_at=None).count() == ended


def test_a_change_of_one_offering_ends_no_approval_of_another() -> None:
    used, spare, other = make.dependency(), make.offering(), make.offering()
    granted = approval(used, spare)
    set_facts(spare, gating="manual")
    change(ChangeKind.GATED, offering=other)
    triage_changes(now=LATER)
    granted.refresh_from_db()
    assert granted.ended_at is None
