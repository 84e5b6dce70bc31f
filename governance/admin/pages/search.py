"""What the search box (Ctrl+K) finds: models, systems and vendors, each leading to the page that people work on."""

from collections.abc import Iterator

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from registry.models import AIModel, System, Vendor

OF_EACH = 8


def find(request: HttpRequest, term: str) -> list[SearchResult]:  # noqa: ARG001 - Unfold's signature; every role may see these
    """A few of each kind; a NUL, which no name has and PostgreSQL refuses, finds nothing."""
    return [] if "\x00" in term else [*_models(term), *_systems(term), *_vendors(term)]


def _models(term: str) -> Iterator[SearchResult]:
    named = Q(name__icontains=term) | Q(slug__icontains=term) | Q(offerings__aliases__text__icontains=term)
    for model in AIModel.objects.filter(named).select_related("developer").distinct()[:OF_EACH]:
        yield SearchResult(
            title=model.name,
            description=f"Model by {model.developer}",
            link=reverse("pages:model", args=[model.slug]),
            icon="deployed_code",
        )


def _systems(term: str) -> Iterator[SearchResult]:
    for system in System.objects.filter(Q(name__icontains=term) | Q(slug__icontains=term))[:OF_EACH]:
        yield SearchResult(
            title=system.name,
            description="System: would it ship?",
            link=reverse("pages:gate", args=[system.slug]),
            icon="dns",
        )


def _vendors(term: str) -> Iterator[SearchResult]:
    for vendor in Vendor.objects.filter(Q(name__icontains=term) | Q(aliases__text__icontains=term)).distinct()[
        :OF_EACH
    ]:
        yield SearchResult(
            title=vendor.name,
            description="Vendor",
            link=reverse("admin:registry_vendor_change", args=[vendor.pk]),
            icon="domain",
        )
