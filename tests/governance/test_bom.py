"""The bill of materials of a system: valid, the same for the same state, and with what the register decided."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.bom import bom_of
from governance.models import Check
from registry.exports.cyclonedx import MEDIA_TYPE, Application, Invalid, Model, bill_of_materials
from registry.imports.files import read
from registry.imports.review import review
from registry.imports.write import write
from registry.models import AIModel, Dependency, Offering, System
from tests import factories as f
from tests.governance.conftest import browser_of, client_of

pytestmark = pytest.mark.django_db
FILE = Path(__file__).parents[1] / "payloads" / "bom" / "vendor_extensions.cdx.json"
SHA = "a" * 40
PURL = f"pkg:huggingface/Alibaba-NLP/gte@{SHA}"


@pytest.fixture
def search() -> System:
    """A system that embeds with a model made from another vendor's, and chats with a hosted one in staging."""
    base = f.offering("FacebookAI/xlm", model=f.model("xlm", name="XLM", developer=f.vendor("meta")))
    model = f.model("gte", name="GTE", developer=f.vendor("alibaba"), context_length=8192, input_modalities=["text"])
    f.derived(model, base.model)
    system = f.system("search")
    gte = f.dependency(system=system, offering=f.offering("Alibaba-NLP/gte", model=model))
    hosted = f.offering(
        "gpt-4o", host="openai", kind="service", revision="", license_=f.license_("LicenseRef-vendor-terms")
    )
    f.dependency(system=system, offering=hosted, purpose="chat", environment=f.environment("staging"))
    f.plan(gte, f.offering("BAAI/bge-m3"))
    return system


def bill(system: System) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(bom_of(system, now=f.NOW))
    return document


def component(document: dict[str, Any], ref: str = PURL) -> dict[str, Any]:
    return next(one for one in document["components"] if one["bom-ref"] == ref)


def properties(row: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in row["properties"]}


def test_it_is_valid_by_the_official_schema_and_read_by_the_library(search: System) -> None:
    text = bom_of(search, now=f.NOW)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    read_back = Bom.from_json(json.loads(text))  # type: ignore[attr-defined]  # made by a decorator of the library
    assert {str(one.purl) for one in read_back.components} == {PURL, "pkg:generic/openai/gpt-4o"}


def test_what_does_not_keep_to_the_schema_is_not_handed_out() -> None:
    broken = Model(host="openai", external_id="x", name="x", developer="y", task=5)  # type: ignore[arg-type]  # the point

    with pytest.raises(Invalid):
        bill_of_materials(Application(slug="s", name="S"), [broken], as_of=None, version="1")


def test_a_model_stands_with_its_purl_license_card_and_lineage(search: System) -> None:
    row = component(bill(search))

    assert (row["type"], row["group"], row["name"], row["version"]) == (
        "machine-learning-model",
        "Alibaba-NLP",
        "gte",
        SHA,
    )
    assert (row["purl"], row["licenses"]) == (PURL, [{"license": {"id": "Apache-2.0"}}])
    assert row["modelCard"]["modelParameters"] == {"task": "feature-extraction", "inputs": [{"format": "text"}]}
    (ancestor,) = row["pedigree"]["ancestors"]
    assert (ancestor["name"], ancestor["publisher"], ancestor["purl"]) == (
        "XLM",
        "Meta",
        "pkg:huggingface/FacebookAI/xlm",
    )
    assert ancestor["properties"] == [{"name": "understudy:relation", "value": "finetune"}]


def test_a_license_of_our_own_stands_as_an_expression(search: System) -> None:
    hosted = next(one for one in bill(search)["components"] if one["name"] == "gpt-4o")

    assert hosted["licenses"] == [{"expression": "LicenseRef-vendor-terms"}]


def test_plan_and_verdict_stand_in_properties_of_our_own(search: System) -> None:
    document = bill(search)
    said = properties(component(document))

    assert said["understudy:plan:production:embedding"] == "does-not-hold"
    alternative = said["understudy:plan:production:embedding:alternative:1"]
    assert alternative.startswith("pkg:huggingface/BAAI/bge-m3")
    assert "UD401" in alternative
    findings = {
        one["value"] for one in component(document)["properties"] if one["name"] == "understudy:finding:production"
    }
    assert "UD401 error" in findings
    verdicts = properties(document["metadata"]["component"])
    assert verdicts["understudy:verdict:production"] == "fail"
    assert "understudy:verdict:staging" in verdicts


