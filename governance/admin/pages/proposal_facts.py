"""The state of a proposal as rows of a table: what is known beside what it is compared with. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

State = Mapping[str, Any]

_OFFERING = (
    ("Model", "model"),
    ("Place", "host"),
    ("Served by", "served_by"),
    ("Owner", "owner"),
    ("Vendors behind it", "root_vendors"),
    ("Lineage known", "lineage_known"),
    ("Not settled", "unknown_models"),
    ("Embedding dimension", "embedding_dimension"),
    ("License", "license"),
    ("License class", "license_class"),
    ("Status upstream", "status"),
    ("Retires on", "retires_on"),
    ("Access", "gating"),
    ("Blocks", "blocks"),
    ("Newest revision", "head_revision"),
)
_BAD: dict[str, set[Any]] = {
    "lineage_known": {False},
    "license_class": {"unknown", "non-commercial"},
    "status": {"retired", "removed", "disabled", "unknown"},
    "gating": {"unknown"},
    "register_state": {"withdrawn"},
}
_BAD_IF_ANY = {"blocks", "unknown_models"}


@dataclass(frozen=True, slots=True)
class Cell:
    value: Any
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One fact with a cell for each column; `differs` where the columns do not say the same."""

    label: str
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        return any(cell.value != self.cells[0].value for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    headings: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that is not what it was, as people call it."""

    label: str
    before: Any
    after: Any


_WORDS = {
    **{name: label for label, name in _OFFERING},
    "register_state": "State in the register",
    "pinned_revision": "Pinned revision",
    "impact_statement": "What users lose",
    "has_verified_copy": "Verified copy of our own",
    "shares_vendors_with_primary": "Vendors behind both",
    "open_findings": "What the rule finds",
    "switch_procedure": "How we switch",
    "trigger": "When we switch",
    "switched_by": "Who switches",
    "alternatives": "Order of the plan",
    "stands_in_for": "Stands in for",
    "compensating_measure": "What makes it bearable",
}
_OF = {"primary": "in use", "alternative": "the alternative", "plan": "the plan", "dependency": "the use"}
# Numbers of rows, and what follows from the other facts.
_UNTOLD = frozenset({"id", "order", "is_current", "round", "kind", "revision_number"})


def in_words(differences: Iterable[Mapping[str, Any]]) -> list[Difference]:
    """What `state.differences` found, with the names that the page has for it; numbers of rows are left out."""
    found = []
    for one in differences:
        *path, name = str(one["fact"]).split(".")
        if name not in _UNTOLD:
            label = _WORDS.get(name, name.replace("_", " ").capitalize())
            where = next((_OF[part] for part in path if part in _OF), "")
            found.append(Difference(f"{label} ({where})" if where else label, one["before"], one["after"]))
    return found


def table_of(state: State) -> Table:
    """What the proposal is about: one offering, the model in use beside its alternative, or what a waiver covers."""
    return _TABLES.get(str(state.get("kind")), _plainly)(state)


def _compared(state: State) -> dict[str, State]:
    way, other = state["alternative"], state["alternative"].get("offering")
    columns = {"In use": _with_host(state["primary"], state["dependency"])}
    return columns | ({"The alternative": _with_host(other, way)} if other else {})


def _with_host(offering: State, use: State) -> State:
    """Who serves it: who is named for this use; else us for weights, and its provider for a service."""
    otherwise = "ourselves" if offering.get("kind") == "weights" else offering.get("provider")
    return {**offering, "served_by": use.get("served_by") or otherwise or "not known"}


def fit(state: State) -> list[State]:
    """What the use needs beside what the alternative offers; empty where that was not asked."""
    rows: list[State] = list((state.get("alternative") or {}).get("fit") or [])
    return [{**row, "is_bad": row["fit"] == "lacks"} for row in rows]


def shared_vendors(state: State) -> list[str] | None:
    """The vendors behind both; None where the proposal is not about another model."""
    if state.get("kind") != "approve_alternative" or not state["alternative"].get("offering"):
        return None
    return list(state["alternative"]["shares_vendors_with_primary"])


def _adoption(state: State) -> Table:
    return _offerings({"Now": state["offering"]})


def _alternative(state: State) -> Table:
    return _offerings(_compared(state))


def _plainly(state: State) -> Table:
    """Whatever the state says, where a kind has no table of its own."""
    rows = (Row(_WORDS.get(name, name.replace("_", " ").capitalize()), (Cell(state[name]),)) for name in state)
    return Table(("Now",), tuple(rows))


def _offerings(columns: Mapping[str, State]) -> Table:
    rows = [
        Row(label, tuple(_cell(name, column.get(name)) for column in columns.values()))
        for label, name in _OFFERING
        if any(column.get(name) not in (None, "", []) for column in columns.values())
    ]
    return Table(tuple(columns), tuple(rows))


_ACCESS = {"auto": "gated: after the terms are accepted", "manual": "gated: on request, by the developer"}
_DISTRIBUTIONS = {"saas": "software as a service", "shipped": "shipped to customers"}


def _cell(name: str, value: Any) -> Cell:
    is_bad = bool(value) if name in _BAD_IF_ANY else isinstance(value, str | bool) and value in _BAD.get(name, set())
    return Cell(_ACCESS.get(value, value) if name == "gating" else value, is_bad)


def _retirement(state: State) -> Table:
    model = state["model"]
    rows = [
        Row("State in the register", (Cell(model["register_state"]),)),
        Row("Owner", (Cell(model["owner"]),)),
        *(Row(f"Offered: {one['offering']}", (_stands(one),)) for one in state.get("places", ())),
        *(Row(f"Used: {one['dependency']}", (_leans(one, "its plan holds with"),)) for one in state["dependencies"]),
        *(Row(f"Backs: {one['dependency']}", (_leans(one, "stays with"),)) for one in state["stands_in_for"]),
    ]
    if not state["dependencies"] and not state["stands_in_for"]:
        rows.append(Row("Used by", (Cell("nobody: no dependency and no plan names it"),)))
    return Table(("Now",), tuple(rows))


def _stands(place: State) -> Cell:
    until = f", retires on {place['retires_on']}" if place["retires_on"] else ""
    return Cell(f"{place['status']}{until}", is_bad=place["status"] in _BAD["status"])


def _leans(one: State, words: str) -> Cell:
    return Cell(
        f"{words} {one['instead']}" if one["instead"] else "nothing holds without it", is_bad=not one["instead"]
    )


def _policy(state: State) -> Table:
    """What the text asks for less than what stands."""
    rows = [Row(one["field"], (Cell(one["change"], is_bad=True),)) for one in state["loosens"]]
    return Table(("It loosens",), tuple(rows))


def _waiver(state: State) -> Table:
    system = state["system"]
    rows = [
        ("System", system.get("name") or system["slug"]),
        ("Criticality", system["criticality"]),
        ("Distribution", _DISTRIBUTIONS.get(system["distribution"], system["distribution"])),
        ("Dependency", (state.get("dependency") or {}).get("offering") or "the whole system"),
        *(
            (f"Last check in {found['environment']}", f"{found['level']} on {found['ref']}")
            for found in state.get("open_findings", [])
        ),
    ]
    return Table(("Now",), tuple(Row(label, (Cell(value),)) for label, value in rows))


_TABLES: dict[str, Callable[[State], Table]] = {
    "adopt_model": _adoption,
    "approve_alternative": _alternative,
    "waive_rule": _waiver,
    "retire_model": _retirement,
    "change_policy": _policy,
}
