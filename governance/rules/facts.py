"""What the rules look at: plain values, loaded by `governance.facts`. Nothing here knows Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from governance.rules.catalogue import CRITICALITIES
from registry.capabilities import Capabilities, Needs

JSON = str | int | float | bool | None | list["JSON"] | dict[str, "JSON"]

GONE = frozenset({"removed", "retired", "disabled"})
# A commit may be written short; below seven characters a prefix says too little.
_SHORTEST_SHA = 7
_HEX = frozenset("0123456789abcdef")


def same_revision(one: str, other: str) -> bool:
    """Whether both name one revision; a shortened commit counts as the commit that it begins."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    is_sha = len(short) >= _SHORTEST_SHA and _HEX.issuperset(short)
    return is_sha and _HEX.issuperset(long) and long.startswith(short)


@dataclass(frozen=True, slots=True)
class LicenseFacts:
    spdx_id: str
    license_class: str

    @property
    def is_known(self) -> bool:
        return self.license_class != "unknown"


@dataclass(frozen=True, slots=True)
class RootFacts:
    """The vendors behind a model, by id; more of them may exist unless `is_known`.

    `gaps` says of each of the `unknown_models` what is missing.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    slugs: tuple[str, ...] = ()
    is_known: bool = False
    unknown_models: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()

    def shared_with(self, other: "RootFacts") -> list[str]:
        """The names of the vendors that stand behind both."""
        return sorted((name for pk, name in self.names.items() if pk in other.names), key=str.casefold)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Who serves a model to us: the vendor with all its owners, by id. Nobody, where we run it ourselves.

    `countries` are those of the vendor and its owners, as far as they are known.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    countries: frozenset[str] = frozenset()

    @property
    def is_ourselves(self) -> bool:
        return not self.names

    def shared_with(self, other: "HostFacts") -> list[str]:
        """The names of the vendors that serve both, or own who does."""
        return sorted((name for pk, name in self.names.items() if pk in other.names), key=str.casefold)


OURSELVES = HostFacts()


@dataclass(frozen=True, slots=True)
class StaleFacts:
    """The source that answered last about an offering, which is too long ago, and when that was."""

    source_id: int
    source: str
    since: datetime


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """`subject` says what was blocked: `the vendor Alibaba`, `the model e5`, `this offering`."""

    subject: str
    reason: str
    until: date | None


@dataclass(frozen=True, slots=True)
class PermitFacts:
    """What a decision left: valid up to and including `expires_on`, unless it was ended."""

    id: int
    proposal_id: int
    granted_at: datetime
    expires_on: date
    ended_at: datetime | None = None
    end_reason: str = ""
    basis: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        return self.ended_at is not None

    def has_expired(self, today: date) -> bool:
        return today > self.expires_on


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionFacts(PermitFacts):
    purpose: str
    distribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFacts(PermitFacts):
    alternative_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverFacts(PermitFacts):
    """For one dependency, or for a whole system where `dependency_id` is None.

    `basis` is what the system was when it was decided: criticality and distribution; empty where nobody kept that.
    """

    rule: str
    dependency_id: int | None
    reason: str

    def outgrown_by(self, system: "SystemFacts") -> str:
        """In what the system weighs more than the one it was given for; empty where it covers the system still."""
        criticality = self.basis.get("criticality", system.criticality)
        if CRITICALITIES.index(system.criticality) < CRITICALITIES.index(str(criticality)):
            return f"{criticality} and is {system.criticality}"
        distribution = self.basis.get("distribution", system.distribution)
        return "" if distribution == system.distribution else f"{distribution} and is {system.distribution}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferingFacts:
    """A model at one place, with the effective facts of this moment and the decisions on it."""

    id: int
    model_id: int
    model_name: str
    name: str
    host: str
    kind: str = "weights"
    register_state: str = "listed"
    owner: str = ""
    has_active_owner: bool = True
    provider_id: int | None = None
    provider: str = ""
    provider_is_self: bool = False
    status: str = "available"
    retires_on: date | None = None
    gating: str = "open"
    upstream_id: str = ""
    head_revision: str = ""
    reregistered_at: datetime | None = None
    facts_as_of: datetime | None = None
    stale: StaleFacts | None = None
    licenses: Mapping[str, LicenseFacts | None] = field(default_factory=dict)
    roots: RootFacts = field(default_factory=RootFacts)
    capabilities: Capabilities = field(default_factory=Capabilities)
    blocks: tuple[BlockFacts, ...] = ()
    adoptions: tuple[AdoptionFacts, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.host})"

    @property
    def is_gone(self) -> bool:
        return self.status in GONE

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody who can know has said how it stands. What we run ourselves needs no source."""
        return self.provider_is_self or (self.status != "unknown" and self.facts_as_of is not None)

    @property
    def has_revisions(self) -> bool:
        """Weights live in a repository of commits; a service is what its host runs today."""
        return self.kind == "weights"

    def license_at(self, revision: str) -> LicenseFacts | None:
        """The license of `revision`, or of the current one where it is empty; None where nobody recorded it.

        What a service is offered under stands at the revision ''.
        """
        wanted = revision or self.head_revision
        if wanted and wanted in self.licenses:
            return self.licenses[wanted]
        for known, license_ in self.licenses.items():
            if known and wanted and same_revision(known, wanted):
                return license_
        return self.licenses.get("")

    def adoption_for(self, purpose: str, distribution: str) -> AdoptionFacts | None:
        """The newest adoption for that use, in force or not; one that was not ended comes first."""
        of_this_use = [a for a in self.adoptions if (a.purpose, a.distribution) == (purpose, distribution)]
        return max(of_this_use, key=lambda a: (not a.is_ended, a.granted_at), default=None)


