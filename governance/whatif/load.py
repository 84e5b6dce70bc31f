"""What a question is about, and the dependencies that the loss gets to: by set queries first, then those alone."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.facts import OfferingFacts, load_offerings
from governance.facts.dependencies import load_rows, put_together
from governance.facts.permits import load_permits
from governance.models import Adoption
from governance.rules.facts import SystemFacts
from governance.whatif.question import DrillFacts, Exposed, Lost, Question
from registry.models import (
    AIModel,
    Alternative,
    Dependency,
    Drill,
    Environment,
    LineageEdge,
    ModelAncestor,
    Offering,
    Vendor,
    VendorAncestor,
)

_DAY = timedelta(days=1)
# Of what is adopted for a purpose and distribution these many are candidates, those adopted last first.
_CANDIDATES = 20
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


def _named(rows: QuerySet[Vendor] | QuerySet[AIModel], slugs: Collection[str], field: str) -> dict[int, str]:
    found = {slug: (pk, name) for pk, slug, name in rows.filter(slug__in=slugs).values_list("pk", "slug", "name")}
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
    rows = VendorAncestor.objects.filter(chosen, vendor__is_self=False, ancestor__is_self=False)
    return dict(rows.order_by("vendor_id").values_list("vendor_id", "vendor__name"))


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


def _models_behind(vendor_ids: Collection[int]) -> QuerySet[ModelAncestor, int]:
    """The models behind which one of the vendors stands, as `registry.lineage.roots` says it, in one query.

    A model brings in its developer unless it was only quantised, or is our own.
    """
    edges = LineageEdge.objects.filter(child=OuterRef("pk"))
    other_edges = edges.exclude(relation=LineageEdge.Relation.QUANTIZED)
    own = VendorAncestor.objects.filter(vendor=OuterRef("developer"), ancestor__is_self=True)
    contributors = AIModel.objects.filter(
        Exists(other_edges) | ~Exists(edges), ~Exists(own), developer__in=vendor_ids
    ).order_by()
    return ModelAncestor.objects.filter(ancestor__in=contributors.values("pk")).values("model_id")


def load_exposed(dependency_ids: Collection[int], *, now: datetime) -> list[Exposed]:
    """The dependencies with all that decides their fate, by a constant number of queries."""
    rows = load_rows(Dependency.objects.filter(pk__in=dependency_ids))
    permits = load_permits(rows.wanted, today=now.date())
    offerings = load_offerings(rows.offering_ids, now=now, revisions=rows.revisions, permits=permits)
    facts = put_together(rows, offerings, permits)
    alternative_ids = {row.pk for row in rows.alternatives}
    drills = _last_drills(alternative_ids)
    servers = dict(
        Alternative.objects.filter(pk__in=alternative_ids, served_by__isnull=False).values_list("pk", "served_by_id")
    )
    by_dependency: dict[int, list[int]] = defaultdict(list)
    for pk, dependency in facts.items():
        by_dependency[pk] = [one.id for one in dependency.plan.alternatives] if dependency.plan else []
    return [
        Exposed(
            dependency=facts[pk],
            system=system,
            team=team,
            served_by=served_by,
            servers={one: servers[one] for one in by_dependency[pk] if one in servers},
            drills={one: drills[one] for one in by_dependency[pk] if one in drills},
        )
        for pk, system, team, served_by in _places(dependency_ids)
    ]


def _places(dependency_ids: Collection[int]) -> Iterator[tuple[int, SystemFacts, str, int | None]]:
    rows = (
        Dependency.objects.filter(pk__in=dependency_ids)
        .order_by("pk")
        .values_list(
            "pk",
            "served_by_id",
            "system__team__name",
            "system_id",
            "system__slug",
            "system__name",
            "system__criticality",
            "system__distribution",
            "environment__slug",
            "environment__environment_class",
        )
    )
    known: dict[tuple[int, str], SystemFacts] = {}
    for pk, served_by, team, system_id, slug, name, criticality, distribution, environment, klass in rows:
        place = (system_id, environment)
        if place not in known:
            known[place] = SystemFacts(
                id=system_id,
                slug=slug,
                name=name,
                criticality=criticality,
                distribution=distribution,
                environment=environment,
                is_production=klass == Environment.Class.PRODUCTION,
            )
        yield pk, known[place], team, served_by


def _last_drills(alternative_ids: Collection[int]) -> dict[int, DrillFacts]:
    rows = (
        Drill.objects.filter(alternative_id__in=alternative_ids)
        .order_by("alternative_id", "drilled_on", "pk")
        .values_list("alternative_id", "outcome", "expires_on", "switch_time", "reindex_time")
    )
    # The last of an alternative stays.
    return {
        pk: DrillFacts(outcome == Drill.Outcome.PASSED, expires_on, _longest(*times))
        for pk, outcome, expires_on, *times in rows
    }


def _longest(*times: timedelta | None) -> float | None:
    measured = [time for time in times if time is not None]
    return max(measured) / _DAY if measured else None


def load_candidates(uses: Collection[Use], *, now: datetime) -> dict[Use, list[OfferingFacts]]:
    """By purpose and distribution, what is adopted for it and could be put into a plan."""
    adopted = Adoption.objects.filter(
        ended_at=None,
        expires_on__gte=now.date(),
        purpose__in={purpose for purpose, _ in uses},
        distribution__in={distribution for _, distribution in uses},
    ).order_by("-granted_at", "-pk")
    chosen: dict[Use, dict[int, None]] = defaultdict(dict)
    for offering_id, *use in adopted.values_list("offering_id", "purpose", "distribution")[: _CANDIDATES * 50]:
        of_use = chosen[use[0], use[1]]
        if len(of_use) < _CANDIDATES:
            of_use[offering_id] = None
    wanted = {pk for use in uses for pk in chosen[use]}
    offerings = load_offerings(wanted, now=now) if wanted else {}
    return {use: [offerings[pk] for pk in chosen[use]] for use in uses}
