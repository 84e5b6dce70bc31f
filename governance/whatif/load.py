"""What a question is about, and the dependencies that the loss gets to: by set queries first, then those alone."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from governance.facts import load_offerings, load_systems_of, outline_offerings
from governance.facts.dependencies import load_rows, put_together
from governance.facts.hosts import load_hosts
from governance.facts.permits import Uses, Wanted, load_permits
from governance.models import Adoption
from governance.rules.facts import AlternativeFacts
from governance.whatif.question import UNKNOWN_LICENSE, Exposed, Lost, Question
from registry.among import Among
from registry.models import (
    AIModel,
    Dependency,
    LineageEdge,
    ModelAncestor,
    Offering,
    Revision,
    System,
    Vendor,
    VendorAncestor,
)

# Of what is adopted for a purpose and distribution these many are candidates, those adopted last first.
_CANDIDATES = 20
# The basis of an adoption is not looked at where a plan is judged.
_OF_NOBODY = Uses(offering_ids=(), purposes=(), distribution="")
Use = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is lost, and the question in words, by kind."""

    lost: Lost
    asked: Mapping[str, tuple[str, ...]]


def resolve(question: Question) -> Resolved:
    """Find what the question names; `ValidationError` by field for what nobody knows, and for a question about nothing."""
    if question.is_empty:
        raise ValidationError(
            {"vendors": ["Choose at least one vendor, host, country, license class, model or offering."]}
        )
    vendors = _named(Vendor.objects.filter(is_self=False), question.vendors, "vendors")
    models = _named(AIModel.objects.all(), question.models, "models")
    offerings = _offerings(question.offerings)
    _refuse_unknown_hosts(question.hosts)
    _refuse_unknown_countries(question.countries)
    lost = Lost(
        vendors=_family(set(vendors), question.countries),
        hosts=frozenset(question.hosts),
        license_classes=frozenset(question.license_classes),
        models=_descendants(set(models)),
        offering_ids=frozenset(offerings),
    )
    asked = {
        "vendors": tuple(vendors.values()),
        "hosts": question.hosts,
        "countries": question.countries,
        "license_classes": question.license_classes,
        "models": tuple(models.values()),
        "offerings": tuple(offerings.values()),
    }
    return Resolved(lost, {kind: names for kind, names in asked.items() if names})


def _named(known: QuerySet[Vendor] | QuerySet[AIModel], slugs: Collection[str], field: str) -> dict[int, str]:
    found = {slug: (pk, name) for pk, slug, name in known.filter(slug__in=slugs).values_list("pk", "slug", "name")}
    if unknown := [slug for slug in slugs if slug not in found]:
        raise ValidationError({field: [f"“{slug}” is not known, or cannot go." for slug in unknown]})
    return dict(found[slug] for slug in slugs)


def _offerings(pks: Collection[int]) -> dict[int, str]:
    found = {row.pk: str(row) for row in Offering.objects.filter(pk__in=pks)}
    if unknown := [pk for pk in pks if pk not in found]:
        raise ValidationError({"offerings": [f"There is no offering {pk}." for pk in unknown]})
    return found


def _refuse_unknown_hosts(hosts: Collection[str]) -> None:
    known = set(Offering.objects.filter(host__in=hosts).order_by().values_list("host", flat=True).distinct())
    if unknown := [host for host in hosts if host not in known]:
        raise ValidationError({"hosts": [f"No offering of the register is at “{host}”." for host in unknown]})


def _refuse_unknown_countries(countries: Collection[str]) -> None:
    known = set(Vendor.objects.filter(country__in=countries).values_list("country", flat=True))
    if unknown := [country for country in countries if country not in known]:
        raise ValidationError({"countries": [f"No vendor of the register is in “{country}”." for country in unknown]})


def _family(vendor_ids: Collection[int], countries: Collection[str]) -> dict[int, str]:
    """The vendors, those of the countries, and all that belongs to either; never ourselves."""
    chosen = Q(ancestor_id__in=vendor_ids) | Q(ancestor__country__in=countries)
    family = VendorAncestor.objects.filter(chosen, vendor__is_self=False, ancestor__is_self=False)
    return dict(family.order_by("vendor_id").values_list("vendor_id", "vendor__name"))


def of_unknown_country() -> Lost:
    """The vendors of whom nobody has recorded a country, nor of anybody that they belong to."""
    placed = VendorAncestor.objects.exclude(ancestor__country="").values("vendor")
    unplaced = Vendor.objects.filter(is_self=False).exclude(pk__in=placed)
    return Lost(vendors=dict(unplaced.values_list("pk", "name")))


def _descendants(model_ids: Collection[int]) -> dict[int, str]:
    if not model_ids:
        return {}
    return dict(ModelAncestor.objects.filter(ancestor_id__in=model_ids).values_list("model_id", "ancestor__name"))


def touched(lost: Lost) -> set[int]:
    """The current dependencies that the loss can get to, each way by a query of its own."""
    current = Dependency.objects.current().order_by()
    found: set[int] = set()
    for narrowed in _ways(current, lost):
        found.update(narrowed.values_list("pk", flat=True))
    return found


