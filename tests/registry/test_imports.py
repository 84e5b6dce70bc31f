import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from registry.imports.columns import MODEL_COLUMNS, VENDOR_COLUMNS
from registry.imports.faults import Refused
from registry.imports.files import read
from registry.imports.review import Review, review
from registry.imports.write import write
from registry.models import AIModel, Alias, LineageEdge, Offering, Revision, Vendor, VendorAncestor
from registry.refs import Wanted, resolve
from tests import factories as f

HEADER = "slug,name,developer,owner,task,context_length,languages,host,external_id,license,base_models,aliases\n"
GTE = "gte,GTE multilingual,alibaba,search,feature-extraction,8192,en;de,huggingface,Alibaba-NLP/gte,apache-2.0,,gte-alias\n"
ARCTIC = "arctic,Arctic Embed,snowflake,,,,,huggingface,Snowflake/arctic,Apache-2.0,finetune=Alibaba-NLP/gte,\n"


@pytest.fixture(autouse=True)
def _register(request: pytest.FixtureRequest) -> None:
    if "django_db" in request.keywords:
        request.getfixturevalue("db")
        f.vendor("alibaba")
        f.vendor("snowflake")
        f.team("search")


def csv(*rows: str, header: str = HEADER) -> Any:
    return read("models.csv", (header + "".join(rows)).encode())


def models(*objects: Any, vendors: Any = ()) -> Any:
    return read("models.json", json.dumps({"models": objects, "vendors": vendors}).encode())


def bring(document: Any, **options: Any) -> list[AIModel]:
    return write(review(document, **options), now=f.NOW)


def faults(document: Any, **options: Any) -> list[str]:
    with pytest.raises(Refused) as raised:
        review(document, **options)
    return [str(fault) for fault in raised.value.faults]


def counts() -> list[int]:
    return [m.objects.count() for m in (AIModel, Offering, Alias, Revision, LineageEdge, Vendor)]


