"""One walk over a Python module: what its names are bound to, and the places where a model may stand."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from understudy.scan.hits import Certainty
from understudy.scan.python_values import Module, Scope, class_of, dotted, function_of

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# Nothing can stand below these.
_LEAVES = frozenset(
    {ast.Constant, ast.Name, ast.Load, ast.Store, ast.Del, ast.Pass, ast.Global, ast.alias, ast.arg}
    | {str, bytes, int, float, complex, bool, type(None), type(...)}
)
# Nor in these fields: words, operators, types, docstrings of types.
_PLAIN = frozenset(
    {"id", "attr", "arg", "name", "names", "module", "level", "ctx", "op", "ops", "kind", "type_comment", "annotation"}
    | {"returns", "type_ignores", "is_async", "simple", "conversion", "lineno"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A call (`name` is empty), or what a name is bound to; `function` is the one around it, or whose parameter it is."""

    node: ast.expr
    scope: Scope
    name: str = ""
    function: str = ""


def read_module(tree: ast.Module) -> tuple[Module, list[Place]]:
    """The bindings and the places of `tree`. By a stack of its own: code can be nested deeper than Python calls."""
    module = Module()
    places: list[Place] = []
    stack: list[tuple[ast.AST, Scope]] = [(tree, (tree,))]
    while stack:
        node, scope = stack.pop()
        kind = type(node)
        if reader := _READERS.get(kind):
            places += reader(node, scope, module)
        inner = (*scope, node) if kind in _SCOPES else scope
        for name in _below(kind):
            child = getattr(node, name, None)
            if type(child) is list:
                stack += [(one, inner) for one in child if type(one) not in _LEAVES]
            elif child is not None and type(child) not in _LEAVES:
                stack.append((child, inner))
    return module, places


_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def _below(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of node below which a call or a binding may stand."""
    known = _FIELDS.get(kind)
    if known is None:
        known = _FIELDS[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    return known


def _call(node: ast.Call, scope: Scope, _: Module) -> Iterator[Place]:
    yield Place(node, scope)


def _assign(node: ast.Assign, scope: Scope, module: Module) -> Iterator[Place]:
    for target in node.targets:
        yield from _bind(target, node.value, scope, module)


def _annotated(node: ast.AnnAssign | ast.NamedExpr, scope: Scope, module: Module) -> Iterator[Place]:
    if node.value is not None:
        yield from _bind(node.target, node.value, scope, module)


def _with(node: ast.With | ast.AsyncWith, scope: Scope, module: Module) -> Iterator[Place]:
    for item in node.items:
        if item.optional_vars is not None:
            yield from _bind(item.optional_vars, item.context_expr, scope, module)


def _bind(target: ast.expr, value: ast.expr, scope: Scope, module: Module) -> Iterator[Place]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _bind(one, its, scope, module)
        return
    name = dotted(target)
    if isinstance(value, ast.Call):
        # `client = cohere.Client()`: calls on it are the class's.
        made = dotted(value.func)
        module.origins[name] = made if made.startswith(("cohere.", "ollama.")) else _full_name(made, module)
    if isinstance(target, ast.Name):
        module.names[id(scope[-1]), target.id].append((value, Certainty.CERTAIN))
        if isinstance(scope[-1], ast.ClassDef):
            module.attributes[scope[-1].name, target.id].append((value, scope))
        yield Place(value, scope, target.id, function_of(scope))
    elif isinstance(target, ast.Attribute):
        if name.startswith(("self.", "cls.")):
            module.attributes[class_of(scope), target.attr].append((value, scope))
        yield Place(value, scope, target.attr, function_of(scope))


def _full_name(made: str, module: Module) -> str:
    """`Client` imported from cohere is `cohere.Client`; of other modules the last name is enough."""
    last = made.rpartition(".")[2]
    origin = module.origins.get(f"import {last}", "")
    return f"{origin}.{last}" if origin in {"cohere", "ollama"} else last


def _loop(node: ast.For | ast.AsyncFor | ast.comprehension, scope: Scope, module: Module) -> Iterator[Place]:
    """`for name in ["a/b", "c/d"]`: the name is each of them."""
    if isinstance(node.target, ast.Name) and isinstance(node.iter, ast.List | ast.Tuple | ast.Set):
        for entry in node.iter.elts:
            module.names[id(scope[-1]), node.target.id].append((entry, Certainty.LIKELY))
    yield from ()


def _defaults(node: _Function, scope: Scope, module: Module) -> Iterator[Place]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
    pairs += [
        (arg, default) for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default
    ]
    for argument, default in pairs:
        # A caller may pass another.
        module.names[id(node), argument.arg].append((default, Certainty.LIKELY))
        yield Place(default, scope, argument.arg, getattr(node, "name", ""))
    without = {arg.arg for arg in (*positional, *arguments.kwonlyargs)} - {arg.arg for arg, _ in pairs}
    for name in without:
        # Known to be unknown: a module's constant of the same name is not what is meant.
        module.names[id(node), name].append(
            (ast.Constant(value=None, lineno=node.lineno, col_offset=0), Certainty.LIKELY)
        )


def _import(node: ast.Import | ast.ImportFrom, _: Scope, module: Module) -> Iterator[Place]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    module.imports.update(name.partition(".")[0] for name in names)
    # `langchain_openai` counts as langchain, `llama_index_core` as llama_index.
    module.imports.update(root for root in ("langchain", "llama_index") if any(name.startswith(root) for name in names))
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            module.origins[f"import {alias.asname or alias.name}"] = names[0].partition(".")[0]
            if alias.asname:
                module.origins[f"as {alias.asname}"] = alias.name
    yield from ()


_READERS: dict[type[ast.AST], Callable[[Any, Scope, Module], Iterator[Place]]] = {
    ast.Call: _call,
    ast.FunctionDef: _defaults,
    ast.AsyncFunctionDef: _defaults,
    ast.Lambda: _defaults,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.NamedExpr: _annotated,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.For: _loop,
    ast.AsyncFor: _loop,
    ast.comprehension: _loop,
    ast.Import: _import,
    ast.ImportFrom: _import,
}
