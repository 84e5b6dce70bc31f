"""The policy: what is in force, changing it, and what a change would do."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import policies, trials
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.admin.pages.policy_forms import PolicyForm
from governance.models import DryRun, Policy, Proposal
from governance.permissions import can_change_policy
from governance.policies import Outcome
from governance.policy_state import text_of
from governance.refused import Refused
from governance.rules.policy import Policy as Terms
from governance.terms import rules_of

VERSIONS = 20
RUNS = 5
_LOOK_AGAIN_SECONDS = 3


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """The version in force (None: the built-in one), what is due, what waits, and what came before."""

    stored: Policy | None
    terms: Terms
    text: str
    due: list[Policy]
    waiting: list[Proposal]
    versions: list[Policy]
    runs: list[DryRun]


def load(*, now: datetime) -> PolicyPage:
    stored = Policy.objects.in_force(now)
    open_changes = Proposal.objects.open().filter(kind=Proposal.Kind.CHANGE_POLICY, decide_by__gte=now)
    return PolicyPage(
        stored=stored,
        terms=rules_of(stored),
        text=text_of(stored),
        due=list(Policy.objects.filter(in_force_from__gt=now).select_related("author")),
        waiting=list(open_changes.select_related("proposer")),
        versions=list(Policy.objects.select_related("author", "proposal")[:VERSIONS]),
        runs=list(DryRun.objects.select_related("asked_by")[:RUNS]),
    )


def policy(request: HttpRequest) -> HttpResponse:
    _require_role(request)
    page = load(now=timezone.now())
    return show(request, "policy.html", title="Policy", page=page, can_change=can_change_policy(person_of(request)))


def _require_role(request: HttpRequest) -> None:
    if not person_of(request).has_perm("governance.view_policy"):
        raise PermissionDenied


def export(request: HttpRequest) -> HttpResponse:
    """The policy in force as a file, for whoever has a role: it names systems and why they are excepted."""
    _require_role(request)
    text = text_of(Policy.objects.in_force(timezone.now()))
    named = {"Content-Disposition": 'attachment; filename="policy.toml"'}
    return HttpResponse(text, content_type="application/toml; charset=utf-8", headers=named)


def change(request: HttpRequest) -> HttpResponse:
    """The text in a form that tries it or makes it the policy."""
    if not can_change_policy(person_of(request)):
        raise PermissionDenied
    newest = Policy.objects.order_by("-version").first()
    is_trial = request.POST.get("step") == "try"
    form = PolicyForm(request.POST or None, initial={"text": text_of(newest)}, is_trial=is_trial)
    if request.method == "POST" and form.is_valid():
        try:
            return _try(request, form) if is_trial else _change(request, form)
        except Refused as refused:
            # What has a line is wrong in the text, whatever its field is called.
            put_into(form, Refused("invalid", str(refused), field="text") if "line" in refused.extra else refused)
    return show(request, "policy/change.html", title="Change the policy", form=form, status=status_of(request))


def _try(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    row = trials.ask(by=person_of(request), text=form.cleaned_data["text"], now=timezone.now())
    return redirect("pages:dry-run", row.pk)


def _change(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    outcome = policies.change(author=person_of(request), now=timezone.now(), **form.cleaned_data)
    messages.success(request, _said(outcome))
    return redirect("pages:proposal", outcome.proposal.pk) if outcome.proposal else redirect("pages:policy")


def _said(outcome: Outcome) -> str:
    if outcome.proposal is not None:
        what = f"{len(outcome.loosened)} thing{'' if len(outcome.loosened) == 1 else 's'}"
        return f"It loosens {what}, so another person decides. Reviewers see it on their home page."
    if not outcome.is_changed or outcome.policy is None:
        return "Nothing was changed: the text is that of the newest version."
    return f"It loosens nothing: version {outcome.policy.version} needs nobody else."


def dry_run_page(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(DryRun.objects.select_related("asked_by"), pk=pk)
    verdicts = [(*key.split(" -> "), count) for key, count in row.verdicts.items()]
    page = show(request, "policy/dry_run.html", title=str(row), run=row, verdicts=verdicts)
    if row.finished_at is None:
        # The browser looks again by itself, without a script.
        page["Refresh"] = str(_LOOK_AGAIN_SECONDS)
    return page
