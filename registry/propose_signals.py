"""Judge every vendor by what it did over time, and propose to a person what crossed a threshold.

A proposal is one row per vendor and part while nobody has decided. It follows the numbers, goes where they do not bear it
any more, and does not come back after a decision until they are materially worse.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from registry import signals
from registry.locks import serialise
from registry.models import AIModel, HubNamespace, ProposedSignal, Vendor
from registry.signal_parts import Part, is_worse
from registry.vendor_history import load_histories

_State = ProposedSignal.State


def propose_all(*, now: datetime) -> int:
    """Bring the proposals up to date; returns how many are new.

    Our own organisation is not judged, nor a vendor that only holds others: what belongs to it speaks for itself.
    """
    histories = load_histories(today=now.date())
    judged = {pk: signals.judge(histories[pk], today=now.date()) for pk in _judged_vendors() if pk in histories}
    with transaction.atomic():
        serialise("vendor-signals")
        return _keep(judged, now=now)


def _judged_vendors() -> Iterable[int]:
    acts = Exists(HubNamespace.objects.filter(vendor=OuterRef("pk"))) | Exists(
        AIModel.objects.filter(developer=OuterRef("pk"))
    )
    return list(Vendor.objects.filter(acts, is_self=False).values_list("pk", flat=True))


def _keep(judged: Mapping[int, tuple[Part, ...]], *, now: datetime) -> int:
    last = _last_ones()
    new = []
    for vendor_id, parts in judged.items():
        for part in parts:
            row = last.get((vendor_id, part.name.value))
            if row is not None and row.state == _State.PROPOSED:
                _follow(row, part, now=now)
            elif part.is_crossed and (row is None or is_worse(part, row.numbers)):
                new.append(_proposed(vendor_id, part, now=now))
    ProposedSignal.objects.filter(~Q(vendor__in=judged), state=_State.PROPOSED).delete()
    ProposedSignal.objects.bulk_create(new)
    return len(new)


def _last_ones() -> dict[tuple[int, str], ProposedSignal]:
    """By vendor and part the open proposal, or else the one that was decided last."""
    rows = ProposedSignal.objects.order_by("first_seen_at", "pk")
    last = {(row.vendor_id, row.part): row for row in rows}
    return last | {(row.vendor_id, row.part): row for row in rows if row.state == _State.PROPOSED}


def _follow(row: ProposedSignal, part: Part, *, now: datetime) -> None:
    """What cannot be judged today neither ends a proposal nor confirms it."""
    if part.is_crossed:
        row.sentence, row.numbers, row.last_seen_at = part.sentence[:300], part.as_json(), now
        row.save(update_fields=["sentence", "numbers", "last_seen_at"])
    elif part.value is not None:
        row.delete()


def _proposed(vendor_id: int, part: Part, *, now: datetime) -> ProposedSignal:
    return ProposedSignal(
        vendor_id=vendor_id,
        part=part.name,
        sentence=part.sentence[:300],
        numbers=part.as_json(),
        first_seen_at=now,
        last_seen_at=now,
    )
