"""One vendor at a glance: what it does over time, what that suggests, its models, and to whom it belongs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import vendor_signals
from governance.admin.pages.forms import DismissSignalForm, SignalForm
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.admin.pages.vendor_charts import Chart, charted
from governance.models import Block
from governance.permissions import can_decide
from governance.refused import Refused
from registry import signals
from registry.history import Seen
from registry.models import AIModel, Change, Dependency, HubNamespace, ModelAncestor, ProposedSignal, Vendor
from registry.signal_parts import LABELS, Part
from registry.vendor_history import load_histories

MAX_MODELS = 25
MAX_CHANGES = 8
MAX_DECIDED = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A part with its chart, the proposal that waits about it, and what was decided last."""

    part: Part
    chart: Chart | None
    proposal: ProposedSignal | None
    decided: ProposedSignal | None


@dataclass(frozen=True, slots=True)
class Signal:
    """A proposal with what its part is called."""

    row: ProposedSignal

    @property
    def label(self) -> str:
        return LABELS.get(self.row.part, self.row.part)


@dataclass(frozen=True, slots=True)
class VendorPage:
    vendor: Vendor
    seen: Seen
    parts: list[Shown]
    decided: list[Signal]
    models: list[AIModel]
    model_count: int
    dependency_count: int
    made_from_count: int
    children: list[Vendor]
    absorbed: list[Vendor]
    namespaces: list[HubNamespace]
    aliases: list[str]
    changes: list[Change]
    blocks: list[Block]


def load(vendor: Vendor, *, now: datetime) -> VendorPage:
    """In a number of queries that does not depend on how much there is. Models and uses are of the children, too."""
    family = vendor.descendant_rows.values("vendor")
    history = load_histories([vendor.pk], today=now.date())[vendor.pk]
    models = AIModel.objects.filter(developer__in=family).select_related("developer")
    uses = Count("offerings__dependencies", filter=Q(offerings__dependencies__ended_on=None), distinct=True)
    of_it = Dependency.objects.current().filter(offering__model__developer__in=family)
    made_from_it = ModelAncestor.objects.filter(ancestor__developer__in=family).values("model")
    proposals = list(vendor.proposed_signals.select_related("decided_by").order_by("-decided_at", "-pk"))
    return VendorPage(
        vendor=vendor,
        seen=history.seen,
        parts=_shown(signals.judge(history, today=now.date()), proposals),
        decided=[Signal(row) for row in proposals if row.decided_at][:MAX_DECIDED],
        models=list(models.annotate(use_count=uses).order_by("-use_count", "name")[:MAX_MODELS]),
        model_count=models.count(),
        dependency_count=of_it.count(),
        made_from_count=Dependency.objects.current()
        .filter(offering__model__in=made_from_it)
        .exclude(offering__model__developer__in=family)
        .count(),
        children=list(vendor.children.standing()),
        absorbed=list(vendor.absorbed.all()),
        namespaces=list(HubNamespace.objects.filter(vendor__in=family).select_related("vendor").order_by("key")),
        aliases=list(vendor.aliases.order_by("text").values_list("text", flat=True)),
        changes=list(Change.objects.in_force().filter(vendor__in=family).select_related("vendor")[:MAX_CHANGES]),
        blocks=list(
            Block.objects.in_force(now).filter(vendor__descendant_rows__vendor=vendor).select_related("vendor")
        ),
    )


def _shown(parts: Iterable[Part], proposals: Iterable[ProposedSignal]) -> list[Shown]:
    """`proposals` come with those that were decided last first."""
    waiting = {row.part: row for row in proposals if row.state == ProposedSignal.State.PROPOSED}
    decided: dict[str, ProposedSignal] = {}
    for row in proposals:
        if row.state != ProposedSignal.State.PROPOSED:
            decided.setdefault(row.part, row)
    return [Shown(part, charted(part), waiting.get(part.name), decided.get(part.name)) for part in parts]


def vendor(request: HttpRequest, slug: str) -> HttpResponse:
    row = get_object_or_404(Vendor.objects.select_related("parent", "merged_into"), slug=slug)
    if row.merged_into is not None:
        return redirect("pages:vendor", slug=row.merged_into.slug)
    person = person_of(request)
    return show(
        request,
        "vendor.html",
        title=row.name,
        page=load(row, now=timezone.now()),
        can_judge=person.has_perm("registry.change_proposedsignal"),
        can_edit=person.has_perm("registry.change_vendor", row),
        can_merge=person.has_perm("registry.merge_vendor", row),
        can_report=person.has_perm("registry.add_change"),
        can_block=can_decide(person),
    )


def accept(request: HttpRequest, pk: int) -> HttpResponse:
    row = _proposal(request, pk)
    form = SignalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            vendor_signals.accept(row, by=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            told = f"It is news of {row.vendor} now. Within a minute everyone concerned is told."
            messages.success(request, told)
            return redirect("pages:vendor", slug=row.vendor.slug)
    follows = "Whoever uses a model that leads back to this vendor is told, with this sentence."
    return _form(request, row, form, title="Take up a signal", follows=follows, submit="Tell everyone concerned")


def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    row = _proposal(request, pk)
    form = DismissSignalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            vendor_signals.dismiss(row, by=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, "It is dismissed, and comes back only when the numbers are materially worse.")
            return redirect("pages:vendor", slug=row.vendor.slug)
    follows = "Nobody is told. It is proposed again only when the numbers are materially worse."
    return _form(request, row, form, title="Dismiss a signal", follows=follows, submit="Dismiss it")


def _proposal(request: HttpRequest, pk: int) -> ProposedSignal:
    """404 for one that was taken back; one that somebody decided is shown with its refusal."""
    if not person_of(request).has_perm("registry.change_proposedsignal"):
        raise PermissionDenied
    return get_object_or_404(ProposedSignal.objects.select_related("vendor"), pk=pk)


def _form(
    request: HttpRequest, row: ProposedSignal, form: DismissSignalForm, *, title: str, follows: str, submit: str
) -> HttpResponse:
    lead = f"{row.vendor}: {row.sentence} {follows}"
    return show(request, "form.html", title=title, lead=lead, form=form, submit=submit, status=status_of(request))