@dataclass(frozen=True, slots=True)
class DrillFacts:
    """The last drill of an alternative. It counts up to and including `expires_on`; what failed never does."""

    drilled_on: date
    expires_on: date
    has_passed: bool = True
    shortfalls: tuple[str, ...] = ()

    def counts(self, today: date) -> bool:
        return self.has_passed and today <= self.expires_on


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeFacts:
    """One way out; `approval` is the newest one, in force or not. `switch_time_days` was measured in a drill.

    `host` is None where nobody has said who serves it.
    """

    id: int
    order: int
    kind: str = "offering"
    offering: OfferingFacts | None = None
    pinned_revision: str = ""
    host: HostFacts | None = OURSELVES
    has_verified_copy: bool = False
    impact_statement: str = ""
    approval: ApprovalFacts | None = None
    switch_time_days: float | None = None
    drill: DrillFacts | None = None

    def __str__(self) -> str:
        if self.offering is not None:
            return str(self.offering)
        return {"rule_based": "rules instead of a model", "manual": "people do it"}.get(
            self.kind, "feature switched off"
        )

    @property
    def is_model(self) -> bool:
        return self.kind == "offering"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """The newest submitted revision of a plan; `number` is None where there is only a draft."""

    id: int
    number: int | None = None
    says_how_to_reindex: bool = False
    alternatives: tuple[AlternativeFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What an owner has to do. `is_of_an_event` unless it was so already when the dependency was declared."""

    concern: str
    title: str
    due_on: date
    created_at: datetime
    is_of_an_event: bool = True


@dataclass(frozen=True, slots=True)
class DriftFacts:
    """A way in which a gateway that serves a use differs from what was approved for it, as configured on `read_on`."""

    gateway: str
    read_on: date
    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyFacts:
    """A declared use with what stands ready behind it. `host` is None where nobody has said who serves it.

    `drifts` are those of the newest comparison of each gateway.
    """

    id: int
    offering: OfferingFacts
    purpose: str
    pinned_revision: str = ""
    host: HostFacts | None = OURSELVES
    needs: Needs = field(default_factory=Needs)
    has_verified_copy: bool = False
    has_index: bool = False
    plan: PlanFacts | None = None
    actions: tuple[ActionFacts, ...] = ()
    waivers: tuple[WaiverFacts, ...] = ()
    drifts: tuple[DriftFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class GlassFacts:
    """One person has opened the gate of a system in an environment, for a reason, up to the moment `ends_at`."""

    id: int
    reason: str
    opened_at: datetime
    ends_at: datetime

    def is_in_force(self, now: datetime) -> bool:
        return self.opened_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class ConcentrationFacts:
    """On `day`, a vendor stood behind `behind` of the `total` dependencies of `scope`: `the organisation`, `the team X`."""

    day: date
    scope: str
    vendor_id: int
    vendor: str
    behind: int
    total: int

    @property
    def share(self) -> float:
        return self.behind / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """The system that asks, in the environment that it asks for; `environment_id` is 0 if there is no such one.

    `waivers` are those for the whole system. `glass` is the last break-glass that nobody closed, in force or over.
    `concentrations` are in the system, its team and the organisation, by the vendor, who stands behind something asked for.
    """

    id: int
    slug: str
    name: str
    criticality: str
    distribution: str
    environment: str
    environment_id: int = 0
    is_production: bool
    tags: tuple[str, ...] = ()
    waivers: tuple[WaiverFacts, ...] = ()
    glass: GlassFacts | None = None
    concentrations: Mapping[int, tuple[ConcentrationFacts, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one ref means in one system: the offering, and the declared dependency if there is one.

    `revision` is what is in use: what the pipeline said, else what the dependency declares; empty if unpinned.
    `asked_revision` is only what the pipeline said. `declared_for` are the purposes that an undeclared use is
    declared for instead.
    """

    system: SystemFacts
    offering: OfferingFacts
    dependency: DependencyFacts | None
    purpose: str
    now: datetime
    revision: str = ""
    asked_revision: str = ""
    is_floating: bool = False
    declared_for: tuple[str, ...] = ()

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def has_verified_copy(self) -> bool:
        return self.dependency is not None and self.dependency.has_verified_copy

    @property
    def glass(self) -> GlassFacts | None:
        """The break-glass that is in force at this moment."""
        glass = self.system.glass
        return glass if glass is not None and glass.is_in_force(self.now) else None

    @property
    def adoption(self) -> AdoptionFacts | None:
        return self.offering.adoption_for(self.purpose, self.system.distribution)
