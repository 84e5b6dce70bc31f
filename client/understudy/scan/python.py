"""Models in Python: calls that load or ask one, followed to the text they are given. Parsed, never run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from understudy.scan import names, refs
from understudy.scan.config_keys import NOT_MODELS
from understudy.scan.hits import Certainty, Findings, Hit
from understudy.scan.python_calls import CALLS, CHAINS, CLIENTS, MODEL_NAMES, ON_CLIENTS, Takes
from understudy.scan.python_module import Place, read_module
from understudy.scan.python_values import Module, Value, dotted, keyword

LONGEST_WORDING = 80
_MODEL_NAMES = frozenset(MODEL_NAMES)
_MODEL_VARIABLE = re.compile(
    r"(?:^|_)(?:models?|embedder|reranker|llms?)(?:_(?:names?|ids?|name_or_path))?$|^default_\w*model\w*$",
    re.IGNORECASE,
)
# Calls that speak of a model and do not use it.
_ONLY_NAMES_IT = re.compile(
    r"(?:Error|Exception|Warning|Response|Result|Event|Info|Metadata)$|_info|encod|decode|tokenize|mapping|prompt_|cost|pricing|price|count|token|register|provider|is_|supports_|validate|log|docstring",
    re.IGNORECASE,
)


def find(text: str) -> Findings:
    """The models that a Python module names; text that does not parse is a problem, not an error."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Findings(problem=f"not valid Python: {type(error).__name__}")
    module, places = read_module(tree)
    reader = _Reader(module, text.split("\n"))
    hits = [hit for place in places for hit in reader.read(place)]
    return Findings(tuple(_strongest(hits)))


