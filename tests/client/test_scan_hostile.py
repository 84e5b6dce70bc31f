"""Files that were made to break a reader: each ends soon, with a result, and says if it was not read."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import CLIENT_FOLDER

MEBIBYTE = 1024 * 1024
# Of the processor, far above what each takes.
SECONDS = 5.0


@pytest.fixture
def scan_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(CLIENT_FOLDER)
    from understudy.scan.run import scan_path  # noqa: PLC0415  (on the path only while a test asks for it)

    def scan(name: str, data: bytes) -> Any:
        (tmp_path / name).write_bytes(data)
        begun = time.process_time()
        found = scan_path(tmp_path)
        assert time.process_time() - begun < SECONDS
        (tmp_path / name).unlink()
        return found

    return scan


NAMES = ("a.py", "a.js", "a.ipynb", "a.yaml", "a.json", "a.toml", "a.env", "a.tf", "a.sh", "Dockerfile")
HOSTILE = {
    "one long line": b'model: "' + b"a" * 200_000,
    "nested brackets": b"model = " + b"[" * 20_000,
    "nested braces": b'{"model":' * 5_000,
    "nested parentheses": b"model(" * 5_000,
    "invalid UTF-8": b"model: \xff\xfe\xc3\x28 gpt-4o\n" * 1000,
    "NUL": b'model = "gpt\x00-4o"\n\x00model: gpt-4o',
    "quotes": b"model = '" + b"\"'`" * 10_000,
    "backslashes": b"model: " + b"\\" * 50_000,
    "many keys": b"model: x\n" * 5_000,
    "indentation": b"".join(b" " * (n % 500) + b"model: a\n" for n in range(1000)),
    "dollars": b"--model ${" * 5_000,
    "assignments": b"model=" * 10_000,
    "comments": b"/*" * 20_000 + b"model" + b"#" * 10_000,
    "slashes": b"model: " + b"a/" * 20_000,
    "hub addresses": b"https://huggingface.co/" * 4_000 + b"model",
    "templates": b"model: {{" * 4_000,
    "triple quotes": b'model = """' * 4_000,
    "plus": b'model = "gpt-4o"' + b' + "a"' * 2_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_ends_soon_whatever_reads_it(scan_of: Any, kind: str) -> None:
    for name in NAMES:
        assert scan_of(name, HOSTILE[kind]).files >= 1


def test_names_that_lead_to_each_other_come_to_an_end(scan_of: Any) -> None:
    chain = "\n".join(f"model{n} = {' or '.join([f'model{n + 1}'] * 40)}" for n in range(60))

    assert scan_of("a.py", f"{chain}\nfrom_pretrained(model0)\nmodel60 = model0".encode()).files == 1


def test_a_file_that_is_too_large_is_said_to_be_skipped(scan_of: Any) -> None:
    found = scan_of("a.py", b"x" * 10 * MEBIBYTE)

    assert [(one.path, one.reason) for one in found.skipped] == [("a.py", "is larger than 2 MiB")]


def test_python_that_does_not_parse_is_said_to_be_skipped(scan_of: Any) -> None:
    found = scan_of("a.py", b'print "from_pretrained("\nAutoModel.from_pretrained("a/b")')

    assert found.skipped[0].reason.startswith("not valid Python")


def test_what_stands_beside_a_hostile_line_is_found_all_the_same(scan_of: Any) -> None:
    found = scan_of("a.yaml", b"x: " + b"a" * 500_000 + b"\nmodel: gpt-4o\nname: \xff\x00\n")

    assert [use.hit.ref for use in found.uses] == ["gpt-4o"]


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ('<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY c "&a;&a;&a;&a;">]>', "declares a document type, which is not read"),
        ('<!DOCTYPE b SYSTEM "file:///etc/passwd">', "declares a document type, which is not read"),
        ("<open>", "is XML, but no CycloneDX file"),
        ("", "not valid XML: no element found"),
    ],
)
def test_a_bill_in_xml_that_could_grow_or_is_none_is_not_read(scan_of: Any, declared: str, problem: str) -> None:
    found = scan_of("bom.xml", f"{declared}<!-- machine-learning-model -->".encode())

    assert [(one.path, one.reason) for one in found.skipped] == [("bom.xml", problem)]
