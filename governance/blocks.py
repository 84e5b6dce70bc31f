"""Blocks: a reviewer says that a vendor, a model or an offering must not be used, and lifts it again."""

from datetime import date, datetime

from django.db import transaction

from governance import audit
from governance.models import Block
from governance.permissions import can_decide, can_lift
from governance.refused import Refused, invalid, written
from registry.locks import serialise
from registry.models import AIModel, Offering, User, Vendor


def block(
    *,
    by: User,
    reason: str,
    now: datetime,
    vendor: Vendor | None = None,
    model: AIModel | None = None,
    offering: Offering | None = None,
    until: date | None = None,
) -> Block:
    """Block exactly one of vendor, model and offering; `until` is the last day, None means until it is lifted.

    Refused: `not_allowed`, `invalid`, `duplicate` where the same is blocked already.
    """
    subject = {"vendor": vendor, "model": model, "offering": offering}
    if sum(row is not None for row in subject.values()) != 1:
        raise invalid("vendor", "Name a vendor, a model or an offering, one of the three.")
    if until is not None and until < now.date():
        raise invalid("until", f"until: {until} has passed already.")
    reason = written("reason", reason)
    with transaction.atomic():
        _refuse_who_may_not(by)
        serialise("blocks")
        if standing := Block.objects.in_force(now).filter(**subject).first():
            raise Refused("duplicate", f"{standing}, for this reason: {standing.reason}", block=standing.pk)
        made = Block.objects.create(**subject, reason=reason, until=until, blocked_by=by, blocked_at=now)
        audit.record("governance:block:set", made, actor=by, after=_said(made))
    return made


def lift(block: Block, *, by: User, reason: str, now: datetime) -> Block:
    """End a block before its day. Refused: `not_allowed`, `invalid`, `closed` where it is lifted already."""
    reason = written("reason", reason)
    with transaction.atomic():
        _refuse_who_may_not(by)
        if not can_lift(User.objects.get(pk=by.pk), block):
            raise Refused("not_allowed", "Your own team uses what is blocked, so another reviewer lifts it.")
        locked = Block.objects.select_for_update().get(pk=block.pk)
        if locked.lifted_at is not None:
            raise Refused("closed", f"This block was lifted on {locked.lifted_at:%d %B %Y}.")
        locked.lifted_by, locked.lifted_at = by, now
        locked.save(update_fields=["lifted_by", "lifted_at"])
        audit.record("governance:block:lifted", locked, actor=by, before=_said(locked), after={"reason": reason})
    return locked


def _refuse_who_may_not(person: User) -> None:
    # Read anew: what the caller holds may be older than the loss of the right.
    if not can_decide(User.objects.get(pk=person.pk)):
        raise Refused("not_allowed", "Only reviewers set and lift blocks.")


def _said(block: Block) -> dict[str, object]:
    return {
        "vendor": block.vendor_id,
        "model": block.model_id,
        "offering": block.offering_id,
        "reason": block.reason,
        "until": block.until,
    }
