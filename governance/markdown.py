"""The little Markdown that the pages of `docs/rules` are written in, as HTML. Pure.

Headings, paragraphs, lists, quotations, tables, fenced code; within a line `code`, **strong**, *emphasis* and links.
Everything is escaped first, so whatever stands in a page, no markup of its own gets through.
"""

import re
from collections.abc import Callable, Iterator
from html import escape

_FENCE = "```"
_WITHIN_A_LINE = (
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*([^*\s][^*]*)\*"), r"<em>\1</em>"),
    # Only addresses of the web: a link is never a script.
    (re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\[([^\]]+)\]\([^)\s]+\)"), r"\1"),
)


def as_html(text: str) -> str:
    """`text` as escaped HTML. A link that does not lead to the web, as between files of the repository, is its text."""
    return "\n".join(_block(block) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Runs of lines between empty lines; fenced code is one block, empty lines and all."""
    block: list[str] = []
    is_code = False
    for line in text.splitlines():
        is_fence = line.startswith(_FENCE)
        if is_fence and not is_code and block:
            yield block
            block = []
        is_code ^= is_fence
        if line.strip() or is_code:
            block.append(line)
        if block and not is_code and (is_fence or not line.strip()):
            yield block
            block = []
    if block:
        yield block


def _block(lines: list[str]) -> str:
    first = lines[0]
    return next(render for start, render in _RENDERERS if first.startswith(start))(lines)


def _code(lines: list[str]) -> str:
    inner = "\n".join(line for line in lines if not line.startswith(_FENCE))
    return f"<pre><code>{escape(inner)}</code></pre>"


def _heading(lines: list[str]) -> str:
    marks, _, title = lines[0].partition(" ")
    level = min(len(marks) + 1, 6)
    below = f"\n{_block(lines[1:])}" if lines[1:] else ""
    return f"<h{level}>{_inline(title)}</h{level}>{below}"


def _quotation(lines: list[str]) -> str:
    return f"<blockquote><p>{_inline(' '.join(line.lstrip('> ') for line in lines))}</p></blockquote>"


def _list(lines: list[str]) -> str:
    items: list[str] = []
    for line in lines:
        if line.startswith(("* ", "- ")):
            items.append(line[2:])
        else:
            items[-1] += f" {line.strip()}"
    return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"


def _table(lines: list[str]) -> str:
    # The second line is the rule below the head.
    head, *body = [_cells(line) for line in (lines[0], *lines[2:])]
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
    return f"<table><thead><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(line: str) -> list[str]:
    return [_inline(cell.strip()) for cell in line.strip().strip("|").split("|")]


def _paragraph(lines: list[str]) -> str:
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(text: str) -> str:
    """Escaped, with the marks within a line; between backticks nothing else is a mark."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else _marked(part) for place, part in enumerate(parts))


def _marked(text: str) -> str:
    for pattern, replacement in _WITHIN_A_LINE:
        text = pattern.sub(replacement, text)
    return text


_RENDERERS: tuple[tuple[str, Callable[[list[str]], str]], ...] = (
    (_FENCE, _code),
    ("#", _heading),
    (">", _quotation),
    ("* ", _list),
    ("- ", _list),
    ("|", _table),
    ("", _paragraph),
)
