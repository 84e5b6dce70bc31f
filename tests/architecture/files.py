"""The files of this repository, as the tests of its shape read them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("config", "registry", "governance", "templates", "client", "tests", "bench", "docs", ".ci")
TEXT = {".py", ".md", ".html", ".txt", ".toml", ".yaml", ".yml", ".css", ".js", ".json", ".csv", ".example", ""}


def files(*folders: str, suffix: str = "") -> Iterator[Path]:
    """Text files below `folders` (all of ours and those beside manage.py, if none is named)."""
    found = [path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [] if folders else list(ROOT.iterdir())
    for path in sorted(found):
        is_ours = path.is_file() and "__pycache__" not in path.parts and path.suffix in TEXT and path.name != ".git"
        if is_ours and path.suffix.endswith(suffix) and not path.name.startswith((".env", ".coverage")):
            yield path


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def words_of_tests(folder: str = "tests", *, pattern: str = r"\w+") -> set[str]:
    """What the tests speak of; neither the rows that they all make nor the tests of the repository's shape count."""
    tests = [path for path in files(folder, suffix=".py") if path.name != "factories.py"]
    return {
        word
        for path in tests
        if "architecture" not in path.parts
        for word in re.findall(pattern, path.read_text(encoding="utf-8"))
    }
