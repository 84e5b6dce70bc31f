"""Edits of who stands behind a model: who may, what is told, and what today's answer becomes."""

from collections.abc import Callable
from typing import Any

import pytest

from governance import standing_behind
from governance.blocks import block
from governance.check import preview
from governance.models import Action, Approval, AuditEntry, Impact
from governance.refused import Refused
from governance.triage import triage_changes
from registry.models import AIModel, Change, Dependency, LineageEdge, Vendor
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of, client_of
from tests.governance.gate_world import adopt, approve_first, green, owner_of, spare_of

pytestmark = pytest.mark.django_db


def rules_of(dependency: Dependency) -> set[str]:
    return {finding.rule for finding in preview(dependency.system.slug, "production", now=NOW).findings}


def levels_of(dependency: Dependency) -> set[tuple[str, str]]:
    found = preview(dependency.system.slug, "production", now=NOW).findings
    return {(finding.rule, finding.level) for finding in found}


def vendor_form(vendor: Vendor, **fields: Any) -> dict[str, Any]:
    """The admin's form of a vendor without aliases and namespaces."""
    empty = {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}
    rows = {f"{prefix}-{name}": value for prefix in ("aliases", "hub_namespaces") for name, value in empty.items()}
    own = {"slug": vendor.slug, "name": vendor.name, "parent": "", "country": "", "homepage": ""}
    return own | rows | fields


def sell_in_the_admin(vendor: Vendor, to: Vendor) -> None:
    form = vendor_form(vendor, parent=to.pk)
    assert browser_of(f.user(role="admin")).post(f"/admin/registry/vendor/{vendor.pk}/change/", form).status_code == 302


def sell_in_the_api(vendor: Vendor, to: Vendor) -> None:
    sent = client_of(f.user(role="reviewer")).patch(
        f"/api/v1/vendors/{vendor.slug}/", {"parent": to.slug}, format="json"
    )
    assert sent.status_code == 200, sent.json()


def merge_on_the_page(vendor: Vendor, to: Vendor) -> None:
    form = {"into": to.slug, "reason": "The register of companies."}
    assert browser_of(f.user(role="reviewer")).post(f"/vendors/{vendor.slug}/merge/", form).status_code == 302


def merge_in_the_api(vendor: Vendor, to: Vendor) -> None:
    form = {"into": to.slug, "reason": "The register of companies."}
    sent = client_of(f.user(role="admin")).post(f"/api/v1/vendors/{vendor.slug}/merge/", form, format="json")
    assert (sent.status_code, sent.json()["slug"]) == (200, to.slug), sent.json()


DOORS = [sell_in_the_admin, sell_in_the_api, merge_on_the_page, merge_in_the_api]


@pytest.mark.parametrize("sell", DOORS)
def test_a_vendor_sold_to_the_primarys_changes_todays_answer_and_tells_whom_it_touches(
    sell: Callable[[Vendor, Vendor], None],
) -> None:
    dependency, other = green(), green()
    assert rules_of(dependency) == set()

    sell(spare_of(dependency).model.developer, dependency.offering.model.developer)

    assert rules_of(dependency) == {"UD402", "UD501"}
    assert rules_of(other) == set()
    assert Change.objects.get().kind == "vendor_changed"
    triage_changes(now=NOW)
    assert set(Impact.objects.values_list("dependency", flat=True)) == {dependency.pk}
    ended = Approval.objects.exclude(ended_at=None)
    assert [approval.dependency for approval in ended] == [dependency]
    assert ended[0].end_reason.startswith("the vendors behind it were")


