"""Who decides in whose place: asking somebody, and taking it back."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import proposals
from governance.admin.pages.forms import day_field, long_text
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.models import Delegation
from governance.permissions import ROLES, deciding_roles_of
from governance.refused import Refused
from governance.terms import terms_in_force
from registry.models import User


class DelegationForm(forms.Form):
    """What `proposals.delegate` takes."""

    delegate = forms.ModelChoiceField(User.objects.none(), label="Who stands in for you", empty_label="–")
    starts_on = day_field(label="From", required=False, help_text="Empty: today.")
    until = day_field(help_text="The last day; a delegation always ends.")
    reason = long_text(help_text="Kept with it, and shown beside each decision.")

    def __init__(self, *args: object, person: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments, handed on
        others = User.objects.filter(is_active=True, groups__name__in=ROLES).exclude(pk=person.pk)
        self.fields["delegate"].queryset = others.distinct().order_by("username")  # type: ignore[attr-defined]  # a choice of rows


def delegations(request: HttpRequest) -> HttpResponse:
    """Those in force and to come that concern the person, and the form for whoever decides."""
    person, now = person_of(request), timezone.now()
    form = DelegationForm(request.POST or None, person=person)
    if request.method == "POST":
        if not deciding_roles_of(person):
            raise PermissionDenied
        if form.is_valid() and (made := _made(request, form)):
            messages.success(request, f"{made.delegate} decides in your place until {made.until:%-d %B %Y}.")
            return redirect("pages:delegations")
    rows = Delegation.objects.filter(ended_at=None, until__gte=now.date()).select_related("delegator", "delegate")
    return show(
        request,
        "delegations.html",
        title="Who decides in whose place",
        rows=[(row, person.has_perm("governance.change_delegation", row)) for row in rows],
        form=form,
        may_delegate=bool(deciding_roles_of(person)),
        longest=terms_in_force(now).routes.delegation_days,
        status=status_of(request),
    )


def _made(request: HttpRequest, form: DelegationForm) -> Delegation | None:
    try:
        return proposals.delegate(delegator=person_of(request), now=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        put_into(form, refused)
        return None


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        ended = proposals.take_back(get_object_or_404(Delegation, pk=pk), by=person_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{ended.delegate} no longer decides in the place of {ended.delegator}.")
    return redirect("pages:delegations")
