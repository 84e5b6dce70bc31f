"""What a LiteLLM proxy serves and falls back to, from its `config.yaml` or from what it answers; pure.

`/v1/models` and `/model/info` are JSON and hold no routing. Only names are read: keys, addresses, headers and whatever
else stands beside them are never taken out of the file, so nothing secret can be stored or shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Never

import yaml

from registry.imports.faults import Fault, Refused
from registry.imports.found import Found, refuse_the_unstorable, text_at

MAX_BYTES = 1024 * 1024
MAX_MODELS = 5_000
# `<<: *anchor` may be stacked so that a small file grows without end.
_MAX_MERGED = 10_000
_MAX_NAME = 300
# Hosts that speak somebody else's interface under an address of their own: there the name says nothing.
_BY_ADDRESS = frozenset({"openai", "text-completion-openai", "custom_openai", "hosted_vllm", "vllm", "litellm_proxy"})
# What is called by the name of a deployment, which anybody may choose.
_BY_DEPLOYMENT = frozenset({"azure", "azure_ai", "azure_text", "sagemaker", "sagemaker_chat", "databricks"})
_ENVIRONMENT = "os.environ/"
ROUTES = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
_SECTIONS = ("router_settings", "litellm_settings")


@dataclass(frozen=True, slots=True)
class Served:
    """A name that callers use, and one deployment behind it as LiteLLM calls it. Its place in the file is `place`."""

    name: str
    model: str
    place: str
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """What takes over from `primary`, in order. `kind` is one of `ROUTES`, or `default_fallbacks` for every model."""

    kind: str
    primary: str
    fallbacks: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """The part of a proxy's configuration that fallbacks are judged by."""

    served: tuple[Served, ...]
    routes: tuple[Route, ...]


class _Loader(yaml.SafeLoader):
    """Plain data only, of bounded size whatever is merged into what."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > _MAX_MERGED:
            _refuse(f"line {node.start_mark.line + 1}", f"merges more than {_MAX_MERGED:,} keys into one mapping")


def load(content: bytes) -> Any:
    """The plain data of a YAML or JSON file; raises `Refused` with the line, and never with the text of it."""
    if len(content) > MAX_BYTES:
        _refuse("file", f"has {len(content):,} bytes; {MAX_BYTES:,} are allowed")
    try:
        return yaml.load(content.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506 - a loader of plain data
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(f"line {line}", "is not UTF-8: save it as UTF-8")
    except yaml.MarkedYAMLError as error:
        # Its own words quote the line, and a key may stand on it.
        mark = error.problem_mark or error.context_mark
        _refuse(f"line {mark.line + 1}" if mark else "file", "is neither YAML nor JSON")
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        _refuse("file", "is neither YAML nor JSON that can be read")


def is_of_proxy(document: Any) -> bool:
    """Whether it is a configuration, or an answer of `/v1/models` or `/model/info`."""
    if not isinstance(document, dict):
        return False
    data = document.get("data")
    is_answer = isinstance(data, list) and all(isinstance(one, dict) and ("id" in one or _NAME in one) for one in data)
    return is_answer or any(section in document for section in ("model_list", *_SECTIONS))


_NAME = "model_name"


def models_of(document: Any) -> list[Found]:
    """What stands behind each name of a model list, each ref once; raises `Refused`."""
    whole = _object(document, "file")
    found = [_found(place, row) for place, row in _rows(whole)]
    return list({(one.ref, one.unsure): one for one in reversed(found)}.values())[::-1]


def gateway_of(document: Any) -> Gateway:
    """The names and routes of a configuration, `router_settings` before `litellm_settings`; raises `Refused`."""
    whole = _object(document, "file")
    served = [_served(row, place) for place, row in _rows(whole)]
    served += list(_by_other_names(whole, served))
    routes = tuple(route for section in _SECTIONS for route in _routes(whole, section))
    if not served and not routes:
        _refuse("file", "has neither a model_list nor fallbacks: give the proxy's whole configuration")
    return Gateway(tuple(served), routes)


def _refuse(place: str, reason: str) -> Never:
    raise Refused([Fault(place, "", reason)])


def _object(value: Any, place: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        _refuse(place, f"has to be a mapping, not {type(value).__name__}")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        _refuse(place, f"has to be a list, not {type(value).__name__}")
    if len(value) > MAX_MODELS:
        _refuse(place, f"has {len(value):,} entries; {MAX_MODELS:,} are allowed")
    return value


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of the model list, or of the answer, with their paths."""
    section = "data" if "data" in document else "model_list"
    for index, row in enumerate(_list(document.get(section), section)):
        place = f"{section}[{index}]"
        yield place, _object(row, place)


