"""A ticket's text as Markdown, for places that keep plain files; pure."""

from governance.transports.adf import Node


def render(node: Node) -> str:
    """The document `node`, as `governance.transports.adf` builds it."""
    return "\n\n".join(_block(block) for block in node["content"]) + "\n"


def _block(node: Node) -> str:
    match node["type"]:
        case "heading":
            return f"## {_inline(node)}"
        case "bulletList":
            return "\n".join(f"- {_inline(item['content'][0])}" for item in node["content"])
        case _:
            return _inline(node)


def _inline(node: Node) -> str:
    return "".join(_span(span) for span in node["content"])


def _span(span: Node) -> str:
    text: str = span["text"]
    for mark in span.get("marks", ()):
        text = _strong(text) if mark["type"] == "strong" else f"[{text}]({mark['attrs']['href']})"
    return text


def _strong(text: str) -> str:
    # A space inside the marks would end them before they began.
    return f"**{text.rstrip()}**{text[len(text.rstrip()) :]}"
