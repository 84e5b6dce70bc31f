"""What every file keeps to: its length, the addresses in it, the links out of it."""

import re
from itertools import chain
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, files, name_of

LONGEST = 400
# Written in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile("/" + r"(root|home/\w+|Users/\w+|work/\w+)/")
INDEX_ADDRESSES = re.compile(r"--(extra-)?index-url|--find-links|https?://|file://")
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


def test_no_file_of_code_has_two_jobs() -> None:
    code = chain(files(suffix=".py"), files("templates", suffix=".html"))
    lengths = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in code if "migrations" not in p.parts}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_file_knows_the_machine_that_it_was_written_on() -> None:
    assert [name_of(path) for path in files() if MACHINE_PATHS.search(path.read_text(encoding="utf-8"))] == []


def test_a_machine_path_would_be_seen() -> None:
    assert MACHINE_PATHS.search("see /ho" + "me/anna/understudy")


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_names_no_index_and_pins_each_package_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n    --hash=[^\n]*)*", text, re.MULTILINE)
    assert INDEX_ADDRESSES.search(text) is None
    assert len(pins) > 50
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def broken_links(page: Path) -> list[str]:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    return [f"{page.name}: {target}" for target in targets if not (page.parent / target).exists()]


def test_links_in_the_docs_lead_somewhere() -> None:
    assert list(chain.from_iterable(broken_links(page) for page in files(suffix=".md"))) == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md#top), [there](missing.md), [out](https://example.org)")
    assert broken_links(page) == ["page.md: missing.md"]
