"""How the fields of vendors' model lists are read: what most have in common, then the oddities of each. Pure."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from registry.upstream.moments import day_of
from registry.upstream.reading import one_object, price_per_million, text, texts, whole

Entry: TypeAlias = Mapping[str, Any]
Read: TypeAlias = Callable[[Entry], Any]
Stated = TypeVar("Stated")


def at(read: Callable[[Entry, str], Stated | None], *path: str) -> Callable[[Entry], Stated | None]:
    """`read` of the field at the end of `path`. An object that is absent on the way states nothing."""
    *objects, name = path

    def found(entry: Entry) -> Stated | None:
        for part in objects:
            entry = inside(entry, part)
        return read(entry, name)

    return found


def inside(entry: Entry, name: str) -> Entry:
    """The object under `name`, an empty one if it is absent."""
    value = entry.get(name)
    return {} if value is None else one_object(value)


def as_it_is(entry: Entry, name: str) -> Any:
    return entry.get(name)


def meaning(words: Mapping[str, Stated], *path: str) -> Callable[[Entry], Stated | None]:
    """What a word of upstream's means; one that is not in `words` states nothing, for vendors add words."""
    read = at(text, *path)
    return lambda entry: words.get(plain(read(entry) or ""))


def plain(word: str) -> str:
    """`GenerallyAvailable` and `generally-available` are one word."""
    return word.casefold().replace("-", "").replace("_", "")


def first(*reads: Read) -> Read:
    """The first of several that states anything."""
    return lambda entry: next((value for read in reads if (value := read(entry)) is not None), None)


def ref_at(host: str, read: Callable[[Entry], str | None]) -> Read:
    """An id as a ref, which is how successors are named."""
    return lambda entry: f"{host}/{name}" if (name := read(entry)) else None


def length(entry: Entry, name: str) -> int | None:
    # Models without a window, as for moderation, have one of 0.
    return whole(entry, name) or None


def lower(entry: Entry, name: str) -> tuple[str, ...] | None:
    named = texts(entry, name)
    return None if named is None else tuple(one.casefold() for one in named)


def embeds(name: str, word: str) -> Read:
    """The task, where embedding is all that a model does; who writes texts may do anything besides."""

    def task(entry: Entry) -> str | None:
        return "feature-extraction" if lower(entry, name) == (word.casefold(),) else None

    return task


def offers(name: str, word: str) -> Read:
    """Whether `word` is in a list; None where there is no list."""

    def offered(entry: Entry) -> bool | None:
        listed = texts(entry, name)
        return None if listed is None else word in listed

    return offered


# --- OpenRouter ------------------------------------------------------------------------------
def openrouter_price(entry: Entry, name: str) -> Decimal | None:
    # What stands for “as the model that is chosen for you”.
    return None if entry.get(name) == "-1" else price_per_million(entry, name)


# --- Mistral ---------------------------------------------------------------------------------
def mistral_is_deprecated(entry: Entry) -> bool | None:
    """Mistral's own client warns of a model with a date that it is deprecated and will be removed on that day."""
    return day_of(entry, "deprecation") is not None if "deprecation" in entry else None


# --- Gemini ----------------------------------------------------------------------------------
def gemini_id(entry: Entry) -> Any:
    name = entry.get("name")
    return name.removeprefix("models/") if isinstance(name, str) else name


# --- servers that speak OpenAI's language ----------------------------------------------------
def vllm_weights(entry: Entry) -> str | None:
    """`root` is what vLLM was started with: an id of the Hub, or a folder, which says nothing to others."""
    value = text(entry, "root") or ""
    namespace, _, model = value.partition("/")
    is_hub_id = bool(namespace and model) and "/" not in model and not namespace.startswith((".", "~"))
    return value if is_hub_id else None


# --- Azure -----------------------------------------------------------------------------------
def azure_model(entry: Entry) -> Entry:
    """The object “model” of a row of the management plane; the row itself in an answer of a resource.

    There, a fine-tuned model names what it was made from in a field of the same name.
    """
    return one_object(entry["model"]) if isinstance(entry.get("model"), dict) else entry


def azure_id(entry: Entry) -> Any:
    """The name with the version, as a resource itself writes it: `gpt-4o-2024-11-20`."""
    model = azure_model(entry)
    return entry.get("id") if model is entry else _versioned(model, "name", "version")


def azure_successor(entry: Entry) -> str | None:
    return _versioned(inside(azure_model(entry), "replacementConfig"), "targetModelName", "targetModelVersion")


def _versioned(entry: Entry, name: str, version: str) -> str | None:
    stated = text(entry, name), text(entry, version)
    return "-".join(filter(None, stated)) if stated[0] else None


def azure_word(words: Mapping[str, Stated], name: str) -> Read:
    read = meaning(words, name)
    return lambda entry: read(azure_model(entry))


def azure_end(*, is_estimate: bool) -> Read:
    """The end of inference, if its date is an estimate or, else, if it is not called one."""

    def end(entry: Entry) -> Any:
        dates = inside(azure_model(entry), "deprecation")
        is_tentative = plain(text(dates, "deprecationStatus") or "") == "tentative"
        return day_of(dates, "inference") if is_tentative is is_estimate else None

    return end