@pytest.mark.parametrize("sell", DOORS)
def test_a_primary_sold_to_the_vendor_of_its_spare_gets_the_same_grace(sell: Callable[[Vendor, Vendor], None]) -> None:
    dependency, other = green(), green()

    sell(dependency.offering.model.developer, spare_of(dependency).model.developer)

    assert levels_of(dependency) == {("UD402", "error"), ("UD501", "error")}
    assert rules_of(other) == set()
    triage_changes(now=NOW)
    ended = Approval.objects.exclude(ended_at=None)
    assert [approval.dependency for approval in ended] == [dependency]
    assert ended[0].end_reason.startswith("now behind the model in use as well")
    assert set(Impact.objects.values_list("dependency", flat=True)) == {dependency.pk}
    assert {action.concern for action in Action.objects.all()} >= {"independence"}
    assert levels_of(dependency) == {("UD402", "warning"), ("UD501", "warning")}


def test_an_edit_that_leaves_the_owner_alone_tells_nothing() -> None:
    vendor = f.vendor()

    sent = client_of(f.user(role="reviewer")).patch(f"/api/v1/vendors/{vendor.slug}/", {"country": "FR"}, format="json")

    assert sent.status_code == 200
    assert not Change.objects.exists()


def test_a_new_vendor_with_an_owner_is_no_change_of_anybody() -> None:
    owner = f.vendor()

    sent = client_of(f.user(role="reviewer")).post(
        "/api/v1/vendors/", {"slug": "lab", "name": "Lab", "parent": owner.slug}, format="json"
    )

    assert sent.status_code == 201
    assert not Change.objects.exists()


def test_a_refused_edit_leaves_no_change() -> None:
    parent = f.vendor()
    child = f.vendor(parent=parent)

    sent = client_of(f.user(role="reviewer")).patch(
        f"/api/v1/vendors/{parent.slug}/", {"parent": child.slug}, format="json"
    )

    assert sent.status_code == 400
    assert not Change.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_only_stewards_merge_vendors_and_state_lineage(role: str) -> None:
    person, model, base = f.user(role=role), f.model(lineage_status="unknown"), f.model()
    model.owner.members.create(user=person, role="owner")
    gone, into = model.developer, base.developer

    assert browser_of(person).get(f"/vendors/{gone.slug}/merge/").status_code == 403
    assert browser_of(person).get(f"/models/{model.slug}/lineage/").status_code == 403
    assert (
        client_of(person).post(f"/api/v1/vendors/{gone.slug}/merge/", {"into": into.slug}, format="json").status_code
        == 403
    )
    assert client_of(person).post(f"/api/v1/models/{model.slug}/assert-lineage/", {}, format="json").status_code == 403
    with pytest.raises(Refused, match="Only reviewers and administrators merge"):
        standing_behind.merge_vendors(gone, into, reason="I say so.", by=person, now=NOW)
    with pytest.raises(Refused, match="Only reviewers and administrators state"):
        standing_behind.assert_lineage(model, statement="root", source="me", by=person, now=NOW)


def test_an_owner_cannot_state_lineage_by_editing_or_adding_the_model_either() -> None:
    model = f.model(lineage_status="unknown", lineage_source="")
    person = model.owner.members.get(role="owner").user
    owner = f.user(role="owner")
    model.owner.members.create(user=owner, role="owner")
    stated = {"lineage_status": "asserted_root", "lineage_source": "Trust me."}
    new = {"slug": "new", "name": "New", "developer": model.developer.slug, "owner": model.owner.slug}

    changed = client_of(owner).patch(f"/api/v1/models/{model.slug}/", stated, format="json")
    added = client_of(owner).post("/api/v1/models/", new | stated, format="json")

    assert (changed.status_code, added.status_code) == (400, 400)
    assert {error["field"] for error in changed.json()["errors"]} == {"lineage_status", "lineage_source"}
    assert client_of(owner).post("/api/v1/models/", new, format="json").status_code == 201
    assert not AIModel.objects.filter(lineage_status="asserted_root", slug__in=("new", model.slug)).exists()
    assert person != owner


