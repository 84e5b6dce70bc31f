"""The demo's rows of the register: vendors, people, models with their places, systems and what they use."""

from datetime import datetime, timedelta

from django.contrib.auth.models import Group

from governance.demo.rows import ModelRow, Organisation, Place, TeamRow, Use, VendorRow
from registry.models import (
    AIModel,
    Alias,
    Dependency,
    Environment,
    HubNamespace,
    License,
    LineageEdge,
    Member,
    Offering,
    Revision,
    System,
    Team,
    User,
    Vendor,
    VendorAlias,
)

SELF = "northwind"
TERMS = {
    "LicenseRef-Anthropic-terms": "Anthropic commercial terms",
    "LicenseRef-OpenAI-terms": "OpenAI services agreement",
}


def load_facts(organisation: Organisation, *, password: str, now: datetime) -> None:
    """Write all rows of an empty register; people log in with `password`."""
    for vendor in organisation.vendors:
        _vendor(vendor)
    for person in organisation.people:
        user = User.objects.create_user(
            person.username,
            f"{person.username}@northwind.example",
            password,
            first_name=person.first_name,
            last_name=person.last_name,
            is_staff=True,
        )
        user.groups.add(Group.objects.get(name=person.group))
    for team in organisation.teams:
        _team(team)
    for environment in organisation.environments:
        Environment.objects.create(
            slug=environment.slug, name=environment.name, environment_class=environment.environment_class
        )
    for spdx_id, name in TERMS.items():
        License.objects.get_or_create(
            spdx_id=spdx_id,
            defaults={"name": name, "license_class": "proprietary", "reason": "The vendor's terms of service."},
        )
    for model in organisation.models:
        _model(model, now=now)
    _lineage(organisation)
    for system in organisation.systems:
        System.objects.create(
            slug=system.slug,
            name=system.name,
            team=Team.objects.get(slug=system.team),
            criticality=system.criticality,
            distribution=system.distribution,
            description=system.description,
        )


def declare_uses(organisation: Organisation, *, now: datetime) -> None:
    """Declare what the systems depend on. Comes after the first polls, so that revisions can be pinned."""
    for use in organisation.uses:
        _use(use, now=now)


def offering_at(place: str) -> Offering:
    """The offering that the data file writes as `host:id`."""
    host, _, external_id = place.partition(":")
    return Offering.objects.get(host=host, external_id=external_id)


def _vendor(row: VendorRow) -> None:
    vendor = Vendor(slug=row.slug, name=row.name, country=row.country, is_self=row.slug == SELF)
    vendor.parent = Vendor.objects.get(slug=row.parent) if row.parent else None
    vendor.save()
    for name in row.namespaces:
        HubNamespace.objects.create(vendor=vendor, name=name)
    for text in row.aliases:
        VendorAlias.objects.create(vendor=vendor, text=text)


def _team(row: TeamRow) -> None:
    team = Team.objects.create(
        slug=row.slug, name=row.name, email=f"{row.slug}@northwind.example", ticket_project=row.ticket_project
    )
    for username, role in row.members:
        Member.objects.create(team=team, user=User.objects.get(username=username), role=role)


def _model(row: ModelRow, *, now: datetime) -> None:
    model = AIModel.objects.create(
        slug=row.slug,
        name=row.name,
        developer=Vendor.objects.get(slug=row.developer),
        owner=Team.objects.get(slug=row.owner),
        state=AIModel.State.LISTED,
        task=row.task,
        input_modalities=["text"],
        output_modalities=["text"] if row.task == "text-generation" else [],
        languages=list(row.languages),
        context_length=row.context_length,
        embedding_dimension=row.embedding_dimension,
        supports_tools=row.supports_tools,
        output_formats=list(row.output_formats),
        lineage_status="asserted_root" if row.root_source else "complete",
        lineage_source=row.root_source or "the developer's model card",
    )
    for place in row.places:
        _offering(model, place, now=now)


def _offering(model: AIModel, place: Place, *, now: datetime) -> None:
    is_hub = place.host == "huggingface"
    offering = Offering.objects.create(
        model=model,
        kind=Offering.Kind.WEIGHTS if is_hub or place.host == SELF else Offering.Kind.SERVICE,
        host=place.host,
        external_id=place.external_id,
        provider=Vendor.objects.get(slug=place.provider),
    )
    if is_hub:
        Alias.objects.create(namespace=Alias.Namespace.HUB, text=place.external_id, offering=offering)
    else:
        # No source tells the license of a hosted service, and nothing upstream tells about our own model.
        Revision.objects.create(
            offering=offering,
            license=License.objects.get(spdx_id=place.license),
            license_as_given=place.license,
            observed_at=now,
        )
        Offering.objects.filter(pk=offering.pk).update(
            status=Offering.Status.AVAILABLE, gating=Offering.Gating.OPEN, facts_as_of=now
        )
    for text in place.aliases:
        namespace = Alias.Namespace.PROVIDER if "/" in text else Alias.Namespace.NAME
        Alias.objects.create(namespace=namespace, text=text, offering=offering, is_floating=text == "gpt-5")


def _lineage(organisation: Organisation) -> None:
    by_slug = AIModel.objects.in_bulk(field_name="slug")
    for row in organisation.models:
        for base, relation in row.bases:
            LineageEdge(
                child=by_slug[row.slug], base=by_slug[base], relation=relation, source="the developer's model card"
            ).save()


def _use(use: Use, *, now: datetime) -> None:
    offering = offering_at(use.offering)
    dependency = Dependency(
        system=System.objects.get(slug=use.system),
        offering=offering,
        purpose=use.purpose,
        environment=Environment.objects.get(slug=use.environment),
        served_by=Vendor.objects.get(slug=SELF) if use.self_hosted else None,
        pinned_revision=offering.head_revision,
        has_index=use.has_index,
        needs=dict(use.needs),
    )
    if use.held:
        dependency.held_copy_location = f"s3://northwind-models/{offering.model.slug}/"
        dependency.held_copy_digest = f"sha256:{offering.upstream_id or offering.model.slug}"
        dependency.held_copy_verified_on = now.date() - timedelta(days=12)
    dependency.save()
