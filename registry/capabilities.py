"""What a use needs of a model beside what a model offers, compared one by one. Pure.

What nobody has said of a model is neither a match nor a failure: it is a question to the model's owner.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

EMBEDDING_TASKS = frozenset({"feature-extraction", "sentence-similarity"})
MULTILINGUAL = "multilingual"
MOST_NUMBER = 2**31 - 1
MOST_WORDS = 50
LONGEST_WORD = 50


class BadNeeds(ValueError):
    """What a use is said to need cannot be meant; `field` names the place and the text says what would be right."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}.")
        self.field = field


@dataclass(frozen=True, slots=True)
class Needs:
    """What a use needs of whatever model does the work. What is empty is not asked for."""

    task: str = ""
    context_length: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tools: bool = False
    output_formats: tuple[str, ...] = ()
    embedding_dimension: int | None = None

    def __bool__(self) -> bool:
        return self != Needs()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is known of a model; what is empty nobody has said."""

    task: str = ""
    context_length: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    supports_tools: bool | None = None
    output_formats: tuple[str, ...] = ()
    embedding_dimension: int | None = None


CAPABILITIES = tuple(field.name for field in fields(Capabilities))


class Fit(StrEnum):
    MEETS = "meets"
    LACKS = "lacks"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Match:
    """One need beside one model. `field` is where the register keeps the fact; `gap` is a clause, empty where it meets."""

    need: str
    field: str
    fit: Fit
    wanted: str
    offered: str
    gap: str = ""


def read_needs(document: Any) -> Needs:
    """The needs that a stored or sent document states; raises `BadNeeds` on the first thing that cannot be meant."""
    if not isinstance(document, Mapping):
        raise BadNeeds("needs", "must be a table of names and values")
    for name in document:
        if name not in _READ:
            raise BadNeeds(f"needs.{name}", f"is not known; known are {', '.join(_READ)}")
    return Needs(**{name: read(document[name], f"needs.{name}") for name, read in _READ.items() if name in document})


def written(needs: Needs) -> dict[str, Any]:
    """The document that `read_needs` reads as `needs`; what is not asked for is left out."""
    values = {name: getattr(needs, name) for name in _READ}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def read_capabilities(values: Iterable[Any]) -> Capabilities:
    """From the values of a model's columns, in the order of `CAPABILITIES`; lists become tuples."""
    plain: Iterable[Any] = (tuple(value) if isinstance(value, list) else value for value in values)
    return Capabilities(**dict(zip(CAPABILITIES, plain, strict=True)))


def needs_met_by(offered: Capabilities) -> Needs:
    """What may be asked of another model where nobody has stated needs: what this one is known to understand and do.

    Its task, formats and dimension are left out: whether another keeps to them is asked where it matters.
    """
    return Needs(
        context_length=offered.context_length or None,
        input_modalities=offered.input_modalities,
        output_modalities=offered.output_modalities,
        languages=offered.languages,
        tools=bool(offered.supports_tools),
    )


def compare(needs: Needs, offered: Capabilities) -> tuple[Match, ...]:
    """One match for each need that is stated."""
    return tuple(_matches(needs, offered))


def _matches(needs: Needs, offered: Capabilities) -> Iterator[Match]:
    if needs.task:
        yield _task(needs.task, offered.task)
    if needs.context_length:
        yield _context(needs.context_length, offered.context_length)
    if needs.input_modalities:
        yield _words("input", "input_modalities", needs.input_modalities, offered.input_modalities, "takes no {} input")
    if needs.output_modalities:
        yield _words(
            "output", "output_modalities", needs.output_modalities, offered.output_modalities, "gives no {} output"
        )
    if needs.languages:
        yield _languages(needs.languages, offered.languages)
    if needs.tools:
        yield _tools(offered.supports_tools)
    if needs.output_formats:
        yield _words(
            "output format", "output_formats", needs.output_formats, offered.output_formats, "does not keep to {}"
        )
    if needs.embedding_dimension:
        yield _dimension(needs.embedding_dimension, offered.embedding_dimension)


