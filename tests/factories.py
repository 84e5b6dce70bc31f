"""Rows for tests. Each function takes what the test is about and fills in the rest with something plausible."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from governance import tokens
from registry.models import (
    AIModel,
    Alias,
    Alternative,
    Dependency,
    Environment,
    FallbackPlan,
    License,
    LineageEdge,
    Listing,
    Member,
    Offering,
    PlanRevision,
    Revision,
    Source,
    System,
    Team,
    User,
    Vendor,
)

NOW = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
_numbers = count(1)


def user(username: str = "", *, role: str = "", **fields: Any) -> User:
    """A person; `role` puts them into the group of that name (viewer, owner, reviewer, admin)."""
    name = username or f"person{next(_numbers)}"
    person = User.objects.create_user(name, email=f"{name}@northwind.example", password="correct horse", **fields)
    if role:
        person.groups.add(Group.objects.get_or_create(name=role)[0])
        person.is_staff = True
        person.save()
    return person


def token(person: User, **fields: Any) -> str:
    """The text of a token that acts as `person` now; `fields` are kind, system, team and lifetime."""
    return tokens.make(person, by=None, now=timezone.now(), **fields)[1]


def team(slug: str = "", *, owner: User | None = None, **fields: Any) -> Team:
    """A team with one active owner."""
    slug = slug or f"team-{next(_numbers)}"
    fields = {"name": slug.title(), "email": f"{slug}@northwind.example", "ticket_project": "OPS"} | fields
    row = Team.objects.create(slug=slug, **fields)
    Member.objects.create(team=row, user=owner or user(), role=Member.Role.OWNER)
    return row


def vendor(slug: str = "", **fields: Any) -> Vendor:
    slug = slug or f"vendor-{next(_numbers)}"
    return Vendor.objects.create(slug=slug, **({"name": slug.title()} | fields))


def license_(spdx_id: str = "Apache-2.0", license_class: str = "open") -> License:
    return License.objects.get_or_create(spdx_id=spdx_id, defaults={"name": spdx_id, "license_class": license_class})[0]


def model(slug: str = "", **fields: Any) -> AIModel:
    """A listed model whose developer states that it has no bases."""
    slug = slug or f"model-{next(_numbers)}"
    defaults: dict[str, Any] = {
        "name": slug,
        "state": AIModel.State.LISTED,
        "task": "feature-extraction",
        "lineage_status": AIModel.LineageStatus.ASSERTED_ROOT,
        "lineage_source": "the developer's model card",
    }
    if "developer" not in fields:
        fields["developer"] = vendor()
    if "owner" not in fields:
        fields["owner"] = team()
    return AIModel.objects.create(slug=slug, **(defaults | fields))


def derived(child: AIModel, base: AIModel, relation: str = "finetune") -> LineageEdge:
    """`child` made from `base`; its lineage counts as complete."""
    child.lineage_status = AIModel.LineageStatus.COMPLETE
    child.save()
    edge = LineageEdge(child=child, base=base, relation=relation, source="model card")
    edge.save()
    return edge


def offering(
    external_id: str = "", *, revision: str = "a" * 40, license_: License | None = None, **fields: Any
) -> Offering:
    """An available, ungated Hub repository with license facts for its head revision and an alias."""
    external_id = external_id or f"ns{next(_numbers)}/model"
    defaults: dict[str, Any] = {
        "kind": Offering.Kind.WEIGHTS,
        "host": "huggingface",
        "status": Offering.Status.AVAILABLE,
        "gating": Offering.Gating.OPEN,
        "upstream_id": f"{next(_numbers):024x}",
        "head_revision": revision,
        "facts_as_of": NOW,
    }
    if "model" not in fields:
        fields["model"] = model()
    row = Offering.objects.create(external_id=external_id, **(defaults | fields))
    Revision.objects.create(
        offering=row,
        revision=row.head_revision,
        license=license_ or globals()["license_"](),
        license_as_given="apache-2.0",
        observed_at=NOW,
    )
    namespace = Alias.Namespace.HUB if row.host == "huggingface" else Alias.Namespace.PROVIDER
    Alias.objects.create(namespace=namespace, text=external_id, offering=row)
    return row


def system(slug: str = "", **fields: Any) -> System:
    slug = slug or f"system-{next(_numbers)}"
    if "team" not in fields:
        fields["team"] = team()
    defaults = {"name": slug.title(), "criticality": System.Criticality.CRITICAL, "distribution": "saas"}
    return System.objects.create(slug=slug, **(defaults | fields))


def environment(slug: str = "production") -> Environment:
    klass = Environment.Class.PRODUCTION if slug == "production" else Environment.Class.NONPRODUCTION
    return Environment.objects.get_or_create(slug=slug, defaults={"name": slug.title(), "environment_class": klass})[0]


def dependency(**fields: Any) -> Dependency:
    """A critical system that embeds with an offering in production, pinned to the offering's head revision."""
    fields.setdefault("purpose", "embedding")
    fields["system"] = fields.get("system") or system()
    fields["offering"] = fields.get("offering") or offering()
    fields["environment"] = fields.get("environment") or environment()
    fields.setdefault("pinned_revision", fields["offering"].head_revision)
    return Dependency.objects.create(**fields)


def plan(
    dependency: Dependency, *alternatives: Offering, author: User | None = None, reindex_plan: str = ""
) -> PlanRevision:
    """A submitted plan whose alternatives are `alternatives`, in that order."""
    fallback_plan, _ = FallbackPlan.objects.get_or_create(dependency=dependency)
    revision = PlanRevision.objects.create(
        plan=fallback_plan,
        number=fallback_plan.revisions.count() + 1,
        trigger="The model is retired or its quality drops.",
        switch_procedure="Change the gateway's route, then re-index.",
        switched_by="The team on call",
        rollback="Change the route back.",
        reindex_plan=reindex_plan,
        created_by=author or user(),
    )
    for order, alternative in enumerate(alternatives, start=1):
        Alternative.objects.create(
            plan_revision=revision,
            order=order,
            kind=Alternative.Kind.OFFERING,
            offering=alternative,
            pinned_revision=alternative.head_revision,
        )
    PlanRevision.objects.filter(pk=revision.pk).update(submitted_at=NOW)
    revision.refresh_from_db()
    return revision


def source(slug: str = "litellm", **fields: Any) -> Source:
    return Source.objects.get_or_create(slug=slug, defaults={"name": slug, "method": "curated_feed"} | fields)[0]


def listing(external_id: str, *, offering: Offering | None = None, source_: Source | None = None) -> Listing:
    return Listing.objects.create(
        source=source_ or source(), external_id=external_id, offering=offering, first_seen_at=NOW
    )


def day(text: str) -> date:
    return date.fromisoformat(text)
