"""Take a row that a source lists into the register: a proposed model and its offering, mapped to that row."""

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from governance import audit
from governance.refused import Refused, invalid
from registry.listings import map_listing
from registry.models import AIModel, Alias, LineageEdge, Listing, Offering, Team, User, Vendor
from registry.records import from_facts
from registry.unregistered import kind_at, place_of

_LONGEST_SLUG = 120


def enroll(listing: Listing, *, developer: Vendor, owner: Team, person: User, now: datetime) -> Offering:
    """Register what `listing` is about as proposed: whether it may be used is decided afterwards.

    Bases that the source names and the register knows are entered; its lineage counts as partial at most, until a person
    states it. Refused: `not_allowed`, `closed` where the row stands for an offering already or says nothing now,
    `invalid` where that place is registered.
    """
    with transaction.atomic():
        listing = Listing.objects.select_for_update(of=("self",)).select_related("current").get(pk=listing.pk)
        if not User.objects.get(pk=person.pk).has_perms(("registry.add_aimodel", "registry.add_offering")):
            raise Refused("not_allowed", "Only reviewers and administrators take models into the register.")
        if listing.offering_id is not None or listing.current is None:
            raise Refused("closed", f"{listing} stands for an offering already, or its source no longer lists it.")
        record = from_facts(listing.external_id, listing.current.facts)
        host, external_id = place_of(record)
        if Offering.objects.filter(host=host, external_key=external_id.casefold()).exists():
            raise invalid("listing", f"listing: {external_id} at {host} is registered. Map the row to it instead.")
        model = _model(external_id, record.task or "", developer, owner)
        offering = Offering.objects.create(model=model, host=host, external_id=external_id, kind=kind_at(host))
        namespace = Alias.Namespace.HUB if offering.kind == Offering.Kind.WEIGHTS else Alias.Namespace.PROVIDER
        Alias.objects.create(namespace=namespace, text=external_id, offering=offering)
        _enter_bases(model, {base.id.casefold(): base.relation for base in record.base_models or ()})
        map_listing(listing, offering, now=now)
        said = {"listing": listing.pk, "model": model.pk, "developer": developer.pk, "owner": owner.pk}
        audit.record("governance:listing:enrolled", offering, actor=person, after=said)
    return offering


def _model(external_id: str, task: str, developer: Vendor, owner: Team) -> AIModel:
    name = external_id.rpartition("/")[2]
    return AIModel.objects.create(
        slug=_free_slug(slugify(name) or "model"), name=name, developer=developer, owner=owner, task=task
    )


def _free_slug(wanted: str) -> str:
    """`wanted`, or with the first number behind it that nobody has."""
    wanted = wanted[: _LONGEST_SLUG - 5]
    taken = set(AIModel.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(
        slug for number in range(len(taken) + 1) if (slug := f"{wanted}-{number}" if number else wanted) not in taken
    )


def _enter_bases(model: AIModel, relations: dict[str, str]) -> None:
    bases = Offering.objects.filter(host="huggingface", external_key__in=relations).select_related("model")
    for base in bases:
        given = relations[base.external_key]
        relation = given if given in LineageEdge.Relation.values else LineageEdge.Relation.FINETUNE
        LineageEdge(child=model, base=base.model, relation=relation, source="as upstream lists it").save()
    if bases:
        AIModel.objects.filter(pk=model.pk).update(lineage_status=AIModel.LineageStatus.PARTIAL)
