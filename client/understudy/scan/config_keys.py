"""Which settings name a model. Pure: from an entry to hits."""

import re
from collections.abc import Iterator

from understudy.scan import names
from understudy.scan.entries import Entry
from understudy.scan.hits import Certainty, Hit

# Keys that say by themselves that a model stands there; compared in lower case without `-`, `_` and `.`.
KEYS = frozenset(
    [
        "model",
        "modelname",
        "modelid",
        "modelnameorpath",
        "basemodel",
        "llmmodel",
        "chatmodel",
        "embeddingmodel",
        "embedmodel",
        "embeddingmodelname",
        "rerankermodel",
        "rerankmodel",
        "hfmodelid",
        "hfmodel",
        "hfrepo",
        "repoid",
        "llm",
        "embedder",
        "reranker",
        "deploymentname",
        "completionmodel",
        "defaultmodel",
        "fallbackmodel",
        "modelref",
        "pretrainedmodelnameorpath",
        "foundationmodel",
        "modeluri",
        "languagemodel",
        "smallmodel",
    ]
)
_ENDING = re.compile(
    r"(?:^|_)(?:model|models|model_name|model_id|llm|embedder|reranker)(?:_(?:name|id|path|default))?$|^models?$",
    re.IGNORECASE,
)
# A model of something else: Django's, a database's, a phone's; or one by which tokens are only counted.
NOT_MODELS = re.compile(
    r"data_?model|user_?model|auth_user|view_?model|pricing_?model|threat_?model|device_?model|model_?type|model_?class|machine|tokeni[sz]er",
    re.IGNORECASE,
)
_VARIABLE = re.compile(
    r"\$\{\{[ ]*(?:env|vars)\.(?P<github>\w+)[ ]*\}\}|\$\{(?P<name>(?:var\.|local\.)?[\w-]+)(?::?[-=](?P<default>[^}]*))?\}|\$\((?P<round>\w+)\)"
    r"|\$(?P<plain>[A-Za-z_]\w*)|os\.environ/(?P<litellm>\w+)|\{\{-?[ ]*(?P<helm>\.Values\.[\w.]+)[^}]*\}\}|%(?P<percent>\w+)%"
    r"|\{\{[ ]*(?P<jinja>[A-Za-z_]\w*)[ ]*\}\}"
)


def is_model_key(name: str) -> bool:
    """Whether a key of this name holds a model."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").replace(".", "_")
    flat = snake.replace("_", "").lower()
    return (flat in KEYS or _ENDING.search(snake) is not None) and not NOT_MODELS.search(snake)


def variable_in(text: str) -> tuple[str, str | None] | None:
    """The name of the variable that `text` wholly is, and its default; None for any other text."""
    found = _VARIABLE.fullmatch(text.strip())
    if found is None:
        return None
    groups = found.groupdict()
    default = groups.pop("default")
    return next(name for name in groups.values() if name), default


def of_setting(entry: Entry, *, sure: Certainty = Certainty.LIKELY) -> Iterator[Hit]:
    """The model that a setting names, if its key says so and its value can be one."""
    if not is_model_key(entry.name):
        return
    how = f"key {entry.name}"
    if variable := variable_in(entry.value):
        name, default = variable
        ref = default if default and names.is_name(default) else None
        yield Hit(ref, entry.line, entry.column, how, Certainty.LIKELY, entry.value, variable=name)
    elif names.is_known(entry.value):
        yield Hit(entry.value, entry.line, entry.column, how, sure, entry.value)
    elif names.is_hub_id(entry.value):
        yield Hit(entry.value, entry.line, entry.column, how, Certainty.GUESS, entry.value)
