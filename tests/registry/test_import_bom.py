"""CycloneDX files of any tool: their models come in as proposed, what only others understand survives, nothing is guessed."""

import json
from pathlib import Path
from typing import Any

import pytest

from registry.imports.cyclonedx import MAX_BYTES, read_bill
from registry.imports.faults import Refused
from registry.imports.files import read
from registry.imports.review import Review, review
from registry.imports.write import write
from registry.models import AIModel, BomComponent, HubNamespace, LineageEdge, Offering, Vendor
from tests import factories as f

pytestmark = pytest.mark.django_db
FILE = Path(__file__).parents[1] / "payloads" / "bom" / "vendor_extensions.cdx.json"
SHA = "5617a9f61b028005a4858fdac845db406aefb181"


def bill(*components: Any, **fields: Any) -> bytes:
    return json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": list(components)} | fields
    ).encode()


def model(**fields: Any) -> dict[str, Any]:
    return {"type": "machine-learning-model", "name": "bge-m3", "purl": "pkg:huggingface/BAAI/bge-m3"} | fields


def reviewed(content: bytes = b"", name: str = "bom.cdx.json") -> Review:
    return review(read(name, content or FILE.read_bytes()))


def faults_of(content: bytes) -> list[str]:
    with pytest.raises(Refused) as refused:
        read_bill(content)
    return [str(fault) for fault in refused.value.faults]


def xml(inside: str, version: str = "1.6", before: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>{before}<bom xmlns="http://cyclonedx.org/schema/bom/{version}">{inside}</bom>'.encode()
    )


COMPONENT = (
    '<components><component type="machine-learning-model"><group>BAAI</group><name>bge-m3</name>'
    "<licenses><license><id>MIT</id></license></licenses><purl>pkg:huggingface/BAAI/bge-m3@abc1234</purl>"
    '<properties><property name="acme:cost-centre">4711</property></properties></component></components>'
)


def test_models_are_found_wherever_they_stand_and_nothing_else() -> None:
    found = read_bill(FILE.read_bytes()).models

    assert [(one.place, one.ref, one.revision) for one in found] == [
        ("components[1]", "pkg:huggingface/BAAI/bge-m3", SHA),
        ("components[2].components[0]", "pkg:huggingface/Alibaba-NLP/gte-multilingual-base", ""),
        ("components[2].components[1]", "in-house-ranker", ""),
    ]


def test_a_new_model_enters_as_proposed_of_the_namespace_that_publishes_it() -> None:
    f.license_("Apache-2.0")
    write(reviewed(), now=f.NOW, file_name="bom.cdx.json")

    made = AIModel.objects.get(offerings__external_id="BAAI/bge-m3")
    offering = made.offerings.get()
    assert (made.state, made.developer.name, made.task) == ("proposed", "BAAI", "feature-extraction")
    assert (offering.host, offering.kind, offering.head_revision) == ("huggingface", "weights", SHA)
    assert str(offering.revisions.get().license) == "Apache-2.0"
    assert HubNamespace.objects.get(key="baai").vendor == made.developer


def test_a_namespace_that_the_register_knows_names_the_developer() -> None:
    alibaba = f.vendor("alibaba")
    HubNamespace.objects.create(vendor=alibaba, name="Alibaba-NLP")
    write(reviewed(), now=f.NOW)

    assert AIModel.objects.get(offerings__external_id="Alibaba-NLP/gte-multilingual-base").developer == alibaba


def test_a_model_of_the_register_stays_as_it_is_and_keeps_the_component() -> None:
    known = f.offering("BAAI/bge-m3", model=f.model("ours", description="as we wrote it"))
    before = list(AIModel.objects.filter(pk=known.model_id).values())
    done = reviewed()
    write(done, now=f.NOW, file_name="bom.cdx.json")

    assert ("unchanged", "ours") in {(row.step.value, row.record.slug) for row in done.rows}
    assert list(AIModel.objects.filter(pk=known.model_id).values()) == before
    kept = BomComponent.objects.get(offering=known)
    assert kept.document == json.loads(FILE.read_text())["components"][1]
    assert (kept.spec_version, kept.file_name) == ("1.7", "bom.cdx.json")


def test_the_same_file_again_keeps_one_component_and_no_second_model() -> None:
    for _ in range(2):
        write(reviewed(), now=f.NOW)

    assert (AIModel.objects.count(), BomComponent.objects.count()) == (2, 2)


def test_what_cannot_be_placed_is_left_out_with_its_path() -> None:
    assert [str(fault) for fault in reviewed().left_out] == [
        (
            "components[2].components[1]: “in-house-ranker” names no place that models are offered at: write a purl, or"
            " provider/model"
        ),
        (
            "components[1], pedigree.ancestors: “pkg:huggingface/FacebookAI/xlm-roberta-large”, from which it was made, is"
            " neither in the file nor in the register: left out"
        ),
    ]


