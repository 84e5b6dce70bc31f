"""Loading what the rules look at, from real rows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from bench.rows import Size, write
from governance.facts import (
    Asked,
    DependencyFacts,
    SystemFacts,
    load,
    load_declared,
    load_dependencies,
    load_offerings,
    load_system,
)
from governance.models import Action, Approval, Block, Evaluation, Waiver
from registry.models import Alternative, Dependency, Drill, FallbackPlan, Member, Offering, Revision, System
from tests import factories as f
from tests.admin_rows import decided, proposal
from tests.factories import NOW, TODAY
from tests.governance.gate_world import adopt, approve_first, green, owner_of

pytestmark = pytest.mark.django_db


def facts_of(dependency: Dependency) -> DependencyFacts:
    return load_dependencies([dependency.pk], now=NOW)[dependency.pk]


def system_facts(system: System, environment: str = "production") -> SystemFacts:
    facts = load_system(system.slug, environment)
    assert facts is not None
    return facts


def block(**subject: Any) -> Block:
    return Block.objects.create(reason="Embargo.", blocked_by=f.user(), blocked_at=NOW, **subject)


def blocks_of(offering: Offering) -> list[str]:
    return [one.subject for one in load_offerings([offering.pk], now=NOW)[offering.pk].blocks]


@pytest.mark.parametrize("count", [1, 50, 500])
def test_a_question_costs_thirteen_queries_however_many_refs_it_has(
    count: int, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    (slug,) = write(
        Size(models=600, systems=1, dependencies=count, busy_systems=1, uses_of_a_busy_system=count, vendors=9, teams=3)
    )
    refs = Offering.objects.filter(dependencies__system__slug=slug).values_list("external_id", flat=True)
    asked = [Asked(ref) for ref in refs]
    Dependency.objects.update(served_by=f.vendor("the-host"))

    with django_assert_num_queries(13):
        system = load_system(slug, "production")
        judged = load(system, asked, now=NOW, is_complete=True) if system else []

    assert len(judged) == count
    assert all(
        use.dependency and use.dependency.plan and use.dependency.plan.alternatives
        for one in judged
        for use in one.uses
    )


def test_a_system_in_an_environment_carries_what_levels_depend_on() -> None:
    f.environment()
    f.environment("staging")
    f.system("search", criticality="important", distribution="shipped")

    production, staging = load_system("search", "production"), load_system("search", "staging")

    assert production is not None
    assert staging is not None
    assert (production.criticality, production.distribution, production.is_production) == ("important", "shipped", True)
    assert staging.is_production is False
    assert load_system("serach", "production") is None
    unknown = load_system("search", "prod")
    assert unknown is not None
    assert unknown.environment_id == 0


def test_a_ref_without_a_purpose_means_all_uses_of_the_system() -> None:
    offering, system = f.offering("acme/m"), f.system()
    for purpose in ("embedding", "reranking"):
        f.dependency(system=system, offering=offering, purpose=purpose)

    both, one, none = load(
        system_facts(system),
        [Asked("acme/m"), Asked("acme/m", purpose="reranking"), Asked("acme/m", purpose="chat")],
        now=NOW,
    )

    assert sorted(use.purpose for use in both.uses) == ["embedding", "reranking"]
    assert [use.purpose for use in one.uses] == ["reranking"]
    assert [(use.purpose, use.dependency) for use in none.uses] == [("chat", None)]


def test_ended_uses_other_environments_and_other_systems_do_not_count() -> None:
    offering, system = f.offering("acme/m"), f.system()
    f.dependency(system=system, offering=offering, ended_on=TODAY)
    f.dependency(system=system, offering=offering, environment=f.environment("staging"))
    f.dependency(offering=offering)

    (judged,) = load(system_facts(system), [Asked("acme/m")], now=NOW)

    assert [use.dependency for use in judged.uses] == [None]


def test_the_revision_in_use_is_the_asked_one_then_that_of_the_purl_then_the_declared_one() -> None:
    system = f.system()
    f.dependency(system=system, offering=f.offering("acme/m"), pinned_revision="a" * 40)
    purl = "pkg:huggingface/acme/m@" + "b" * 40

    judged = load(system_facts(system), [Asked("acme/m"), Asked(purl), Asked(purl, revision="c" * 40)], now=NOW)

    assert [one.uses[0].revision[0] for one in judged] == ["a", "b", "c"]
    assert [one.uses[0].asked_revision[:1] for one in judged] == ["", "b", "c"]


def test_an_unresolved_ref_carries_its_problem_and_no_use() -> None:
    (judged,) = load(system_facts(f.system()), [Asked("acme/nothing")], now=NOW)

    assert judged.uses == ()
    assert judged.resolution is not None
    assert judged.resolution.problem == "unknown"


def test_license_facts_come_by_revision() -> None:
    offering = f.offering("acme/m", revision="a" * 40)
    Revision.objects.create(
        offering=offering, revision="b" * 40, license=f.license_("MIT"), observed_at=NOW - timedelta(days=1)
    )
    Revision.objects.create(offering=offering, revision="c" * 40, license=None, observed_at=NOW)

    facts = load_offerings([offering.pk], now=NOW)[offering.pk]

    licenses = {revision[0]: facts.license_at(revision) for revision in ("a" * 40, "b" * 40, "c" * 40, "d" * 40)}
    assert [license_ and license_.spdx_id for license_ in licenses.values()] == ["Apache-2.0", "MIT", None, None]
    assert facts.license_at("bbbbbbbb") == facts.license_at("b" * 40)


def test_a_shortened_commit_of_a_pipeline_finds_its_license() -> None:
    system = f.system()
    offering = f.offering("acme/m")
    Revision.objects.create(offering=offering, revision="b" * 40, license=f.license_("MIT"), observed_at=NOW)

    (judged,) = load(system_facts(system), [Asked("acme/m", revision="bbbbbbbb")], now=NOW)

    license_ = judged.uses[0].offering.license_at("bbbbbbbb")
    assert license_ is not None
    assert license_.spdx_id == "MIT"


def test_a_team_whose_owners_have_left_or_are_locked_out_answers_for_nothing() -> None:
    gone, locked, well = (f.offering() for _ in range(3))
    assert gone.model.owner is not None
    assert locked.model.owner is not None
    Member.objects.filter(team=gone.model.owner).update(left_on=TODAY)
    person = locked.model.owner.members.get().user
    person.is_active = False
    person.save()

    facts = load_offerings([gone.pk, locked.pk, well.pk], now=NOW)

    assert [facts[one.pk].has_active_owner for one in (gone, locked, well)] == [False, False, True]


def test_root_vendors_come_with_parents_and_bases() -> None:
    alibaba = f.vendor("alibaba")
    qwen = f.vendor("qwen", parent=alibaba)
    base = f.model("qwen3", developer=qwen)
    derivative = f.model("octen", developer=f.vendor("octen"))
    f.derived(derivative, base)
    offering = f.offering(model=derivative)

    roots = load_offerings([offering.pk], now=NOW)[offering.pk].roots

    assert roots.slugs == ("alibaba", "octen", "qwen")
    assert roots.is_known


def test_a_block_hits_what_it_names_and_what_descends_from_it() -> None:
    alibaba = f.vendor("alibaba", name="Alibaba")
    qwen = f.model("qwen3", developer=f.vendor("qwen", parent=alibaba))
    derivative = f.model("octen", developer=f.vendor("octen"))
    f.derived(derivative, qwen, "quantized")
    hosted = f.offering("octen/q", model=derivative)
    other = f.offering("acme/m")

    block(vendor=alibaba)
    block(model=qwen)
    block(offering=hosted)

    assert blocks_of(hosted) == ["the vendor Alibaba", "the model qwen3", "this offering"]
    assert blocks_of(other) == []


def test_a_block_on_a_vendor_hits_what_it_hosts_and_what_it_only_packed() -> None:
    packer, host = f.vendor("packer"), f.vendor("host")
    packed = f.model("packed", developer=packer)
    f.derived(packed, f.model("root"), "quantized")
    offering = f.offering("packer/packed", model=packed, provider=host)

    block(vendor=packer)
    block(vendor=host)

    assert blocks_of(offering) == ["the vendor Packer", "the vendor Host"]


def test_a_block_that_was_lifted_or_has_ended_hits_nothing() -> None:
    offering = f.offering()
    block(offering=offering, until=TODAY - timedelta(days=1))
    lifted = block(offering=offering)
    lifted.lifted_at, lifted.lifted_by = NOW, f.user()
    lifted.save()

    assert blocks_of(offering) == []

    block(offering=offering, until=TODAY)

    assert blocks_of(offering) == ["this offering"]


def test_the_plan_is_its_newest_submitted_revision() -> None:
    dependency, first, second = f.dependency(), f.offering("acme/first"), f.offering("acme/second")
    plan = f.plan(dependency, first).plan
    f.plan(dependency, second, first)
    plan.revisions.create(
        number=3, trigger="t", switch_procedure="s", switched_by="w", created_by=f.user(), submitted_at=None
    )

    facts = facts_of(dependency).plan

    assert facts is not None
    assert facts.number == 2
    assert [str(one) for one in facts.alternatives] == ["acme/second (huggingface)", "acme/first (huggingface)"]


def test_a_plan_with_only_a_draft_has_no_number() -> None:
    dependency = f.dependency()
    plan = FallbackPlan.objects.create(dependency=dependency)
    plan.revisions.create(number=1, trigger="t", switch_procedure="s", switched_by="w", created_by=f.user())

    facts = facts_of(dependency).plan

    assert facts is not None
    assert (facts.number, facts.alternatives) == (None, ())


def test_an_approval_comes_with_its_basis_and_only_for_its_alternative() -> None:
    dependency = f.dependency()
    plan = f.plan(dependency, f.offering(), f.offering(), author=owner_of(dependency.system))
    approve_first(plan)

    facts = facts_of(dependency).plan

    assert facts is not None
    first, second = facts.alternatives
    assert first.approval is not None
    assert first.approval.basis["license"] == "Apache-2.0"
    assert second.approval is None


def test_of_several_approvals_the_one_that_was_not_ended_counts() -> None:
    dependency = f.dependency()
    alternative = approve_first(f.plan(dependency, f.offering(), author=owner_of(dependency.system)))
    approve_first(alternative.plan_revision)

    facts = facts_of(dependency).plan

    assert Approval.objects.count() == 2
    assert facts is not None
    assert facts.alternatives[0].approval is not None
    assert facts.alternatives[0].approval.ended_at is None


def test_the_switch_time_is_that_of_the_last_measured_drill_with_its_reindexing() -> None:
    dependency = f.dependency()
    alternative: Alternative = f.plan(dependency, f.offering()).alternatives.get()
    for day, switch, reindex in ((1, 9, None), (5, 2, 3), (9, None, None)):
        Drill.objects.create(
            alternative=alternative,
            drilled_on=TODAY - timedelta(days=20 - day),
            expires_on=TODAY + timedelta(days=100),
            outcome="passed",
            suite="s",
            switch_time=timedelta(days=switch) if switch else None,
            reindex_time=timedelta(days=reindex) if reindex else None,
            recorded_by=f.user(),
        )

    facts = facts_of(dependency).plan

    assert facts is not None
    assert facts.alternatives[0].switch_time_days == 3


def test_a_copy_counts_only_with_a_digest_that_somebody_verified() -> None:
    claimed = f.dependency(held_copy_location="s3://models/gte")
    verified = f.dependency(held_copy_digest="sha256:1", held_copy_verified_on=TODAY)

    assert facts_of(claimed).has_verified_copy is False
    assert facts_of(verified).has_verified_copy is True


def test_open_actions_tell_events_from_what_was_so_at_the_declaration() -> None:
    dependency = f.dependency()
    Evaluation.objects.create(dependency=dependency, evaluated_at=NOW)
    for concern, created_at, state in (
        ("license", NOW, "open"),
        ("access", NOW + timedelta(seconds=1), "acknowledged"),
        ("cost", NOW, "done"),
    ):
        Action.objects.create(
            dependency=dependency,
            concern=concern,
            state=state,
            team=dependency.system.team,
            title="t",
            what_to_do="w",
            due_on=TODAY,
            created_at=created_at,
            updated_at=NOW,
        )

    actions = facts_of(dependency).actions

    assert {action.concern: action.is_of_an_event for action in actions} == {"license": False, "access": True}


def test_waivers_in_force_come_by_dependency_and_for_the_whole_system() -> None:
    dependency = green()
    system = dependency.system
    give_waiver(dependency=dependency, rule="UD401")
    give_waiver(system=system, rule="UD303")
    give_waiver(system=f.system(), rule="UD202")
    give_waiver(dependency=dependency, rule="UD402", expires_on=TODAY - timedelta(days=1))
    give_waiver(dependency=dependency, rule="UD403", ended_at=NOW)

    (judged,) = load_declared(system_facts(system), now=NOW)
    (use,) = judged.uses

    assert use.dependency is not None
    assert [waiver.rule for waiver in use.dependency.waivers] == ["UD401"]
    assert [waiver.rule for waiver in use.system.waivers] == ["UD303"]


def give_waiver(**fields: Any) -> Waiver:
    about = {name: fields[name] for name in ("dependency", "system", "rule") if name in fields}
    asked = proposal(kind="waive_rule", purpose="", distribution="", until=TODAY + timedelta(days=30), **about)
    given: dict[str, Any] = {"granted_at": NOW, "expires_on": TODAY + timedelta(days=30), "reason": "While we drill."}
    return Waiver.objects.create(proposal=decided(asked), **(given | fields))


def test_what_a_system_declares_comes_once_per_offering_with_all_its_purposes() -> None:
    system, offering = f.system(), f.offering("acme/m")
    for purpose in ("embedding", "reranking"):
        f.dependency(system=system, offering=offering, purpose=purpose)
    f.dependency(system=system, offering=f.offering("acme/a"))
    adopt(offering, system)

    judged = load_declared(system_facts(system), now=NOW)

    assert [(one.ref, len(one.uses)) for one in judged] == [("acme/a (huggingface)", 1), ("acme/m (huggingface)", 2)]
