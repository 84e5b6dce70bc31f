"""The addresses of the REST API: the register's and governance's resources under one root."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from governance.api import (
    badges,
    checks,
    corrections,
    dependencies,
    gateways,
    glass,
    imports,
    incidents,
    keys,
    listings,
    people,
    plans,
    policies,
    proposals,
    reports,
    standing_behind,
    systems,
    upstream,
    whatif,
)
from governance.api.audited import audited
from governance.api.ci import ExchangeIdentity, Pipelines
from governance.api.tokens import Tokens
from registry.api import resources, sources

RESOURCES: dict[str, type[ViewSetMixin]] = {
    "vendors": audited(standing_behind.Vendors),
    "models": audited(standing_behind.Models),
    "offerings": audited(resources.Offerings),
    "listings": listings.Listings,
    "licenses": resources.Licenses,
    "teams": audited(resources.Teams),
    "systems": audited(systems.Systems),
    "environments": audited(resources.Environments),
    "dependencies": audited(dependencies.Dependencies),
    "fallback-plans": plans.FallbackPlans,
    "drills": plans.Drills,
    "sources": audited(sources.Sources),
    "incidents": incidents.Incidents,
    "observations": resources.Observations,
    "changes": upstream.Changes,
    "reports": reports.Reports,
    "corrections": corrections.Corrections,
    "impacts": upstream.Impacts,
    "actions": upstream.Actions,
    "proposals": proposals.Proposals,
    "delegations": proposals.Delegations,
    "adoptions": proposals.Adoptions,
    "approvals": proposals.Approvals,
    "waivers": proposals.Waivers,
    "blocks": proposals.Blocks,
    "policies": policies.Policies,
    "dry-runs": policies.DryRuns,
    "break-glass": glass.BreakGlasses,
    "gateways": audited(gateways.Gateways),
    "gateway-reports": gateways.GatewayReports,
    "checks": checks.Checks,
    "imports": imports.Imports,
    "what-if": whatif.WhatIf,
    "what-if-reports": whatif.WhatIfReports,
    "concentration": whatif.Concentrations,
    "notices": upstream.Notices,
    "tickets": upstream.Tickets,
    "audit": proposals.Audit,
    "attestations": people.Attestations,
    "pipelines": Pipelines,
    "tokens": Tokens,
}

router = DefaultRouter()
for name, view in RESOURCES.items():
    router.register(name, view, basename=name)
# Not for everybody to read, unlike the rest, and not in pages.
stewards = SimpleRouter()
stewards.register("leavers", people.LeaverViews, basename="leavers")

urlpatterns = [
    path("systems/<slug:slug>/badge.svg", badges.SystemBadge.as_view(), name="badge"),
    path("", include(router.urls)),
    path("", include(stewards.urls)),
    path("ci/token/", ExchangeIdentity.as_view(), name="ci-token"),
    path("keys/", keys.Keys.as_view(), name="keys"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
]
