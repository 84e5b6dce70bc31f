"""Where in a TOML text the keys of a manifest stand; `tomllib` gives values without places."""

import re
from dataclasses import dataclass, field

# Whole strings and comments are tokens, so that a key or header inside one is passed over. A quoted
# key is a string followed by `=`. A multi-line string may end in up to two quotes of its own.
TOKEN = re.compile(
    r"""
    (?P<key> (?: [\w-]+ | "[^"\\\n]*" | '[^'\n]*' ) (?= [ \t]* = ) )
    | \#[^\n]*
    | \"{3} (?: \\. | [^\\] )*? \"{3,5}
    | '{3} .*? '{3,5}
    | " (?: \\. | [^"\\\n] )* "
    | '[^'\n]*'
    | (?P<entry> ^[ \t]*\[ [^\n\]=]* \] | \{ )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


@dataclass(slots=True)
class Places:
    """Line numbers from 1: of a table itself, and of each key in it."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)


def find_places(text: str) -> list[Places]:
    """The top level, then each table of a valid TOML `text` in order, with the lines of its keys.

    Exact for a manifest: one array of tables (`[[models]]` or its inline form), no other table.
    """
    tables = [Places(line=1)]
    line, seen = 1, 0
    for token in TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen = token.start()
        if token["entry"]:
            tables.append(Places(line))
        elif token["key"]:
            tables[-1].keys.setdefault(token["key"].strip("\"'"), line)
    return tables
