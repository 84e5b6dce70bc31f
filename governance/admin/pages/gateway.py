"""One gateway: does it do what was approved, and where not; a new configuration is handed in here."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance.admin.pages.frame import person_of, show, status_of
from governance.drifts import compare_again, names_there, read_gateway
from governance.gateway import litellm_plans
from governance.models import Drift, Gateway, GatewayReport
from registry.exports.litellm import router_settings
from registry.imports.faults import Refused
from registry.imports.litellm import MAX_BYTES

_PAST = 10
_TITLES = dict(Drift.Kind.choices)


class ConfigurationForm(forms.Form):
    configuration = forms.FileField(
        label="The proxy's config.yaml",
        help_text="YAML or JSON, at most 1 MiB. Only names of models and routes are kept; keys, addresses and headers are not.",
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,.json"}),
    )

    def clean_configuration(self) -> Any:
        file = self.cleaned_data["configuration"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(f"The file has {file.size:,} bytes; {MAX_BYTES:,} are allowed.")
        return file


def gateway(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Gateway.objects.select_related("team", "system", "environment"), slug=slug)
    person = person_of(request)
    if not person.has_perm("governance.view_gateway", found):
        raise PermissionDenied
    may_read = person.has_perm("governance.change_gateway", found)
    form = ConfigurationForm(request.POST or None, request.FILES or None) if may_read else None
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        if form.is_valid() and _is_read(found, form, request):
            return redirect("pages:gateway", slug=found.slug)
    reports = list(found.reports.select_related("read_by")[:_PAST])
    return show(
        request,
        "gateway.html",
        title=found.name,
        status=status_of(request),
        gateway=found,
        form=form,
        report=reports[0] if reports else None,
        past=reports[1:],
        groups=_groups(reports[0]) if reports else [],
        **_counts(reports[0] if reports else None),
    )


def _is_read(found: Gateway, form: ConfigurationForm, request: HttpRequest) -> bool:
    """Read what was uploaded; what is wrong with it is said at the field."""
    file = form.cleaned_data["configuration"]
    try:
        read_gateway(found, file.read(), file_name=file.name, person=person_of(request), now=timezone.now())
    except Refused as refused:
        for fault in refused.faults:
            form.add_error("configuration", str(fault))
        return False
    return True


def _groups(report: GatewayReport) -> list[tuple[str, list[Drift]]]:
    """The drifts by kind, the gravest kind first, those above a note before the notes."""
    rows = list(report.drifts.select_related("dependency__system", "dependency__environment"))
    by_kind = ((kind, [row for row in rows if row.kind == kind]) for kind in Drift.Kind.values)
    return [(_TITLES[kind], of_kind) for kind, of_kind in by_kind if of_kind]


def _counts(report: GatewayReport | None) -> dict[str, int]:
    if report is None:
        return {}
    levels = list(report.drifts.values_list("level", flat=True))
    configuration = report.configuration
    return {
        "errors": levels.count("error"),
        "warnings": levels.count("warning"),
        "notes": levels.count("note"),
        "served": len({one["name"] for one in configuration["served"]}),
        "routes": len(configuration["routes"]),
    }


def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Compare the configuration that was read last with the plans of this moment."""
    found = get_object_or_404(Gateway.objects.select_related("team", "system", "environment"), slug=slug)
    if request.method != "POST" or not person_of(request).has_perm("governance.change_gateway", found):
        raise PermissionDenied
    compare_again(found, now=timezone.now())
    return redirect("pages:gateway", slug=found.slug)


def export(request: HttpRequest, slug: str) -> HttpResponse:
    """What the gateway should fall back to, as the YAML to put into its configuration."""
    found = get_object_or_404(Gateway.objects.select_related("system", "environment"), slug=slug)
    if not person_of(request).has_perm("governance.view_gateway", found):
        raise PermissionDenied
    plans = litellm_plans(
        now=timezone.now(),
        system=found.system.slug if found.system else None,
        environment=found.environment.slug if found.environment else None,
        names_there=names_there(found),
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{found.slug}-fallbacks.yaml"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(router_settings(plans), content_type="application/yaml; charset=utf-8", headers=headers)
