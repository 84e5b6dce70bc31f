"""The few parts of the Atlassian Document Format that a ticket needs; pure.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from collections.abc import Iterable
from typing import Any

Node = dict[str, Any]


def document(*blocks: Node) -> Node:
    return {"type": "doc", "version": 1, "content": list(blocks)}


def heading(words: str) -> Node:
    return {"type": "heading", "attrs": {"level": 3}, "content": [text(words)]}


def paragraph(*inline: Node) -> Node:
    return {"type": "paragraph", "content": list(inline)}


def bullets(items: Iterable[Node]) -> Node:
    """A list of paragraphs; it must not be empty, or Jira refuses the document."""
    return {"type": "bulletList", "content": [{"type": "listItem", "content": [item]} for item in items]}


def text(words: str) -> Node:
    # An empty text node is invalid.
    return {"type": "text", "text": words or "–"}


def bold(words: str) -> Node:
    return text(words) | {"marks": [{"type": "strong"}]}


def link(words: str, address: str) -> Node:
    if not address:
        return text(words)
    return text(words) | {"marks": [{"type": "link", "attrs": {"href": address}}]}
