"""Who stands behind a model: the root vendors of its developer and of everything it was made from."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from django.db import models

from registry.among import Among
from registry.models import AIModel, LineageEdge, ModelAncestor

_KNOWN = frozenset({AIModel.LineageStatus.ASSERTED_ROOT, AIModel.LineageStatus.COMPLETE})


@dataclass(frozen=True, slots=True)
class Roots:
    """The vendors behind a model. They show independence only if `is_known`: else more of them may exist."""

    vendor_ids: frozenset[int]
    vendor_names: tuple[str, ...]
    is_known: bool
    unknown_models: tuple[str, ...]
    """The models of its lineage, itself included, about whose bases nothing is settled; by name."""
    gaps: tuple[str, ...] = ()
    """What is missing of each of them, as a clause."""
    vendors: tuple["Vendor", ...] = ()
    """The same vendors with id, name and slug; by slug."""
    carriers: Mapping[int, frozenset[int]] = field(default_factory=dict, hash=False)
    """By the id of a vendor: the models of the lineage that bring it in."""

    def shares_a_vendor_with(self, other: "Roots") -> bool:
        return bool(self.vendor_ids & other.vendor_ids)


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor in the chain of owners of an ancestor's developer."""

    pk: int
    name: str
    is_self: bool
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A model of a lineage with what decides whether its developer counts."""

    pk: int
    name: str
    status: str
    has_bases: bool
    is_only_quantized: bool
    owners: tuple[Vendor, ...]

    @property
    def is_settled(self) -> bool:
        """Whether its own bases are known: it is said to have none, or all of them are entered."""
        if self.status == AIModel.LineageStatus.COMPLETE:
            return self.has_bases
        return self.status in _KNOWN

    @property
    def gap(self) -> str:
        """What is missing where it is not settled."""
        return {
            AIModel.LineageStatus.PARTIAL: f"not all that {self.name} was made from is entered",
            AIModel.LineageStatus.COMPLETE: f"all bases of {self.name} are said to be entered, and none is",
        }.get(AIModel.LineageStatus(self.status), f"nobody has said what {self.name} was made from")

    @property
    def contributes(self) -> bool:
        """Whether its developer is a vendor behind the model. Quantising adds no vendor, and we are none to ourselves."""
        return not self.is_only_quantized and not any(owner.is_self for owner in self.owners)


def roots_of(model_ids: Collection[int]) -> dict[int, Roots]:
    """The root vendors of each model, by one query. A model that does not exist has none, and is not known."""
    lineages = _load(model_ids)
    return {model_id: roots(lineages.get(model_id, ())) for model_id in model_ids}


def roots(lineage: Collection[Ancestor]) -> Roots:
    """The root vendors of a model from its whole lineage, itself included; pure."""
    contributors = [model for model in lineage if model.contributes]
    vendors = {owner.pk: owner for model in contributors for owner in model.owners}
    carriers: dict[int, set[int]] = defaultdict(set)
    for model in contributors:
        for owner in model.owners:
            carriers[owner.pk].add(model.pk)
    unsettled = sorted((model for model in lineage if not model.is_settled), key=lambda model: model.name)
    return Roots(
        vendor_ids=frozenset(vendors),
        vendor_names=tuple(sorted((vendor.name for vendor in vendors.values()), key=str.casefold)),
        is_known=bool(lineage) and not unsettled,
        unknown_models=tuple(model.name for model in unsettled),
        gaps=tuple(model.gap for model in unsettled),
        vendors=tuple(sorted(vendors.values(), key=lambda vendor: vendor.slug)),
        carriers={pk: frozenset(models_) for pk, models_ in carriers.items()},
    )


_Row = tuple[int, int, str, str, bool, bool, int, str, bool, str]


def _load(model_ids: Collection[int]) -> dict[int, list[Ancestor]]:
    edges = LineageEdge.objects.filter(child=models.OuterRef("ancestor"))
    rows = (
        ModelAncestor.objects.filter(Among("model_id", set(model_ids)))
        .annotate(
            has_bases=models.Exists(edges),
            has_other_edges=models.Exists(edges.exclude(relation=LineageEdge.Relation.QUANTIZED)),
        )
        .values_list(
            "model_id",
            "ancestor_id",
            "ancestor__name",
            "ancestor__lineage_status",
            "has_bases",
            "has_other_edges",
            "ancestor__developer__ancestor_rows__ancestor_id",
            "ancestor__developer__ancestor_rows__ancestor__name",
            "ancestor__developer__ancestor_rows__ancestor__is_self",
            "ancestor__developer__ancestor_rows__ancestor__slug",
        )
    )
    return _group(rows)


def _group(rows: Iterable[_Row]) -> dict[int, list[Ancestor]]:
    """The rows of one ancestor differ only in the vendor, which is one of the owners of its developer."""
    by_ancestor: dict[tuple[int, int], list[_Row]] = defaultdict(list)
    for row in rows:
        by_ancestor[row[0], row[1]].append(row)
    lineages: dict[int, list[Ancestor]] = defaultdict(list)
    # Of many models one and the same is an ancestor, and has the same owners for each.
    known: dict[int, Ancestor] = {}
    vendor_of = cache(Vendor)
    for (model_id, ancestor_id), group in by_ancestor.items():
        if ancestor_id not in known:
            _, _, name, status, has_bases, has_other_edges, *_ = group[0]
            known[ancestor_id] = Ancestor(
                pk=ancestor_id,
                name=name,
                status=status,
                has_bases=has_bases,
                is_only_quantized=has_bases and not has_other_edges,
                owners=tuple(vendor_of(*row[6:]) for row in group),
            )
        lineages[model_id].append(known[ancestor_id])
    return lineages
