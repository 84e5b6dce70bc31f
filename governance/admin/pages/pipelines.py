"""Pipelines that ask the gate with the identity of their CI: the list, the form that names one, agreeing and ending."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import pipelines as acts
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.models import Pipeline
from governance.refused import Refused
from registry.models import System


class PipelineForm(forms.Form):
    """What `pipelines.name` takes, a claim or pattern a line."""

    system = forms.ModelChoiceField(System.objects.all(), empty_label="–")
    provider = forms.ChoiceField(choices=Pipeline.Provider.choices)
    issuer = forms.ChoiceField(help_text="Who signs the identity. The operator of this server adds others.")
    audience = forms.CharField(max_length=200, help_text="For whom the identity is made; the pipeline asks for it so.")
    claims = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What the identity says",
        help_text="A line each, as in repository_id = 123456. GitHub: repository_id and repository_owner_id; GitLab: "
        "project_id and namespace_id; others: sub. Ids, because a name can be given to somebody else.",
    )
    environments = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        label="Environments of the CI",
        help_text="One a line; empty: any, or none.",
    )
    refs = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        label="Refs",
        help_text="One a line, as in refs/heads/main or refs/tags/v*; empty: any.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments, handed on
        self.fields["issuer"].choices = [(one, one) for one in settings.CI_ISSUERS]  # type: ignore[attr-defined]  # a field of choices
        self.fields["audience"].initial = settings.BASE_URL

    def clean_claims(self) -> dict[str, str]:
        pairs = [line.partition("=") for line in _lines(self.cleaned_data["claims"])]
        if not all(sign for _, sign, _ in pairs):
            raise forms.ValidationError("A line each, as in repository_id = 123456.")
        return {name.strip(): value.strip() for name, _, value in pairs}

    def clean_environments(self) -> list[str]:
        return _lines(self.cleaned_data["environments"])

    def clean_refs(self) -> list[str]:
        return _lines(self.cleaned_data["refs"])


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def pipelines(request: HttpRequest) -> HttpResponse:
    """Those that stand, and the form for who owns a system."""
    person = person_of(request)
    form = PipelineForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid() and _named(request, form):
        return redirect("pages:pipelines")
    rows = Pipeline.objects.standing().select_related("system__team", "made_by", "agreed_by")
    return show(
        request,
        "pipelines.html",
        title="Pipelines",
        rows=[
            (
                row,
                row.agreed_at is None and person.has_perm("governance.agree_pipeline", row) and row.made_by != person,
                person.has_perm("governance.change_pipeline", row),
            )
            for row in rows
        ],
        form=form,
        may_name=person.has_perm("governance.add_pipeline"),
        status=status_of(request),
    )


def _named(request: HttpRequest, form: PipelineForm) -> bool:
    given = dict(form.cleaned_data)
    system = given.pop("system")
    try:
        row = acts.name(system, acts.Named(**given), by=person_of(request), now=timezone.now())
    except Refused as refused:
        put_into(form, refused)
        return False
    messages.success(request, f"{row} is named. It is let in once a reviewer or an administrator agrees.")
    return True


@require_POST
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Pipeline, pk=pk)
    try:
        agreed = acts.agree(row, by=person_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{agreed} is let in from now on.")
    return redirect("pages:pipelines")


def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks before it ends one: the next check of that pipeline is refused."""
    row = get_object_or_404(Pipeline.objects.select_related("system"), pk=pk)
    if request.method == "POST":
        try:
            acts.end(row, by=person_of(request), now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{row} is let in no more.")
        return redirect("pages:pipelines")
    lead = f"Whatever {row.get_provider_display()} runs as this pipeline can ask the gate about {row.system} no more."
    return show(
        request, "form.html", title=f"End {row}", lead=lead, form=forms.Form(), submit="End it", note="It is for good."
    )
