"""The bill of materials of one system, for whoever may read the system."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.admin.pages.frame import person_of
from governance.bom import download
from registry.models import System


def bill(request: HttpRequest, slug: str) -> HttpResponse:
    system = get_object_or_404(System.objects.select_related("team"), slug=slug)
    if not person_of(request).has_perm("registry.view_system", system):
        raise PermissionDenied
    return download(system, now=timezone.now())