def _task(wanted: str, offered: str) -> Match:
    is_met = wanted == offered or {wanted, offered} <= EMBEDDING_TASKS
    return _match("task", "task", wanted, offered, is_met=is_met, gap=f"its task is {offered}, not {wanted}")


def _context(wanted: int, offered: int | None) -> Match:
    gap = f"its context is {offered:,} tokens, not {wanted:,}" if offered else ""
    has = f"{offered:,} tokens" if offered else ""
    is_met = offered is not None and offered >= wanted
    return _match("context length", "context_length", f"at least {wanted:,} tokens", has, is_met=is_met, gap=gap)


def _words(need: str, field: str, wanted: Collection[str], offered: Collection[str], lacking: str) -> Match:
    missing = [word for word in wanted if word not in offered]
    gap = f"it {lacking.format(listed(missing))}" if missing else ""
    return _match(need, field, listed(wanted), listed(offered), is_met=not missing, gap=gap)


def _languages(wanted: Collection[str], offered: Collection[str]) -> Match:
    """Who is multilingual is taken to know the language that is asked for; a drill shows how well."""
    missing = [] if MULTILINGUAL in offered else [word for word in wanted if word not in offered]
    if missing == [MULTILINGUAL] and len(offered) > 1:
        # A list of several languages may hold all that the use needs.
        gap = f"whether {listed(offered)} are all the languages it is needed for is not known"
        return Match("languages", "languages", Fit.UNKNOWN, listed(wanted), listed(offered), gap)
    gap = f"it does not know {listed(missing)}"
    if missing == [MULTILINGUAL]:
        gap = f"it is not multilingual, it knows {listed(offered)}"
    return _match("languages", "languages", listed(wanted), listed(offered), is_met=not missing, gap=gap)


def _tools(offered: bool | None) -> Match:  # noqa: FBT001 - three answers, one of them that nobody knows
    has = "" if offered is None else "yes" if offered else "no"
    return _match("tool calls", "supports_tools", "yes", has, is_met=bool(offered), gap="it calls no tools")


def _dimension(wanted: int, offered: int | None) -> Match:
    has, gap = str(offered or ""), f"its vectors have {offered} dimensions, not {wanted}"
    return _match("embedding dimension", "embedding_dimension", str(wanted), has, is_met=wanted == offered, gap=gap)


def _match(need: str, field: str, wanted: str, offered: str, *, is_met: bool, gap: str) -> Match:
    if not offered:
        return Match(
            need, field, Fit.UNKNOWN, wanted, "", f"its {need} {'are' if need.endswith('s') else 'is'} not known"
        )
    return Match(need, field, Fit.MEETS if is_met else Fit.LACKS, wanted, offered, "" if is_met else gap)


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; nothing of nothing."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_WORD or "\x00" in value:
        raise BadNeeds(place, f"must be a text of at most {LONGEST_WORD} characters, not {value!r}")
    return value.strip()


def _number(value: Any, place: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_NUMBER:
        raise BadNeeds(place, f"must be a whole number from 1 to {MOST_NUMBER}, not {value!r}")
    return value


def _flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise BadNeeds(place, f"must be true or false, not {value!r}")
    return value


def _list(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_WORDS:
        raise BadNeeds(place, f"must be a list of at most {MOST_WORDS} words, not {value!r}")
    words = (_text(word, place) for word in value)
    return tuple(dict.fromkeys(word for word in words if word))


_READ: dict[str, Callable[[Any, str], Any]] = {
    "task": _text,
    "context_length": _number,
    "input_modalities": _list,
    "output_modalities": _list,
    "languages": _list,
    "tools": _flag,
    "output_formats": _list,
    "embedding_dimension": _number,
}
NEEDS = tuple(_READ)
