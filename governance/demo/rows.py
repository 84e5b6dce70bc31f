"""The rows of the demo organisation, read from `northwind.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SELF = "northwind"


@dataclass(frozen=True, slots=True)
class VendorRow:
    slug: str
    name: str
    country: str
    parent: str = ""
    namespaces: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonRow:
    username: str
    first_name: str
    last_name: str
    group: str


@dataclass(frozen=True, slots=True)
class TeamRow:
    slug: str
    name: str
    ticket_project: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """An offering: where, under which id, run by whom, and the other names people write for it.

    `license` is a Hub id for repositories and a License of the register elsewhere.
    """

    host: str
    external_id: str
    provider: str
    license: str
    revision: str = ""
    gated: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    slug: str
    name: str
    environment_class: str


@dataclass(frozen=True, slots=True)
class Adopted:
    offering: str
    purpose: str
    distribution: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    slug: str
    name: str
    developer: str
    owner: str
    task: str
    places: list[Place]
    languages: tuple[str, ...] = ("en",)
    context_length: int | None = None
    embedding_dimension: int | None = None
    supports_tools: bool | None = None
    output_formats: tuple[str, ...] = ()
    root_source: str = ""
    bases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SystemRow:
    slug: str
    name: str
    team: str
    criticality: str
    distribution: str
    description: str


@dataclass(frozen=True, slots=True)
class Use:
    """A dependency: `offering` is host and id in one, `held` says that we keep a verified copy.

    `needs` is a document of `registry.capabilities`.
    """

    system: str
    offering: str
    purpose: str
    environment: str = "production"
    self_hosted: bool = False
    held: bool = False
    has_index: bool = False
    needs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """An alternative: an offering, or a kind that is no model with what users lose."""

    offering: str = ""
    kind: str = "offering"
    impact: str = ""
    approved: bool = False
    drilled_days_ago: int | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    system: str
    trigger: str
    procedure: str
    switched_by: str
    ways: list[Way]
    rollback: str = "Set the gateway's route back and watch the error rate for an hour."
    reindex: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    vendors: list[VendorRow]
    people: list[PersonRow]
    teams: list[TeamRow]
    environments: list[EnvironmentRow]
    models: list[ModelRow]
    systems: list[SystemRow]
    uses: list[Use]
    also_adopted: list[Adopted]
    plans: list[PlanRow]


def read() -> Organisation:
    """The organisation as the data file states it."""
    with (Path(__file__).parent / "northwind.toml").open("rb") as file:
        data = tomllib.load(file)
    return Organisation(
        vendors=[VendorRow(**row) for row in data["vendors"]],
        people=[PersonRow(**row) for row in data["people"]],
        teams=[TeamRow(**row) for row in data["teams"]],
        environments=[EnvironmentRow(**row) for row in data["environments"]],
        models=[_model(row) for row in data["models"]],
        systems=[SystemRow(**row) for row in data["systems"]],
        uses=[Use(**row) for row in data["uses"]],
        also_adopted=[Adopted(**row) for row in data["also_adopted"]],
        plans=[_plan(row) for row in data["plans"]],
    )


def _model(row: dict[str, Any]) -> ModelRow:
    return ModelRow(**row | {"places": [Place(**place) for place in row["places"]]})


def _plan(row: dict[str, Any]) -> PlanRow:
    return PlanRow(**row | {"ways": [Way(**way) for way in row["ways"]]})