def _name(row: Mapping[str, Any], place: str) -> str:
    name = text_at(row, _NAME, place) or text_at(row, "id", place)
    if not name:
        _refuse(f"{place}.{_NAME}", "is missing")
    return _checked(name, f"{place}.{_NAME}")


def _checked(name: str, place: str) -> str:
    refuse_the_unstorable(name)
    if len(name) > _MAX_NAME:
        _refuse(place, f"has {len(name)} characters; {_MAX_NAME} are allowed")
    return name


def _found(place: str, row: Mapping[str, Any]) -> Found:
    named = _named(row, place)
    name = _name(row, place)
    return Found(place=named.place, ref=named.ref or name, name=name, is_routed=True, unsure=named.unsure)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a deployment calls, as `provider/model`; or why that cannot be told."""

    ref: str
    place: str
    unsure: str = ""


def _named(row: Mapping[str, Any], place: str) -> _Named:
    params = _object(row.get("litellm_params"), f"{place}.litellm_params")
    info = _object(row.get("model_info"), f"{place}.model_info")
    base_model = text_at(info, "base_model", f"{place}.model_info")
    if base_model:
        return _Named(_checked(base_model, place), f"{place}.model_info.base_model")
    model, where = text_at(params, "model", f"{place}.litellm_params"), f"{place}.litellm_params.model"
    if not params:
        # `/v1/models` tells no more than the name.
        return _Named(_name(row, place), f"{place}.id")
    if not model:
        _refuse(where, "is missing")
    if model.startswith(_ENVIRONMENT):
        return _Named("", where, "is taken from the environment of the proxy")
    return _Named(_checked(model, where), where, _unsure(model, has_address=bool(params.get("api_base"))))


def _served(row: Mapping[str, Any], place: str) -> Served:
    named = _named(row, place)
    return Served(_name(row, place), named.ref, named.place, named.unsure)


def _by_other_names(document: Mapping[str, Any], served: Sequence[Served]) -> Iterator[Served]:
    """What `model_group_alias` lets callers ask for: a name, or a mapping with it as `model`."""
    section = "router_settings.model_group_alias"
    given = _object(_object(document.get("router_settings"), "router_settings").get("model_group_alias"), section)
    for alias, target in given.items():
        name = target.get("model") if isinstance(target, dict) else target
        for one in served:
            if one.name == name:
                yield replace(one, name=_checked(str(alias), section), place=section)


def _unsure(model: str, *, has_address: bool) -> str:
    provider = model.partition("/")[0]
    if "*" in model:
        return "stands for every model of a provider"
    if provider in _BY_DEPLOYMENT:
        return "is the name of a deployment: say in model_info.base_model which model it is"
    if has_address and provider in _BY_ADDRESS:
        return "is served at an address of its own: say in model_info.base_model which model it is"
    return ""


def _routes(document: Mapping[str, Any], section: str) -> Iterator[Route]:
    settings = _object(document.get(section), section)
    for kind in ROUTES:
        for index, entry in enumerate(_list(settings.get(kind), f"{section}.{kind}")):
            place = f"{section}.{kind}[{index}]"
            for primary, names in _object(entry, place).items():
                yield Route(kind, _checked(str(primary), place), _targets(names, place), place)
    default = settings.get("default_fallbacks")
    if default:
        yield Route("default_fallbacks", "*", _targets(default, section), f"{section}.default_fallbacks")


def _targets(names: Any, place: str) -> tuple[str, ...]:
    """Names, or mappings with the name as `model`: LiteLLM takes both."""
    found = []
    for index, one in enumerate(_list([names] if isinstance(names, str) else names, place)):
        name = one.get("model") if isinstance(one, dict) else one
        if not isinstance(name, str) or not name:
            _refuse(f"{place}[{index}]", "has to be the name of a model")
        found.append(_checked(name, place))
    return tuple(found)
