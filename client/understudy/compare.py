"""Holds what a scan found against the manifest: what to ask the server, and what the client itself has to say. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from understudy.models import Finding, Level, Location, ModelUse, Suppression
from understudy.scan.hits import Use

USED, DECLARED = "UD106", "UD107"
# Whoever names an environment by one of these means that nothing hangs on it. Any other name is taken for production.
NONPRODUCTION = frozenset(
    [
        "staging",
        "stage",
        "test",
        "tests",
        "testing",
        "dev",
        "develop",
        "development",
        "qa",
        "ci",
        "sandbox",
        "preview",
        "review",
        "local",
        "demo",
        "uat",
        "integration",
        "nonproduction",
        "nonprod",
        "experimental",
        "lab",
    ]
)
PRODUCTION = frozenset({"prod", "production", "live"})
# What the server takes; no commit, tag or branch of the Hub comes near.
LONGEST_REVISION = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """The models to ask about, and the findings of the comparison itself."""

    models: tuple[ModelUse, ...]
    findings: tuple[Finding, ...]


def is_production(environment: str) -> bool:
    """Whether an environment of this name has to be treated as production: so is a name that says nothing."""
    words = set(environment.lower().replace("_", "-").replace("/", "-").split("-"))
    return bool(words & PRODUCTION) or not words & NONPRODUCTION


def compare(
    declared: Sequence[ModelUse],
    uses: Iterable[Use],
    *,
    environment: str,
    baseline: Collection[str] = (),
    has_looked: bool = True,
) -> Comparison:
    """Where each declared model is used, and what is used or declared alone.

    `has_looked` is False where there was nothing to look at: then nothing can be said to be unused. A use that is
    ignored or in the `baseline` is reported as such, and the server is not asked about it.
    """
    places: dict[int, list[Use]] = defaultdict(list)
    strangers: list[Use] = []
    for use in uses:
        owners = [number for number, entry in enumerate(declared) if names_same(entry, use.hit.ref or "")]
        for number in owners:
            places[number].append(use)
        if not owners:
            strangers.append(use)
    models = [model for number, entry in enumerate(declared) for model in _in_use(entry, places.get(number, ()))]
    findings = (
        []
        if not has_looked
        else [_unused(entry) for number, entry in enumerate(declared) if _is_unused(entry, places.get(number))]
    )
    level = Level.ERROR if is_production(environment) else Level.WARNING
    for group in _by_ref(strangers):
        new = [use for use in group if use.ignored is None and use.fingerprint not in baseline]
        old = [use for use in group if use.ignored is None and use.fingerprint in baseline]
        if new:
            findings.append(_undeclared(new, level))
            models.append(ModelUse(_ref(new), None, _one_revision(new), None, _places(new)))
        if old:
            findings.append(
                replace(_undeclared(old, Level.NOTE), fix=None, suppression=Suppression("baseline", "in the baseline"))
            )
        findings += [
            replace(_undeclared([use], Level.NOTE), fix=None, suppression=Suppression("ignored", use.ignored))
            for use in group
            if use.ignored is not None
        ]
    return Comparison(tuple(models), tuple(findings))


def names_same(entry: ModelUse, ref: str) -> bool:
    """Whether a manifest's entry and a ref in code mean one model: one may say more of the path to it than the other."""
    used = plain(ref)
    name = plain(entry.ref)
    known = {name} if entry.via is None else {name, f"{entry.via.casefold()}/{name.rpartition('/')[2]}"}
    return any(one == used or one.endswith(f"/{used}") or used.endswith(f"/{one}") for one in known)


def plain(ref: str) -> str:
    """The ref without the form of a package URL, its revision, the Hub as provider, and differences of case."""
    text = ref.strip().casefold()
    if text.startswith("pkg:"):
        text = text.partition("?")[0].partition("@")[0].partition("/")[2]
    return text.removeprefix("huggingface/")


def _in_use(entry: ModelUse, uses: Sequence[Use]) -> Iterator[ModelUse]:
    """The entry with the places where the code uses it, once for each revision that the code says to fetch."""
    counted = [use for use in uses if use.ignored is None]
    fetched: Mapping[str | None, list[Use]] = _by_revision(use for use in counted if use.hit.can_pin)
    others = [use for use in counted if not use.hit.can_pin]
    if not fetched:
        yield replace(entry, locations=(*_places(others), *entry.locations))
        return
    for number, (revision, group) in enumerate(fetched.items()):
        here = [*group, *others] if number == 0 else group
        rest = entry.locations if number == 0 else ()
        # What the code fetches counts, not what the manifest says of it.
        ref = entry.ref.partition("@")[0] if entry.ref.startswith("pkg:") else entry.ref
        yield replace(entry, ref=ref, revision=revision, locations=(*_places(here), *rest))


def _by_revision(uses: Iterable[Use]) -> dict[str | None, list[Use]]:
    groups: dict[str | None, list[Use]] = defaultdict(list)
    for use in uses:
        groups[_revision(use)].append(use)
    return groups


def _by_ref(uses: Sequence[Use]) -> Iterator[list[Use]]:
    ordered = sorted(uses, key=lambda use: plain(use.hit.ref or ""))
    for _, group in groupby(ordered, key=lambda use: plain(use.hit.ref or "")):
        yield sorted(group, key=lambda use: (use.path, use.hit.line, use.hit.column))


def _is_unused(entry: ModelUse, uses: Sequence[Use] | None) -> bool:
    return not uses and not entry.states_place


def _unused(entry: ModelUse) -> Finding:
    return Finding(
        rule=DECLARED,
        level=Level.NOTE,
        ref=entry.ref,
        message=f"{entry.ref} is declared, but nothing that the scan can read uses it.",
        fix="Remove the entry; or, if it is used where no scan can see it, say where with path and line.",
        help_url=None,
        waived_until=None,
        locations=entry.locations,
    )


def _undeclared(uses: Sequence[Use], level: Level) -> Finding:
    ref = _ref(uses)
    return Finding(
        rule=USED,
        level=level,
        ref=ref,
        message=f"{ref} is used ({uses[0].hit.how}) and not declared in the manifest.",
        fix=f'Add to the manifest an entry [[models]] with ref = "{ref}"; if this is no use of a model, write on its line: understudy: ignore[UD106] and why.',
        help_url=None,
        waived_until=None,
        locations=_places(uses),
        fingerprint=uses[0].fingerprint,
    )


def _ref(uses: Sequence[Use]) -> str:
    return uses[0].hit.ref or ""


def _one_revision(uses: Sequence[Use]) -> str | None:
    """The revision that all of them state; None if they differ."""
    stated = {_revision(use) for use in uses}
    return stated.pop() if len(stated) == 1 else None


def _revision(use: Use) -> str | None:
    """The revision as it can be asked about: what can be none anyway is escaped and cut, and so stays none."""
    if use.hit.revision is None:
        return None
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in use.hit.revision)
    return text if len(text) <= LONGEST_REVISION else f"{text[: LONGEST_REVISION - 1]}…"


def _places(uses: Sequence[Use]) -> tuple[Location, ...]:
    return tuple(dict.fromkeys(Location(use.path, use.hit.line, use.hit.column) for use in uses))
