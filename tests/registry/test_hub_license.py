"""Which license file a repository has and what it says, with as few requests as that takes."""

import hashlib

import pytest

from registry.records import ListingRecord
from registry.upstream import Lack, hub_license
from tests.fakes.hub import Hub
from tests.fakes.hub.files import blob_id
from tests.registry.hub_reading import Reader, found, lacking, read_alone, reader

TEXT = "You may do as you please.\n"
LONG = "x" * (256 * 1024 + 1)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def e5(hub: Hub, path: str, text: str = TEXT) -> ListingRecord:
    hub.write("acme/e5", path, text)
    return found(read_alone("acme/e5"))["acme/e5"]


@pytest.fixture
def acme(hub: Hub) -> Reader:
    hub.write("acme/e5", "LICENSE", TEXT)
    known = reader("acme/e5", "acme/bge", page_count=9)
    known()
    return known


def texts_asked(hub: Hub) -> list[str]:
    """Where files were asked for; the Hub's resolver leads to where it keeps them."""
    return [request.path for request in hub.log if "/resolve/" in request.path]


def test_a_license_file_is_known_by_its_blob_and_its_text_is_kept(hub: Hub) -> None:
    hub.write("acme/e5", "LICENSE", TEXT)
    answer = read_alone("acme/e5")
    record = found(answer)["acme/e5"]
    assert (record.license_file, record.license_text) == (blob_id(TEXT.encode()), sha256(TEXT))
    assert answer.parsed.texts == {sha256(TEXT): TEXT}


@pytest.mark.parametrize("path", ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md"])
def test_a_license_goes_by_several_names(hub: Hub, path: str) -> None:
    assert e5(hub, path).license_text == sha256(TEXT)


def test_the_file_that_the_card_links_to_comes_first(hub: Hub) -> None:
    hub.write("acme/e5", "LICENSE", "Of the code.")
    hub.relicense("acme/e5", "other", license_link="LICENSE-MODEL")
    assert e5(hub, "LICENSE-MODEL").license_text == sha256(TEXT)


@pytest.mark.parametrize("link", ["model.safetensors", "https://example.org/license", "../../other/LICENSE"])
def test_a_link_to_anything_else_is_not_followed(hub: Hub, link: str) -> None:
    hub.relicense("acme/e5", "other", license_link=link)
    assert e5(hub, "LICENSE").license_text == sha256(TEXT)
    assert not hub.weights_asked


def test_the_license_is_that_of_the_revision_that_was_shown(hub: Hub) -> None:
    e5(hub, "LICENSE")
    sha = hub.repositories["acme/e5"]["sha"]
    assert f"/api/models/acme/e5/paths-info/{sha}" in [request.path for request in hub.log]
    assert texts_asked(hub) == [f"/acme/e5/resolve/{sha}/LICENSE"]


def test_a_text_behind_an_unchanged_id_that_changes_is_read(hub: Hub, acme: Reader) -> None:
    hub.write("acme/e5", "LICENSE", "You may not.")
    answer = acme()
    record = found(answer)["acme/e5"]
    assert (record.license, record.license_text) == (("apache-2.0",), sha256("You may not."))
    assert answer.parsed.texts == {sha256("You may not."): "You may not."}


def test_a_commit_that_leaves_the_license_alone_reads_no_text(hub: Hub, acme: Reader) -> None:
    before = texts_asked(hub)
    hub.commit("acme/e5", pipeline_tag="text-generation")
    record = found(acme())["acme/e5"]
    assert (record.license_file, record.license_text) == (blob_id(TEXT.encode()), sha256(TEXT))
    assert texts_asked(hub) == before


def test_a_pdf_is_told_apart_and_never_read(hub: Hub) -> None:
    record = e5(hub, "LICENSE.pdf")
    assert (record.license_file, record.license_text) == (blob_id(TEXT.encode()), None)
    assert not texts_asked(hub)


@pytest.mark.parametrize("text", [LONG, "half\x00binary"])
def test_what_is_too_long_or_no_text_is_only_told_apart(hub: Hub, text: str) -> None:
    record = e5(hub, "LICENSE", text)
    assert (record.license_file, record.license_text) == (blob_id(text.encode()), None)


def test_a_text_of_the_greatest_length_is_kept(hub: Hub) -> None:
    assert e5(hub, "LICENSE", LONG[1:]).license_text == sha256(LONG[1:])


def test_of_a_gated_repository_the_file_is_told_apart_and_the_text_stays_hidden(hub: Hub) -> None:
    hub.change("acme/e5", gated="manual")
    record = e5(hub, "LICENSE")
    assert (record.gating, record.license_file, record.license_text) == ("manual", blob_id(TEXT.encode()), None)


@pytest.mark.parametrize("mode", ["503", "hang", "html", "truncated", "empty"])
@pytest.mark.parametrize("where", ["paths-info", "resolve"])
def test_a_license_that_cannot_be_read_now_leaves_the_model_unknown_and_the_others_read(
    hub: Hub, mode: str, where: str
) -> None:
    hub.write("acme/bge", "LICENSE", TEXT)
    hub.write("acme/e5", "LICENSE", TEXT)
    sha = hub.repositories["acme/e5"]["sha"]
    on = {"paths-info": f"paths-info/{sha}", "resolve": f"acme/e5/resolve/{sha}"}[where]
    hub.fail(mode, on=on)
    answer = read_alone("acme/e5", "acme/bge")
    assert lacking(answer) == {"acme/e5": Lack.UNKNOWN}
    assert found(answer)["acme/bge"].license_text == sha256(TEXT)
    hub.recover()
    assert found(read_alone("acme/e5"))["acme/e5"].license_text == sha256(TEXT)


def test_a_text_that_is_not_the_file_described_is_not_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.write("acme/e5", "LICENSE", TEXT)
    hub.fail("html", on="/resolve")
    assert lacking(reader("acme/e5", "acme/bge", page_count=9)()) == {"acme/e5": Lack.UNKNOWN}
    # With the comparison off, a page to sign in would be the license.
    monkeypatch.setattr(hub_license, "_blob_id", lambda _: blob_id(TEXT.encode()))
    assert "Sign in" in next(iter(read_alone("acme/e5").parsed.texts.values()))


def test_no_weights_are_ever_asked_for(hub: Hub) -> None:
    e5(hub, "LICENSE")
    asked = [f"{request.path}?{request.query}" for request in hub.log]
    assert not [one for one in asked for suffix in ("bin", "pt", "pkl", "ckpt", "safetensors") if f".{suffix}" in one]
    assert not hub.weights_asked