def test_a_block_is_decided_on_before_its_vendor_becomes_another() -> None:
    gone, into, reviewer = f.vendor(), f.vendor(), f.user(role="reviewer")
    block(by=reviewer, vendor=gone, reason="Embargo.", now=NOW)
    form = {"into": into.slug, "reason": "Renamed."}

    refused = client_of(reviewer).post(f"/api/v1/vendors/{gone.slug}/merge/", form, format="json")

    assert (refused.status_code, refused.json()["code"]) == (409, "blocked")
    block(by=reviewer, vendor=into, reason="Embargo.", now=NOW)
    assert client_of(reviewer).post(f"/api/v1/vendors/{gone.slug}/merge/", form, format="json").status_code == 200


def test_the_address_of_a_merged_vendor_leads_to_the_other() -> None:
    gone, into, reviewer = f.vendor(), f.vendor(), f.user(role="reviewer")
    standing_behind.merge_vendors(gone, into, reason="Renamed.", by=reviewer, now=NOW)

    assert browser_of(reviewer).get(f"/vendors/{gone.slug}/").headers["Location"] == f"/vendors/{into.slug}/"
    assert client_of(reviewer).get(f"/api/v1/vendors/{gone.slug}/").json()["merged_into"] == into.slug
    assert "Merged into it" in browser_of(reviewer).get(f"/vendors/{into.slug}/").text
    line = AuditEntry.objects.get(tag="governance:vendor:merged")
    assert (line.actor, line.after["into"]) == (reviewer, into.slug)


# --- lineage ---------------------------------------------------------------------------------


def murky(dependency: Dependency) -> AIModel:
    """The model of the spare, of which nobody knows what it was made from."""
    model = spare_of(dependency).model
    AIModel.objects.filter(pk=model.pk).update(lineage_status="unknown", lineage_source="")
    model.refresh_from_db()
    return model


def test_a_root_is_asserted_with_its_source_audited_shown_and_believed() -> None:
    dependency, reviewer = green(), f.user(role="reviewer")
    model = murky(dependency)
    assert "UD403" in rules_of(dependency)
    form = {"statement": "root", "source": "Trained from scratch: paper, section 3."}

    assert browser_of(reviewer).post(f"/models/{model.slug}/lineage/", form).status_code == 302

    assert rules_of(dependency) == set()
    shown = browser_of(reviewer).get(f"/models/{model.slug}/").text
    assert f"Stated by: Trained from scratch: paper, section 3.; entered by {reviewer}" in " ".join(shown.split())
    line = AuditEntry.objects.get(tag="admin:lineage:asserted")
    assert (line.before["lineage"], line.after["lineage"], line.actor) == ("unknown", "asserted_root", reviewer)


def test_a_base_that_comes_to_light_ends_the_approvals_that_rest_on_its_absence() -> None:
    dependency, other, reviewer = green(), green(), f.user(role="reviewer")
    model, base = spare_of(dependency).model, dependency.offering.model
    form = {
        "statement": "base",
        "base": base.slug,
        "relation": "finetune",
        "is_all": True,
        "source": "The config names it.",
    }

    sent = client_of(reviewer).post(f"/api/v1/models/{model.slug}/assert-lineage/", form, format="json")

    assert sent.status_code == 200, sent.json()
    assert sent.json()["base_models"][0]["asserted_by"] == reviewer.username
    assert (sent.json()["lineage_status"], rules_of(dependency)) == ("complete", {"UD402", "UD501"})
    triage_changes(now=NOW)
    assert [approval.dependency for approval in Approval.objects.exclude(ended_at=None)] == [dependency]
    assert rules_of(other) == set()


def test_a_base_that_is_not_the_only_one_leaves_the_lineage_open() -> None:
    model, base, reviewer = f.model(lineage_status="unknown"), f.model(), f.user(role="reviewer")
    said = {"statement": "base", "base": base, "relation": "merge", "source": "Card.", "by": reviewer, "now": NOW}

    standing_behind.assert_lineage(model, **said)
    model.refresh_from_db()
    assert model.lineage_status == "partial"

    standing_behind.assert_lineage(model, **said | {"statement": "not_base"})
    model.refresh_from_db()
    assert (model.lineage_status, model.base_edges.count()) == ("unknown", 0)