# --- reading ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("models.xlsx", b"PK", "has to end with .csv, .json, .xml, .yaml, .yml"),
        ("models.csv", b"", "file: is empty"),
        ("models.csv", b"  \n \n", "file: is empty"),
        ("models.csv", b"slug,name,developer\n", "file: holds no model"),
        ("models.csv", b"slug,name\nx\xff,y\n", "line 2: is not UTF-8"),
        ("models.csv", b'slug,name\n"x,y\n', "line 2: is not CSV"),
        ("models.csv", b"slug,name\na,b\nx\n", "line 3: has 1 cells, the header has 2"),
        ("models.csv", b"slug,slug\nx,y\n", "line 1, slug: stands more than once"),
        ("models.json", b"<html></html>", "line 1: is not JSON"),
        ("models.json", b'[{"slug": "a"},\n {"slug": ]', "line 2: is not JSON"),
        ("models.json", b'{"models": [{"slug": NaN}]}', "holds NaN"),
        ("models.json", b'{"models": [{"slug": "a", "slug": "b"}]}', "slug: stands more than once"),
        ("models.json", b"[" * 100_000, "is not JSON"),
        ("models.json", b'[{"context_length": ' + b"9" * 5000 + b"}]", "is not JSON that can be read"),
        ("models.json", b'"text"', "neither a list"),
        ("models.json", b'{"model": []}', "“model”, which is unknown"),
        ("models.json", b'{"models": {}}', "models: has to be a list"),
        ("models.json", b'{"models": ["x"]}', "models[0]: has to be an object"),
        ("models.json", b"[]", "file: holds no model"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(name: str, content: bytes, says: str) -> None:
    with pytest.raises(Refused) as raised:
        read(name, content)

    assert says in str(raised.value)


def test_a_file_of_a_spreadsheet_program_with_its_byte_order_mark_is_read() -> None:
    document = read("MODELS.CSV", b"\xef\xbb\xbfslug,name\r\na,b\r\n")

    assert document.models[0].cells == {"slug": "a", "name": "b"}


def test_lines_are_counted_past_cells_of_several_lines() -> None:
    document = read("models.csv", b'slug,name\na,"one\ntwo"\n\nb,c\n')

    assert [record.place for record in document.models] == ["line 2", "line 5"]


# --- reviewing -------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"slug": "a b"}, "models[0], slug: “a b” may have letters"),
        ({"slug": "x" * 121}, "models[0], slug: has 121 characters; 120 are allowed"),
        ({"slug": None}, "models[0], slug: is missing"),
        ({"name": " "}, "models[0], name: is missing"),
        ({"name": 5}, "models[0], name: has to be text, not int"),
        ({"name": "a\x00b"}, "models[0], name: has the invisible character U+0000"),
        ({"name": "a\ud800b"}, "models[0], name: has the invisible character U+D800"),
        ({"developer": "nobody"}, "models[0], developer: there is no vendor “nobody”"),
        ({"provider": "nobody"}, "models[0], provider: there is no vendor “nobody”"),
        ({"owner": "nobody"}, "models[0], owner: there is no team “nobody”"),
        ({"license": "house rules"}, "models[0], license: “house rules” is no license"),
        ({"context_length": "8k"}, "models[0], context_length: has to be a whole number, not “8k”"),
        ({"context_length": True}, "models[0], context_length: has to be a whole number"),
        ({"context_length": 0}, "models[0], context_length: has to be between"),
        ({"context_length": 10**12}, "models[0], context_length: has to be between"),
        ({"languages": 5}, "models[0], languages: has to be a list"),
        ({"languages": [5]}, "models[0], languages: has to be text, not int"),
        ({"supports_tools": "maybe"}, "models[0], supports_tools: has to be true or false"),
        ({"kind": "magic"}, "models[0], kind: “magic” is none of weights, service"),
        ({"base_models": ["gte"]}, "models[0], base_models: “gte” has to be written relation=model"),
        ({"base_models": ["copy=gte"]}, "models[0], base_models: “copy” is none of finetune"),
        ({"base_models": ["merge=nowhere"]}, "models[0], base_models: there is no model “nowhere”"),
        ({"lineage_status": "asserted_root"}, "models[0], lineage_source: has to say who"),
        ({"lineage_status": "complete"}, "models[0], lineage_status: complete says"),
        ({"host": None}, "models[0], external_id: host and external_id belong together"),
        ({"colour": "red"}, "models[0], colour: is no column"),
    ],
)
def test_a_bad_cell_is_named_with_place_column_and_reason(change: dict[str, Any], says: str) -> None:
    good = {"slug": "x", "name": "X", "developer": "alibaba", "host": "h", "external_id": "x", "license": "mit"}

    found = faults(models(good | change))

    assert any(says in fault for fault in found), found


@pytest.mark.django_db
def test_all_faults_are_named_at_once_in_the_order_of_the_file() -> None:
    found = faults(csv(GTE.replace("alibaba", "nobody"), ARCTIC.replace("Apache-2.0", "No-1.0")))

    assert [fault.split(":")[0] for fault in found] == ["line 2, developer", "line 3, license"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("second", "says"),
    [
        (GTE, "line 3, slug: “gte” stands in line 2 already"),
        (GTE.replace("gte,GTE", "other,GTE"), "line 3, external_id: “Alibaba-NLP/gte at huggingface” stands in line 2"),
        (
            ARCTIC.replace("Alibaba-NLP/gte,", "Alibaba-NLP/gte,gte-alias"),
            "line 3, aliases: “gte-alias at huggingface”",
        ),
    ],
)
def test_a_duplicate_inside_the_file_is_refused(second: str, says: str) -> None:
    assert any(says in fault for fault in faults(csv(GTE, second)))


@pytest.mark.django_db
def test_an_id_that_another_model_of_the_register_has_is_refused() -> None:
    f.offering("Alibaba-NLP/GTE", model=f.model("gte-of-old"))

    assert faults(csv(GTE)) == ["line 2, external_id: the register has it at huggingface as “gte-of-old”"]