def test_a_license_that_the_register_does_not_know_is_told_and_never_guessed() -> None:
    done = reviewed(bill(model(licenses=[{"license": {"name": "House rules"}}])))
    write(done, now=f.NOW)

    assert [fault.reason for fault in done.left_out] == [
        "“House rules” is no license of the register: the model comes in without one"
    ]
    assert not Offering.objects.get().revisions.exists()


def test_a_base_that_the_register_has_becomes_lineage_and_leaves_it_partial() -> None:
    base = f.offering("FacebookAI/xlm-roberta-large").model
    write(reviewed(), now=f.NOW)

    made = AIModel.objects.get(offerings__external_id="BAAI/bge-m3")
    assert LineageEdge.objects.get(child=made).base == base
    assert made.lineage_status == "partial"


def test_a_name_that_an_alias_explains_needs_no_purl() -> None:
    ours = f.offering("in-house-ranker", host="northwind")
    done = reviewed()

    assert ("unchanged", ours.model.slug) in {(row.step.value, row.record.slug) for row in done.rows}


def test_a_service_is_made_by_whom_the_file_names() -> None:
    write(reviewed(bill(model(name="Claude", purl="pkg:generic/bedrock/anthropic.claude-3:0"))), now=f.NOW)

    made = Offering.objects.get(host="bedrock")
    assert (made.external_id, made.kind, made.model.developer.slug) == ("anthropic.claude-3:0", "service", "anthropic")
    assert Vendor.objects.filter(slug="anthropic").count() == 1


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_every_version_is_read_and_a_hub_purl_is_a_model_in_all(version: str) -> None:
    content = bill(model(type="library"), specVersion=version)

    assert [one.ref for one in read_bill(content).models] == ["pkg:huggingface/BAAI/bge-m3"]


@pytest.mark.parametrize("version", ["1.5", "1.6"])
def test_xml_is_read_through_the_library(version: str) -> None:
    (one,) = read_bill(xml(COMPONENT, version)).models

    assert (one.ref, one.revision, one.license) == ("pkg:huggingface/BAAI/bge-m3", "abc1234", "MIT")
    assert one.component["properties"] == [{"name": "acme:cost-centre", "value": "4711"}]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bill(model(name=5)), "components[0].name: has to be text, not int"),
        (bill(model(name="")), "components[0].name: is missing"),
        (
            bill({"components": [model(licenses=["MIT"])]}),
            "components[0].components[0].licenses[0]: has to be an object, not str",
        ),
        (bill(model(modelCard=[])), "components[0].modelCard: has to be an object, not list"),
        (bill(components={}), "components: has to be a list, not dict"),
        (bill(5), "components[0]: has to be an object, not int"),
        (bill(specVersion="2.0"), "specVersion: is “2.0”; read are 1.4, 1.5, 1.6, 1.7"),
        (b'{"a": 1}', "bomFormat: has to be “CycloneDX”: this is another kind of file"),
        (b'{"bomFormat": \n oops', "line 2: is not JSON: Expecting value, column 2"),
        (b"\xff\xfe", "line 1: is not UTF-8: save it as UTF-8"),
        (b"<bom>", "line 1: is not XML"),
        (b"<bom/>", "file: is XML that is no CycloneDX (AttributeError)"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(content: bytes, reason: str) -> None:
    assert faults_of(content) == [reason]


def nested(levels: int) -> bytes:
    return bill(model(x=json.loads("[" * levels + "]" * levels)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (nested(70), "is nested deeper than 64 levels"),
        (b"<a>" * 100 + b"</a>" * 100, "is nested deeper than 64 levels"),
        (bill(model(x="a\x00b")), "components[0].x: holds a character that is no valid text"),
        (bill(model(**{"a\ud800": 1})), "components[0]: holds a character that is no valid text"),
        (bill(model()).replace(b'"version": 1', b'"version": 1e999'), "version: is a number that is too large"),
        (bill(model()).replace(b'"version": 1', b'"version": NaN'), "holds NaN, which is no JSON"),
        (bill(model()).replace(b'"version": 1', b'"version": ' + b"9" * 5000), "a number that is too long"),
        (b" " * (MAX_BYTES + 1), "10,485,760 are allowed"),
        (xml("&e;", before='<!DOCTYPE bom [<!ENTITY e "x">]>'), "declares a document type or entities"),
        (
            xml("&e;", before='<!DOCTYPE bom [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
            "declares a document type or entities",
        ),
    ],
)
def test_a_hostile_file_is_refused_in_words(content: bytes, reason: str) -> None:
    (told,) = faults_of(content)

    assert reason in told


def test_what_is_nested_as_deep_as_is_allowed_is_read() -> None:
    assert len(read_bill(nested(50)).models) == 1
