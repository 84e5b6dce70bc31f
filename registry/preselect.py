"""The best candidates of a large register, found by the database in the order of `registry.criteria`.

Each criterion stands here a second time, as an expression that the database sorts by: 0 for, 1 a question, 2 against.
Both spellings have to agree; a test ranks random registers by the one and by the other. Independence is no expression but
up to three queries, the independent first: so the database walks the lineages by a join, and only as far as a page needs.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import and_
from typing import Any, Self

from django.db import connection, transaction
from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable, OrderBy
from django.db.models.functions import Cast, Collate, StrIndex
from django.db.models.lookups import Exact, GreaterThan

from registry.capabilities import EMBEDDING_TASKS, MULTILINGUAL, Needs
from registry.criteria import Profile, Terms
from registry.models import LicenseClass, LineageEdge, ModelAncestor, Offering, Revision, VendorAncestor

FOR, QUESTION, AGAINST = 0, 1, 2
# So many times the rows that are asked for are looked at before everything is.
_LOOKED_AT = 8
_UNSETTLED = ("partial", "unknown")
Key = Combinable | OrderBy
Ids = Collection[int] | QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Sets:
    """Ids of offerings, or queries of them; None where nothing is said."""

    approved: Ids | None = None
    adopted: Ids | None = None
    measured: Ids | None = None

    @classmethod
    def of(cls, terms: Terms) -> Self:
        return cls(terms.approved, terms.adopted, terms.measured)


def best(
    primary: Profile,
    candidates: QuerySet[Offering],
    terms: Terms,
    sets: Sets,
    *,
    limit: int,
    allowed_only: bool = False,
) -> list[Offering]:
    """The `limit` first of `candidates` in the order of the criteria; `sets` stand for those of `terms`.

    `allowed_only` leaves out what has no license that policy is known to allow here.
    """
    leading = _leading(primary, terms)
    ordered = _with_license(candidates).order_by(*leading, *_following(primary, sets))
    allowed = frozenset(_allowed(terms)) if allowed_only else None
    *decided, undecided = _groups(sets)
    likely = undecided & reduce(and_, (Q(Exact(key, Value(FOR))) for key in leading))
    found: list[int] = []
    with _uncompiled():
        for number, (tier, group) in enumerate(product(_tiers(primary), (*decided, undecided))):
            count = limit - len(found)
            if count and number == len(decided):
                found += _among_the_likely(ordered.filter(likely), tier, count)
            if count := limit - len(found):
                found += _first(ordered.filter(group, tier), count, allowed)
    rows = candidates.in_bulk(found)
    return [rows[pk] for pk in found]


@contextmanager
def _uncompiled() -> Iterator[None]:
    """PostgreSQL takes these queries for long ones and compiles them, which takes longer than they do."""
    if connection.vendor != "postgresql":
        # On SQLite a transaction would take the lock of the only writer.
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off")
        yield


def _groups(sets: Sets) -> list[Q]:
    """By what is approved and what is adopted, the better group first.

    A query for each: what people have decided on is little, found by its keys, and often fills the page.
    """
    said = [
        Q(pk__in=ids if isinstance(ids, QuerySet) else list(ids))
        for ids in (sets.approved, sets.adopted)
        if ids is not None
    ]
    return [reduce(and_, group, Q()) for group in product(*((one, ~one) for one in said))]


def _among_the_likely(likely: QuerySet[Any], tier: Q, count: int) -> list[int]:
    """The keys of the first `count` rows of a `tier`, if so many stand among those that nothing speaks against; else none.

    Those come first in the order. Who stands behind them is asked of the first few alone: of everything it would take
    longer than all the rest. Their license is among what speaks for them.
    """
    first = list(likely.values_list("pk", flat=True)[: _LOOKED_AT * count])
    if len(first) < count:
        return []
    found = list(likely.filter(tier, pk__in=first).values_list("pk", flat=True)[:count])
    return found if len(found) == count else []


def _first(ordered: QuerySet[Any], count: int, allowed: Collection[str] | None) -> list[int]:
    """The keys of the first `count` rows; of those with an allowed license, where that is asked.

    Only narrow rows are sorted: wide ones spill to disk. Licenses are looked at here, in the order of the rows: as a
    condition of the query they would make the database join every row before it sorts the few that matter.
    """
    rows = ordered.values_list("pk", "license_class")
    for most in (count, None) if allowed is None else (2 * count, 32 * count, None):
        some = list(rows[:most])
        fine = [pk for pk, license_class in some if allowed is None or license_class in allowed]
        if len(fine) >= count or most is None or len(some) < most:
            return fine[:count]
    return []


def _tiers(primary: Profile) -> Iterator[Q]:
    """The candidates shown independent, those not shown, and those that are not."""
    behind_both, unsettled = _behind_both(primary), _unsettled()
    others = reduce(and_, (~Q(Exists(rows)) for rows in behind_both))
    if primary.roots.is_known:
        yield others & ~Q(Exists(unsettled))
        yield others & Q(Exists(unsettled))
    else:
        yield others
    yield Q(*(Q(Exists(rows)) for rows in behind_both), _connector=Q.OR)


def _behind_both(primary: Profile) -> list[QuerySet[ModelAncestor]]:
    """Rows of a candidate's lineage that are of the primary's, too: a model, or a vendor that both owe something to."""
    lineage = ModelAncestor.objects.filter(model_id=OuterRef("model_id"))
    own = VendorAncestor.objects.filter(ancestor__is_self=True).values("vendor_id")
    edges = LineageEdge.objects.filter(child_id=OuterRef("ancestor_id"))
    makers = VendorAncestor.objects.filter(ancestor_id__in=primary.roots.vendor_ids).values("vendor_id")
    return [
        lineage.filter(ancestor_id__in=list(primary.ancestors)),
        lineage.filter(ancestor__developer_id__in=makers)
        .exclude(ancestor__developer_id__in=own)
        # Quantising adds no vendor.
        .filter(~Exists(edges) | Exists(edges.exclude(relation=LineageEdge.Relation.QUANTIZED))),
    ]


def _unsettled() -> QuerySet[ModelAncestor]:
    """Rows of a candidate's lineage about whose bases nothing is settled."""
    edges = LineageEdge.objects.filter(child_id=OuterRef("ancestor_id"))
    return ModelAncestor.objects.filter(model_id=OuterRef("model_id")).filter(
        Q(ancestor__lineage_status__in=_UNSETTLED) | (Q(ancestor__lineage_status="complete") & ~Exists(edges))
    )


