"""Every change of a row through any door leaves a line that tells what the row became.

Doors: forms of the admin, our pages, the API, commands and tasks. Row versions are compared with the lines added.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import Model
from django.forms import BaseForm, MultiWidget
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from governance import actions, tasks
from governance.models import AuditEntry, Gateway
from governance.state import digest, state_of
from registry.admin.base import RegisterAdmin
from registry.models import Listing, User
from tests import admin_rows
from tests import factories as make
from tests.governance.audited import AUDITED, OF_THE_PLATFORM, changed_since, look, untold
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db

NOW = make.NOW


def test_every_model_is_either_audited_or_of_the_platform() -> None:
    ours = {model for app in ("registry", "governance") for model in apps.get_app_config(app).get_models()}
    assert ours | {Group} == AUDITED | OF_THE_PLATFORM
    assert frozenset() == AUDITED & OF_THE_PLATFORM


def test_a_change_past_all_doors_would_be_seen() -> None:
    vendor = make.vendor(name="Tongyi")
    earlier = look()
    type(vendor).objects.filter(pk=vendor.pk).update(name="Tongyi Lab")
    assert untold(earlier) == [f"registry.vendor {vendor.pk}: name is 'Tongyi Lab'"]


# --- forms of the web admin ------------------------------------------------------------------------------------------

ROOT_DATA = {"username": "root", "is_superuser": True}
FORMS = sorted(
    (
        model
        for model, one in admin.site._registry.items()  # noqa: SLF001 - Django offers no public list
        if isinstance(one, RegisterAdmin) and model in AUDITED
    ),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make.user("root", is_superuser=True, role="admin"))
    return client


def posted(form: BaseForm) -> dict[str, Any]:
    """What a browser sends for a form that nobody touched."""
    sent = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        value = field.prepare_value(value)
        if value is not None and value is not False and not isinstance(value, Model):
            parts = field.widget.decompress(value) if isinstance(field.widget, MultiWidget) else [value]
            names = [name] if len(parts) == 1 else [f"{name}_{number}" for number in range(len(parts))]
            sent |= {form.add_prefix(one): part for one, part in zip(names, parts, strict=True)}
    return sent


TOUCHABLE = (
    "name",
    "reason",
    "description",
    "address",
    "purpose",
    "pinned_revision",
    "ticket_project",
    "interval",
    "lineage_source",
    "external_id",
    "first_name",
    "spdx_id",
    "text",
)


def touched(form: BaseForm) -> dict[str, Any]:
    """The same with one thing typed anew."""
    name = next(name for name in TOUCHABLE if name in form.fields)
    return posted(form) | {form.add_prefix(name): "00:07:00" if name == "interval" else "another"}


def everything(context: Any) -> dict[str, Any]:
    data = touched(context["adminform"].form) if _can_touch(context["adminform"].form) else {}
    data = data or posted(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        data |= posted(inline.formset.management_form)
        for form in inline.formset.initial_forms:
            data |= posted(form)
    return data


def _can_touch(form: BaseForm) -> bool:
    return any(name in form.fields for name in TOUCHABLE)


@pytest.mark.parametrize("model", FORMS, ids=lambda model: model._meta.model_name)
def test_a_form_of_the_admin_tells_what_was_changed(root: Client, model: type[Model]) -> None:
    row = admin_rows.MAKERS[model](1)
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = root.get(reverse(f"{kind}_change", args=[row.pk]))
    if not admin.site._registry[model].has_change_permission(page.wsgi_request, row):  # noqa: SLF001 - no public list
        pytest.skip("nobody changes it")
    if model is Listing:
        data = {"offering": make.offering().pk} | {
            key: value for key, value in everything(page.context).items() if key != "offering"
        }
    else:
        data = everything(page.context)
    earlier = look()
    answer = root.post(reverse(f"{kind}_change", args=[row.pk]), data)
    assert answer.status_code == 302, answer.context["errors"]
    assert changed_since(earlier)
    assert untold(earlier) == []


DELETABLE = [
    model for model in FORMS if model._meta.label in {"registry.Vendor", "registry.AIModel", "registry.System"}
]


@pytest.mark.parametrize("model", DELETABLE, ids=lambda model: model._meta.model_name)
def test_a_deletion_in_the_admin_tells_what_was_deleted(root: Client, model: type[Model]) -> None:
    row = {
        "vendor": make.vendor,
        "aimodel": make.model,
        "system": make.system,
    }[str(model._meta.model_name)]()
    earlier = look()
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_delete", args=[row.pk])
    assert root.post(url, {"post": "yes"}).status_code == 302
    assert not model._default_manager.filter(pk=row.pk).exists()  # noqa: SLF001 - the manager that every model has
    assert untold(earlier) == []


def test_a_vendor_added_with_its_aliases_is_told_whole(root: Client) -> None:
    earlier = look()
    data = {
        "slug": "lab",
        "name": "Lab",
        "country": "DE",
        "aliases-TOTAL_FORMS": 1,
        "aliases-INITIAL_FORMS": 0,
        "aliases-0-text": "The Lab",
        "hub_namespaces-TOTAL_FORMS": 0,
        "hub_namespaces-INITIAL_FORMS": 0,
    }
    assert root.post(reverse("admin:registry_vendor_add"), data).status_code == 302
    assert len(changed_since(earlier)) == 2
    assert untold(earlier) == []


def test_a_password_set_for_somebody_leaves_a_line_without_it(root: Client) -> None:
    person = make.user("ben")
    data = {"password1": "a long pass phrase", "password2": "a long pass phrase", "usable_password": "true"}
    answer = root.post(reverse("admin:auth_user_password_change", args=[person.pk]), data)
    assert answer.status_code == 302
    line = AuditEntry.objects.get()
    assert (line.tag, line.subject) == ("admin:user:changed", f"registry.user:{person.pk}")
    assert "pass phrase" not in str(line.after)


# --- the API -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def api() -> APIClient:
    person = make.user("ada", role="admin")
    person.groups.add(*(Group.objects.get_or_create(name=name)[0] for name in ("owner", "reviewer")))
    return client_of(person)


def team_of(_api: APIClient) -> Any:
    return make.team(owner=User.objects.get(username="ada"))


CREATED: dict[str, Callable[[APIClient], dict[str, Any]]] = {
    "vendors": lambda _: {"slug": "lab", "name": "Lab", "parent": make.vendor().slug, "country": "DE"},
    "models": lambda _: {"slug": "m-1", "name": "M", "developer": make.vendor().slug, "languages": ["de", "en"]},
    "offerings": lambda _: {"model": make.model().slug, "kind": "service", "host": "lab", "external_id": "m-1"},
    "teams": lambda _: {"slug": "search", "name": "Search", "email": "s@northwind.example"},
    "systems": lambda api: {"slug": "shop", "name": "Shop", "team": team_of(api).slug, "criticality": "critical"},
    "environments": lambda _: {"slug": "dev", "name": "Dev", "environment_class": "nonproduction"},
    "dependencies": lambda api: {
        "system": make.system(team=team_of(api)).slug,
        "offering": make.offering().pk,
        "purpose": "chat",
        "environment": make.environment().slug,
        "has_index": True,
    },
    "blocks": lambda _: {"model": make.model().slug, "reason": "Leaks.", "until": "2099-01-01"},
    "changes": lambda _: {"vendor": make.vendor().slug, "summary": "It closes.", "source_url": "https://lab.example/"},
    "reports": lambda _: {
        "offering": make.offering().pk,
        "kind": "gated",
        "summary": "It asks for a name now.",
        "source_url": "https://lab.example/",
        "gating": "manual",
    },
    "proposals": lambda _: {
        "kind": "adopt_model",
        "offering": make.offering().pk,
        "purpose": "chat",
        "distribution": "saas",
        "reason": "Best.",
    },
    "corrections": lambda _: {
        "offering": make.offering().pk,
        "fact": "gating",
        "value": "manual",
        "reason": "Their card says so.",
        "evidence_url": "https://lab.example/",
        "ends_on": str(timezone.now().date() + timedelta(days=30)),
    },
    "fallback-plans": lambda api: {
        "dependency": make.dependency(system=make.system(team=team_of(api))).pk,
        "trigger": "It retires.",
        "switch_procedure": "Change the route.",
        "switched_by": "On call",
        "alternatives": [{"kind": "offering", "offering": make.offering().pk}],
        "submit": True,
    },
    "policies": lambda _: {"text": "waiver_max_days = 30\n[lead_days]\nnormal = 45\n", "reason": "Tighter."},
    "break-glass": lambda api: {
        "system": make.system(team=team_of(api)).slug,
        "environment": make.environment().slug,
        "reason": "An outage.",
        "hours": 3,
    },
    "tokens": lambda api: {"name": "Release", "kind": "check", "team": team_of(api).slug, "days": 30},
    "pipelines": lambda api: {
        "system": make.system(team=team_of(api)).slug,
        "provider": "github",
        "claims": {"repository_id": "74", "repository_owner_id": "65"},
        "refs": ["refs/heads/main"],
    },
    "gateways": lambda api: {"slug": "main", "name": "Main", "team": team_of(api).slug},
    "delegations": lambda _: {
        "delegate": make.user(role="viewer").username,
        "starts_on": str(timezone.now().date() + timedelta(days=1)),
        "until": str(timezone.now().date() + timedelta(days=5)),
        "reason": "A holiday.",
    },
}
# Reports and corrections let sources' values be weighed anew: what an offering becomes by that is told by its Change.
DERIVED = {
    "reports": ("registry.listing ", "registry.offering "),
    "corrections": ("registry.listing ", "registry.offering ", "registry.source ", "registry.change "),
}


@pytest.mark.parametrize("resource", CREATED)
def test_what_is_created_through_the_api_is_told(api: APIClient, resource: str) -> None:
    body = CREATED[resource](api)
    earlier = look()
    answer = api.post(f"/api/v1/{resource}/", body, format="json")
    assert answer.status_code == 201, answer.json()
    assert changed_since(earlier)
    assert [one for one in untold(earlier) if not one.startswith(DERIVED.get(resource, ("–",)))] == []


PATCHED: dict[str, tuple[Callable[[APIClient], Any], dict[str, Any]]] = {
    "vendors": (lambda _: make.vendor().slug, {"name": "Other"}),
    "models": (lambda _: make.model().slug, {"description": "Other", "context_length": 77}),
    "offerings": (lambda _: make.offering().pk, {"host": "other"}),
    "teams": (lambda _: make.team().slug, {"email": "o@northwind.example"}),
    "systems": (lambda api: make.system(team=team_of(api)).slug, {"description": "Sells shoes"}),
    "environments": (lambda _: make.environment("dev").slug, {"name": "Other"}),
    "dependencies": (
        lambda api: make.dependency(system=make.system(team=team_of(api))).pk,
        {"ended_on": "2026-04-15", "held_copy_location": "s3://copies"},
    ),
    "sources": (lambda _: make.source("huggingface").slug, {"is_enabled": False}),
    "gateways": (
        lambda api: Gateway.objects.create(slug="main", name="Main", team=team_of(api)).slug,
        {"name": "Other", "system": None},
    ),
}


@pytest.mark.parametrize("resource", PATCHED)
def test_what_is_changed_through_the_api_is_told(api: APIClient, resource: str) -> None:
    prepare, body = PATCHED[resource]
    key = prepare(api)
    earlier = look()
    answer = api.patch(f"/api/v1/{resource}/{key}/", body, format="json")
    assert answer.status_code == 200, answer.json()
    assert changed_since(earlier)
    assert untold(earlier) == []


def test_the_tables_above_know_every_resource_that_can_be_written() -> None:
    from config.api import RESOURCES  # noqa: PLC0415 - the addresses are put together when first asked for

    writable = {name for name, view in RESOURCES.items() if hasattr(view, "create") or hasattr(view, "partial_update")}
    # A test of their own; checks are their own evidence, and what is only asked leaves nothing.
    elsewhere = {"drills", "checks", "imports", "attestations", "what-if", "what-if-reports"}
    assert writable - elsewhere == set(CREATED) | set(PATCHED)


def test_mapping_a_listing_and_taking_it_back_through_the_api_is_told(api: APIClient) -> None:
    listing, offering = make.listing("m"), make.offering()
    for step, body in (("map", {"offering": offering.pk}), ("unmap", {})):
        earlier = look()
        assert api.post(f"/api/v1/listings/{listing.pk}/{step}/", body, format="json").status_code == 200
        assert changed_since(earlier)
        assert [one for one in untold(earlier) if not one.startswith("registry.offering ")] == []
        assert AuditEntry.objects.latest("sequence").tag.startswith("api:listing:")


def test_a_decision_tells_what_it_granted(api: APIClient) -> None:
    proposal = admin_rows.proposal(decide_by=timezone.now() + timedelta(days=3))
    seen = digest(state_of(proposal, now=timezone.now()))
    earlier = look()
    body = {"verdict": "approve", "state_digest": seen, "comment": "Yes."}
    assert api.post(f"/api/v1/proposals/{proposal.pk}/decide/", body, format="json").status_code == 200
    assert {label for label, _ in changed_since(earlier)} == {
        "governance.proposal",
        "governance.decision",
        "governance.adoption",
    }
    assert untold(earlier) == []


@pytest.mark.parametrize("step", ["acknowledge", "snooze", "done"])
def test_what_is_done_with_an_action_is_told(api: APIClient, step: str) -> None:
    dependency = make.dependency(system=make.system(team=team_of(api)))
    action = admin_rows.action(dependency=dependency)
    earlier = look()
    body = {"reason": "Busy.", "until": str(timezone.now().date() + timedelta(days=9))}
    assert api.post(f"/api/v1/actions/{action.pk}/{step}/", body, format="json").status_code == 200
    assert untold(earlier) == []


def test_a_token_made_through_the_api_is_told_without_its_secret() -> None:
    person = make.user("ci", role="viewer")
    client = Client()
    client.force_login(person)
    token = client.post("/api/v1/tokens/", {}, content_type="application/json").json()["token"]
    line = AuditEntry.objects.get()
    assert line.tag == "api:token:made"
    assert token not in str(line.after)


# --- commands and tasks --------------------------------------------------------------------------------------------------


def test_an_import_tells_every_row_that_it_wrote(tmp_path: Path) -> None:
    file = tmp_path / "models.csv"
    file.write_text(
        "slug,name,developer,host,external_id,license,aliases,base_models\n"
        "base,Base,lab,huggingface,lab/base,apache-2.0,base-1,\n"
        "child,Child,lab,huggingface,lab/child,apache-2.0,,finetune=base\n"
    )
    make.vendor("lab")
    make.license_()
    earlier = look()
    call_command("import_models", str(file), verbosity=0)
    assert changed_since(earlier)
    assert untold(earlier) == []


def test_a_snooze_that_ends_by_itself_is_told() -> None:
    action = admin_rows.action(state="snoozed", snoozed_until=make.TODAY)
    earlier = look()
    assert actions.wake(now=NOW) == 1
    action.refresh_from_db()
    assert action.state == "open"
    assert untold(earlier) == []


def test_a_proposal_that_expires_is_told() -> None:
    admin_rows.proposal(decide_by=NOW)
    earlier = look()
    tasks.expire()
    assert changed_since(earlier)
    assert untold(earlier) == []