def test_the_same_state_gives_the_same_bytes_and_another_gives_another_serial_number(search: System) -> None:
    once, again = bom_of(search, now=f.NOW), bom_of(search, now=f.NOW)
    AIModel.objects.filter(slug="gte").update(context_length=4096)

    assert once == again
    assert json.loads(once)["serialNumber"] != bill(search)["serialNumber"]


def test_what_has_ended_is_not_in_it(search: System) -> None:
    Dependency.objects.filter(purpose="chat").update(ended_on=f.TODAY)

    assert [one["bom-ref"] for one in bill(search)["components"]] == [PURL]


def test_a_system_without_models_has_a_valid_bill() -> None:
    assert bill(f.system("empty")).get("components", []) == []


def test_it_costs_the_same_queries_however_many_models(search: System) -> None:
    with CaptureQueriesContext(connection) as few:
        bom_of(search, now=f.NOW)
    for _ in range(6):
        f.dependency(system=search)
    with CaptureQueriesContext(connection) as many:
        bom_of(search, now=f.NOW)

    assert len(many) == len(few)


# --- what came in goes out again --------------------------------------------------------------
@pytest.fixture
def imported() -> System:
    system = f.system("shop")
    write(review(read("shop.cdx.json", FILE.read_bytes())), now=f.NOW, file_name="shop.cdx.json")
    offering = Offering.objects.get(external_id="BAAI/bge-m3")
    f.dependency(system=system, offering=offering)
    return system


def test_unknown_fields_survive_the_way_through_the_register(imported: System) -> None:
    text = bom_of(imported, now=f.NOW)
    (row,) = json.loads(text)["components"]
    original = json.loads(FILE.read_text())["components"][1]
    said = properties(row)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert (row["copyright"], row["hashes"]) == (original["copyright"], original["hashes"])
    assert row["modelCard"]["considerations"] == {"users": ["Search teams"]}
    assert row["modelCard"]["modelParameters"]["architectureFamily"] == "transformer"
    assert row["pedigree"] == original["pedigree"]
    assert said["acme:cost-centre"] == "4711"
    assert json.loads(said["understudy:imported:x-acme-scan"]) == original["x-acme-scan"]


def test_what_the_register_knows_itself_is_not_taken_from_the_file(imported: System) -> None:
    (row,) = bill(imported)["components"]

    assert (row["publisher"], row["bom-ref"]) == ("BAAI", f"pkg:huggingface/BAAI/bge-m3@{row['version']}")
    plans = [one["value"] for one in row["properties"] if one["name"] == "understudy:plan:production:embedding"]
    assert plans == ["none"]


def test_our_own_bill_comes_in_again_without_loss(imported: System) -> None:
    once = bom_of(imported, now=f.NOW)
    write(review(read("again.cdx.json", once.encode())), now=f.NOW, file_name="again.cdx.json")

    first, second = json.loads(once)["components"][0], bill(imported)["components"][0]
    assert {**second, "properties": None} == {**first, "properties": None}
    assert sorted(map(str, second["properties"])) == sorted(map(str, first["properties"]))


# --- doors ------------------------------------------------------------------------------------
@pytest.mark.usefixtures("search")
def test_the_command_writes_it() -> None:
    out = StringIO()
    call_command("export_bom", "search", stdout=out)

    assert component(json.loads(out.getvalue()))["purl"] == PURL


def test_the_command_names_a_system_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no system “nothing”"):
        call_command("export_bom", "nothing")


