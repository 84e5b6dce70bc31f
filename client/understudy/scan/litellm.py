"""Model lists of LiteLLM proxies: what stands behind each public name, and nothing that only is such a name."""

from collections.abc import Iterator, Sequence

from understudy.scan import names
from understudy.scan.config_keys import variable_in
from understudy.scan.entries import Entry
from understudy.scan.hits import Certainty, Hit


def is_of_model_list(entry: Entry) -> bool:
    """Whether the entry is part of a proxy's routing: there `model_name` is a name of the proxy's own."""
    keys = entry.keys
    is_routing = bool({"router_settings", "fallbacks", "context_window_fallbacks"}.intersection(keys))
    return (
        ("model_list" in keys and "litellm_params" in keys)
        or is_routing
        or keys[:1] + keys[2:] == ("model_list", "model_name")
    )


def find(entries: Sequence[Entry]) -> Iterator[Hit]:
    """The models that a proxy calls, as `provider/model`."""
    for entry in entries:
        keys = entry.keys
        if "model_list" not in keys or keys[-2:] != ("litellm_params", "model"):
            continue
        how = "litellm_params.model"
        if variable := variable_in(entry.value):
            yield Hit(None, entry.line, entry.column, how, Certainty.CERTAIN, entry.value, variable=variable[0])
        elif names.is_name(entry.value):
            yield Hit(entry.value, entry.line, entry.column, how, Certainty.CERTAIN, entry.value)