def _leading(primary: Profile, terms: Terms) -> list[Case]:
    """The criteria that come first and speak for many."""
    return [
        _license(terms),
        *_capabilities(terms.needs_beside(primary.model)),
        _future(),
        *_dimension(primary),
        *_host(primary.offering),
    ]


def _following(primary: Profile, sets: Sets) -> list[Key]:
    """What decides between those that are alike in that: few were measured, and a price is no verdict alone."""
    names = (_plainly(field) for field in ("model__slug", "host", "external_key"))
    return [*_among(sets.measured), *_price(primary.offering), *names]


def _plainly(field: str) -> Key:
    """By code points, as Python compares; SQLite does so by itself."""
    return Collate(field, "C") if connection.vendor == "postgresql" else F(field)


def _case(*whens: When, default: int) -> Case:
    return Case(*whens, default=Value(default), output_field=IntegerField())


def _among(ids: Ids | None) -> Iterator[Key]:
    if isinstance(ids, QuerySet) or ids:
        yield _case(When(pk__in=ids if isinstance(ids, QuerySet) else list(ids), then=FOR), default=QUESTION)


def _with_license(candidates: QuerySet[Offering]) -> QuerySet[Any]:
    """With the class of the license of the head revision; where that is not known, of the revision seen last."""
    last = Revision.objects.filter(offering=OuterRef("pk")).order_by("-observed_at", "-pk")
    return candidates.annotate(
        head=FilteredRelation("revisions", condition=Q(revisions__revision=F("head_revision"))),
        license_class=Case(
            When(head__pk__isnull=False, then=F("head__license__license_class")),
            default=Subquery(last.values("license__license_class")[:1]),
            output_field=TextField(),
        ),
    )


_KNOWN = frozenset(one for one in LicenseClass.values if one != LicenseClass.UNKNOWN)


def _allowed(terms: Terms) -> list[str]:
    return sorted(_KNOWN if terms.allowed_license_classes is None else _KNOWN & set(terms.allowed_license_classes))


def _license(terms: Terms) -> Case:
    allowed = _allowed(terms)
    return _case(
        When(license_class__in=allowed, then=FOR),
        When(license_class__in=sorted(_KNOWN - set(allowed)), then=AGAINST),
        default=QUESTION,
    )


