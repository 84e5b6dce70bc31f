"""What an expression of a Python module may evaluate to, as far as the module itself says.

Constants, defaults, f-strings, choices, dictionaries, attributes of the module's own classes and the environment with
its default. Nothing is run or imported.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from understudy.scan.hits import Certainty

DEEPEST = 8
MOST_VALUES = 20
# Names that lead to names: a hostile module could ask for more steps than there is time.
MOST_STEPS = 100_000
READERS = frozenset(
    {"getenv", "os.getenv", "os.environ.get", "environ.get", "env", "env.str", "config", "decouple.config"}
)
MAPPINGS = frozenset({"os.environ", "environ"})

Scope = tuple[ast.AST, ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Value:
    """A text and the node where it is written. `variable` is read from the environment; `text` then is its default."""

    text: str | None
    node: ast.expr
    certainty: Certainty = Certainty.CERTAIN
    variable: str | None = None


@dataclass(slots=True)
class Module:
    """What the names of one module are bound to, by the scope that binds them."""

    names: dict[tuple[int, str], list[tuple[ast.expr, Certainty]]] = field(default_factory=lambda: defaultdict(list))
    attributes: dict[tuple[str, str], list[tuple[ast.expr, Scope]]] = field(default_factory=lambda: defaultdict(list))
    imports: set[str] = field(default_factory=set)
    origins: dict[str, str] = field(default_factory=dict)
    steps: int = 0
    busy: set[int] = field(default_factory=set)

    def values(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[Value]:
        """All that `node` may be, at most MOST_VALUES; empty where the module does not say."""
        self.steps += 1
        if depth > DEEPEST or self.steps > MOST_STEPS or id(node) in self.busy:
            return []
        # `name = name + ":latest"` leads back to itself.
        self.busy.add(id(node))
        found = list(islice(self._values(node, scope, depth + 1), MOST_VALUES))
        self.busy.discard(id(node))
        return found

    def _values(self, node: ast.expr, scope: Scope, depth: int) -> Iterator[Value]:
        match node:
            case ast.Constant(value=str(text)):
                yield Value(text, node)
            case ast.Name(id=name):
                yield from self._bound(name, scope, depth)
            case ast.Attribute():
                yield from self._attribute(node, scope, depth)
            case ast.JoinedStr(values=parts):
                yield from self._joined(node, parts, scope, depth)
            case ast.BoolOp(op=ast.Or(), values=choices):
                yield from self._first_of(choices, scope, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._joined(node, [left, right], scope, depth)
            case ast.Call():
                yield from self._read(node, scope, depth)
            case ast.Subscript():
                yield from self._chosen(node, scope, depth)
            case _:
                for inner in _choices(node):
                    yield from self.values(inner, scope, depth)

    def _bound(self, name: str, scope: Scope, depth: int) -> Iterator[Value]:
        for owner in reversed(scope):
            if found := self.names.get((id(owner), name)):
                several = Certainty.LIKELY if len(found) > 1 else Certainty.CERTAIN
                for expression, certainty in found:
                    for value in self.values(expression, scope, depth):
                        yield _weaker(value, certainty.weakened(several))
                return

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> Iterator[Value]:
        """An attribute of `self`, of a class of this module, or the `.value` of its enum member."""
        if node.attr == "value" and isinstance(node.value, ast.Attribute):
            yield from self._attribute(node.value, scope, depth)
            return
        root = node.value.func if isinstance(node.value, ast.Call) else node.value
        if not isinstance(root, ast.Name):
            return
        owner = class_of(scope) if root.id in {"self", "cls"} else root.id
        for expression, inner in self.attributes.get((owner, node.attr), ()):
            for value in self.values(expression, inner, depth):
                yield _weaker(value, Certainty.LIKELY)

    def _first_of(self, choices: list[ast.expr], scope: Scope, depth: int) -> Iterator[Value]:
        """`os.environ.get("X") or "default"`: the variable, with what stands behind it for a default."""
        found = [value for choice in choices for value in self.values(choice, scope, depth)]
        variable = next((value.variable for value in found if value.text is None), None)
        known = [value for value in found if value.text is not None]
        for value in known or found:
            yield value if variable is None else Value(value.text, value.node, Certainty.LIKELY, variable)

    def _joined(self, node: ast.expr, parts: list[ast.expr], scope: Scope, depth: int) -> Iterator[Value]:
        """The parts in a row. Where one has several values, each is tried, the others at their first."""
        choices = [self.values(part, scope, depth) for part in parts]
        if not all(choices) or any(value.text is None for values in choices for value in values):
            return
        texts = [[value.text or "" for value in values] for values in choices]
        rows = {tuple(column[0] for column in texts)}
        for place, column in enumerate(texts):
            rows |= {(*(c[0] for c in texts[:place]), text, *(c[0] for c in texts[place + 1 :])) for text in column}
        for row in sorted(rows):
            yield Value("".join(row), node, Certainty.LIKELY if len(rows) > 1 else Certainty.CERTAIN)

    def _read(self, node: ast.Call, scope: Scope, depth: int) -> Iterator[Value]:
        """The environment with its default, or `str(x)`, `Field("x")` and the like around one value."""
        name = dotted(node.func)
        first = node.args[0] if node.args else None
        if name in READERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            default = node.args[1] if len(node.args) > 1 else keyword(node, "default")
            known = [] if default is None else self.values(default, scope, depth)
            for value in known:
                yield Value(value.text, value.node, Certainty.LIKELY, value.variable or first.value)
            if not known:
                yield Value(None, node, Certainty.LIKELY, first.value)
        elif name.rpartition(".")[2] in {"Field", "field", "str", "Option", "Argument", "Path"}:
            inner = first if first is not None else keyword(node, "default")
            if inner is not None:
                for value in self.values(inner, scope, depth):
                    yield _weaker(value, Certainty.LIKELY)
        elif (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in {"strip", "lower", "get"}
            and not isinstance(node.func.value, ast.Name)
        ):
            yield from self.values(node.func.value, scope, depth)

    def _chosen(self, node: ast.Subscript, scope: Scope, depth: int) -> Iterator[Value]:
        """An entry of a dictionary that is written in this module; all of them where the key is not."""
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if dotted(node.value) in MAPPINGS and key is not None:
            yield Value(None, node, Certainty.LIKELY, str(key))
        elif isinstance(node.value, ast.Name):
            bound = (self.names.get((id(owner), node.value.id), []) for owner in reversed(scope))
            for table, _ in next((found for found in bound if found), []):
                for entry in _entries(table, key):
                    for value in self.values(entry, scope, depth):
                        yield value if key is not None else _weaker(value, Certainty.LIKELY)


def _choices(node: ast.expr) -> list[ast.expr]:
    """The expressions of which `node` is one."""
    match node:
        case ast.FormattedValue(value=inner) | ast.Await(value=inner) | ast.NamedExpr(value=inner):
            return [inner]
        case ast.BoolOp(values=choices):
            return choices
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
    return []


def _entries(table: ast.expr, key: object) -> Iterator[ast.expr]:
    """The entry of a dictionary at `key`, or all where that is None."""
    if isinstance(table, ast.Dict):
        for name, entry in zip(table.keys, table.values, strict=True):
            if key is None or (isinstance(name, ast.Constant) and name.value == key):
                yield entry


def class_of(scope: Scope) -> str:
    """The name of the innermost class around; empty outside of one."""
    return next((node.name for node in reversed(scope) if isinstance(node, ast.ClassDef)), "")


def function_of(scope: Scope) -> str:
    """The name of the innermost function; empty outside of one."""
    return getattr(scope[-1], "name", "") if isinstance(scope[-1], ast.FunctionDef | ast.AsyncFunctionDef) else ""


def _weaker(value: Value, certainty: Certainty) -> Value:
    return Value(value.text, value.node, value.certainty.weakened(certainty), value.variable)


def dotted(node: ast.AST) -> str:
    """`a.b.c` as written; calls in between are passed over, anything else is empty."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Name):
            names.append(node.id)
            return ".".join(reversed(names))
        else:
            return ".".join(reversed(names))


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of one keyword; None without it."""
    return next((word.value for word in call.keywords if word.arg == name), None)
