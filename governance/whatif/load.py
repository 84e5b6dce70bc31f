"""What a question is about, and the dependencies that the loss gets to: by set queries first, then those alone."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.facts import load_offerings, outline_offerings
from governance.facts.permits import Uses, Wanted, load_permits
from governance.models import Adoption
from governance.rules.facts import AlternativeFacts, DependencyFacts, OfferingFacts, PlanFacts, SystemFacts
from governance.whatif import rows
from governance.whatif.question import DrillFacts, Exposed, Lost, Question
from registry.capabilities import read_needs
from registry.models import (
    AIModel,
    Dependency,
    Environment,
    LineageEdge,
    ModelAncestor,
    Offering,
    Vendor,
    VendorAncestor,
)

# Of what is adopted for a purpose and distribution these many are candidates, those adopted last first.
_CANDIDATES = 20
# The basis of an adoption is not looked at where a plan is judged.
_OF_NOBODY = Uses(offering_ids=(), purposes=(), distribution="")
_NO_REVISION = rows.RevisionRow(pk=0, number=None, reindex_plan="")
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


def _family(vendor_ids: Collection[int], countries: Collection[str]) -> dict[int, str]:
    """The vendors, those of the countries, and all that belongs to either; never ourselves."""
    chosen = Q(ancestor_id__in=vendor_ids) | Q(ancestor__country__in=countries)
    family = VendorAncestor.objects.filter(chosen, vendor__is_self=False, ancestor__is_self=False)
    return dict(family.order_by("vendor_id").values_list("vendor_id", "vendor__name"))


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
    loaded = _load(dependency_ids, lost, now=now)
    systems: dict[tuple[int, str], SystemFacts] = {}
    return [_exposed(use, loaded, systems) for use in loaded.uses]


@dataclass(frozen=True, slots=True)
class _Loaded:
    uses: list[rows.UseRow]
    revisions: Mapping[int, rows.RevisionRow]
    alternatives: Mapping[int, Sequence[AlternativeFacts]]
    in_use: Mapping[int, OfferingFacts]
    drills: Mapping[int, DrillFacts]
    servers: Mapping[int, int]


def _load(dependency_ids: Collection[int], lost: Lost, *, now: datetime) -> _Loaded:
    uses = list(rows.uses(dependency_ids))
    revisions = rows.newest_revisions(dependency_ids)
    alternatives = list(rows.alternatives([revision.pk for revision in revisions.values()]))
    pinned = {use.pinned_revision for use in uses} | {""}
    return _Loaded(
        uses=uses,
        revisions=revisions,
        alternatives=_by_revision(alternatives, now=now),
        in_use=outline_offerings({use.offering_id for use in uses}, revisions=pinned if lost.license_classes else ()),
        drills=rows.last_drills([row.pk for row in alternatives]),
        servers={row.pk: row.served_by_id for row in alternatives if row.served_by_id is not None},
    )


def _by_revision(alternatives: Collection[rows.AlternativeRow], *, now: datetime) -> dict[int, list[AlternativeFacts]]:
    offering_ids = {row.offering_id for row in alternatives if row.offering_id is not None}
    wanted = Wanted(offering_ids=offering_ids, alternative_ids=[row.pk for row in alternatives], uses=_OF_NOBODY)
    permits = load_permits(wanted, today=now.date())
    revisions = {row.pinned_revision for row in alternatives}
    offerings = load_offerings(offering_ids, now=now, revisions=revisions, permits=permits)
    found: dict[int, list[AlternativeFacts]] = defaultdict(list)
    for row in alternatives:
        alternative = AlternativeFacts(
            id=row.pk,
            order=row.order,
            kind=row.kind,
            offering=None if row.offering_id is None else offerings[row.offering_id],
            pinned_revision=row.pinned_revision,
            has_verified_copy=rows.is_verified(row),
            impact_statement=row.impact_statement,
            approval=permits.approvals.get(row.pk),
        )
        found[row.plan_revision_id].append(alternative)
    return found


def _exposed(use: rows.UseRow, loaded: _Loaded, systems: dict[tuple[int, str], SystemFacts]) -> Exposed:
    place = (use.system_id, use.environment)
    if place not in systems:
        systems[place] = _system(use)
    return Exposed(
        dependency=DependencyFacts(
            id=use.pk,
            offering=loaded.in_use[use.offering_id],
            purpose=use.purpose,
            pinned_revision=use.pinned_revision,
            has_verified_copy=rows.is_verified(use),
            has_index=use.has_index,
            needs=read_needs(use.needs),
            plan=None if use.plan_id is None else _plan(use.plan_id, loaded),
        ),
        system=systems[place],
        team=use.team,
        served_by=use.served_by_id,
        servers=loaded.servers,
        drills=loaded.drills,
    )


def _plan(plan_id: int, loaded: _Loaded) -> PlanFacts:
    revision = loaded.revisions.get(plan_id, _NO_REVISION)
    return PlanFacts(
        id=plan_id,
        number=revision.number,
        says_how_to_reindex=bool(revision.reindex_plan.strip()),
        alternatives=tuple(loaded.alternatives.get(revision.pk, ())),
    )


def _system(use: rows.UseRow) -> SystemFacts:
    return SystemFacts(
        id=use.system_id,
        slug=use.slug,
        name=use.name,
        criticality=use.criticality,
        distribution=use.distribution,
        environment=use.environment,
        is_production=use.environment_class == Environment.Class.PRODUCTION,
    )


def load_candidates(uses: Collection[Use], *, now: datetime) -> dict[Use, list[OfferingFacts]]:
    """By purpose and distribution, what is adopted for it and could be put into a plan."""
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
    return {use: [offerings[pk] for pk in chosen[use]] for use in uses}
