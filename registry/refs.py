"""What people write to name a model: a purl, `provider/model`, a Hub id or a bare name.

`parse` reads one such text and is pure; `resolve` finds the offerings behind a batch of them in one query.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from packageurl import PackageURL

from registry.models import Alias, Offering, System

MAX_LENGTH = 500
HUB = "huggingface"
FORMS = "write pkg:huggingface/<namespace>/<name>@<commit>, pkg:generic/<host>/<id>, provider/model or a Hub id"
_SHOWN = 60
# Control, surrogate and invisible format characters: never part of a name, and some of them no database takes.
_UNSEEN = frozenset({"Cc", "Cs", "Cf"})


class Malformed(ValueError):
    """The text cannot name a model; `str()` is a sentence that says what is wrong and how to write it."""


class Problem(StrEnum):
    """Why a ref names no offering."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Term:
    """One reading of a ref: the text that an alias or an offering answers to, and its host where that is named."""

    key: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref as written, with its readings, the likeliest first. All keys and hosts are case-folded."""

    text: str
    terms: tuple[Term, ...]
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ref and, optionally, the host it is called through."""

    ref: str
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The offering behind a ref, or the problem and a sentence on it; exactly one of the two is there."""

    ref: str
    offering_id: int | None
    is_floating: bool
    revision: str | None
    problem: Problem | None
    message: str


def parse(text: str, via: str | None = None) -> Ref:
    """The readings of `text`; raises `Malformed`."""
    ref = _checked(text, "ref")
    host = _checked(via, "via").casefold() if via else None
    if ref[:4].casefold() == "pkg:":
        return _parse_purl(ref, host)
    _refuse_path(ref, ref)
    terms = [Term(ref.casefold(), host)]
    provider, slash, model = ref.casefold().partition("/")
    # `openai/gpt-4o` is either an id of that very spelling, or `gpt-4o` at openai.
    if slash and model and host in {None, provider}:
        terms.append(Term(model, provider))
    return Ref(ref, tuple(terms))


def _checked(text: str, what: str) -> str:
    if len(text) > MAX_LENGTH:
        raise Malformed(f"The {what} {_show(text)} has {len(text)} characters; {MAX_LENGTH} are allowed.")
    stripped = text.strip()
    if not stripped:
        raise Malformed(f"The {what} is empty: {FORMS}.")
    for position, character in enumerate(stripped, start=1):
        if unicodedata.category(character) in _UNSEEN:
            code = f"U+{ord(character):04X}"
            raise Malformed(
                f"The {what} {_show(text)} has the invisible character {code} at place {position}: remove it."
            )
    return stripped


def _show(text: str) -> str:
    """The beginning of `text` for a message, with what cannot be printed escaped."""
    short = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "“" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + "”"


def _refuse_path(name: str, ref: str) -> None:
    segments = re.split(r"[/\\]", name)
    if segments[0] in {"", "~"} or "\\" in name or re.match(r"[A-Za-z]:[/\\]", name) or {".", "..", ""} & set(segments):
        raise Malformed(f"{_show(ref)} reads like a file path; a ref names a model of the register: {FORMS}.")


def _parse_purl(text: str, via: str | None) -> Ref:
    try:
        purl = PackageURL.from_string("pkg:" + text[4:])
    except ValueError as error:
        raise Malformed(f"{_show(text)} is no valid purl ({_show(str(error))}): {FORMS}.") from error
    if purl.qualifiers or purl.subpath:
        raise Malformed(f"{_show(text)} has qualifiers or a subpath; leave away what follows “?” or “#”.")
    # Percent-encoding can bring in anything, so what was decoded is looked at again.
    name = _checked("/".join(part for part in (purl.namespace, purl.name) if part), "ref")
    _refuse_path(name, text)
    revision = _checked(purl.version, "revision") if purl.version else None
    if purl.type == HUB:
        return _hub_ref(text, name, via=via, revision=revision)
    if purl.type == "generic":
        return _service_ref(text, name, via=via, revision=revision)
    raise Malformed(f"{_show(text)} is a purl of type “{purl.type}”, which names no model: {FORMS}.")


def _hub_ref(text: str, name: str, *, via: str | None, revision: str | None) -> Ref:
    if name.count("/") > 1:
        raise Malformed(f"{_show(text)}: a Hub id is <namespace>/<name>, as in pkg:huggingface/BAAI/bge-m3@<commit>.")
    return Ref(text, (Term(name.casefold(), via or HUB),), revision)


def _service_ref(text: str, name: str, *, via: str | None, revision: str | None) -> Ref:
    host, slash, identity = name.casefold().partition("/")
    if not slash:
        raise Malformed(f"{_show(text)} names no host: write pkg:generic/<host>/<id>, as in pkg:generic/openai/gpt-4o.")
    if via not in {None, host}:
        raise Malformed(f"{_show(text)} says host “{host}” and via says “{via}”: leave one of them away.")
    return Ref(text, (Term(identity, host), Term(f"{host}/{identity}", host)), revision)


@dataclass(frozen=True, slots=True)
class _Match:
    """A row that answers to `key`: an alias, or an offering by its own id."""

    key: str
    offering_id: int
    host: str
    external_id: str
    is_floating: bool
    is_of_system: bool

    @property
    def is_stated(self) -> bool:
        """Whether somebody said that this name means that offering; an offering's own id says nothing."""
        return self.key != self.external_id.casefold()