def _ways(current: QuerySet[Dependency], lost: Lost) -> Iterator[QuerySet[Dependency]]:
    if lost.vendors:
        yield current.filter(offering__model__in=_models_behind(lost.vendors))
        yield current.filter(served_by__in=lost.vendors)
        yield current.filter(offering__provider__in=lost.vendors)
    if lost.hosts:
        yield current.filter(offering__host__in=lost.hosts)
    if lost.models:
        yield current.filter(offering__model__in=lost.models)
    if lost.offering_ids:
        yield current.filter(offering__in=lost.offering_ids)
    if lost.license_classes:
        # Which of its revisions a dependency uses is judged with the facts.
        yield current.filter(offering__revisions__license__license_class__in=lost.license_classes).distinct()
    if UNKNOWN_LICENSE in lost.license_classes:
        yield _without_license(current)


def _without_license(current: QuerySet[Dependency]) -> QuerySet[Dependency]:
    """Those of whose revision in use nobody recorded a license; some more where a commit was written short."""
    in_use = Case(When(pinned_revision="", then="offering__head_revision"), default="pinned_revision")
    licensed = Revision.objects.filter(
        offering=OuterRef("offering"), revision__in=(OuterRef("in_use"), ""), license__isnull=False
    )
    return current.annotate(in_use=in_use).filter(~Exists(licensed))


def _models_behind(vendor_ids: Collection[int]) -> QuerySet[ModelAncestor, Any]:
    """The models behind which one of the vendors stands, as `registry.lineage.roots` says it, in one query.

    A model brings in its developer unless it was only quantised, or is our own.
    """
    of_these = LineageEdge.objects.filter(child__developer__in=vendor_ids)
    other_bases = LineageEdge.objects.filter(child=OuterRef("child")).exclude(relation=LineageEdge.Relation.QUANTIZED)
    only_quantized = of_these.filter(~Exists(other_bases), relation=LineageEdge.Relation.QUANTIZED)
    own = VendorAncestor.objects.filter(ancestor__is_self=True)
    contributors = (
        AIModel.objects.filter(developer__in=vendor_ids)
        .exclude(pk__in=only_quantized.values("child"))
        .exclude(developer__in=own.values("vendor"))
        .order_by()
    )
    return ModelAncestor.objects.filter(ancestor__in=contributors.values("pk")).values("model_id")


def load_exposed(dependency_ids: Collection[int], lost: Lost, *, now: datetime) -> list[Exposed]:
    """The dependencies with all that decides their fate, by a constant number of queries.

    Of what is in use only that is loaded which a plan is judged by, and its licenses where a class of them is lost;
    what stands ready comes whole.
    """
    rows = load_rows(Dependency.objects.filter(Among("pk", dependency_ids)))
    ready = {row.offering_id for row in rows.alternatives if row.offering_id is not None}
    wanted = Wanted(offering_ids=ready, alternative_ids={row.pk for row in rows.alternatives}, uses=_OF_NOBODY)
    permits = load_permits(wanted, today=now.date())
    in_use = {row.offering_id for row in rows.dependencies}
    offerings = outline_offerings(in_use - ready, revisions=rows.revisions if lost.license_classes else ())
    offerings |= load_offerings(ready, now=now, revisions=rows.revisions, permits=permits)
    dependencies = put_together(rows, offerings, permits, load_hosts(rows.server_ids, offerings.values()))
    systems = load_systems_of(dependency_ids)
    teams = _teams({system.id for system in systems.values()})
    return [Exposed(dependency=one, system=systems[pk], team=teams[systems[pk].id]) for pk, one in dependencies.items()]


def _teams(system_ids: Collection[int]) -> dict[int, str]:
    return dict(System.objects.filter(Among("pk", system_ids)).values_list("pk", "team__name"))


def load_candidates(uses: Collection[Use], *, now: datetime) -> dict[Use, list[AlternativeFacts]]:
    """By purpose and distribution, what is adopted for it, as it would stand in a plan. No row has its id, 0."""
    adopted = Adoption.objects.filter(
        ended_at=None,
        expires_on__gte=now.date(),
        purpose__in={purpose for purpose, _ in uses},
        distribution__in={distribution for _, distribution in uses},
    ).order_by("-pk")
    chosen: dict[Use, dict[int, None]] = defaultdict(dict)
    for offering_id, *use in adopted.values_list("offering_id", "purpose", "distribution")[: _CANDIDATES * 50]:
        of_use = chosen[use[0], use[1]]
        if len(of_use) < _CANDIDATES:
            of_use[offering_id] = None
    wanted = {pk for use in uses for pk in chosen[use]}
    permits = load_permits(Wanted(offering_ids=wanted, uses=_OF_NOBODY), today=now.date())
    offerings = load_offerings(wanted, now=now, revisions=(), permits=permits)
    hosts = load_hosts((), offerings.values())
    ways = {
        pk: AlternativeFacts(
            id=0, order=0, offering=one, pinned_revision=one.head_revision, host=hosts.of(one, served_by_id=None)
        )
        for pk, one in offerings.items()
    }
    return {use: [ways[pk] for pk in chosen[use]] for use in uses}
