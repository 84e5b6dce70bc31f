"""Rows that give every queue something to do. Run as a module with the environment of a container."""

import django


def make_work() -> None:
    """An untriaged change that needs a ticket, a digest that is due, and one source that is."""
    # Models can be imported only after the set-up.
    from django.utils import timezone  # noqa: PLC0415

    from governance.models import Channel, Notice, NoticeItem  # noqa: PLC0415
    from governance.notices import ensure_channels  # noqa: PLC0415
    from registry.models import Change, ChangeKind, Offering, Severity, Source  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    now = timezone.now()
    team = factories.team("search", ticket_project="OPS")
    offering = factories.offering("acme/e5", model=factories.model(owner=team), gating=Offering.Gating.MANUAL)
    used = factories.dependency(system=factories.system("product-search", team=team), offering=offering)
    ensure_channels(team)
    Channel.objects.update(introduced_at=now)
    change = Change.objects.create(
        kind=ChangeKind.GATED,
        severity=Severity.WARNING,
        origin=Change.Origin.SOURCE,
        offering=offering,
        detected_at=now,
        before={"gating": "open"},
        after={"gating": "manual"},
    )
    digest = Notice.objects.create(
        channel=Channel.objects.get(transport="email"), key="digest:due", due_at=now, created_at=now, item_count=1
    )
    NoticeItem.objects.create(notice=digest, change=change, dependency=used)
    Source.objects.exclude(slug="litellm").update(is_enabled=False)


if __name__ == "__main__":
    django.setup()
    make_work()
