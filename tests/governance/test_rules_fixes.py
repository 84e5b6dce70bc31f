"""Doing what the fix of a finding says makes that finding go away, at the gate and with real rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from governance.answer import Answer
from governance.blocks import lift
from governance.check import CheckRequest, RequestedModel, evaluate, preview
from governance.models import Block
from registry.models import AIModel, Alias, Alternative, Dependency, Member, Offering, Revision
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.gate_world import adopt, approve_first, green, owner_of

pytestmark = pytest.mark.django_db


def look(dependency: Dependency) -> Answer:
    return preview(dependency.system.slug, "production", now=NOW)


def fix_of(dependency: Dependency, rule: str) -> str:
    return next(finding.fix for finding in look(dependency).findings if finding.rule == rule)


def primary(dependency: Dependency) -> Any:
    return Offering.objects.filter(pk=dependency.offering_id)


def spare_of(dependency: Dependency) -> Offering:
    return Offering.objects.get(alternatives__plan_revision__plan__dependency=dependency)


def replan(dependency: Dependency, spare: Offering | None = None) -> None:
    """The next revision of the plan, with an approved alternative of another vendor unless told which one."""
    spare = spare or f.offering()
    adopt(spare, dependency.system)
    approve_first(f.plan(dependency, spare, author=owner_of(dependency.system)))


def lose_the_owner(dependency: Dependency) -> None:
    Member.objects.filter(team=dependency.offering.model.owner).update(left_on=TODAY)


def name_an_owner(dependency: Dependency) -> None:
    Member.objects.create(team=dependency.offering.model.owner, user=f.user(), role="owner")


def end_the_adoption(dependency: Dependency) -> None:
    dependency.offering.adoptions.update(ended_at=NOW)


def adopt_it(dependency: Dependency) -> None:
    adopt(dependency.offering, dependency.system)


def block_it(dependency: Dependency) -> None:
    Block.objects.create(offering=dependency.offering, reason="Leaks.", blocked_by=f.user(), blocked_at=NOW)


def lift_it(dependency: Dependency) -> None:
    reviewer = f.user(role="reviewer")
    lift(dependency.offering.blocks.get(), by=reviewer, reason="Cleared.", now=NOW)


def forget_the_license(dependency: Dependency) -> None:
    dependency.offering.revisions.update(license=None)


def record_the_license(dependency: Dependency) -> None:
    dependency.offering.revisions.update(license=f.license_())


def move_the_license(dependency: Dependency) -> None:
    """The newest revision is under another license, and the use is not pinned: only a pin can keep the old one."""
    Dependency.objects.filter(pk=dependency.pk).update(pinned_revision="")
    primary(dependency).update(head_revision="b" * 40)
    Revision.objects.create(offering=dependency.offering, revision="b" * 40, license=f.license_("MIT"), observed_at=NOW)


def forbid_the_license(dependency: Dependency) -> None:
    dependency.offering.revisions.update(license=f.license_("CC-BY-NC-4.0", "non-commercial"))


def pin_what_the_fix_names(dependency: Dependency) -> None:
    assert "a" * 40 in " ".join(finding.fix for finding in look(dependency).findings)
    Dependency.objects.filter(pk=dependency.pk).update(pinned_revision="a" * 40)


def unpin(dependency: Dependency) -> None:
    Dependency.objects.filter(pk=dependency.pk).update(pinned_revision="")


def retire(dependency: Dependency) -> None:
    primary(dependency).update(retires_on=TODAY + timedelta(days=20))


def remove(dependency: Dependency) -> None:
    primary(dependency).update(status="removed")


def switch_to_what_the_fix_names(dependency: Dependency) -> None:
    """End the use and declare the alternative instead, with a plan of its own."""
    spare = spare_of(dependency)
    assert str(spare) in " ".join(finding.fix for finding in look(dependency).findings)
    Dependency.objects.filter(pk=dependency.pk).update(ended_on=TODAY)
    replan(f.dependency(system=dependency.system, offering=spare, purpose=dependency.purpose))


def gate_it(dependency: Dependency) -> None:
    primary(dependency).update(gating="manual")


def unplan(dependency: Dependency) -> None:
    f.plan(dependency)


def plan_a_sibling(dependency: Dependency) -> None:
    sibling = f.model(developer=f.vendor(parent=dependency.offering.model.developer))
    replan(dependency, f.offering(model=sibling))


def plan_a_murky_one(dependency: Dependency) -> None:
    replan(dependency, f.offering(model=f.model(lineage_status="unknown", lineage_source="")))


def state_its_lineage(dependency: Dependency) -> None:
    murky = AIModel.objects.get(lineage_status="unknown")
    assert murky.name in fix_of(dependency, "UD403")
    f.derived(murky, f.model())


def lose_the_spare(dependency: Dependency) -> None:
    Offering.objects.filter(pk=spare_of(dependency).pk).update(status="retired")


def change_a_fact_of_the_approval(dependency: Dependency) -> None:
    Offering.objects.filter(pk=spare_of(dependency).pk).update(gating="manual")


def approve_it_again(dependency: Dependency) -> None:
    approve_first(Alternative.objects.get(plan_revision__plan__dependency=dependency).plan_revision)


def sell_the_vendor(dependency: Dependency) -> None:
    developer = dependency.offering.model.developer
    developer.parent = f.vendor()
    developer.save()


Step = Callable[[Dependency], None]
CASES: list[tuple[str, Step, Step]] = [
    ("UD102", lose_the_owner, name_an_owner),
    ("UD103", end_the_adoption, adopt_it),
    ("UD104", block_it, lift_it),
    ("UD201", forget_the_license, record_the_license),
    ("UD202", forbid_the_license, switch_to_what_the_fix_names),
    ("UD203", move_the_license, pin_what_the_fix_names),
    ("UD203", move_the_license, adopt_it),
    ("UD301", remove, switch_to_what_the_fix_names),
    ("UD302", retire, switch_to_what_the_fix_names),
    ("UD304", gate_it, adopt_it),
    ("UD307", unpin, pin_what_the_fix_names),
    ("UD401", unplan, replan),
    ("UD402", plan_a_sibling, replan),
    ("UD403", plan_a_murky_one, state_its_lineage),
    ("UD404", lose_the_spare, replan),
    ("UD501", change_a_fact_of_the_approval, approve_it_again),
    ("UD501", sell_the_vendor, adopt_it),
]


@pytest.mark.parametrize(
    ("rule", "break_it", "do_what_the_fix_says"),
    CASES,
    ids=[f"{rule}-{break_it.__name__}-{mend.__name__}" for rule, break_it, mend in CASES],
)
def test_doing_what_the_fix_says_makes_the_finding_go_away(
    rule: str, break_it: Step, do_what_the_fix_says: Step
) -> None:
    dependency = green()
    assert look(dependency).findings == ()

    break_it(dependency)
    assert rule in {finding.rule for finding in look(dependency).findings}
    assert fix_of(dependency, rule)

    do_what_the_fix_says(dependency)
    assert rule not in {finding.rule for finding in look(dependency).findings}


def test_a_floating_name_is_mended_by_the_name_that_the_fix_says() -> None:
    dependency = green()
    Alias.objects.create(namespace="name", text="latest", offering=dependency.offering, is_floating=True)

    def ask(ref: str) -> Answer:
        return evaluate(CheckRequest(dependency.system.slug, "production", (RequestedModel(ref),)), now=NOW)

    (finding,) = ask("latest").findings
    written = finding.fix.removeprefix("Write ").split(" instead")[0]

    assert finding.rule == "UD307"
    assert ask(written).findings == ()