def _strongest(hits: list[Hit]) -> list[Hit]:
    """Each name once at its place, as sure as it was found there."""
    best: dict[tuple[object, ...], Hit] = {}
    for hit in hits:
        key = (hit.line, hit.column, hit.ref, hit.wording, hit.variable)
        known = best.get(key)
        if known is None or (
            hit.certainty.weakened(known.certainty) is known.certainty and hit.certainty != known.certainty
        ):
            best[key] = hit
    return sorted(best.values(), key=lambda hit: (hit.line, hit.column))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the places of one module into hits."""

    module: Module
    lines: list[str]

    def read(self, place: Place) -> Iterator[Hit]:
        if isinstance(place.node, ast.Call):
            yield from self._call(place.node, place)
        elif _MODEL_VARIABLE.search(place.name) and not NOT_MODELS.search(place.name):
            yield from self._bound(place)

    def _call(self, call: ast.Call, place: Place) -> Iterator[Hit]:
        name = dotted(call.func)
        found = self._takes(name)
        if found is None:
            yield from self._keywords(call, name, place)
            return
        takes, provider = found
        argument = _argument(call, takes)
        if argument is None or _is_not_a_model(call):
            return
        how = (
            f"{name.rpartition('.')[2]}(…)"
            if "." not in name or takes.is_hub
            else f"{'.'.join(name.split('.')[-2:])}(…)"
        )
        revision, is_stated = self._revision(call, place)
        values = self.module.values(argument, place.scope)
        if not values and not _is_super(call.func):
            yield from self._unresolved(argument, how)
        for value in values:
            for hit in self._hit(value, argument, how, provider, takes):
                # A revision that is stated, but not to be read here, is neither known nor missing.
                yield replace(hit, revision=revision, can_pin=takes.is_hub and (revision is not None or not is_stated))

    def _takes(self, name: str) -> tuple[Takes, str] | None:
        """Which row is meant by `name`, and through which provider."""
        parts = name.split(".")
        parts[-1] = self.module.origins.get(f"as {parts[-1]}", parts[-1])
        owner = ".".join(parts[:2]) if parts[0] == "self" else parts[0]
        receiver = CLIENTS.get(self.module.origins.get(owner, owner), "") if owner != name else ""
        if parts[-1] in ON_CLIENTS.get(receiver, ()):
            return Takes(None, ("model",), receiver), receiver
        if (row := CHAINS.get(".".join(parts[-2:]))) and len(parts) > 1:
            return row, receiver or row.provider
        row = CALLS.get(parts[-1])
        if row is None or (row.needs and not self.module.imports.intersection(row.needs)):
            return None
        return row, row.provider

    def _revision(self, call: ast.Call, place: Place) -> tuple[str | None, bool]:
        """The revision that a call states, and whether it states one at all."""
        node = keyword(call, "revision")
        known = [] if node is None else self.module.values(node, place.scope)
        is_stated = node is not None and not (isinstance(node, ast.Constant) and node.value is None)
        return (known[0].text if known else None), is_stated

    def _hit(self, value: Value, argument: ast.expr, how: str, provider: str, takes: Takes) -> Iterator[Hit]:
        line, column = self._place(value.node)
        if value.text is None:
            wording = f"the variable {value.variable}"
            yield Hit(None, line, column, how, Certainty.LIKELY, wording, variable=value.variable)
            return
        named = refs.of_hub(value.text) if takes.is_hub else refs.of_service(value.text, provider)
        if named is None:
            return
        sure = value.certainty.weakened(named.certainty)
        if "sentence" in how.lower() or how.startswith("CrossEncoder"):
            named = refs.of_sentence_transformer(named)
        followed = how if value.node is argument else f"{how}, followed"
        yield Hit(named.ref, line, column, followed, sure, value.text, variable=value.variable)

    def _keywords(self, call: ast.Call, name: str, place: Place) -> Iterator[Hit]:
        """`model="gpt-4o"` of a call that is in no table: only a name that is known by itself."""
        words = [word for word in call.keywords if word.arg in _MODEL_NAMES]
        if not words or _is_not_a_model(call) or _ONLY_NAMES_IT.search(name.rpartition(".")[2]):
            return
        for word in words:
            if word.arg:
                how = f"{name.rpartition('.')[2] or 'call'}({word.arg}=…)"
                for value in self.module.values(word.value, place.scope):
                    yield from self._known(value, how)

    def _bound(self, place: Place) -> Iterator[Hit]:
        """`EMBEDDING_MODEL = "…"`, a field or a parameter's default."""
        if _ONLY_NAMES_IT.search(place.function):
            return
        # A table of names is what code can deal with, not what it uses.
        is_table = isinstance(place.node, ast.List | ast.Tuple | ast.Set | ast.Dict)
        for node in _texts(place.node):
            if isinstance(node, ast.Call | ast.Constant | ast.JoinedStr | ast.BoolOp | ast.BinOp):
                for value in self.module.values(node, place.scope):
                    for hit in self._known(value, f"{place.name} = …"):
                        yield replace(hit, certainty=Certainty.GUESS) if is_table else hit

    def _known(self, value: Value, how: str) -> Iterator[Hit]:
        line, column = self._place(value.node)
        text = value.text
        if text is not None and names.is_known(text):
            yield Hit(text, line, column, how, Certainty.LIKELY, text, variable=value.variable)
        elif text is not None and names.is_hub_id(text):
            yield Hit(text, line, column, how, Certainty.GUESS, text, variable=value.variable)

    def _unresolved(self, argument: ast.expr, how: str) -> Iterator[Hit]:
        if isinstance(argument, ast.Constant):
            return
        line, column = self._place(argument)
        wording = " ".join(ast.unparse(argument).split())[:LONGEST_WORDING]
        yield Hit(None, line, column, how, Certainty.LIKELY, wording)

    def _place(self, node: ast.expr) -> tuple[int, int]:
        """Line and column in characters; `ast` counts columns in bytes."""
        line = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        if line.isascii():
            return node.lineno, node.col_offset + 1
        return node.lineno, len(line.encode()[: node.col_offset].decode(errors="replace")) + 1


def _texts(node: ast.expr) -> Iterator[ast.expr]:
    """The expression, or the entries of the list or dictionary that it is."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        yield from node.elts
    elif isinstance(node, ast.Dict):
        yield from node.values
    else:
        yield node


def _argument(call: ast.Call, takes: Takes) -> ast.expr | None:
    for name in takes.keywords:
        if (node := keyword(call, name)) is not None:
            return node
    plain = call.args
    if takes.position is None or len(plain) <= takes.position:
        return None
    node = plain[takes.position]
    return None if isinstance(node, ast.Starred) else node


def _is_not_a_model(call: ast.Call) -> bool:
    """Data sets and spaces of the Hub are fetched by the same calls."""
    kind = keyword(call, "repo_type")
    return isinstance(kind, ast.Constant) and kind.value in {"dataset", "space"}


def _is_super(node: ast.expr) -> bool:
    """`super().from_pretrained(name)` hands on what another call has named."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call) and dotted(node.value) == "super"
