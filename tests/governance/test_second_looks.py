"""What used to slip through: edits that untie what was decided, and a grace that was given twice."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from governance import leavers, standing_behind
from governance.candidates import rank
from governance.check import preview
from governance.models import Action, Approval, Decision, Proposal
from governance.plans import draft_revision, submit_revision
from governance.proposals import Refused, decide, digest, propose_alternative, state_of
from governance.triage import triage_changes
from registry.models import AIModel, Alternative, Change, Dependency, Offering, User, Vendor
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of, client_of
from tests.governance.gate_world import drill, green, spare_of
from tests.governance.proposing import code_of
from tests.governance.test_audited_doors import everything

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


# --- ourselves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["parent", "is_self", "grandparent"])
def test_a_vendor_whose_models_are_in_use_does_not_become_ours(how: str) -> None:
    dependency = green()
    vendor = dependency.offering.model.developer
    ours = f.vendor("northwind", is_self=how != "is_self")
    if how == "grandparent":
        vendor.parent = f.vendor()
        vendor.save()
        vendor = vendor.parent
    vendor.parent, vendor.is_self = (None if how == "is_self" else ours), how == "is_self"

    with pytest.raises(ValidationError, match="would no longer count"):
        vendor.save()


def test_one_that_nobody_depends_on_does_and_one_that_is_ours_stays_editable() -> None:
    ours = f.vendor("northwind", is_self=True)
    lab = f.vendor("lab")
    f.dependency(offering=f.offering(model=f.model(developer=ours)))
    lab.parent = ours
    lab.save()
    ours.country = "SE"
    ours.save()
    assert Vendor.objects.get(slug="lab").is_ours


def test_the_api_says_why() -> None:
    dependency = green()
    vendor, ours = dependency.offering.model.developer, f.vendor("northwind", is_self=True)
    sent = client_of(f.user(role="admin")).patch(
        f"/api/v1/vendors/{vendor.slug}/", {"parent": ours.slug}, format="json"
    )
    assert (sent.status_code, sent.json()["errors"][0]["field"]) == (400, "parent")


# --- an offering that becomes another model's --------------------------------------------------------


def move_in_the_api(offering: Offering, model: AIModel) -> None:
    person = client_of(f.user(role="reviewer"))
    assert person.patch(f"/api/v1/offerings/{offering.pk}/", {"model": model.slug}, format="json").status_code == 200


def move_in_the_admin(offering: Offering, model: AIModel) -> None:
    browser, url = browser_of(f.user(role="reviewer")), f"/admin/registry/offering/{offering.pk}/change/"
    assert browser.post(url, everything(browser.get(url).context) | {"model": model.pk}).status_code == 302


@pytest.mark.parametrize("move", [move_in_the_api, move_in_the_admin])
def test_an_offering_that_becomes_another_models_is_told_and_ends_what_rests_on_it(
    move: Callable[[Offering, AIModel], None],
) -> None:
    dependency = green()
    spare, kin = spare_of(dependency), f.model(developer=dependency.offering.model.developer)
    former = spare.model.slug

    move(spare, kin)

    change = Change.objects.get()
    assert (change.kind, change.offering) == ("lineage_changed", spare)
    assert (change.before, change.after) == ({"model": former}, {"model": kin.slug})
    triage_changes(now=NOW)
    assert [approval.dependency for approval in Approval.objects.exclude(ended_at=None)] == [dependency]


# --- what a dependency is --------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["system", "offering", "purpose", "environment"])
def test_the_database_keeps_what_a_dependency_is(column: str) -> None:
    dependency = f.dependency()
    other: dict[str, Any] = {
        "system": f.system(),
        "offering": f.offering(),
        "purpose": "chat",
        "environment": f.environment("staging"),
    }
    with pytest.raises((IntegrityError, DatabaseError), match="stays what it is"), transaction.atomic():
        Dependency.objects.filter(pk=dependency.pk).update(**{column: other[column]})
    Dependency.objects.filter(pk=dependency.pk).update(pinned_revision="", ended_on=date(2026, 4, 1))
    Dependency.objects.filter(pk=dependency.pk).update(ended_on=None)


# --- who submitted the plan --------------------------------------------------------------------------------


def submitted_by_another() -> tuple[Proposal, User]:
    """Anna drafts, Bea submits and is a reviewer besides, Anna proposes."""
    anna, bea = f.user(role="owner"), f.user(role="owner")
    bea.groups.add(*f.user(role="reviewer").groups.all())
    dependency = f.dependency(system=f.system(team=f.team(owner=anna)))
    dependency.system.team.members.create(user=bea)
    text = {"trigger": "It goes.", "switch_procedure": "Switch.", "switched_by": "Us."}
    ways = [{"kind": "offering", "offering": f.offering()}]
    revision = draft_revision(dependency, author=anna, alternatives=ways, now=NOW, **text)  # type: ignore[arg-type]
    alternative = submit_revision(revision, actor=bea, now=NOW).alternatives.get()
    return propose_alternative(proposer=anna, alternative=alternative, reason="Ready.", now=NOW), bea


def test_whoever_submitted_a_plan_does_not_decide_on_it() -> None:
    proposal, bea = submitted_by_another()
    named = digest(state_of(proposal, now=NOW))

    def by(person: User) -> Proposal:
        return decide(proposal, decider=person, verdict="approve", state_digest=named, now=NOW)

    assert code_of(lambda: by(bea)) == "own_proposal"
    assert by(f.user(role="reviewer")).state == "approved"


def test_nor_does_the_database_take_it_from_anybody() -> None:
    proposal, bea = submitted_by_another()
    told = {"proposal": proposal, "proposer_id": proposal.proposer_id, "verdict": "approve", "decided_at": NOW}
    with pytest.raises((IntegrityError, DatabaseError), match="they submitted"), transaction.atomic():
        Decision.objects.create(decider=bea, state_digest=proposal.state_digest, **told)
    with pytest.raises((IntegrityError, DatabaseError), match="never changed"), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(plan_submitter=None)
    assert connection.is_usable()


# --- lineage, drills, leavers ----------------------------------------------------------------------------------


def test_a_base_that_is_stated_once_more_leaves_a_whole_lineage_whole_and_a_new_one_opens_it() -> None:
    model, base, other = f.model(), f.model(), f.model()
    f.derived(model, base)
    steward = f.user(role="reviewer")

    def state(of: AIModel) -> str:
        standing_behind.assert_lineage(
            model, statement="base", base=of, relation="finetune", source="The paper.", by=steward, now=NOW
        )
        return AIModel.objects.get(pk=model.pk).lineage_status

    assert state(base) == "complete"
    assert state(other) == "partial"


def test_the_switch_of_a_failed_drill_is_no_measure_of_a_candidate() -> None:
    dependency = green()
    spare = spare_of(dependency)
    way = Alternative.objects.get(offering=spare)
    drill(way, switch_time=timedelta(minutes=7))

    def told() -> str:
        (found,) = [one for one in rank(dependency, now=NOW) if one.offering == spare]
        return " ".join(reason.text for reason in found.reasons)

    assert "7 minutes" in told()
    drill(way, switch_time=timedelta(minutes=9), failed_because="It answered in English alone.")
    assert "9 minutes" not in told()


def test_who_has_not_left_is_told_so_and_not_that_nothing_is_theirs() -> None:
    owner = f.user(role="owner")
    f.team(owner=owner)
    with pytest.raises(Refused, match="has not left: switch the account off"):
        leavers.transfer(owner, f.user(), by=f.user(role="admin"), now=NOW)


def test_the_policy_is_for_whoever_has_a_role() -> None:
    nobody = f.user(is_staff=True)
    for url, expected in (("/policy/", 403), ("/policy/policy.toml", 403)):
        assert browser_of(nobody).get(url).status_code == expected
        assert browser_of(f.user(role="viewer")).get(url).status_code == 200


# --- grace ---------------------------------------------------------------------------------------------------


def gate(dependency: Dependency, gating: str, *, after: timedelta) -> Action | None:
    """Upstream gates or opens it again; triage works that through. The open action that is left, if any."""
    now = NOW + after
    before = dependency.offering.gating
    Offering.objects.filter(pk=dependency.offering_id).update(gating=gating)
    dependency.refresh_from_db()
    kind = "ungated" if gating == "open" else "gated"
    Change.objects.create(
        kind=kind,
        severity="info" if gating == "open" else "warning",
        origin="source",
        offering=dependency.offering,
        detected_at=now,
        before=before,
        after=gating,
    )
    triage_changes(now=now)
    return Action.objects.exclude(state="done").filter(concern="access").first()


def test_a_vendor_that_gates_opens_and_gates_again_gives_no_new_grace() -> None:
    dependency = green()
    triage_changes(now=NOW - DAY)
    first = gate(dependency, "manual", after=timedelta())
    assert first is not None
    assert gate(dependency, "open", after=2 * DAY) is None

    again = gate(dependency, "manual", after=4 * DAY)

    assert again is not None
    assert (again.pk != first.pk, again.due_on) == (True, first.due_on)
    assert f"what was due on {first.due_on} was not done" in again.what_to_do
    # As often as it likes.
    gate(dependency, "open", after=20 * DAY)
    third = gate(dependency, "manual", after=40 * DAY)
    assert third is not None
    assert third.due_on == first.due_on
    last = first.due_on - NOW.date()
    for day, level in ((last, "warning"), (last + DAY, "error")):
        found = preview(dependency.system.slug, "production", now=NOW + day).findings
        assert {finding.level for finding in found if finding.rule == "UD304"} == {level}


@pytest.mark.parametrize("why", ["a person finished it", "it was long ago"])
def test_what_is_over_is_over(why: str) -> None:
    dependency = green()
    triage_changes(now=NOW - DAY)
    first = gate(dependency, "manual", after=timedelta())
    assert first is not None
    gate(dependency, "open", after=2 * DAY)
    if why == "a person finished it":
        Action.objects.filter(pk=first.pk).update(changed_by=f.user())
    again = gate(dependency, "manual", after=4 * DAY if "person" in why else 40 * DAY)
    assert again is not None
    assert again.due_on > first.due_on