def resolve(wanted: Sequence[Wanted], *, system: System | None) -> list[Resolution]:
    """One resolution per wanted ref, in that order, by a single query for all of them.

    An offering answers to its own id and to its aliases. An alias of `system` wins over all others; an alias wins
    over an id of the same spelling at the same host, because somebody stated it.
    """
    refs = [_parse_or_explain(one) for one in wanted]
    keys = {term.key for ref in refs if isinstance(ref, Ref) for term in ref.terms}
    matches = _load(keys, system) if keys else {}
    return [ref if isinstance(ref, Resolution) else _choose(ref, matches) for ref in refs]


def _parse_or_explain(wanted: Wanted) -> Ref | Resolution:
    try:
        return parse(wanted.ref, wanted.via)
    except Malformed as error:
        return _problem(wanted.ref, Problem.MALFORMED, str(error))


def _problem(ref: str, problem: Problem, message: str, revision: str | None = None) -> Resolution:
    return Resolution(ref, None, is_floating=False, revision=revision, problem=problem, message=message)


def _load(keys: set[str], system: System | None) -> dict[str, list[_Match]]:
    is_of_system = models.ExpressionWrapper(models.Q(system__isnull=False), output_field=models.BooleanField())
    aliases = (
        Alias.objects.filter(key__in=keys)
        .filter(models.Q(system=None) | models.Q(system=system))
        .annotate(is_of_system=is_of_system)
        .values_list("key", "offering_id", "offering__host", "offering__external_id", "is_floating", "is_of_system")
    )
    no = models.Value(value=False)
    own_ids = (
        Offering.objects.filter(external_key__in=keys)
        .order_by()
        .annotate(is_floating=no, is_of_system=no)
        .values_list("external_key", "pk", "host", "external_id", "is_floating", "is_of_system")
    )
    matches = defaultdict(list)
    for row in aliases.union(own_ids, all=True):
        match = _Match(*row)
        matches[match.key].append(match)
    return matches


def _choose(ref: Ref, matches: dict[str, list[_Match]]) -> Resolution:
    for term in ref.terms:
        found = [m for m in matches.get(term.key, []) if term.host in {None, m.host.casefold()}]
        if found:
            return _decide(ref, _preferred(found))
    return _unknown(ref, matches)


def _preferred(found: list[_Match]) -> list[_Match]:
    of_system = [match for match in found if match.is_of_system]
    if of_system:
        return of_system
    stated_at = {match.host for match in found if match.is_stated}
    return [match for match in found if match.is_stated or match.host not in stated_at]


def _decide(ref: Ref, found: list[_Match]) -> Resolution:
    if len({match.offering_id for match in found}) > 1:
        return _problem(ref.text, Problem.AMBIGUOUS, _ambiguity(ref, found), ref.revision)
    return Resolution(
        ref.text,
        found[0].offering_id,
        is_floating=any(match.is_floating for match in found),
        revision=ref.revision,
        problem=None,
        message="",
    )


def _ambiguity(ref: Ref, found: list[_Match]) -> str:
    hosts = sorted({match.host for match in found})
    if len(hosts) == len({match.offering_id for match in found}):
        return f"{_show(ref.text)} is offered by {_listed(hosts)}: say with “via” which of them is called."
    purls = sorted({f"pkg:generic/{match.host}/{match.external_id}" for match in found})
    return f"{_show(ref.text)} stands for several offerings: write the one that is meant, {_listed(purls)}."


def _unknown(ref: Ref, matches: dict[str, list[_Match]]) -> Resolution:
    elsewhere = sorted({match.host for term in ref.terms for match in matches.get(term.key, [])})
    hosts = sorted({term.host for term in ref.terms if term.host})
    if elsewhere:
        where = f" at {_listed(hosts)}" if hosts else ""
        message = f"{_show(ref.text)} is not in the register{where}, but it is at {_listed(elsewhere)}."
    else:
        message = f"{_show(ref.text)} is not in the register, neither as an id nor as an alias."
    return _problem(ref.text, Problem.UNKNOWN, message, ref.revision)


def _listed(items: Iterable[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} or {last}" if first else last