def test_saying_the_same_again_is_no_change() -> None:
    model, reviewer = f.model(), f.user(role="reviewer")

    again = standing_behind.assert_lineage(model, statement="root", source="The paper.", by=reviewer, now=NOW)

    model.refresh_from_db()
    assert again is None
    assert (model.lineage_source, model.lineage_asserted_by) == ("The paper.", reviewer)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"statement": "root", "source": "Me."}, "statement"),
        ({"statement": "base", "source": "Me."}, "base"),
        ({"statement": "base", "base": "child", "relation": "finetune", "source": "Me."}, "base"),
        ({"statement": "not_base", "base": "child", "relation": "merge", "source": "Me."}, "base"),
        ({"statement": "base", "base": "base", "relation": "merge", "source": " "}, "source"),
    ],
)
def test_what_cannot_be_stated_is_refused_by_field_and_changes_nothing(said: dict[str, str], field: str) -> None:
    f.derived(f.model("model"), f.model("base"))
    f.derived(f.model("child"), AIModel.objects.get(slug="model"))

    sent = client_of(f.user(role="reviewer")).post("/api/v1/models/model/assert-lineage/", said, format="json")

    assert sent.status_code == 400, sent.json()
    named = [error["field"] for error in sent.json().get("errors", [])] or [sent.json()["field"]]
    assert named == [field]
    assert LineageEdge.objects.count() == 2
    assert not Change.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_admins_form_of_a_model_tells_and_signs_what_it_changes() -> None:
    model, base, admin = f.model(lineage_status="unknown", lineage_source=""), f.model(), f.user(role="admin")
    form = {
        "name": model.name,
        "slug": model.slug,
        "developer": model.developer_id,
        "state": "listed",
        "owner": model.owner_id,
        "task": model.task,
        "input_modalities": "[]",
        "output_modalities": "[]",
        "languages": "[]",
        "output_formats": '["json_schema"]',
        "lineage_status": "complete",
        "lineage_source": "Model card.",
        "base_edges-TOTAL_FORMS": 1,
        "base_edges-INITIAL_FORMS": 0,
        "base_edges-0-base": base.pk,
        "base_edges-0-relation": "adapter",
        "base_edges-0-source": "Model card.",
        "offerings-TOTAL_FORMS": 0,
        "offerings-INITIAL_FORMS": 0,
    }

    sent = browser_of(admin).post(f"/admin/registry/aimodel/{model.pk}/change/", form)

    assert sent.status_code == 302, sent.text
    change = Change.objects.get()
    assert (change.kind, change.model, change.reported_by) == ("lineage_changed", model, admin)
    assert change.after["bases"] == [f"{base.slug} (adapter)"]
    model.refresh_from_db()
    assert (model.lineage_asserted_by, model.base_edges.get().asserted_by) == (admin, admin)
    assert model.output_formats == ["json_schema"]


def test_a_model_that_passes_to_another_developer_is_a_change_of_its_lineage() -> None:
    dependency = green()
    spare, developer = spare_of(dependency).model, dependency.offering.model.developer

    sent = client_of(f.user(role="reviewer")).patch(
        f"/api/v1/models/{spare.slug}/", {"developer": developer.slug}, format="json"
    )

    assert sent.status_code == 200
    assert Change.objects.get().after["developer"] == developer.slug
    assert rules_of(dependency) == {"UD402", "UD501"}


def test_after_the_sale_the_fix_is_an_alternative_of_others() -> None:
    dependency = green()
    sell_in_the_api(spare_of(dependency).model.developer, dependency.offering.model.developer)
    fresh = f.offering()
    adopt(fresh, dependency.system)

    approve_first(f.plan(dependency, fresh, author=owner_of(dependency.system)))

    assert rules_of(dependency) == set()
