"""The files of a repository, as `paths-info` describes them and as the resolver sends them."""

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from tests.fakes.hub.repositories import Row

Files = Mapping[str, bytes]
WEIGHTS_FILE = "model.safetensors"
# Never sent, so that one small stand-in serves for the weights of all repositories.
_WEIGHTS = b"\0" * 1024
_TEXTS = ("readme", "license", "licence", "copying", "notice", "use_policy")
_TEXT_SUFFIXES = ("", ".md", ".txt", ".rst")


def files_of(row: Row, written: Files) -> dict[str, bytes]:
    """Card, configuration and weights, as every repository has them, and what was written into this one."""
    card = f"---\nlicense: {row['cardData'].get('license')}\n---\n# {row['id']}\n"
    return {"README.md": card.encode(), "config.json": b"{}\n", WEIGHTS_FILE: _WEIGHTS, **written}


def may_be_asked_for(path: str) -> bool:
    """Whether somebody who never loads weights has a reason to read this: card, license, configuration."""
    name = PurePosixPath(path.casefold())
    return name.name == "config.json" or (name.stem.startswith(_TEXTS) and name.suffix in _TEXT_SUFFIXES)


def blob_id(content: bytes) -> str:
    """What Git calls a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def described(path: str, content: bytes) -> dict[str, Any]:
    """A row of `paths-info`; weights lie in large-file storage, everything else in Git."""
    row = {"type": "file", "oid": blob_id(content), "size": len(content), "path": path}
    if path != WEIGHTS_FILE:
        return row
    stored = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return row | {"lfs": stored}