@pytest.mark.parametrize("accept", [MEDIA_TYPE, "application/json", "*/*"])
@pytest.mark.usefixtures("search")
def test_the_api_hands_it_out_with_its_media_type(accept: str) -> None:
    answer = client_of(f.user(role="viewer")).get("/api/v1/systems/search/bom/", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.cyclonedx+json; version=1.6"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="search.cdx.json"'
    assert component(json.loads(answer.content))["purl"] == PURL


@pytest.mark.usefixtures("search")
def test_a_browser_downloads_it() -> None:
    answer = browser_of(f.user(role="viewer")).get("/systems/search/bom/")

    assert answer.headers["Content-Type"] == "application/vnd.cyclonedx+json; version=1.6"
    assert browser_of(f.user(role="viewer")).get("/systems/search/gate/").content.count(b"/systems/search/bom/") == 1
    assert browser_of(f.user()).get("/systems/search/bom/").status_code == 403


def test_a_bill_that_is_sent_in_becomes_a_check(search: System) -> None:
    client = client_of(f.user(role="viewer"))
    mine = json.loads(bom_of(search, now=f.NOW))
    mine["components"] = [component(mine), {"type": "machine-learning-model", "name": "nobody-knows"}]
    answer = client.generic(
        "POST",
        "/api/v1/systems/search/bom/?environment=production&path=build/bom.json&commit=abc",
        json.dumps(mine),
        content_type=MEDIA_TYPE,
    )

    assert answer.status_code == 200
    rules = {(one["rule"], one["ref"]) for one in answer.json()["findings"]}
    assert {("UD101", "nobody-knows"), ("UD401", "pkg:huggingface/Alibaba-NLP/gte")} <= rules
    assert answer.json()["findings"][0]["locations"] == [{"path": "build/bom.json", "line": None}]
    check = Check.objects.get()
    assert (check.verdict, check.commit, check.request["models"][0]["revision"]) == ("fail", "abc", SHA)


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("environment=production", b"{}", 400, "invalid_bom"),
        ("environment=production", b"", 400, "invalid_bom"),
        ("environment=production", b'<!DOCTYPE a [<!ENTITY e "e">]><a/>', 400, "invalid_bom"),
        ("environment=production", b'{"bomFormat":"CycloneDX","specVersion":"1.6"}', 400, "invalid"),
        (
            "environment=nowhere",
            b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"machine-learning-model","name":"a"}]}',
            422,
            "unknown_environment",
        ),
        ("", b"{}", 400, "invalid"),
        ("environment=production", b" " * (10 * 1024 * 1024 + 1), 413, "too_large"),
    ],
)
@pytest.mark.usefixtures("search")
def test_what_cannot_be_checked_is_a_problem(query: str, body: bytes, status: int, code: str) -> None:
    answer = client_of(f.user(role="viewer")).generic(
        "POST", f"/api/v1/systems/search/bom/?{query}", body, content_type="application/octet-stream"
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Check.objects.exists()


# --- POST /imports/ ---------------------------------------------------------------------------
def send(role: str, query: str, body: bytes) -> Any:
    client = client_of(f.user(role=role))
    return client.generic("POST", f"/api/v1/imports/?{query}", body, content_type="application/octet-stream")


def test_an_import_says_first_what_it_would_do() -> None:
    answer = send("reviewer", "name=shop.cdx.json", FILE.read_bytes())

    assert (answer.status_code, answer.json()["written"], answer.json()["dry_run"]) == (200, 0, True)
    assert [(one["slug"], one["step"]) for one in answer.json()["models"]] == [
        ("bge-m3", "new"),
        ("gte-multilingual-base", "new"),
    ]
    assert answer.json()["left_out"][0]["place"] == "components[2].components[1]"
    assert not AIModel.objects.exists()


def test_an_import_that_is_meant_brings_models_in_as_proposed() -> None:
    answer = send("reviewer", "name=shop.cdx.json&dry_run=false", FILE.read_bytes())

    assert answer.json()["written"] == 2
    assert set(AIModel.objects.values_list("state", flat=True)) == {"proposed"}


def test_an_owner_brings_no_models_in() -> None:
    assert send("owner", "name=shop.cdx.json&dry_run=false", FILE.read_bytes()).status_code == 403


def test_a_file_that_cannot_be_read_is_told_by_its_places() -> None:
    answer = send("reviewer", "name=a.csv", b"slug,name\nx,y\n")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_file")
    assert {"field": "line 2, developer", "message": "is missing"} in answer.json()["errors"]
