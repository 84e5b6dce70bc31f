"""The look at the bytes before parsing leaves nothing out: with it and without it, the same is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from tests.client.conftest import CLIENT_FOLDER

SOURCES = (Path(__file__).parent / "corpus", Path(huggingface_hub.__file__).parent)
WRITTEN = {
    "renamed": "from sentence_transformers import SentenceTransformer as Embedder\nEmbedder(name)",
    "renamed in brackets": "from vllm import (LLM as Engine)\nEngine(model=name)",
    "put together": 'maker = "openai"\nmodel = f"{maker}/{size}"\nsize = "gpt-4o"',
    "followed": 'NAME = "gpt-4o"\nask(model=NAME)',
    "of a client": "import cohere\nco = cohere.ClientV2()\nco.rerank(model=self.name)",
    "a table": 'models = [\n    "BAAI/bge-m3",\n]',
    "a default": 'def ask(llm="claude-3-haiku"): ...',
}


@pytest.fixture(scope="module")
def python() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(CLIENT_FOLDER)
        import understudy.scan.python  # noqa: PLC0415  (on the path only while a test asks for it)
        import understudy.scan.python_worth  # noqa: PLC0415  (the same)

        yield understudy.scan


def test_files_that_are_not_parsed_would_give_nothing(python: Any) -> None:
    files = [path for folder in SOURCES for path in folder.rglob("*.py")]
    left_out = [path for path in files if not python.python_worth.is_worth_parsing(path.read_bytes())]

    assert len(left_out) > 50
    assert [path for path in left_out if python.python.find(path.read_text(encoding="utf-8")).hits] == []


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_written_in_a_roundabout_way_is_parsed(python: Any, kind: str) -> None:
    assert python.python.find(WRITTEN[kind]).hits
    assert python.python_worth.is_worth_parsing(WRITTEN[kind].encode())
