"""The project's own small upstream documents, one per oddity."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "payloads"


def path_of(name: str) -> Path:
    """`litellm/plain.json`"""
    return FOLDER / name


def payload(name: str) -> bytes:
    return path_of(name).read_bytes()
