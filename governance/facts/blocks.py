"""Blocks in force, and which offerings they hit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from governance.models import Block
from governance.rules.facts import BlockFacts
from registry.among import Among


@dataclass(frozen=True, slots=True)
class _Row:
    """One block and one thing that it hits: an offering, a model of a lineage, or a vendor of an owner's."""

    pk: int
    reason: str
    until: date | None
    offering_id: int | None
    model_name: str | None
    hit_model_id: int | None
    vendor_name: str | None
    hit_vendor_id: int | None

    @property
    def facts(self) -> BlockFacts:
        return BlockFacts(self._subject, self.reason, self.until)

    @property
    def _subject(self) -> str:
        if self.vendor_name is not None:
            return f"the vendor {self.vendor_name}"
        return f"the model {self.model_name}" if self.model_name is not None else "this offering"


def load_blocks(
    models: Mapping[int, int], vendors: Mapping[int, Collection[int]], *, now: datetime
) -> Mapping[int, list[BlockFacts]]:
    """By offering, the blocks that hit it; `models` and `vendors` say by offering what stands behind it.

    A block on a model hits all that was made from it, one on a vendor all that it or a subsidiary made or serves.
    """
    found: dict[int, dict[int, BlockFacts]] = defaultdict(dict)
    rows = _load_rows(models, frozenset().union(*vendors.values()), now)
    for row in rows:
        for offering_id, model_id in models.items():
            if (
                offering_id == row.offering_id
                or model_id == row.hit_model_id
                or row.hit_vendor_id in vendors[offering_id]
            ):
                found[offering_id][row.pk] = row.facts
    return defaultdict(list, {offering_id: list(blocks.values()) for offering_id, blocks in found.items()})


def _load_rows(models: Mapping[int, int], vendor_ids: Collection[int], now: datetime) -> Iterable[_Row]:
    hits = (
        Q(Among("offering_id", models.keys()))
        | Q(Among("model__descendant_rows__model_id", set(models.values())))
        | Q(Among("vendor__descendant_rows__vendor_id", vendor_ids))
    )
    rows = Block.objects.in_force(now).filter(hits).order_by("pk")
    columns = ("model__name", "model__descendant_rows__model_id", "vendor__name", "vendor__descendant_rows__vendor_id")
    return [_Row(*row) for row in rows.values_list("pk", "reason", "until", "offering_id", *columns)]
