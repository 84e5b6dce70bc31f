"""What somebody has a stake in: what their own teams have to pass the gate with.

A fact that decides whether a system passes is not stated by who has to pass with it, whatever other role they have
besides: that would be one person in two hats. Somebody without a stake does it.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.db.models import Model, Q, QuerySet

from governance.models import Block
from registry.models import (
    AIModel,
    Alias,
    Alternative,
    Correction,
    Dependency,
    License,
    ModelAncestor,
    Offering,
    Revision,
    System,
    Vendor,
)

TeamIds = Collection[int]


def has_stake(team_ids: TeamIds, row: Model) -> bool:
    """Whether one of the teams passes the gate with `row`: it owns it, uses it, or has it in a plan."""
    stake = _STAKES.get(type(row))
    return bool(team_ids) and stake is not None and stake(team_ids, row)


def _of_system(team_ids: TeamIds, system: System) -> bool:
    return system.team_id in team_ids


def _of_model(team_ids: TeamIds, model: AIModel) -> bool:
    """What was made from it counts as well: its lineage is theirs."""
    if model.owner_id in team_ids:
        return True
    return _is_saved(model) and _lineages(team_ids).filter(ancestor=model).exists()


def _of_vendor(team_ids: TeamIds, vendor: Vendor) -> bool:
    """Whoever stands behind a model of theirs, by lineage or ownership, or serves one."""
    if not _is_saved(vendor):
        return False
    behind = _lineages(team_ids).filter(ancestor__developer__ancestor_rows__ancestor=vendor)
    serves = _uses(team_ids).filter(Q(served_by=vendor) | Q(served_by=None, offering__provider=vendor))
    return behind.exists() or serves.exists()


def _of_license(team_ids: TeamIds, license_: License) -> bool:
    return Revision.objects.filter(license=license_, offering__model__in=_models(team_ids)).exists()


def _of_block(team_ids: TeamIds, block: Block) -> bool:
    subject = block.vendor or block.model or block.offering
    return subject is not None and has_stake(team_ids, subject)


def _of_offering(team_ids: TeamIds, offering: Offering) -> bool:
    return _of_model(team_ids, offering.model)


def _is_saved(row: Model) -> bool:
    # What the database does not know yet nothing leads to.
    return not row._state.adding  # noqa: SLF001 - Django's only word for it


_STAKES: dict[type[Model], Callable[[TeamIds, Any], bool]] = {
    System: _of_system,
    AIModel: _of_model,
    Offering: _of_offering,
    Revision: lambda team_ids, row: _of_offering(team_ids, row.offering),
    Alias: lambda team_ids, row: _of_offering(team_ids, row.offering),
    Correction: lambda team_ids, row: _of_offering(team_ids, row.offering),
    Vendor: _of_vendor,
    License: _of_license,
    Block: _of_block,
}


def _uses(team_ids: TeamIds) -> QuerySet[Dependency]:
    return Dependency.objects.current().filter(system__team__in=team_ids).order_by()


def _models(team_ids: TeamIds) -> QuerySet[AIModel]:
    """The models that they own, use, or have in the plan of a use."""
    planned = Alternative.objects.filter(plan_revision__plan__dependency__in=_uses(team_ids)).order_by()
    return AIModel.objects.filter(
        Q(owner__in=team_ids)
        | Q(pk__in=_uses(team_ids).values("offering__model"))
        | Q(pk__in=planned.values("offering__model"))
    ).order_by()


def _lineages(team_ids: TeamIds) -> QuerySet[ModelAncestor]:
    return ModelAncestor.objects.filter(model__in=_models(team_ids)).order_by()