@pytest.mark.django_db
def test_an_alias_that_means_something_else_there_is_refused() -> None:
    Alias.objects.create(namespace="name", text="GTE-alias", offering=f.offering("other/model"))

    assert faults(csv(GTE)) == ["line 2, aliases: “gte-alias” means other/model at huggingface already"]


@pytest.mark.django_db
def test_a_circle_of_bases_inside_the_file_is_refused() -> None:
    found = faults(csv(GTE.replace("apache-2.0,,", "apache-2.0,merge=arctic,"), ARCTIC))

    assert "line 2, base_models: run in a circle: gte → arctic → gte" in found


@pytest.mark.django_db
def test_a_circle_through_the_register_is_refused() -> None:
    bring(csv(GTE, ARCTIC))

    found = faults(csv(GTE.replace("apache-2.0,,", "apache-2.0,merge=arctic,")), update=True)

    assert found == ["line 2, base_models: run in a circle: gte → arctic → gte"]


@pytest.mark.django_db
def test_a_vendor_name_that_two_vendors_answer_to_is_refused() -> None:
    f.vendor("alibaba-cloud", name="Alibaba")

    found = faults(csv(GTE.replace("alibaba", "Alibaba")))

    assert found == ["line 2, developer: “Alibaba” is the name of several vendors: write one of alibaba, alibaba-cloud"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("vendors", "says"),
    [
        ([{"slug": "a", "name": "A", "parent": "b"}], "vendors[0], parent: there is no vendor “b”"),
        (
            [{"slug": "a", "name": "A", "parent": "b"}, {"slug": "b", "name": "B", "parent": "a"}],
            "vendors[0], parent: runs in a circle: a → b → a",
        ),
        ([{"slug": "a", "name": "A", "aliases": ["Alibaba"]}], "vendors[0], aliases: “Alibaba” is another vendor's"),
        ([{"slug": "a", "name": "A", "country": "Germany"}], "vendors[0], country: has 7 characters"),
        ([{"slug": "a", "name": "A", "homepage": "javascript:alert(1)"}], "vendors[0], homepage: has to begin"),
        ([{"slug": "a", "name": "A"}, {"slug": "a", "name": "B"}], "vendors[1], slug: “a” stands in vendors[0]"),
    ],
)
def test_a_bad_vendor_is_refused(vendors: Any, says: str) -> None:
    assert any(says in fault for fault in faults(models(vendors=vendors)))


@pytest.mark.django_db
def test_a_review_changes_nothing() -> None:
    before = counts()

    reviewed: Review = review(csv(GTE, ARCTIC.replace("Apache-2.0", "MIT OR Apache-2.0")))

    assert [str(row) for row in reviewed.rows] == ["line 2: new gte", "line 3: new arctic"]
    assert counts() == before


@pytest.mark.django_db
def test_a_review_takes_the_same_number_of_queries_for_many_models(django_assert_max_num_queries: Any) -> None:
    rows = [GTE.replace("gte", f"gte{number}") for number in range(200)]
    document = csv(*rows)

    with django_assert_max_num_queries(20):
        assert len(review(document).rows) == 200


# --- writing ---------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_model_enters_as_proposed_with_all_that_the_file_says() -> None:
    bring(csv(GTE))

    model = AIModel.objects.get(slug="gte")
    offering = model.offerings.get()
    assert (model.state, model.lineage_status) == ("proposed", "unknown")
    assert (model.developer.slug, model.owner and model.owner.slug) == ("alibaba", "search")
    assert (model.context_length, model.languages) == (8192, ["en", "de"])
    assert (offering.kind, offering.external_id) == ("weights", "Alibaba-NLP/gte")
    assert offering.revisions.get().license == f.license_("Apache-2.0")
    refs = [Wanted("alibaba-nlp/GTE"), Wanted("gte-alias")]
    assert {one.offering_id for one in resolve(refs, system=None)} == {offering.pk}


