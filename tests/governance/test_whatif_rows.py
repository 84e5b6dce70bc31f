"""What if they go, over real rows: who is touched, what is kept, who may ask, and what the exports hold."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from governance.models import AuditEntry, WhatIfReport
from governance.plan_states import plan_states
from governance.whatif.ask import answer_document, save_report
from governance.whatif.load import resolve, touched
from governance.whatif.question import Question
from governance.whatif.sheet import cell, csv_of
from registry.models import AIModel, Dependency, LineageEdge, Offering, Revision, Vendor
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.gate_world import approve_first, green, owner_of, spare_of
from tests.governance.guards import drop_guard, sql

pytestmark = pytest.mark.django_db
SOON = TODAY + timedelta(days=30)


def ask(**what: Any) -> dict[str, Any]:
    return answer_document(Question(gone_on=SOON, **what), now=NOW)


def outcomes(document: dict[str, Any]) -> dict[int, str]:
    return {line["dependency"]: line["outcome"] for line in document["lines"]}


# --- who is touched ------------------------------------------------------------------------------


def test_a_vendor_goes_with_its_children_and_with_all_that_was_made_from_their_models() -> None:
    alibaba = f.vendor("alibaba")
    base = f.model(developer=f.vendor("qwen", parent=alibaba))
    derivative = f.model(developer=f.vendor("octen"))
    f.derived(derivative, base)
    on_it = f.dependency(offering=f.offering(model=derivative))
    f.dependency()

    document = ask(vendors=("alibaba",))

    assert list(outcomes(document)) == [on_it.pk]
    assert document["asked"] == {"vendors": ["Alibaba"]}
    assert document["counts"]["untouched"] == 1
    assert document["lines"][0]["why"] == ["Alibaba and Qwen stand behind it"]


def test_who_serves_goes_with_it_and_so_does_a_country() -> None:
    cloud = f.vendor("cloud", country="US")
    served = f.dependency(served_by=f.vendor("cloud-eu", parent=cloud))
    provided = f.dependency(offering=f.offering("c/x", kind="service", host="cloud", provider=cloud))
    f.dependency()

    assert set(outcomes(ask(countries=("US",)))) == {served.pk, provided.pk}
    assert set(outcomes(ask(vendors=("cloud",)))) == {served.pk, provided.pk}
    assert set(outcomes(ask(hosts=("cloud",)))) == {provided.pk}


def test_the_answer_says_how_many_hang_on_vendors_whose_country_nobody_knows() -> None:
    cloud = f.vendor("cloud", country="US")
    f.dependency(served_by=cloud)
    developers = {
        "known": f.vendor(country="FR"),
        "unknown": f.vendor(),
        "child": f.vendor(parent=f.vendor(country="FR")),
    }
    for developer in developers.values():
        f.dependency(offering=f.offering(model=f.model(developer=developer)), served_by=developers["known"])

    # Of the first nobody knows where its developer is, but it is lost already by who serves it.
    assert ask(countries=("US",))["counts"]["of_unknown_country"] == 1
    assert ask(vendors=("cloud",))["counts"]["of_unknown_country"] == 0


def test_a_country_of_no_vendor_is_a_question_about_nothing_and_says_so() -> None:
    f.vendor("cloud", country="US")
    with pytest.raises(ValidationError) as refused:
        ask(countries=("US", "china"))
    assert refused.value.message_dict == {"countries": ["No vendor of the register is in “china”."]}


def test_a_model_goes_with_all_that_was_made_from_it_and_a_license_class_by_the_revision_in_use() -> None:
    base, child = f.model("base"), f.model("child")
    f.derived(child, base)
    on_child = f.dependency(offering=f.offering(model=child))
    restricted = f.dependency(offering=f.offering(license_=f.license_("LicenseRef-x", "restricted")))

    assert set(outcomes(ask(models=("base",)))) == {on_child.pk}
    assert set(outcomes(ask(license_classes=("restricted",)))) == {restricted.pk}
    assert set(outcomes(ask(offerings=(restricted.offering_id,)))) == {restricted.pk}


def test_what_nobody_knows_the_license_of_goes_with_those_of_the_unknown_class() -> None:
    unread = f.dependency(offering=f.offering(license_=f.license_("LicenseRef-x", "unknown")))
    bare = f.dependency()
    Revision.objects.filter(offering=bare.offering).update(license=None)
    pinned = f.dependency(pinned_revision="c" * 40)  # of that revision nobody has recorded anything
    service = f.dependency(offering=f.offering(kind="service", head_revision=""))
    Revision.objects.filter(offering=service.offering).update(revision="")
    known = f.dependency()

    found = set(outcomes(ask(license_classes=("unknown",))))

    assert found == {unread.pk, bare.pk, pinned.pk}
    assert known.pk in outcomes(ask(license_classes=("open",)))


def test_we_ourselves_never_go() -> None:
    own = f.vendor("northwind", is_self=True, country="DE")
    f.dependency(served_by=own)

    with pytest.raises(ValidationError, match="cannot go"):
        ask(vendors=("northwind",))
    assert ask(countries=("DE",))["lines"] == []


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({}, "vendors"),
        ({"vendors": ("nobody",)}, "vendors"),
        ({"models": ("nothing",)}, "models"),
        ({"hosts": ("nowhere",)}, "hosts"),
        ({"offerings": (0,)}, "offerings"),
    ],
)
def test_a_question_that_nobody_can_answer_names_its_field(what: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ask(**what)
    assert list(refused.value.message_dict) == [field]


def test_a_day_in_another_age_is_refused() -> None:
    f.vendor("acme")
    with pytest.raises(ValidationError, match="ten years"):
        answer_document(Question(gone_on=date(9999, 1, 1), vendors=("acme",)), now=NOW)


def random_register(dice: Random) -> None:
    """Vendors with parents, models with bases of each relation, and a use of every model."""
    vendors: list[Vendor] = []
    for number in range(6):
        parent = dice.choice(vendors) if vendors and dice.random() < 0.4 else None
        vendors.append(f.vendor(f"v{number}", parent=parent, is_self=number == 5))
    team, system = f.team(), f.system()
    models: list[AIModel] = []
    for number in range(9):
        model = f.model(f"m{number}", developer=dice.choice(vendors), owner=team)
        for base in dice.sample(models, min(len(models), dice.choice([0, 1, 1, 2]))):
            f.derived(model, base, relation=dice.choice(["quantized", "finetune", "merge"]))
        models.append(model)
        f.dependency(system=system, offering=f.offering(model=model))


def owners_by_hand(vendor: Vendor | None) -> list[Vendor]:
    return [] if vendor is None else [vendor, *owners_by_hand(vendor.parent)]


def vendors_by_hand(model: AIModel) -> set[str]:
    """The definition, edge by edge: the developer with its owners, and what stands behind the bases."""
    edges = list(LineageEdge.objects.filter(child=model).select_related("base"))
    behind = {slug for edge in edges for slug in vendors_by_hand(edge.base)}
    owners = owners_by_hand(model.developer)
    only_quantized = bool(edges) and all(edge.relation == "quantized" for edge in edges)
    if not only_quantized and not any(owner.is_self for owner in owners):
        behind |= {owner.slug for owner in owners}
    return behind


@pytest.mark.parametrize("seed", range(4))
def test_the_set_queries_find_whom_walking_the_graph_finds(seed: int) -> None:
    random_register(Random(seed))  # noqa: S311 - rows for a test, not a secret
    uses = list(Dependency.objects.select_related("offering__model__developer"))

    for slug in ("v0", "v1", "v2"):
        lost = resolve(Question(gone_on=SOON, vendors=(slug,))).lost
        by_hand = {use.pk for use in uses if slug in vendors_by_hand(use.offering.model)}
        assert touched(lost) == by_hand
        assert set(outcomes(ask(vendors=(slug,)))) == by_hand


def test_the_plan_holds_where_the_gate_says_so() -> None:
    holding = green()
    developer = holding.offering.model.developer
    bare = f.dependency(offering=f.offering(model=holding.offering.model))

    document = ask(vendors=(developer.slug,))

    by_gate = plan_states([holding.pk, bare.pk], now=NOW)
    assert {line["dependency"]: line["plan_holds"] for line in document["lines"]} == {
        pk: state.holds for pk, state in by_gate.items()
    }
    assert outcomes(document) == {bare.pk: "stops", holding.pk: "survives"}


def test_a_need_a_host_and_a_drill_count_as_the_gate_counts_them() -> None:
    cloud = f.vendor("cloud")
    holding = green()
    Dependency.objects.filter(pk=holding.pk).update(needs={"context_length": 4000}, served_by=cloud)
    spare = spare_of(holding)
    Offering.objects.filter(pk=spare.pk).update(kind="service", provider=cloud)
    AIModel.objects.filter(pk=spare.model_id).update(context_length=512)
    approve_first(f.plan(holding, spare, author=owner_of(holding.system)), is_drilled=False)
    developer = holding.offering.model.developer.slug

    (line,) = ask(vendors=(developer,))["lines"]

    assert (line["outcome"], line["reason"]) == ("degrades", "lacks_capability")
    assert "its context is 512 tokens, not 4,000" in line["text"]
    assert "Cloud serves both" in line["text"]
    assert "drill" in line["text"]
    assert outcomes(ask(vendors=("cloud",))) == {holding.pk: "stops"}


def test_an_answer_costs_the_same_with_one_dependency_and_with_six() -> None:
    model = f.model(developer=f.vendor("acme"))
    counts = []
    for number in (1, 5):
        for _ in range(number):
            dependency = f.dependency(offering=f.offering(model=model))
            f.plan(dependency, f.offering(), f.offering())
        with CaptureQueriesContext(connection) as queries:
            assert ask(vendors=("acme",))["counts"]["stops"]
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- reports -------------------------------------------------------------------------------------


@pytest.fixture
def report() -> WhatIfReport:
    system = f.system("search", name='=HYPERLINK("http://x","y")')
    f.dependency(system=system, offering=f.offering(model=f.model(developer=f.vendor("acme"))))
    return save_report(Question(gone_on=SOON, vendors=("acme",)), title="", by=f.user("rita"), now=NOW)


def test_a_report_keeps_question_answer_moment_and_person_and_leaves_a_line(report: WhatIfReport) -> None:
    assert (report.title, report.state_at, report.created_by.username) == ("What if Acme goes?", NOW, "rita")
    assert report.asked == {"gone_on": SOON.isoformat(), "vendors": ["acme"]}
    assert report.answer["counts"]["stops"] == 1
    assert AuditEntry.objects.filter(tag="governance:whatifreport:saved", actor=report.created_by).count() == 1


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize(
    "statement", ["UPDATE governance_whatifreport SET title = 'other'", "DELETE FROM governance_whatifreport"]
)
def test_a_report_is_neither_changed_nor_removed(statement: str) -> None:
    with pytest.raises(IntegrityError, match="a what-if report is never"):
        sql(statement)


@pytest.mark.usefixtures("report")
def test_without_its_guard_a_report_could_be_changed() -> None:
    drop_guard("whatifreport_is_final", "governance_whatifreport")
    assert sql("UPDATE governance_whatifreport SET title = 'other'") == 1


def test_a_report_does_not_change_when_the_register_does(report: WhatIfReport) -> None:
    Dependency.objects.update(ended_on=TODAY)
    report.refresh_from_db()
    assert report.answer["counts"]["stops"] == 1


# --- pages ---------------------------------------------------------------------------------------


def client_of(role: str) -> Client:
    client = Client()
    client.force_login(f.user(role=role) if role else f.user())
    return client


@pytest.mark.parametrize("name", ["what-if", "what-if-reports", "concentration"])
def test_the_pages_are_for_who_has_a_role(name: str) -> None:
    assert client_of("viewer").get(reverse(f"pages:{name}")).status_code == 200
    assert client_of("").get(reverse(f"pages:{name}")).status_code == 403
    assert Client().get(reverse(f"pages:{name}")).status_code == 302


def test_asking_by_the_address_shows_the_answer_and_keeps_nothing() -> None:
    f.dependency(offering=f.offering("acme/embed", model=f.model(developer=f.vendor("acme"))))
    text = client_of("viewer").get("/what-if/?vendors=acme").content.decode()

    assert "What if Acme goes?" in text
    assert "No submitted plan names an alternative." in text
    assert "acme/embed" in text
    assert not WhatIfReport.objects.exists()


def test_saving_from_the_page_leads_to_the_report() -> None:
    f.dependency(offering=f.offering(model=f.model(developer=f.vendor("acme"))))
    day = (timezone.now().date() + timedelta(days=3)).isoformat()
    answer = client_of("viewer").post("/what-if/", {"vendors": ["acme"], "gone_on": day})

    row = WhatIfReport.objects.get()
    assert answer["Location"] == reverse("pages:what-if-report", args=[row.pk])
    assert row.answer["notice_days"] == 3


def test_a_wrong_question_is_shown_again_with_the_field() -> None:
    page = client_of("viewer").get("/what-if/?models=nothing")
    assert page.status_code == 400
    assert "“nothing” is not known" in page.content.decode()


def test_the_exports_hold_every_line_and_no_formula(report: WhatIfReport) -> None:
    client = client_of("viewer")
    table = client.get(reverse("pages:what-if-export", args=[report.pk, "csv"]))
    (line,) = csv.DictReader(io.StringIO(table.content.decode()))

    assert table["Content-Disposition"] == f'attachment; filename="what-if-{report.pk}.csv"'
    assert line["system_name"] == '\'=HYPERLINK("http://x","y")'
    assert client.get(reverse("pages:what-if-export", args=[report.pk, "json"])).json() == report.answer
    assert client.get(reverse("pages:what-if-export", args=[report.pk, "exe"])).status_code == 404
    assert client_of("").get(reverse("pages:what-if-export", args=[report.pk, "csv"])).status_code == 403


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", " =1", "\r=1", "%0A", "|cmd"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    assert [cell(value) for value in ("plain", -1.5, None, True, ["a", "b"])] == ["plain", -1.5, None, True, "a; b"]


def test_an_empty_answer_is_a_table_without_lines() -> None:
    assert csv_of({"lines": []}).startswith("outcome,reason,system")


def test_the_report_page_prints_every_line_on_demand(report: WhatIfReport) -> None:
    page = client_of("viewer").get(reverse("pages:what-if-report", args=[report.pk]) + "?all=1")
    assert "Asked by rita" in page.content.decode()


def test_a_page_of_many_touched_dependencies_costs_as_much_as_one_of_few() -> None:
    model, client = f.model(developer=f.vendor("acme")), client_of("viewer")
    counts = []
    for number in (1, 1, 4):
        for _ in range(number):
            f.dependency(offering=f.offering(model=model))
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/what-if/?vendors=acme").status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2]


# --- the API -------------------------------------------------------------------------------------


def test_the_api_answers_without_keeping_and_refuses_by_field(as_role: Callable[[str], APIClient]) -> None:
    f.dependency(offering=f.offering(model=f.model(developer=f.vendor("acme"))))
    viewer = as_role("viewer")

    answer = viewer.post("/api/v1/what-if/", {"vendors": ["acme"], "gone_on": "2030-01-01"}, format="json")
    wrong = viewer.post("/api/v1/what-if/", {"gone_on": "2030-01-01"}, format="json")

    assert (answer.status_code, answer.json()["counts"]["stops"]) == (200, 1)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "vendors")
    assert not WhatIfReport.objects.exists()


def test_the_api_keeps_lists_and_exports_reports(as_role: Callable[[str], APIClient]) -> None:
    f.dependency(offering=f.offering(model=f.model(developer=f.vendor("acme"))))
    viewer, asked = as_role("viewer"), {"vendors": ["acme"], "gone_on": "2030-01-01", "title": "For the board"}

    kept = viewer.post("/api/v1/what-if-reports/", asked, format="json")
    (listed,) = viewer.get("/api/v1/what-if-reports/").json()["results"]
    one = viewer.get(f"/api/v1/what-if-reports/{listed['id']}/").json()

    assert (kept.status_code, kept.json()["title"]) == (201, "For the board")
    assert (listed["counts"]["stops"], "answer" in listed) == (1, False)
    assert one["answer"] == kept.json()["answer"]
    assert viewer.get(f"/api/v1/what-if-reports/{listed['id']}/csv/").content.startswith(b"outcome,reason")
    assert viewer.delete(f"/api/v1/what-if-reports/{listed['id']}/").status_code == 403


def test_who_has_no_role_neither_asks_nor_reads(as_role: Callable[[str], APIClient]) -> None:
    nobody = as_role("")
    assert nobody.post("/api/v1/what-if/", {"vendors": ["x"]}, format="json").status_code == 403
    assert nobody.get("/api/v1/what-if-reports/").status_code == 403
    assert nobody.get("/api/v1/concentration/").status_code == 403
