"""Addresses that leave the platform: in answers, mails and tickets. Absolute, because they are read elsewhere."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from governance.rules.findings import Page

_ADMIN = {
    "offering": "registry_offering",
    "dependency": "registry_dependency",
    "system": "registry_system",
    "model": "registry_aimodel",
    "models": "registry_aimodel",
    "licenses": "registry_license",
    "blocks": "governance_block",
    "proposal": "governance_proposal",
}


def absolute(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


def page_url(page: Page) -> str:
    """The page of the web admin where something is put right."""
    name = _ADMIN[page.kind]
    if page.id is None:
        return absolute(reverse(f"admin:{name}_changelist"))
    return absolute(reverse(f"admin:{name}_change", args=[page.id]))


def help_url(rule: str) -> str:
    """The page that explains a rule; it stays, also for a rule that is no longer judged."""
    return absolute(f"/rules/{rule}/")


def check_url(check_id: Any) -> str:
    return absolute(f"/api/v1/checks/{check_id}/")
