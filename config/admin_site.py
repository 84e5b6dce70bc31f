"""The site that the web admin runs in: who gets in, what the sidebar offers, and the audit of what is saved.

It lives above both apps, so that the admin of the register need not know governance to be audited by it.
"""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm as DjangoAuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import Model, prefetch_related_objects
from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse
from rest_framework.exceptions import Throttled
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from governance.audit import record
from governance.needs import count_needs
from governance.snapshot import snapshot


class LoginForm(AuthenticationForm):
    """Everybody with an active account may log in; what they then see and do is a matter of roles."""

    def confirm_login_allowed(self, user: Any) -> None:
        DjangoAuthenticationForm.confirm_login_allowed(self, user)

    def clean(self) -> dict[str, Any]:
        """Also says so where somebody has tried too often."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except Throttled as error:
            raise ValidationError(str(error.detail)) from error
        return cleaned


class UnderstudySite(UnfoldAdminSite):
    login_form: type[Form] = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        if request.user.is_active:
            # The sidebar alone asks for forty rights, each of which looks at the person's groups and teams.
            prefetch_related_objects([request.user], "groups", "memberships")
        return request.user.is_active

    def record_saved(
        self, request: HttpRequest, row: Model, *, created: bool, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        """A line of audit for a save in the admin; call it inside the transaction of the save."""
        if created or before or after:
            # A form tells what was typed; a new row has defaults, and what the form filled in by itself, besides.
            said = snapshot(row) | after if created else after
            action = "added" if created else "changed"
            self._record(request, action, row, before=None if created else before, after=said)

    def record_deleted(self, request: HttpRequest, row: Model) -> None:
        """A line of audit for a deletion; call it after, in the same transaction, while the row still has its key."""
        self._record(request, "deleted", row, before={"name": str(row)} | snapshot(row), after=None)

    def _record(
        self,
        request: HttpRequest,
        action: str,
        row: Model,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        tag = f"admin:{row._meta.model_name}:{action}"
        record(tag, row, actor=request.user, before=before, after=after)  # type: ignore[arg-type]  # admin_view lets nobody in without an account


# Group, then (title, icon, model or address). An item shows for those who may view its model.
_SIDEBAR: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", (("Home", "home", "/"),)),
    (
        "Register",
        (
            ("Models", "deployed_code", "registry.aimodel"),
            ("Offerings", "inventory_2", "registry.offering"),
            ("Vendors", "domain", "registry.vendor"),
            ("Licenses", "gavel", "registry.license"),
            ("Teams", "groups", "registry.team"),
        ),
    ),
    (
        "Usage",
        (
            ("Systems", "dns", "registry.system"),
            ("Dependencies", "account_tree", "registry.dependency"),
            ("Fallback plans", "alt_route", "registry.fallbackplan"),
            ("Drills", "exercise", "registry.drill"),
            ("Gateways", "hub", "governance.gateway"),
            ("What if they go?", "crisis_alert", "/what-if/"),
            ("Concentration", "donut_large", "/concentration/"),
        ),
    ),
    (
        "Upstream",
        (
            ("Sources", "rss_feed", "registry.source"),
            ("Changes", "difference", "registry.change"),
            ("Listings", "list_alt", "registry.listing"),
        ),
    ),
    (
        "Governance",
        (
            ("Proposals", "how_to_vote", "governance.proposal"),
            ("Adoptions", "task_alt", "governance.adoption"),
            ("Approvals", "verified", "governance.approval"),
            ("Waivers", "hourglass_bottom", "governance.waiver"),
            ("Blocks", "block", "governance.block"),
            ("Delegations", "swap_horiz", "governance.delegation"),
            ("Break-glass", "lock_open", "governance.breakglass"),
            ("Checks", "rule", "governance.check"),
            ("Actions", "assignment_late", "governance.action"),
            ("Attestations", "fact_check", "/attest/"),
        ),
    ),
    (
        "Told",
        (
            ("Notices", "outbox", "governance.notice"),
            ("Tickets", "confirmation_number", "governance.ticket"),
            ("Channels", "campaign", "governance.channel"),
            ("Mail", "mail", "/mail/"),
        ),
    ),
    (
        "Administration",
        (
            ("People", "person", "registry.user"),
            ("Leavers", "person_off", "/people/leavers/"),
            ("Groups", "shield_person", "auth.group"),
            ("Tokens", "key", "/tokens/"),
            ("Pipelines", "rocket_launch", "/pipelines/"),
            ("Policy", "policy", "/policy/"),
            ("Audit", "history_edu", "governance.auditentry"),
        ),
    ),
)

# Of the pages of our own, those that not everybody may open.
_RIGHTS = {"/people/leavers/": "governance.view_leavers"}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar for this person, with the number of things that wait for them."""
    needs = count_needs(request.user) if request.user.is_authenticated else {}
    return [
        {"title": title, "items": [_item(request, *entry, needs.get(entry[2], 0)) for entry in entries]}
        for title, entries in _SIDEBAR
    ]


def _item(request: HttpRequest, title: str, icon: str, target: str, waiting: int) -> dict[str, Any]:
    item: dict[str, Any] = {"title": title, "icon": icon}
    if target.startswith("/"):
        item |= {"link": target, "active": request.path == target}
        if right := _RIGHTS.get(target):
            item["permission"] = lambda _request: request.user.has_perm(right)
    else:
        app, model = target.split(".")
        item["link"] = reverse(f"admin:{app}_{model}_changelist")
        item["permission"] = lambda _request: request.user.has_perm(f"{app}.view_{model}")
    if waiting:
        item |= {"badge": waiting, "badge_variant": "warning"}
    return item
