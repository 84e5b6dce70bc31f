"""For each rule what brings its finding about, and what its fix says; each on a use with which nothing is wrong."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from governance.answer import Answer
from governance.blocks import lift
from governance.break_glass import close as close_glass
from governance.break_glass import open_glass
from governance.check import preview
from governance.concentration import snapshot
from governance.drifts import read_gateway
from governance.models import Block, BreakGlass, Concentration, Gateway, Waiver
from governance.proposals import propose_waiver
from registry.models import (
    AIModel,
    Alternative,
    Dependency,
    Member,
    Observation,
    Offering,
    Revision,
)
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.gate_world import adopt, approve, approve_first, drill, owner_of
from tests.governance.test_staleness import listed, source


def look(dependency: Dependency) -> Answer:
    return preview(dependency.system.slug, "production", now=NOW)


def fix_of(dependency: Dependency, rule: str) -> str:
    return next(finding.fix for finding in look(dependency).findings if finding.rule == rule)


def primary(dependency: Dependency) -> Any:
    return Offering.objects.filter(pk=dependency.offering_id)


def spare_of(dependency: Dependency) -> Offering:
    return Offering.objects.get(alternatives__plan_revision__plan__dependency=dependency)


def replan(dependency: Dependency, spare: Offering | None = None) -> None:
    """The next revision of the plan, with an approved and drilled alternative of another vendor unless told which one."""
    drill(approve_another(dependency, spare or f.offering()))


def approve_another(dependency: Dependency, spare: Offering) -> Alternative:
    """The next revision of the plan, with `spare` approved, and not drilled."""
    adopt(spare, dependency.system)
    return approve_first(f.plan(dependency, spare, author=owner_of(dependency.system)), is_drilled=False)


def lose_the_owner(dependency: Dependency) -> None:
    Member.objects.filter(team=dependency.offering.model.owner).update(left_on=TODAY)


def name_an_owner(dependency: Dependency) -> None:
    team = dependency.offering.model.owner
    assert team is not None
    Member.objects.create(team=team, user=f.user(), role="owner")


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


def take_over_the_name(dependency: Dependency) -> None:
    primary(dependency).update(upstream_id="f" * 24)


def take_over_the_spare(dependency: Dependency) -> None:
    Offering.objects.filter(pk=spare_of(dependency).pk).update(upstream_id="f" * 24)


def adopt_and_approve_the_spare(dependency: Dependency) -> None:
    adopt(spare_of(dependency), dependency.system)
    approve_it_again(dependency)


def need(dependency: Dependency, **needs: Any) -> None:
    dependency.needs = needs
    dependency.save()


def need_a_longer_context(dependency: Dependency) -> None:
    AIModel.objects.filter(offerings=spare_of(dependency)).update(context_length=512)
    need(dependency, context_length=4000)


def plan_an_able_one(dependency: Dependency) -> None:
    replan(dependency, f.offering(model=f.model(context_length=8192)))


def need_no_more(dependency: Dependency) -> None:
    assert "change what embedding needs" in fix_of(dependency, "UD406")
    need(dependency)


def need_what_nobody_knows(dependency: Dependency) -> None:
    need(dependency, languages=["de"], output_formats=["json_schema"])


def enter_what_the_fix_asks(dependency: Dependency) -> None:
    name = spare_of(dependency).model.name
    assert fix_of(dependency, "UD406") == f"Enter languages and output format of {name} on its page."
    AIModel.objects.filter(name=name).update(languages=["multilingual"], output_formats=["json_schema"])


def depend_on_an_index(dependency: Dependency) -> None:
    dependency.has_index = True
    dependency.save()


def say_how_it_is_rebuilt(dependency: Dependency) -> None:
    spare = spare_of(dependency)
    author = owner_of(dependency.system)
    approve_first(f.plan(dependency, spare, author=author, reindex_plan="An hour on one GPU."))


def serve_both_from_one_host(dependency: Dependency) -> None:
    """Hosted by one provider, both of them; the alternative is named in a plan of its own."""
    host = f.vendor("one-host")
    Dependency.objects.filter(pk=dependency.pk).update(served_by=host)
    Offering.objects.filter(pk=spare_of(dependency).pk).update(provider=host, kind="service")


def serve_it_elsewhere(dependency: Dependency) -> None:
    assert "one-host does not serve" in fix_of(dependency, "UD407").lower()
    Offering.objects.filter(pk=spare_of(dependency).pk).update(provider=f.vendor())


def deprecate(dependency: Dependency) -> None:
    primary(dependency).update(status="deprecated")


def silence_its_source(dependency: Dependency) -> None:
    listed(dependency.offering, source(), ago=timedelta(hours=14))


def poll_it_again(dependency: Dependency) -> None:
    assert "its next good poll settles this" in fix_of(dependency, "UD306")
    Observation.objects.filter(listing__offering=dependency.offering).update(last_confirmed_at=NOW)


def plan_one_that_nobody_drills(dependency: Dependency) -> None:
    approve_another(dependency, f.offering())


def drill_it(dependency: Dependency) -> None:
    drill(Alternative.objects.filter(plan_revision__plan__dependency=dependency).latest("pk"))


def lean_on_one_vendor(dependency: Dependency) -> None:
    """Ten uses in production, of which each is of the same vendor."""
    for _ in range(9):
        f.dependency(offering=dependency.offering)
    snapshot(now=NOW)


def take_other_vendors(dependency: Dependency) -> None:
    """Here and in other uses; the snapshot of the next day says so."""
    assert "stand" in fix_of(dependency, "UD408")
    for other in Dependency.objects.exclude(pk=dependency.pk):
        Dependency.objects.filter(pk=other.pk).update(ended_on=TODAY)
        f.dependency(system=other.system)
    Concentration.objects.all().delete()
    snapshot(now=NOW)


def waive_the_plan(dependency: Dependency) -> None:
    """Of a plan that does not hold, nearly over."""
    unplan(dependency)
    approve(
        propose_waiver(
            proposer=owner_of(dependency.system),
            rule="UD401",
            until=TODAY + timedelta(days=5),
            reason="It is written.",
            compensating_measure="People look.",
            dependency=dependency,
            now=NOW,
        )
    )


def mend_what_it_covers(dependency: Dependency) -> None:
    """What is left says that there is nothing to do, until the waiver ends."""
    assert fix_of(dependency, "UD502") == "Mend what UD401 finds before then: 5 days left."
    replan(dependency)
    assert fix_of(dependency, "UD502") == "Nothing to do: the rule is kept without it."
    Waiver.objects.filter(dependency=dependency).update(ended_at=NOW)


def break_the_glass(dependency: Dependency) -> None:
    open_glass(
        system=dependency.system,
        environment=dependency.environment,
        hours=2,
        reason="Checkout is down.",
        by=owner_of(dependency.system),
        now=NOW,
    )


def close_it(dependency: Dependency) -> None:
    assert "or close it" in fix_of(dependency, "UD503")
    close_glass(BreakGlass.objects.get(system=dependency.system), by=owner_of(dependency.system), now=NOW)


def withdraw_it(dependency: Dependency) -> None:
    AIModel.objects.filter(pk=dependency.offering.model_id).update(state="withdrawn")


def list_it_again(dependency: Dependency) -> None:
    assert "listed again" in fix_of(dependency, "UD101")
    AIModel.objects.filter(pk=dependency.offering.model_id).update(state="listed")


Step = Callable[[Dependency], None]


def let_the_gateway_fall_back_to_nothing(dependency: Dependency) -> None:
    configure(dependency)


def configure_what_was_approved(dependency: Dependency) -> None:
    configure(dependency, "spare")


def configure(dependency: Dependency, *fallbacks: str) -> None:
    """Hand in what a gateway says that serves the model and its spare."""
    team = dependency.system.team
    gateway, _ = Gateway.objects.get_or_create(slug="main", defaults={"name": "Main gateway", "team": team})
    models = {"main": dependency.offering.external_id, "spare": spare_of(dependency).external_id}
    served = [{"model_name": name, "litellm_params": {"model": model}} for name, model in models.items()]
    said = {"model_list": served, "router_settings": {"fallbacks": [{"main": list(fallbacks)}] if fallbacks else []}}
    read_gateway(gateway, json.dumps(said).encode(), file_name="config.yaml", person=None, now=NOW)


CASES: list[tuple[str, Step, Step]] = [
    ("UD101", withdraw_it, list_it_again),
    ("UD101", withdraw_it, switch_to_what_the_fix_names),
    ("UD102", lose_the_owner, name_an_owner),
    ("UD103", end_the_adoption, adopt_it),
    ("UD104", block_it, lift_it),
    ("UD201", forget_the_license, record_the_license),
    ("UD202", forbid_the_license, switch_to_what_the_fix_names),
    ("UD203", move_the_license, pin_what_the_fix_names),
    ("UD203", move_the_license, adopt_it),
    ("UD301", remove, switch_to_what_the_fix_names),
    ("UD302", retire, switch_to_what_the_fix_names),
    ("UD303", deprecate, switch_to_what_the_fix_names),
    ("UD304", gate_it, adopt_it),
    ("UD305", take_over_the_name, adopt_it),
    ("UD305", take_over_the_name, switch_to_what_the_fix_names),
    ("UD305", take_over_the_spare, adopt_and_approve_the_spare),
    ("UD306", silence_its_source, poll_it_again),
    ("UD307", unpin, pin_what_the_fix_names),
    ("UD401", unplan, replan),
    ("UD402", plan_a_sibling, replan),
    ("UD403", plan_a_murky_one, state_its_lineage),
    ("UD404", lose_the_spare, replan),
    ("UD405", plan_one_that_nobody_drills, drill_it),
    ("UD406", need_a_longer_context, plan_an_able_one),
    ("UD406", need_a_longer_context, need_no_more),
    ("UD406", need_what_nobody_knows, enter_what_the_fix_asks),
    ("UD406", depend_on_an_index, say_how_it_is_rebuilt),
    ("UD407", serve_both_from_one_host, serve_it_elsewhere),
    ("UD407", serve_both_from_one_host, replan),
    ("UD408", lean_on_one_vendor, take_other_vendors),
    ("UD409", let_the_gateway_fall_back_to_nothing, configure_what_was_approved),
    ("UD501", change_a_fact_of_the_approval, approve_it_again),
    ("UD501", sell_the_vendor, adopt_it),
    ("UD502", waive_the_plan, mend_what_it_covers),
    ("UD503", break_the_glass, close_it),
]
# These are about what is asked and not about a use; each has a test of its own below.
ASKED = {"UD105", "UD106", "UD107"}
