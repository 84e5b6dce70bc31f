"""What the register knows already of the things that an import file names, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from registry.imports.columns import ModelRecord
from registry.licenses import is_known
from registry.models import (
    AIModel,
    Alias,
    HubNamespace,
    LineageEdge,
    Offering,
    Team,
    Vendor,
    VendorAlias,
)

Place = tuple[str, str]
"""The host and the case-folded id of an offering: what makes it one of its kind."""


@dataclass(frozen=True, slots=True)
class Known:
    """The register as far as one file needs it. Models and vendors go by slug; texts to look up are case-folded."""

    vendors: Mapping[str, frozenset[str]]
    vendor_slugs: frozenset[str]
    namespaces: frozenset[str]
    teams: frozenset[str]
    models: Mapping[str, AIModel]
    bases: Mapping[str, frozenset[str]]
    edges: Mapping[str, frozenset[str]]
    places: Mapping[Place, str]
    aliases: Mapping[Place, frozenset[str]]
    licenses: frozenset[str]

    @classmethod
    def load(cls, models: Iterable[ModelRecord]) -> Self:
        models = list(models)
        names = {base.name for model in models for base in model.base_models or ()}
        rows = AIModel.objects.filter(slug__in={model.slug for model in models}).select_related("developer", "owner")
        return cls(
            vendors=_vendors(),
            vendor_slugs=frozenset(Vendor.objects.values_list("slug", flat=True)),
            namespaces=frozenset(HubNamespace.objects.values_list("key", flat=True)),
            teams=frozenset(Team.objects.values_list("slug", flat=True)),
            models={model.slug: model for model in rows},
            bases=_models_named(names),
            edges=group(LineageEdge.objects.values_list("child__slug", "base__slug")),
            places=_places(models),
            aliases=_aliases(models),
            licenses=frozenset(text for text in {model.license for model in models} if text and is_known(text)),
        )


def group(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """The second of each pair, gathered by the first."""
    gathered: dict[str, set[str]] = defaultdict(set)
    for key, value in pairs:
        gathered[key].add(value)
    return {key: frozenset(values) for key, values in gathered.items()}


def _vendors() -> dict[str, frozenset[str]]:
    pairs = [(slug, slug) for slug in Vendor.objects.standing().values_list("slug", flat=True)]
    pairs += [(name, slug) for name, slug in Vendor.objects.standing().values_list("name", "slug")]
    pairs += VendorAlias.objects.values_list("key", "vendor__slug")
    return group((name.strip().casefold(), slug) for name, slug in pairs)


def _models_named(names: set[str]) -> dict[str, frozenset[str]]:
    pairs = [(slug, slug) for slug in AIModel.objects.filter(slug__in=names).values_list("slug", flat=True)]
    keys = {name.casefold() for name in names}
    pairs += Offering.objects.filter(external_key__in=keys).values_list("external_key", "model__slug")
    return group((name.casefold(), slug) for name, slug in pairs)


def _places(models: Iterable[ModelRecord]) -> dict[Place, str]:
    keys = {model.external_id.casefold() for model in models if model.external_id}
    rows = Offering.objects.filter(external_key__in=keys).values_list("host", "external_key", "model__slug")
    return {(host, key): slug for host, key, slug in rows}


def _aliases(models: Iterable[ModelRecord]) -> dict[Place, frozenset[str]]:
    """The ids of the offerings that an alias of everybody means already, by the alias and the host."""
    keys = {alias.casefold() for model in models for alias in model.aliases or ()}
    rows = Alias.objects.filter(key__in=keys, system=None).values_list(
        "offering__host", "key", "offering__external_key"
    )
    gathered: dict[Place, set[str]] = defaultdict(set)
    for host, key, external_key in rows:
        gathered[host, key].add(external_key)
    return {place: frozenset(ids) for place, ids in gathered.items()}
