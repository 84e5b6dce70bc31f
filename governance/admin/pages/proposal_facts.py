"""The state of a proposal as rows of a table: what is known beside what it is compared with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

State = Mapping[str, Any]

_OFFERING = (
    ("Model", "model"),
    ("Place", "host"),
    ("Owner", "owner"),
    ("Vendors behind it", "root_vendors"),
    ("Lineage known", "lineage_known"),
    ("Not settled", "unknown_models"),
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


def table_of(state: State) -> Table:
    """What the proposal is about: one offering, the model in use beside its alternative, or what a waiver covers."""
    if state.get("kind") == "adopt_model":
        return _offerings({"Now": state["offering"]})
    if state.get("kind") == "approve_alternative":
        other = state["alternative"].get("offering")
        return _offerings({"In use": state["primary"]} | ({"The alternative": other} if other else {}))
    if state.get("kind") == "change_policy":
        return _policy(state)
    return _waiver(state)


def shared_vendors(state: State) -> list[str] | None:
    """The vendors behind both; None where the proposal is not about another model."""
    if state.get("kind") != "approve_alternative" or not state["alternative"].get("offering"):
        return None
    return list(state["alternative"]["shares_vendors_with_primary"])


def _offerings(columns: Mapping[str, State]) -> Table:
    rows = [
        Row(label, tuple(_cell(name, column.get(name)) for column in columns.values()))
        for label, name in _OFFERING
        if any(column.get(name) not in (None, "", []) for column in columns.values())
    ]
    return Table(tuple(columns), tuple(rows))


def _cell(name: str, value: Any) -> Cell:
    is_bad = bool(value) if name in _BAD_IF_ANY else isinstance(value, str | bool) and value in _BAD.get(name, set())
    return Cell(value, is_bad)


def _policy(state: State) -> Table:
    """What the text asks for less than what stands."""
    rows = [Row(one["field"], (Cell(one["change"], is_bad=True),)) for one in state["loosens"]]
    return Table(("It loosens",), tuple(rows))


def _waiver(state: State) -> Table:
    system = state["system"]
    rows = [
        ("System", system["slug"]),
        ("Criticality", system["criticality"]),
        ("Distribution", system["distribution"]),
        ("Dependency", (state.get("dependency") or {}).get("offering") or "the whole system"),
        *(
            (f"Last check in {found['environment']}", f"{found['level']} on {found['ref']}")
            for found in state.get("open_findings", [])
        ),
    ]
    return Table(("Now",), tuple(Row(label, (Cell(value),)) for label, value in rows))
