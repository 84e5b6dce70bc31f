"""A release that got through, and what stops the next one. Run as a module with the environment of a container.

`python -m tests.services.release stopped` makes both; `told` prints how often the owner was forewarned, and lets the letter go
now; `again` decides something else, so that all have to be looked at again; `looked` prints when it last was.
"""

import sys

import django


def main(what: str) -> None:
    django.setup()
    {"stopped": stopped, "told": told, "again": again, "looked": looked}[what]()


def stopped() -> None:
    # Models can be imported only after the set-up.
    from django.utils import timezone  # noqa: PLC0415

    from governance.blocks import block  # noqa: PLC0415
    from governance.check import CheckRequest, RequestedModel, check  # noqa: PLC0415
    from registry.models import Team  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    team = Team.objects.get(slug="search")
    # Nothing of an experiment stops it, but a block.
    system = factories.system("labs", name="Search labs", team=team, criticality="experimental")
    model = factories.model("labs-model", developer=factories.vendor("labs-vendor"), owner=team)
    used = factories.dependency(
        system=system, offering=factories.offering("acme/labs", model=model, upstream_id="labs")
    )
    asked = CheckRequest("labs", used.environment.slug, (RequestedModel("acme/labs"),))
    assert check(asked, asked_by=None, now=timezone.now()).verdict != "fail"
    reviewer = factories.user("ruth", role="reviewer")
    block(by=reviewer, reason="Under investigation.", now=timezone.now(), offering=used.offering)


def told() -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from governance.models import Forewarning, Notice  # noqa: PLC0415 - as above

    Notice.objects.filter(forewarnings__isnull=False, state=Notice.State.QUEUED).update(due_at=timezone.now())
    print(Forewarning.objects.count())  # noqa: T201 - the answer


def again() -> None:
    from django.utils import timezone  # noqa: PLC0415 - as above

    from governance.blocks import block  # noqa: PLC0415 - as above
    from governance.tasks import look_ahead  # noqa: PLC0415 - as above
    from registry.models import Offering, User  # noqa: PLC0415 - as above

    other = Offering.objects.get(external_id="acme/quiet")
    block(by=User.objects.get(username="ruth"), reason="Something else.", now=timezone.now(), offering=other)
    for _ in range(6):
        look_ahead.delay()


def looked() -> None:
    from governance.models import Outlook  # noqa: PLC0415 - as above

    print(Outlook.objects.get(system__slug="labs").looked_at.isoformat())  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1])