def _capabilities(needs: Needs) -> Iterator[Case]:
    gaps = list(_gaps(needs))
    whens = [(_any([lacks for lacks, _ in gaps]), AGAINST), (_any([unknown for _, unknown in gaps]), QUESTION)]
    if gaps:
        yield _case(*(When(condition, then=verdict) for condition, verdict in whens), default=FOR)


def _any(conditions: list[Q]) -> Q:
    return Q(*conditions, _connector=Q.OR)


def _gaps(needs: Needs) -> Iterator[tuple[Q, Q]]:
    """For each need what lacks it, and of what nobody knows, as `registry.capabilities.compare` says it in words."""
    if needs.task:
        as_good = EMBEDDING_TASKS if needs.task in EMBEDDING_TASKS else {needs.task}
        yield ~Q(model__task__in=sorted({"", *as_good})), Q(model__task="")
    if needs.context_length:
        shorter = Q(model__context_length__gt=0, model__context_length__lt=needs.context_length)
        yield shorter, Q(model__context_length=None) | Q(model__context_length=0)
    for field in ("input_modalities", "output_modalities", "output_formats"):
        if words := getattr(needs, field):
            yield ~_is_empty(field) & _any([~_holds(field, word) for word in words]), _is_empty(field)
    if needs.languages:
        yield _language_gaps(needs.languages)
    if needs.tools:
        yield Q(model__supports_tools=False), Q(model__supports_tools=None)
    if needs.embedding_dimension:
        yield _other_dimension(needs.embedding_dimension)


def _language_gaps(wanted: tuple[str, ...]) -> tuple[Q, Q]:
    field = "languages"
    is_told, falls_short = ~_is_empty(field), ~_holds(field, MULTILINGUAL)
    lacking = [~_holds(field, name) for name in wanted if name != MULTILINGUAL]
    if MULTILINGUAL not in wanted:
        return is_told & falls_short & _any(lacking), _is_empty(field)
    # A list of several languages may hold all that the use needs.
    several = _holds_text(field, '", "')
    lacks_one = _any([~several, *lacking])
    return is_told & falls_short & lacks_one, _is_empty(field) | (falls_short & ~lacks_one)


def _other_dimension(wanted: int) -> tuple[Q, Q]:
    field = "model__embedding_dimension"
    smaller, larger = Q(**{f"{field}__gt": 0, f"{field}__lt": wanted}), Q(**{f"{field}__gt": wanted})
    return smaller | larger, Q(**{field: None}) | Q(**{field: 0})


def _holds(field: str, name: str) -> Q:
    # PostgreSQL writes JSON with its letters, Django on SQLite with escapes.
    return _holds_text(field, json.dumps(name, ensure_ascii=connection.vendor != "postgresql"))


def _holds_text(field: str, text: str) -> Q:
    return Q(GreaterThan(StrIndex(_text(field), Value(text)), Value(0)))


def _is_empty(field: str) -> Q:
    return Q(Exact(_text(field), Value("[]")))


def _text(field: str) -> Cast:
    """The list as it is written: `["en", "de"]`."""
    return Cast(f"model__{field}", TextField())


def _future() -> Case:
    return _case(
        When(Q(retires_on__isnull=False) | Q(status=Offering.Status.DEPRECATED), then=AGAINST),
        When(status=Offering.Status.UNKNOWN, then=QUESTION),
        default=FOR,
    )


def _dimension(primary: Profile) -> Iterator[Case]:
    ours = primary.model.embedding_dimension
    if primary.model.task not in EMBEDDING_TASKS and ours is None:
        return
    same = When(model_id=primary.model.pk, then=FOR)
    if ours is None:
        yield _case(same, default=QUESTION)
        return
    unknown = When(model__embedding_dimension=None, then=QUESTION)
    yield _case(same, unknown, When(model__embedding_dimension=ours, then=FOR), default=AGAINST)


def _host(primary: Offering) -> Iterator[Case]:
    if primary.kind == Offering.Kind.SERVICE:
        yield _case(When(kind=Offering.Kind.SERVICE, host=primary.host, then=AGAINST), default=FOR)


def _price(primary: Offering) -> Iterator[Key]:
    weights = When(kind=Offering.Kind.WEIGHTS, then=FOR)
    if not primary.input_price:
        yield _case(weights, default=QUESTION)
        return
    cheaper = When(input_price__lte=primary.input_price, then=FOR)
    yield _case(cheaper, When(input_price__isnull=False, then=AGAINST), weights, default=QUESTION)
    yield F("input_price").asc(nulls_last=True)
