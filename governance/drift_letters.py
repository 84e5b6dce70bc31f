"""What a letter says about gateways that do something else than was approved."""

from django.urls import reverse

from governance.headlines import one_line
from governance.links import absolute
from governance.models import Notice
from governance.transports.base import Alert, Item


def alert_about_drifts(notice: Notice) -> Alert:
    """The letter's content: what is new, gateway by gateway, each with the report that says so."""
    rows = list(notice.drifts.select_related("report__gateway").order_by("report__gateway__name", "report", "position"))
    names = list(dict.fromkeys(str(row.report.gateway) for row in rows))
    where = f"the gateway {names[0]} differs" if len(names) == 1 else f"{len(names)} gateways differ"
    items = tuple(
        Item(
            one_line(f"{row.report.gateway}: {row.message} {row.fix}"),
            absolute(reverse("pages:gateway", args=[row.report.gateway.slug])),
        )
        for row in rows
    )
    return Alert(
        headline=one_line(f"{where[:1].upper()}{where[1:]} from the approved plans"),
        why=(),
        follows=("In an outage the gateway does what its configuration says, and not what was approved.",),
        to_do=("Export the plans again, put them into the gateway, and hand in its configuration.",),
        url=absolute(reverse("admin:governance_gateway_changelist")),
        link_text="All gateways",
        because="Each drift is told once. An administrator can switch the channel off.",
        items=items,
    )
