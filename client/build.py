"""Builds what is shipped beside the wheel: `rules` (the pages that `explain` shows), `zipapp` (one file to copy)."""

import json
import shutil
import sys
import tempfile
import zipapp
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "docs" / "rules"


def write_rules() -> None:
    """Take the pages of the documentation over into the client."""
    pages = {page.stem: page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("UD*.md"))}
    text = json.dumps(pages, indent=1, ensure_ascii=False)
    (HERE / "understudy" / "rules.json").write_text(f"{text}\n", encoding="utf-8")


def write_zipapp() -> None:
    """`client/dist/understudy.pyz`: runs wherever Python 3.11 is."""
    target = HERE / "dist" / "understudy.pyz"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE / "understudy", Path(folder) / "understudy", ignore=shutil.ignore_patterns("__pycache__"))
        zipapp.create_archive(
            folder, target, interpreter="/usr/bin/env python3", main="understudy.cli:exit_with_code", compressed=True
        )


if __name__ == "__main__":
    {"rules": write_rules, "zipapp": write_zipapp}[sys.argv[1]]()
