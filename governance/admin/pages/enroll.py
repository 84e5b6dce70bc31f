"""Taking what a source lists into the register, as proposed."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import enroll as enrolment
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.refused import Refused
from registry.models import Listing, Team, Vendor
from registry.unregistered import developer_of


class EnrollForm(forms.Form):
    """What `enroll.enroll` takes besides the row."""

    developer = forms.ModelChoiceField(
        Vendor.objects.standing(),
        label="Who made it?",
        empty_label="Choose the vendor",
        help_text="Whom you cannot find here is added to the vendors first.",
    )
    owner = forms.ModelChoiceField(
        Team.objects.all(), label="Which team answers for it?", empty_label="Choose the team"
    )


def enroll(request: HttpRequest, pk: int) -> HttpResponse:
    listing = get_object_or_404(Listing.objects.select_related("source", "current"), pk=pk)
    person = person_of(request)
    if not person.has_perms(("registry.add_aimodel", "registry.add_offering")):
        raise PermissionDenied
    begin = {"developer": developer_of(listing), "owner": Team.objects.of(person).first()}
    form = EnrollForm(request.POST or None, initial=begin)
    if request.method == "POST" and form.is_valid():
        try:
            offering = enrolment.enroll(listing, person=person, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(
                request, f"{offering.model} is proposed. State its lineage, and list it once it may be used."
            )
            return redirect("pages:model", offering.model.slug)
    lead = f"{listing.external_id}, as {listing.source.name} lists it"
    note = "It enters as proposed. Its facts come from the source, and nothing may use it before it is adopted."
    context = {"form": form, "lead": lead, "submit": "Take it into the register", "note": note}
    return show(request, "form.html", title="Take into the register", status=status_of(request), **context)
