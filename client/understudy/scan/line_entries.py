"""Reads the settings of TOML, Terraform, `.env`, `.ini` and `.properties`: formats whose unit is a line."""

import re
from collections.abc import Iterator

from understudy.scan.entries import Entry, Keys

LONGEST_LINE = 20_000
_ENV = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_][\w.-]*)[ \t]*(?:=|:[ \t])[ \t]*(?P<value>.*)")
_SECTION = re.compile(r"[ \t]*\[\[?(?P<name>[^\[\]\n]+)\]\]?[ \t]*(?:[#;].*)?$")
_SETTING = re.compile(r"""[ \t]*(?P<key>"[^"\n]*"|'[^'\n]*'|[\w.-]+)[ \t]*=[ \t]*(?P<value>\S.*)""")
_BLOCK = re.compile(r'[ \t]*(?P<name>[\w-]+(?:[ \t]+"[^"\n]*")*)[ \t]*=?[ \t]*\{[ \t]*(?:\#.*)?$')
_ONE_LINE_BLOCK = re.compile(
    r'[ \t]*(?P<name>[\w-]+(?:[ \t]+"[^"\n]*")*)[ \t]*\{(?=[^{}\n]*=[^{}\n]*\}[ \t]*(?:\#.*)?$)'
)
_TEXT = re.compile(r""" "(?:[^"\\\n]|\\.)*+" | '[^'\n]*+' """, re.VERBOSE)
_INLINE = re.compile(r"""(?P<key>[\w.-]+)[ \t]*=[ \t]*(?P<value>"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')""")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) <= LONGEST_LINE:
            yield number, line.rstrip("\r")


def read_env(text: str) -> list[Entry]:
    """`KEY=value` and `key: value`, a section header going before; quotes and trailing comments are taken off."""
    entries: list[Entry] = []
    section: Keys = ()
    for number, line in _lines(text):
        if line.lstrip()[:1] in {"#", ";", "!", ""}:
            continue
        if header := _SECTION.match(line):
            section = (header["name"].strip(),)
        elif found := _ENV.match(line):
            value, offset = _bare(found["value"])
            if value:
                entries.append(Entry((*section, found["key"]), value, number, found.start("value") + offset + 1))
    return entries


def read_toml(text: str) -> list[Entry]:
    """The texts of a TOML document; those over several lines are left out."""
    entries: list[Entry] = []
    section: Keys = ()
    waiting: tuple[Keys, int] | None = None
    ends = ""
    for number, line in _lines(text):
        if ends:
            ends = "" if ends in line else ends
            continue
        if header := _SECTION.match(line) if waiting is None else None:
            section = tuple(part.strip(" \"'") for part in header["name"].split("."))
            continue
        found = _SETTING.match(line)
        if waiting is not None:
            keys, item = waiting
            entries += _texts(line, 0, keys, number, item)
            waiting = None if line.split("#")[0].rstrip().endswith("]") else (keys, item + 1)
        elif found:
            value = found["value"]
            keys = (*section, *found["key"].strip("\"'").split("."))
            triple = value[:3]
            if triple in {'"""', "'''"}:
                ends = "" if value.count(triple) > 1 else triple
            elif value[0] == "[" and "]" not in value:
                entries += _texts(line, found.start("value"), keys, number, 0)
                waiting = (keys, 1)
            else:
                entries += _values(line, found.start("value"), keys, number)
    return entries


def read_terraform(text: str) -> list[Entry]:
    """The texts of HCL with the blocks around them: `variable "x" { default = "…" }` leads to variable, x, default."""
    entries: list[Entry] = []
    blocks: list[Keys] = []
    for number, line in _lines(text):
        bare = line.strip()
        if not bare or bare[0] == "#" or bare.startswith("//"):
            continue
        keys = tuple(part for block in blocks[-50:] for part in block)
        if found := _ONE_LINE_BLOCK.match(line):
            inner = (*keys, *_block_names(found["name"]))
            entries += [
                Entry((*inner, pair["key"]), pair["value"][1:-1], number, pair.start("value") + 2)
                for pair in _INLINE.finditer(line, found.end())
            ]
            continue
        if block := _BLOCK.match(line):
            blocks.append(_block_names(block["name"]))
        elif bare[0] in "})" and blocks:
            blocks.pop()
        elif found := _SETTING.match(line):
            entries += _values(line, found.start("value"), (*keys, found["key"].strip("\"'")), number)
        else:
            entries += _values(line, 0, keys, number)
    return entries


def _block_names(text: str) -> Keys:
    return tuple(part.strip('" ') for part in re.findall(r'"[^"]*"|[\w-]+', text))


def _values(line: str, start: int, keys: Keys, number: int) -> list[Entry]:
    """What one setting holds: a text, the texts of a list, those of an inline table, or a reference such as `var.x`."""
    value = line[start:]
    if value[:1] == "{":
        return [
            Entry((*keys, found["key"]), found["value"][1:-1], number, start + found.start("value") + 2)
            for found in _INLINE.finditer(value)
        ]
    if value[:1] in {'"', "'"}:
        return _texts(line, start, keys, number, -1)[:1]
    if value[:1] == "[":
        return _texts(line, start, keys, number, 0)
    if found := re.match(r"(?:var|local)\.[\w-]+", value):
        return [Entry(keys, "${" + found[0] + "}", number, start + 1)]
    return []


def _texts(line: str, start: int, keys: Keys, number: int, item: int) -> list[Entry]:
    found = [(text[0][1:-1], text.start()) for text in _TEXT.finditer(line, start)]
    comment = re.search(r"(?:^|\s)#", _TEXT.sub(lambda text: "x" * len(text[0]), line))
    return [
        Entry((*keys, item + place) if item >= 0 else keys, value, number, at + 2)
        for place, (value, at) in enumerate(found)
        if comment is None or at < comment.start()
    ]


def _bare(value: str) -> tuple[str, int]:
    if value[:1] in {'"', "'"}:
        end = value.find(value[0], 1)
        return (value[1:end] if end > 0 else value[1:]), 1
    return re.split(r"\s+[#;]", value, maxsplit=1)[0].strip(), 0
