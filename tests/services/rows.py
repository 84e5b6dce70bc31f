"""Rows that give every queue something to do. Run as a module with the environment of a container."""

import django

# Three parts of a dry run, and a little more.
SYSTEMS = 1600
TRIED = 'levels.UD103 = "note"\n'


def make_work() -> None:
    """An untriaged change that needs a ticket, a digest that is due, one source that is, and a dry run of many systems."""
    # Models can be imported only after the set-up.
    from django.utils import timezone  # noqa: PLC0415

    from governance import trials  # noqa: PLC0415
    from governance.models import Channel, Notice, NoticeItem  # noqa: PLC0415
    from governance.notices import ensure_channels  # noqa: PLC0415
    from registry.models import Change, ChangeKind, Dependency, Offering, Severity, Source, System  # noqa: PLC0415
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
    quiet = factories.offering("acme/quiet")
    more = System.objects.bulk_create(System(slug=f"system-{n}", name=f"System {n}", team=team) for n in range(SYSTEMS))
    Dependency.objects.bulk_create(
        Dependency(system=system, offering=quiet, environment=used.environment, purpose="chat") for system in more
    )
    trials.ask(by=factories.user("rita", role="reviewer"), text=TRIED, now=now)


if __name__ == "__main__":
    django.setup()
    make_work()