@pytest.mark.django_db
def test_bases_may_stand_later_in_the_file_and_leave_the_lineage_partial() -> None:
    bring(csv(ARCTIC, GTE))

    arctic = AIModel.objects.get(slug="arctic")
    assert arctic.lineage_status == "partial"
    assert set(arctic.ancestor_rows.values_list("ancestor__slug", flat=True)) == {"arctic", "gte"}


@pytest.mark.django_db
def test_text_that_a_spreadsheet_would_compute_stays_text() -> None:
    bring(models({"slug": "x", "name": "=cmd|'/c calc'!A0", "developer": "alibaba"}))

    assert AIModel.objects.get(slug="x").name == "=cmd|'/c calc'!A0"


@pytest.mark.django_db
def test_a_json_file_brings_its_vendors_parents_first() -> None:
    document = models(
        {"slug": "qwen3", "name": "Qwen3", "developer": "Qwen", "supports_tools": True, "languages": ["multilingual"]},
        vendors=[
            {"slug": "qwen", "name": "Qwen", "parent": "holding", "hub_namespaces": ["Qwen"], "country": "cn"},
            {"slug": "holding", "name": "Holding", "parent": "alibaba", "aliases": ["The Holding"]},
            {"slug": "alibaba", "name": "is there already and stays as it is"},
        ],
    )

    bring(document)

    qwen = Vendor.objects.get(slug="qwen")
    assert qwen.country == "CN"
    assert Vendor.objects.get(slug="alibaba").name == "Alibaba"
    assert VendorAncestor.objects.filter(vendor=qwen).count() == 3
    assert AIModel.objects.get(slug="qwen3").developer == qwen


@pytest.mark.django_db
def test_a_model_of_the_register_is_refused_without_update() -> None:
    bring(csv(GTE))

    assert faults(csv(GTE)) == [
        "line 2, slug: the register has “gte” already: leave it out of the file, or import with --update",
    ]


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing() -> None:
    bring(csv(GTE, ARCTIC))
    before = counts()

    assert bring(csv(GTE, ARCTIC), update=True) == []
    assert counts() == before


@pytest.mark.django_db
def test_an_update_changes_what_the_file_says_and_nothing_else() -> None:
    bring(csv(GTE))
    AIModel.objects.update(state="listed", description="Ours")
    row = "gte,GTE,snowflake,,,4096,,,,,,\n"

    reviewed = review(csv(row), update=True)
    write(reviewed, now=f.NOW)

    model = AIModel.objects.get(slug="gte")
    assert str(reviewed.rows[0]) == "line 2: updated gte (name, context_length, developer)"
    assert (model.name, model.context_length, model.developer.slug) == ("GTE", 4096, "snowflake")
    assert (model.state, model.description, model.owner and model.owner.slug) == ("listed", "Ours", "search")


@pytest.mark.django_db
def test_an_update_adds_an_offering_at_another_place() -> None:
    bring(csv(GTE))

    bring(csv("gte,GTE multilingual,alibaba,,,,,together,Alibaba-NLP/gte,LicenseRef-vendor-terms,,\n"), update=True)

    assert set(Offering.objects.values_list("host", "kind")) == {("huggingface", "weights"), ("together", "service")}


@pytest.mark.django_db
def test_nothing_of_an_import_stays_if_its_last_row_fails() -> None:
    reviewed = review(csv(GTE, ARCTIC))
    f.offering("Snowflake/arctic")
    before = counts()

    with pytest.raises(Exception, match=r"(?i)unique"):
        write(reviewed, now=f.NOW)

    assert counts() == before


@pytest.mark.parametrize("column", sorted(MODEL_COLUMNS.keys() | VENDOR_COLUMNS.keys()))
def test_every_column_is_documented(column: str) -> None:
    page = (Path(settings.BASE_DIR) / "docs/how-to/import-models.md").read_text(encoding="utf-8")

    assert f"| `{column}` |" in page
