"""Where something is put right, and addresses that leave the platform: in answers, mails and tickets."""

from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from governance.badge import badge_key
from governance.rules.findings import Page

# By kind of page: the view that takes the id, and the list of all where there is no id.
_VIEWS = {
    "plan": "pages:plan",
    "proposal": "pages:proposal",
    "offering": "admin:registry_offering_change",
    "dependency": "admin:registry_dependency_change",
    "system": "admin:registry_system_change",
    "model": "admin:registry_aimodel_change",
    "models": "admin:registry_aimodel_changelist",
    "source": "pages:source",
    "licenses": "admin:registry_license_changelist",
    "concentration": "pages:concentration",
    "blocks": "admin:governance_block_changelist",
    "break-glass": "pages:break-glass",
    "policy": "pages:policy",
    "gateways": "admin:governance_gateway_changelist",
}


def page_path(page: Page) -> str:
    """The path of the page on which a finding is put right; the form of an adoption comes filled in."""
    if page.kind == "adoption":
        return f"{_adoption_form()}?{urlencode([('offering', page.id), *page.given])}"
    if page.id is None:
        return reverse(_VIEWS[page.kind])
    return _pattern_of(_VIEWS[page.kind]).replace("/0/", f"/{page.id}/")


@cache
def _adoption_form() -> str:
    return reverse("pages:propose-adoption")


@cache
def _pattern_of(view: str) -> str:
    # An answer has thousands of links, and Django takes its time for each.
    return reverse(view, args=[0])


def page_url(page: Page) -> str:
    return absolute(page_path(page))


def help_url(rule: str) -> str:
    """The page that explains a rule; the address stays, also for a rule that is no longer judged."""
    return absolute(f"/rules/{rule}/")


def check_url(check_id: Any) -> str:
    return absolute(f"/api/v1/checks/{check_id}/")


def check_page_url(check_id: Any) -> str:
    """The page on which a person reads the answer, and what moved since the one before."""
    return absolute(reverse("pages:check", args=[check_id]))


def badge_url(system: str, environment: str) -> str:
    """The picture of the last verdict, for a page that nobody logs in to."""
    query = urlencode({"environment": environment, "key": badge_key(system, environment)})
    return absolute(f"{reverse('badge', args=[system])}?{query}")


def absolute(path: str) -> str:
    return f"{settings.BASE_URL}{path}"
