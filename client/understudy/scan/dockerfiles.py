"""Models in Dockerfiles: what a build downloads, a container serves, and the environment it is given."""

import json
import re
from collections.abc import Iterator

from understudy.scan import shell
from understudy.scan.config_keys import of_setting
from understudy.scan.entries import Entry
from understudy.scan.hits import Definition, Findings, Hit

_ENV = re.compile(r"[ \t]*(?:ENV|ARG)[ \t]+", re.IGNORECASE)
_PAIR = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\\]*)")
_OLD_PAIR = re.compile(r"(?P<name>[A-Za-z_]\w*)[ \t]+(?P<value>[^=\n]+)$")
_EXEC = re.compile(r"[ \t]*(?:CMD|ENTRYPOINT|RUN)[ \t]+(?P<list>\[.*\])[ \t]*$", re.IGNORECASE)


def find(text: str) -> Findings:
    """The models of a Dockerfile, and the variables it sets."""
    hits: list[Hit] = [hit for words in shell.commands(text) for hit in shell.of_command(words)]
    definitions: list[Definition] = []
    in_env = False
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > shell.LONGEST_LINE or line.lstrip()[:1] == "#":
            continue
        hits += shell.of_line(line, number)
        hits += _of_list(line, number)
        in_env = in_env or _ENV.match(line) is not None
        if in_env:
            for entry in _pairs(line, number):
                definitions.append(Definition(entry.name, entry.value, number))
                hits += of_setting(entry)
        in_env = in_env and line.rstrip().endswith("\\")
    return Findings(tuple(hits), tuple(definitions))


def _pairs(line: str, number: int) -> Iterator[Entry]:
    start = found.end() if (found := _ENV.match(line)) else 0
    if old := _OLD_PAIR.match(line, start) if found else None:
        yield Entry((old["name"],), old["value"].strip().strip("\"'"), number, old.start("value") + 1)
        return
    for pair in _PAIR.finditer(line, start):
        value = pair["value"]
        yield Entry((pair["name"],), value.strip("\"'"), number, pair.start("value") + 1 + (value[:1] in {'"', "'"}))


def _of_list(line: str, number: int) -> Iterator[Hit]:
    """`CMD ["vllm", "serve", "…"]`."""
    found = _EXEC.match(line)
    if found is None:
        return
    try:
        words = json.loads(found["list"])
    except (ValueError, RecursionError):
        return
    at, placed = found.start("list"), []
    for word in words:
        if not isinstance(word, str):
            return
        at = max(line.find(f'"{word}"', at), at)
        placed.append(shell.Word(word, number, at + 2))
    yield from shell.of_command(placed)
