"""The fallback plan of one dependency: write it, submit it, ask for each alternative's approval."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import candidates, plans, proposals
from governance.admin.pages import plan_drills
from governance.admin.pages.candidate_filters import filters_of
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.admin.pages.needs import NeedsTable, served_by, table_of
from governance.admin.pages.plan_drills import PlanDrills
from governance.admin.pages.plan_forms import (
    AlternativeForms,
    PlanForm,
    alternatives_from,
    initial_of,
    with_one_more,
)
from governance.admin.pages.plan_states import PlanLine, lines_of
from governance.admin.pages.refs import ref_of
from governance.candidates import Filters
from governance.models import Approval, Proposal
from governance.permissions import can_propose_for
from governance.refused import Refused
from registry.criteria import Criterion
from registry.models import Alternative, Dependency, Drill, FallbackPlan, PlanRevision, User
from registry.suggest import Candidate
from registry.unregistered import Unregistered

PREFIX = "ways"
MAX_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Way:
    """An alternative of the submitted revision with what was decided about it."""

    alternative: Alternative
    approval: Approval | None
    proposal: Proposal | None
    drill: Drill | None


@dataclass(frozen=True, slots=True)
class PlanPage:
    line: PlanLine
    submitted: PlanRevision | None
    draft: PlanRevision | None
    ways: list[Way]
    needs: NeedsTable
    host: str
    candidates: list[tuple[Candidate, str]]
    """The best ones, and those that follow: each with a ref that means it alone."""
    more_candidates: list[tuple[Candidate, str]]
    drills: PlanDrills | None
    unregistered: list[Unregistered]


def load(dependency: Dependency, *, now: datetime, filters: Filters | None = None) -> PlanPage:
    revisions = _revisions_of(dependency)
    submitted = next((revision for revision in revisions if revision.is_submitted), None)
    ranked = [(one, ref_of(one.offering)) for one in candidates.rank(dependency, now=now, filters=filters)]
    draft = revisions[0] if revisions and not revisions[0].is_submitted else None
    line = lines_of([dependency], now=now)[0]
    return PlanPage(
        line=line,
        submitted=submitted,
        draft=draft,
        ways=_ways_of(submitted) if submitted else [],
        needs=table_of(line.facts.needs, line.state, distribution=dependency.system.distribution),
        host=served_by(line.facts.host),
        candidates=ranked[:MAX_CANDIDATES],
        more_candidates=ranked[MAX_CANDIDATES:],
        drills=plan_drills.load(dependency, submitted, now=now),
        unregistered=candidates.unregistered(dependency, now=now, filters=filters),
    )


def _revisions_of(dependency: Dependency) -> list[PlanRevision]:
    """Newest first, each with its alternatives."""
    ways = Alternative.objects.select_related("offering__model__developer", "served_by")
    return list(
        PlanRevision.objects.filter(plan__dependency=dependency)
        .select_related("created_by")
        .prefetch_related(Prefetch("alternatives", ways))
        .order_by("-number")
    )


def _ways_of(revision: PlanRevision) -> list[Way]:
    approvals = {row.alternative_id: row for row in revision.approvals.filter(ended_at=None)}
    asked = {row.alternative_id: row for row in revision.proposals.order_by("pk")}
    drills = {
        row.alternative_id: row
        for row in Drill.objects.filter(alternative__plan_revision=revision).order_by("drilled_on")
    }
    return [
        Way(way, approvals.get(way.pk), asked.get(way.pk), drills.get(way.pk)) for way in revision.alternatives.all()
    ]


def plan(request: HttpRequest, pk: int) -> HttpResponse:
    dependency = _dependency(pk)
    may_write = _may_write(person_of(request), dependency)
    form, rows = _forms(request, dependency)
    if request.method == "POST" and may_write and "add" not in request.POST and _are_valid(form, rows):
        try:
            saved = _save(request, dependency, form, rows)
        except Refused as refused:
            put_into(form, refused)
        else:
            return saved
    filters = filters_of(request)
    context: dict[str, Any] = {
        "dependency": dependency,
        "page": load(dependency, now=timezone.now(), filters=filters),
        "filters": filters,
        "criteria": list(Criterion),
        "form": form,
        "rows": rows,
        "may_write": may_write,
        "may_edit": person_of(request).has_perm("registry.change_dependency", dependency),
        "may_enroll": person_of(request).has_perms(("registry.add_aimodel", "registry.add_offering")),
        "may_ask": can_propose_for(person_of(request), dependency),
    }
    status = 403 if request.method == "POST" and not may_write else 200 if "add" in request.POST else status_of(request)
    return show(request, "plan.html", title=f"Fallback plan of {dependency.system}", status=status, **context)


def _dependency(pk: int) -> Dependency:
    shown = ("system__team", "offering__model__developer", "environment", "served_by")
    return get_object_or_404(Dependency.objects.select_related(*shown), pk=pk)


def _may_write(person: User, dependency: Dependency) -> bool:
    plan = FallbackPlan.objects.filter(dependency=dependency).first() or FallbackPlan(dependency=dependency)
    return person.has_perm("registry.change_fallbackplan", plan)


def _forms(request: HttpRequest, dependency: Dependency) -> tuple[PlanForm, Any]:
    """As posted, as posted with one more row, or filled from the newest revision."""
    system = {"system": dependency.system}
    if request.method != "POST":
        newest = next(iter(_revisions_of(dependency)), None)
        texts, ways = initial_of(newest, also=request.GET.get("with", ""), system=dependency.system)
        rows = AlternativeForms(initial=ways, prefix=PREFIX, form_kwargs=system)
        return PlanForm(initial=texts, dependency=dependency), rows
    data = with_one_more(request.POST, prefix=PREFIX) if "add" in request.POST else request.POST
    rows = AlternativeForms(data, prefix=PREFIX, form_kwargs=system)
    return PlanForm(data, dependency=dependency), rows


def _are_valid(form: PlanForm, rows: Any) -> bool:
    # Both are asked, so that everything that is wrong shows at once.
    return all([form.is_valid(), rows.is_valid()])


def _save(request: HttpRequest, dependency: Dependency, form: PlanForm, rows: Any) -> HttpResponse:
    author, now = person_of(request), timezone.now()
    revision = plans.draft_revision(
        dependency, author=author, alternatives=alternatives_from(rows), now=now, **form.cleaned_data
    )
    if "submit" in request.POST:
        plans.submit_revision(revision, actor=author, now=now)
        messages.success(request, f"Revision {revision.number} is submitted. Now ask for approval of an alternative.")
    else:
        messages.success(request, f"Draft {revision.number} is saved. It counts once you submit it.")
    return redirect("pages:plan", dependency.pk)


@require_POST
def ask_for_approval(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose one alternative of the submitted revision."""
    alternative = get_object_or_404(Alternative.objects.select_related("plan_revision__plan"), pk=pk)
    try:
        proposal = proposals.propose_alternative(
            proposer=person_of(request),
            alternative=alternative,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("pages:plan", alternative.plan_revision.plan.dependency_id)
    messages.success(request, "Submitted. Reviewers see it on their home page.")
    return redirect("pages:proposal", proposal.pk)
