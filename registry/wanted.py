"""What a dependency wants of a model, and what a candidate lacks of it. Pure, but for the question where wants come from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from registry.capabilities import MULTILINGUAL, read_needs
from registry.models import AIModel, Dependency


class Verdict(IntEnum):
    """What a criterion says, best first. What nobody knows is a question, not a failure."""

    FOR = 0
    QUESTION = 1
    AGAINST = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class Capable(Protocol):
    """Whatever has the capabilities of a model."""

    languages: list[str]
    context_length: int | None
    input_modalities: list[str]
    output_modalities: list[str]
    supports_tools: bool | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a purpose needs; what is empty or None asks for nothing. `is_stated`: the team that owns the system said so."""

    languages: tuple[str, ...] = ()
    context_length: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    supports_tools: bool = False
    is_stated: bool = False


def wanted_by(dependency: Dependency, primary: AIModel) -> Wanted:
    """What may be asked of a candidate for `dependency`: what it is said to need, else all that is known of `primary`."""
    needs = read_needs(dependency.needs)
    if not needs:
        return wanted_of(primary)
    return Wanted(
        languages=needs.languages,
        context_length=needs.context_length,
        input_modalities=needs.input_modalities,
        output_modalities=needs.output_modalities,
        supports_tools=needs.tools,
        is_stated=True,
    )


def wanted_of(model: Capable) -> Wanted:
    return Wanted(
        languages=tuple(model.languages),
        context_length=model.context_length or None,
        input_modalities=tuple(model.input_modalities),
        output_modalities=tuple(model.output_modalities),
        supports_tools=bool(model.supports_tools),
    )


def gaps_of(wanted: Wanted, candidate: Capable) -> Iterator[tuple[Verdict, str]]:
    """What `candidate` lacks of what is wanted, or may lack because nobody says."""
    yield from _language_gaps(wanted.languages, candidate.languages)
    if wanted.context_length and candidate.context_length is None:
        yield Verdict.QUESTION, "its context length is not known"
    elif wanted.context_length and (candidate.context_length or 0) < wanted.context_length:
        yield Verdict.AGAINST, f"its context is {candidate.context_length:,} tokens, not {wanted.context_length:,}"
    yield from _modality_gaps("input", wanted.input_modalities, candidate.input_modalities)
    yield from _modality_gaps("output", wanted.output_modalities, candidate.output_modalities)
    if wanted.supports_tools and candidate.supports_tools is None:
        yield Verdict.QUESTION, "whether it calls tools is not known"
    elif wanted.supports_tools and not candidate.supports_tools:
        yield Verdict.AGAINST, "it calls no tools"


def _language_gaps(wanted: Iterable[str], offered: list[str]) -> Iterator[tuple[Verdict, str]]:
    if not wanted or MULTILINGUAL in offered:
        return
    missing = sorted(set(wanted) - set(offered))
    if not offered:
        yield Verdict.QUESTION, "its languages are not known"
    elif MULTILINGUAL in wanted:
        # A list of several languages may hold all that the use needs.
        verdict = Verdict.QUESTION if len(offered) > 1 else Verdict.AGAINST
        yield verdict, f"it is not multilingual, it knows {listed(sorted(offered))}"
    elif missing:
        yield Verdict.AGAINST, f"it does not know {listed(missing)}"


def _modality_gaps(way: str, wanted: Iterable[str], offered: list[str]) -> Iterator[tuple[Verdict, str]]:
    missing = sorted(set(wanted) - set(offered))
    if missing and not offered:
        yield Verdict.QUESTION, f"its {way} modalities are not known"
    elif missing:
        yield Verdict.AGAINST, f"it has no {listed(missing)} {way}"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last
