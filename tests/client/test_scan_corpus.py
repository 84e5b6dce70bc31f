"""What the scan finds in files that are written as people write them, and what it passes over in silence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import CLIENT_FOLDER

CORPUS = Path(__file__).parent / "corpus"
# path:line:column, certainty, ref, and whether a revision is pinned, or `unresolved` and the wording.
EXPECTED = Path(__file__).parent / "corpus_expected.txt"


@pytest.fixture(scope="module")
def scan() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(CLIENT_FOLDER)
        from understudy.scan.run import scan_path  # noqa: PLC0415  (on the path only while a test asks for it)

        yield scan_path(CORPUS)


def shown(use: Any) -> str:
    hit = use.hit
    pin = f" @{hit.revision}" if hit.revision else " unpinned" if hit.can_pin and hit.ref else ""
    what = f"{hit.certainty} {hit.ref}{pin}" if hit.ref else f"unresolved {hit.wording}"
    reason = f" (ignored: {use.ignored})" if use.ignored else ""
    return f"{use.path}:{hit.line}:{hit.column} {what}{reason}"


def test_each_construct_is_found_at_its_place_and_nothing_else_is(scan: Any) -> None:
    found = sorted(shown(use) for use in (*scan.uses, *scan.unresolved))

    assert found == EXPECTED.read_text(encoding="utf-8").splitlines()


def test_prose_and_vendored_code_are_silent(scan: Any) -> None:
    shown_by_default = {use.path for use in scan.uses if use.hit.certainty != "guess"}

    assert not any(path.startswith(("silence/", "third_party/", "tests/")) for path in shown_by_default)
