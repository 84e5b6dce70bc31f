"""What several outputs say in the same words."""

from understudy.models import Looked


def counted(count: int, noun: str) -> str:
    """`1 model`, `2 models`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def looked_at(looked: Looked) -> str:
    """What a scan looked at, and in few words what it could not."""
    text = f"looked at {counted(looked.files, 'file')}: {counted(looked.mentions, 'mention')} of {counted(looked.models, 'model')}"
    if looked.unresolved:
        text += f", {len(looked.unresolved)} unresolved"
    if looked.skipped:
        text += f", {counted(len(looked.skipped), 'file')} not read"
    return text
