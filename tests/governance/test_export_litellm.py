from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import timezone

from governance.models import Approval, Block, Proposal
from registry.models import Alias, Alternative, Dependency, Environment, Offering, PlanRevision
from tests import factories as f
from tests.admin_rows import decided

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()


def export(*arguments: str) -> str:
    out = StringIO()
    call_command("export_litellm", *arguments, stdout=out)
    return out.getvalue()


def fallbacks(*arguments: str) -> Any:
    return yaml.safe_load(export(*arguments))["router_settings"]["fallbacks"]


def approve(alternative: Alternative, *, days: int = 30) -> Approval:
    dependency = alternative.plan_revision.plan.dependency
    assert dependency is not None
    proposal = Proposal.objects.create(
        kind="approve_alternative",
        state="submitted",
        proposer=f.user(),
        reason="ready",
        dependency=dependency,
        plan_revision=alternative.plan_revision,
        alternative=alternative,
        state_digest="0" * 64,
        decide_by=timezone.now(),
    )
    return Approval.objects.create(
        proposal=decided(proposal),
        granted_at=timezone.now() - timedelta(days=60),
        expires_on=TODAY + timedelta(days=days),
        dependency=dependency,
        plan_revision=alternative.plan_revision,
        alternative=alternative,
    )


@pytest.fixture
def gte() -> Offering:
    return f.offering("Alibaba-NLP/gte")


@pytest.fixture
def search(gte: Offering) -> Dependency:
    return f.dependency(offering=gte, system=f.system("search"))


@pytest.fixture
def revision(search: Dependency) -> PlanRevision:
    """Two alternatives in a submitted plan, none approved."""
    return f.plan(search, f.offering("BAAI/bge-m3"), f.offering("claude", host="anthropic", kind="service"))


def test_approved_alternatives_are_exported_in_the_order_of_the_plan(revision: PlanRevision) -> None:
    for alternative in reversed(revision.alternatives.all()):
        approve(alternative)

    assert fallbacks() == [{"huggingface/Alibaba-NLP/gte": ["huggingface/BAAI/bge-m3", "claude"]}]


def test_an_alternative_that_nobody_approved_is_left_out(revision: PlanRevision) -> None:
    approve(revision.alternatives.all()[1])

    assert fallbacks() == [{"huggingface/Alibaba-NLP/gte": ["claude"]}]


def test_an_approval_counts_through_its_last_day(revision: PlanRevision) -> None:
    approve(revision.alternatives.all()[0], days=0)
    approve(revision.alternatives.all()[1], days=-1)

    assert fallbacks() == [{"huggingface/Alibaba-NLP/gte": ["huggingface/BAAI/bge-m3"]}]


def test_an_approval_that_was_ended_does_not_count(revision: PlanRevision) -> None:
    approve(revision.alternatives.all()[0])
    Approval.objects.update(ended_at=timezone.now())

    assert fallbacks() == []


def test_an_approval_of_an_older_revision_does_not_count(revision: PlanRevision, search: Dependency) -> None:
    approve(revision.alternatives.all()[0])
    f.plan(search, f.offering("intfloat/e5"))

    assert fallbacks() == []


@pytest.mark.parametrize("status", ["removed", "retired", "disabled"])
def test_what_is_gone_upstream_is_left_out(revision: PlanRevision, status: str) -> None:
    approve(revision.alternatives.all()[0])
    Offering.objects.filter(external_id="BAAI/bge-m3").update(status=status)

    assert fallbacks() == []


def test_what_is_blocked_is_left_out(revision: PlanRevision) -> None:
    offering = approve(revision.alternatives.all()[0]).alternative.offering
    Block.objects.create(offering=offering, reason="no", blocked_by=f.user(), blocked_at=timezone.now())

    assert fallbacks() == []


def test_a_name_that_somebody_stated_is_used(revision: PlanRevision, gte: Offering) -> None:
    Alias.objects.create(namespace="provider", text="together_ai/gte", offering=gte)
    approve(revision.alternatives.all()[0])

    assert fallbacks() == [{"together_ai/gte": ["huggingface/BAAI/bge-m3"]}]


def test_another_use_of_the_same_model_without_an_approval_keeps_a_shared_proxy_from_switching(
    revision: PlanRevision, gte: Offering
) -> None:
    approve(revision.alternatives.all()[0])
    f.dependency(offering=gte, system=f.system("help"))

    assert fallbacks() == []
    assert "# search, embedding, production: huggingface/BAAI/bge-m3 left out" in export()
    assert fallbacks("--system", "search") == [{"huggingface/Alibaba-NLP/gte": ["huggingface/BAAI/bge-m3"]}]


def test_uses_outside_production_are_exported_on_demand_only(revision: PlanRevision, search: Dependency) -> None:
    approve(revision.alternatives.all()[0])
    Environment.objects.filter(pk=search.environment_id).update(slug="staging", environment_class="nonproduction")

    assert fallbacks() == []
    assert len(fallbacks("--environment", "staging")) == 1


def test_an_ended_use_is_not_exported(revision: PlanRevision, search: Dependency) -> None:
    approve(revision.alternatives.all()[0])
    Dependency.objects.filter(pk=search.pk).update(ended_on=TODAY)

    assert fallbacks() == []


def test_an_index_that_has_to_be_built_again_is_said(revision: PlanRevision, search: Dependency) -> None:
    approve(revision.alternatives.all()[0])
    Dependency.objects.filter(pk=search.pk).update(has_index=True)

    assert "build the index again with huggingface/BAAI/bge-m3" in export()


@pytest.mark.parametrize("option", ["--system", "--environment"])
def test_a_slug_that_does_not_exist_is_refused(option: str) -> None:
    with pytest.raises(CommandError, match=f"{option}: there is no .* “prodution”"):
        export(option, "prodution")


@pytest.mark.parametrize("count", [1, 8])
def test_the_number_of_queries_does_not_grow(count: int, django_assert_max_num_queries: Any) -> None:
    for _ in range(count):
        approve(f.plan(f.dependency(), f.offering()).alternatives.get())

    with django_assert_max_num_queries(12):
        export()
