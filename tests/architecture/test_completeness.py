"""Whatever can be listed has what belongs to it: a model a test, a rule a page, a variable its explanation."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from governance.rules import catalogue
from governance.transports import TRANSPORTS
from registry.upstream import SOURCES
from tests.architecture.files import ROOT, words_of_tests

OURS = ("config", "registry", "governance")
CODES = sorted(catalogue.RULES)
MODELS = [model.__name__ for app in OURS for model in apps.get_app_config(app).get_models()]
COMMANDS = sorted(name for name, app in get_commands().items() if app in OURS)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_tested(model: str) -> None:
    assert model in words_of_tests()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_tested(command: str) -> None:
    assert command in words_of_tests(pattern=r'"(\w+)"')


@pytest.mark.parametrize("slug", SOURCES)
def test_every_source_has_recorded_payloads_and_is_tested(slug: str) -> None:
    assert list((ROOT / "tests" / "payloads" / slug).iterdir())
    assert slug in words_of_tests("tests/registry")


@pytest.mark.parametrize("slug", SOURCES)
def test_every_source_has_a_how_to(slug: str) -> None:
    pages = (page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "how-to" / "sources").glob("*.md"))
    how_to_try = rf"manage\.py poll {slug}\b|^\| `{slug}` \| `?\w+"
    assert any(re.search(how_to_try, text, re.MULTILINE) for text in pages)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_every_transport_is_tested(name: str) -> None:
    assert name in words_of_tests("tests/governance", pattern=r'"(\w+)"')


@pytest.mark.parametrize("code", CODES)
def test_every_rule_is_tested(code: str) -> None:
    assert code in words_of_tests("tests/governance")


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert sorted(page.stem for page in (ROOT / "docs" / "rules").glob("UD*.md")) == CODES


def variables_read(source: Path) -> set[str]:
    """The names that `source` asks the environment for, `<name>_FILE` of secrets included."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            names |= {word for word in words[:1] if re.fullmatch(r"[A-Z][A-Z0-9_]+", word)}
            if getattr(node.func, "id", "") == "_secret":
                names |= {f"{word}_FILE" for word in words[:1]}
    return names


def test_every_variable_is_explained_and_nothing_else_is() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    explained = {line[1:].split("=")[0] for line in lines if re.match(r"#[A-Z_]+=", line)}
    assert explained == variables_read(ROOT / "config" / "env.py")


def test_variables_that_are_read_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "env.py").write_text('env.str("A_NAME", ""); _secret(env, "A_SECRET"); f(x["NOT_READ"])')
    assert variables_read(tmp_path / "env.py") == {"A_NAME", "A_SECRET", "A_SECRET_FILE"}


def test_only_env_py_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.(environ(\[|\.get)|getenv)", path.read_text(encoding="utf-8"))
    }
    assert readers == set()


def test_make_help_lists_what_was_promised() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    promised = "help setup run test lint fix check test-services test-browser bench lock"
    assert set(promised.split()) <= targets
