"""Which models could stand in for the one that a dependency uses, best first, with the reasons."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Q, QuerySet

from registry.capabilities import read_needs
from registry.criteria import Criterion, Profile, Reason, Terms, Verdict, judge, price_factor
from registry.lineage import roots_of
from registry.models import AIModel, Dependency, License, ModelAncestor, Offering, Revision
from registry.preselect import Sets, best

GONE = (Offering.Status.RETIRED, Offering.Status.DISABLED, Offering.Status.REMOVED)
_NO_PRICE = Decimal("Infinity")
# What one answer holds. Nobody reads further, and every one of them is judged exactly.
FIRST = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offering that could take over, with one reason per criterion in the order in which they decide."""

    offering: Offering
    reasons: tuple[Reason, ...]
    shared_vendors: tuple[str, ...]
    license: License | None

    def verdict_on(self, criterion: Criterion) -> Verdict:
        """A criterion that does not apply speaks for nobody and against nobody."""
        return next((reason.verdict for reason in self.reasons if reason.criterion == criterion), Verdict.FOR)

    @property
    def is_independent(self) -> bool:
        """Whether it is *shown* independent; unknown lineage shows nothing."""
        return self.verdict_on(Criterion.INDEPENDENCE) is Verdict.FOR


def candidates_for(
    dependency: Dependency,
    *,
    terms: Terms,
    sets: Sets | None = None,
    details: Callable[[Terms, Collection[int]], Terms] | None = None,
    without: Q | None = None,
    allowed_only: bool = False,
    limit: int = FIRST,
) -> list[Candidate]:
    """The `limit` best offerings of listed models for the same task, ranked; none where that task is not known.

    The database finds the best, which are then judged one by one: the number of queries does not grow. `sets` are what is
    approved, adopted and measured where that is too much to hold in `terms`; then `details` fills it in for the few
    offerings that were found. `without` takes away what must not be used, `allowed_only` what no license is known to allow.
    """
    primary = Offering.objects.select_related("model").get(pk=dependency.offering_id)
    if not primary.model.task:
        return []
    terms = replace(terms, needs=terms.needs or read_needs(dependency.needs))
    (first,) = profiles([primary])
    pool = pool_of(primary, today=terms.today)
    pool = pool.exclude(without) if without else pool
    found = best(first, pool, terms, sets or Sets.of(terms), limit=limit, allowed_only=allowed_only)
    if details:
        terms = details(terms, [offering.pk for offering in found])
    return rank(first, profiles(found), terms)


def pool_of(primary: Offering, *, today: date) -> QuerySet[Offering]:
    """Whatever could take over at all: offerings that still run, of listed models for the same task."""
    return (
        Offering.objects.filter(model__task=primary.model.task, model__state=AIModel.State.LISTED)
        .exclude(pk=primary.pk)
        .exclude(status__in=GONE)
        .exclude(retires_on__lte=today)
        .select_related("model__developer", "provider")
    )


def rank(primary: Profile, profiles: Iterable[Profile], terms: Terms) -> list[Candidate]:
    """The candidates in the order of the criteria: a later one decides only between equals; pure."""
    candidates = [_candidate(primary, profile, terms) for profile in profiles]
    return sorted(candidates, key=lambda candidate: _place(primary.offering, candidate))


def _candidate(primary: Profile, profile: Profile, terms: Terms) -> Candidate:
    shared = set(primary.roots.vendor_names) & set(profile.roots.vendor_names)
    return Candidate(
        offering=profile.offering,
        reasons=judge(primary, profile, terms),
        shared_vendors=tuple(sorted(shared, key=str.casefold)),
        license=profile.license,
    )


def _place(primary: Offering, candidate: Candidate) -> tuple[list[Verdict], Decimal, str, str, str]:
    factor = price_factor(primary, candidate.offering)
    return (
        [candidate.verdict_on(criterion) for criterion in Criterion],
        _NO_PRICE if factor is None else factor,
        candidate.offering.model.slug,
        candidate.offering.host,
        candidate.offering.external_key,
    )


def profiles(offerings: Sequence[Offering]) -> list[Profile]:
    """Each with its root vendors, lineage and license, by three queries."""
    model_ids = {offering.model_id for offering in offerings}
    roots = roots_of(model_ids)
    ancestors: dict[int, dict[int, str]] = defaultdict(dict)
    rows = ModelAncestor.objects.filter(model_id__in=model_ids).values_list("model_id", "ancestor_id", "ancestor__name")
    for model_id, ancestor_id, name in rows:
        ancestors[model_id][ancestor_id] = name
    licenses = _licenses(offerings)
    return [Profile(one, roots[one.model_id], ancestors[one.model_id], licenses.get(one.pk)) for one in offerings]


def _licenses(offerings: Sequence[Offering]) -> dict[int, License | None]:
    """The license of each offering's head revision; where that is not known, of the revision seen last."""
    is_head = models.Case(
        models.When(revision=models.F("offering__head_revision"), then=1), default=0, output_field=models.IntegerField()
    )
    revisions = (
        Revision.objects.filter(offering__in=[offering.pk for offering in offerings])
        .annotate(is_head=is_head)
        .select_related("license")
        .order_by("is_head", "observed_at", "pk")
    )
    return {revision.offering_id: revision.license for revision in revisions}
