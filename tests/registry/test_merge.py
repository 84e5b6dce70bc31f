"""Two vendors that are one."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from registry.lineage import roots_of
from registry.merge import merge
from registry.models import Alternative, Change, HubNamespace, ProposedSignal, Vendor, VendorAlias
from tests import factories as f
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def merged(gone: Vendor, into: Vendor) -> Change:
    return merge(gone, into, reason="The press release of 1 April.", by=f.user(), now=NOW)


def test_models_places_uses_names_and_subsidiaries_go_over() -> None:
    old, new = f.vendor("old-brand", name="Old Brand"), f.vendor("new-brand")
    child = f.vendor(parent=old)
    model = f.model(developer=old)
    offering = f.offering(model=model, provider=old)
    dependency = f.dependency(offering=offering, served_by=old)
    VendorAlias.objects.create(vendor=old, text="OB")
    HubNamespace.objects.create(vendor=old, name="oldbrand")

    merged(old, new)

    for row in (child, model, offering, dependency):
        row.refresh_from_db()
    assert (child.parent, model.developer, offering.provider, dependency.served_by) == (new, new, new, new)
    assert [list(Vendor.objects.named(name)) for name in ("OB", "Old Brand", "old-brand")] == [[new]] * 3
    assert HubNamespace.objects.get(key="oldbrand").vendor == new
    assert roots_of([model.pk])[model.pk].vendor_ids == {new.pk}


def test_the_row_and_its_history_stay_and_count_as_the_others() -> None:
    old, new = f.vendor("old-brand"), f.vendor("new-brand")
    told = Change.objects.create(kind="vendor_signal", severity="notice", origin="person", vendor=old, detected_at=NOW)
    plan = f.plan(f.dependency(), f.offering())
    served = Alternative.objects.get(plan_revision=f.plan(f.dependency(), f.offering()))

    merged(old, new)

    old.refresh_from_db()
    told.refresh_from_db()
    assert (old.merged_into, old.parent, told.vendor) == (new, new, old)
    assert set(old.ancestor_rows.values_list("ancestor__slug", flat=True)) == {"old-brand", "new-brand"}
    assert plan.is_submitted
    assert served.served_by is None


def test_one_change_of_the_vendor_that_stays_tells_it_with_the_reason() -> None:
    old, new = f.vendor("old-brand", name="Old"), f.vendor("new-brand", name="New")

    change = merged(old, new)

    assert (change.kind, change.vendor, change.origin) == ("vendor_changed", new, "person")
    assert (change.before, change.after) == ({"vendor": "Old and New, two vendors"}, {"vendor": "New alone"})
    assert change.summary == "The press release of 1 April."


def test_signals_that_wait_about_it_are_counted_anew_for_the_other() -> None:
    old, new = f.vendor(), f.vendor()
    ProposedSignal.objects.create(vendor=old, part="releases", sentence="Quiet.", first_seen_at=NOW, last_seen_at=NOW)

    merged(old, new)

    assert not ProposedSignal.objects.exists()


def itself() -> Any:
    vendor = f.vendor()
    return vendor, vendor


def ourselves() -> Any:
    return f.vendor(is_self=True), f.vendor()


def one_that_is_gone() -> Any:
    gone, other = f.vendor(), f.vendor()
    merged(gone, other)
    return f.vendor(), gone


def its_own_child() -> Any:
    """All that the owner has, sisters too, would go over to one of its subsidiaries."""
    owner = f.vendor()
    f.vendor(parent=owner)
    return owner, f.vendor(parent=owner)


def one_in_use_and_ourselves() -> Any:
    """Its models would be ours then, and nobody would stand behind them."""
    lab = f.vendor()
    f.dependency(offering=f.offering(model=f.model(developer=lab)))
    return lab, f.vendor(is_self=True)


def a_grandchild() -> Any:
    old = f.vendor()
    return old, f.vendor(parent=f.vendor(parent=old))


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (itself, "are one already"),
        (ourselves, "is our own organisation"),
        (one_that_is_gone, "was merged into"),
        (a_grandchild, "first"),
        (its_own_child, "belongs to"),
        (one_in_use_and_ourselves, "it does not become us"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_nothing_changes(pair: Any, why: str) -> None:
    gone, into = pair()
    before = list(Vendor.objects.order_by("pk").values())

    with pytest.raises(ValidationError, match=why):
        merged(gone, into)

    assert list(Vendor.objects.order_by("pk").values()) == before
    assert not Change.objects.exclude(vendor__absorbed__isnull=False).exists()
