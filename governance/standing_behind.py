"""Who stands behind a model, stated by people: merging vendors and asserting lineage, with the right and the audit line.

Both decide what counts as independent, so neither a model's owner nor the team that has to pass the gate does it alone.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.models import Block
from governance.refused import Refused, invalid, refuse, written
from governance.snapshot import snapshot
from registry import assertions, merge
from registry.models import AIModel, Change, User, Vendor
from registry.ownership import lineage_of

ROOT, BASE, NOT_BASE = STATEMENTS = ("root", "base", "not_base")


def merge_vendors(gone: Vendor, into: Vendor, *, reason: str, by: User, now: datetime) -> Change:
    """As `registry.merge.merge`, audited. Refused: `not_allowed`, `invalid`, `blocked`.

    A block on `gone` would hit nothing any more once its models are the other's; so it is decided first.
    """
    reason = written("reason", reason)
    with transaction.atomic():
        _require(by, "registry.merge_vendor", "Only reviewers and administrators merge vendors.")
        block = Block.objects.in_force(now).filter(vendor=gone).first()
        if block is not None and not Block.objects.in_force(now).filter(vendor__descendant_rows__vendor=into).exists():
            raise Refused(
                "blocked", f"{block}: {block.reason} Block {into} as well, or lift the block, before they are one."
            )
        before = {"parent": gone.parent_id} | _rows_of(gone)
        try:
            change = merge.merge(gone, into, reason=reason, by=by, now=now)
        except ValidationError as error:
            refuse(error)
        audit.record(
            "governance:vendor:merged",
            gone,
            actor=by,
            before=before,
            after={"into": into.slug, "vendor": into.pk, "reason": reason, "change": snapshot(change)} | _rows_of(into),
        )
    return change


def assert_lineage(
    model: AIModel,
    *,
    statement: str,
    source: str,
    by: User,
    now: datetime,
    base: AIModel | None = None,
    relation: str = "",
    is_all: bool = False,
) -> Change | None:
    """State that `model` is a root, was made from `base`, or was not; audited. None: it was stated so already.

    Refused: `not_allowed`, and `invalid` by field.
    """
    if statement not in STATEMENTS:
        raise invalid("statement", f"statement: must be one of {', '.join(STATEMENTS)}.")
    if statement != ROOT and (base is None or not relation):
        raise invalid("base" if base is None else "relation", "base: name the model, and what was done with it.")
    with transaction.atomic():
        _require(by, "registry.assert_lineage", "Only reviewers and administrators state what a model was made from.")
        _require(
            by, "registry.assert_lineage", "Your own team has to pass with this model: another person states it.", model
        )
        before = lineage_of(model)
        word = assertions.Word(source, by, now)
        try:
            if statement == ROOT or base is None:
                change = assertions.assert_root(model, word)
            elif statement == BASE:
                change = assertions.assert_base(model, base, relation, word, is_all=is_all)
            else:
                change = assertions.retract_base(model, base, relation, word)
        except ValidationError as error:
            refuse(error)
        # One row is told with those that hang on it: the edges, and the change by which people hear of it.
        after = lineage_of(model) | {"row": snapshot(AIModel.objects.get(pk=model.pk), "base_edges")}
        after |= {"change": snapshot(change)} if change else {}
        audit.record("governance:lineage:asserted", model, actor=by, before=before, after=after)
    return change


def _rows_of(vendor: Vendor) -> dict[str, list[object]]:
    """What names the vendor and would go over with it."""
    return {
        "models": list(vendor.models.order_by("slug").values_list("slug", flat=True)),
        "offerings": list(vendor.offerings.order_by("pk").values_list("pk", flat=True)),
        "serves": list(vendor.served_dependencies.order_by("pk").values_list("pk", flat=True)),
        "aliases": list(vendor.aliases.order_by("pk").values_list("text", flat=True)),
        "hub_namespaces": list(vendor.hub_namespaces.order_by("pk").values_list("name", flat=True)),
        "children": list(vendor.children.order_by("pk").values_list("slug", flat=True)),
    }


def _require(person: User, right: str, otherwise: str, row: AIModel | None = None) -> None:
    # Read anew: what the caller holds may be older than the loss of the right.
    if not User.objects.get(pk=person.pk).has_perm(right, row):
        raise Refused("not_allowed", otherwise)
