"""A reviewed import into the register, in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from registry.imports.columns import FIELDS_OF_MODEL, ModelRecord, VendorRecord
from registry.imports.placing import Component
from registry.imports.review import Review, Row, Step
from registry.licenses import find
from registry.models import (
    AIModel,
    Alias,
    BomComponent,
    HubNamespace,
    LineageEdge,
    Offering,
    Revision,
    Team,
    Vendor,
    VendorAlias,
)
from registry.refs import HUB


def write(review: Review, *, now: datetime, file_name: str = "") -> list[AIModel]:
    """Do what the review says; the models that were made or changed, new ones as *proposed*.

    What a bill of materials said of an offering is kept with it as it was, also where nothing else changes.

    All or nothing. Raises Django's `IntegrityError`, `ValidationError` or `ObjectDoesNotExist` where somebody
    changed the register since the review.
    """
    with transaction.atomic():
        for vendor in review.vendors:
            _write_vendor(vendor)
        rows = [row for row in review.rows if row.step is not Step.UNCHANGED]
        vendors = _vendors(rows)
        models = [_write_model(row, vendors[row.developer]) for row in rows]
        for row, model in zip(rows, models, strict=True):
            _write_offering(row, model, vendors, now=now)
        for row, model in zip(rows, models, strict=True):
            _write_bases(row, model)
        for component in review.components:
            _keep(component, file_name=file_name, now=now)
    return models


def _keep(component: Component, *, file_name: str, now: datetime) -> None:
    offering = Offering.objects.get(host=component.host, external_key=component.external_id.casefold())
    said = {
        "document": dict(component.document),
        "spec_version": component.spec_version,
        "file_name": file_name[:200],
        "imported_at": now,
    }
    BomComponent.objects.update_or_create(offering=offering, defaults=said)


def _write_vendor(record: VendorRecord) -> None:
    vendor = Vendor.objects.create(
        slug=record.slug,
        name=record.name,
        parent=Vendor.objects.get(slug=record.parent) if record.parent else None,
        country=record.country or "",
        homepage=record.homepage or "",
    )
    for alias in record.aliases or ():
        VendorAlias.objects.create(vendor=vendor, text=alias)
    for name in record.hub_namespaces or ():
        HubNamespace.objects.create(vendor=vendor, name=name)


def _vendors(rows: Iterable[Row]) -> dict[str, Vendor]:
    slugs = {slug for row in rows for slug in (row.developer, row.provider) if slug}
    return {vendor.slug: vendor for vendor in Vendor.objects.filter(slug__in=slugs)}


def _write_model(row: Row, developer: Vendor) -> AIModel:
    model = AIModel(slug=row.record.slug) if row.step is Step.NEW else AIModel.objects.get(slug=row.record.slug)
    model.developer = developer
    if row.record.owner:
        model.owner = Team.objects.get(slug=row.record.owner)
    for name in FIELDS_OF_MODEL:
        value = getattr(row.record, name)
        if value is not None:
            setattr(model, name, value)
    if _adds_bases(row) and not row.record.lineage_status:
        # A file that names some bases does not say that these are all.
        model.lineage_status = AIModel.LineageStatus.PARTIAL
    model.save()
    return model


def _adds_bases(row: Row) -> bool:
    return bool(row.bases) if row.step is Step.NEW else "base_models" in row.changed


def _write_offering(row: Row, model: AIModel, vendors: dict[str, Vendor], *, now: datetime) -> None:
    """Make the offering; one that is there already is left to the sources that watch it."""
    record = row.record
    if not record.host or not record.external_id or not _is_new_place(row):
        return
    default_kind = Offering.Kind.WEIGHTS if record.host == HUB else Offering.Kind.SERVICE
    offering = Offering.objects.create(
        model=model,
        host=record.host,
        external_id=record.external_id,
        kind=record.kind or default_kind,
        provider=vendors[row.provider] if row.provider else None,
        head_revision=record.revision or "",
    )
    _write_license(record, offering, now=now)
    _write_aliases(offering, [record.external_id, *(record.aliases or ())])


def _is_new_place(row: Row) -> bool:
    return row.step is Step.NEW or "external_id" in row.changed


def _write_license(record: ModelRecord, offering: Offering, *, now: datetime) -> None:
    if record.license:
        Revision.objects.create(
            offering=offering,
            revision=offering.head_revision,
            license=find(record.license),
            license_as_given=record.license,
            observed_at=now,
        )


def _write_aliases(offering: Offering, texts: Sequence[str]) -> None:
    for text in {text.casefold(): text for text in texts}.values():
        Alias.objects.create(namespace=_namespace(text, offering), text=text, offering=offering)


def _namespace(text: str, offering: Offering) -> Alias.Namespace:
    if offering.host == HUB and text == offering.external_id:
        return Alias.Namespace.HUB
    return Alias.Namespace.PROVIDER if "/" in text else Alias.Namespace.NAME


def _write_bases(row: Row, model: AIModel) -> None:
    for base in row.bases:
        bases = AIModel.objects.get(slug=base.name)
        if not LineageEdge.objects.filter(child=model, base=bases).exists():
            LineageEdge(child=model, base=bases, relation=base.relation, source="import").save()
