"""What is asked, and what is lost by it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from governance.rules.facts import DependencyFacts, HostFacts, OfferingFacts, SystemFacts
from governance.rules.known import Known
from governance.rules.policy import Policy


class Way(StrEnum):
    """How a loss gets to a dependency or to an alternative."""

    MADE = "made"
    SERVED = "served"
    PLACE = "place"
    HOST = "host"
    MODEL = "model"
    OFFERING = "offering"
    LICENSE = "license"


# The class of a license that nobody recorded, as of one that nobody has read.
UNKNOWN_LICENSE = "unknown"
# A copy of ours is no right to use it, and does not run itself where somebody else ran it.
NOT_HELPED_BY_A_COPY = frozenset({Way.SERVED, Way.LICENSE})


@dataclass(frozen=True, slots=True)
class Question:
    """What goes, as people name it: slugs of vendors and models, ids of offerings; and the day from which it is gone."""

    gone_on: date
    vendors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    license_classes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    offerings: tuple[int, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any((self.vendors, self.hosts, self.countries, self.license_classes, self.models, self.offerings))


@dataclass(frozen=True, slots=True)
class Lost:
    """What is gone, with all that belongs to it: children of vendors, and what was made from the models.

    `vendors` names those that are gone by id. Our own organisation is never among them.
    """

    vendors: Mapping[int, str] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()
    license_classes: frozenset[str] = frozenset()
    models: Mapping[int, str] = field(default_factory=dict)
    offering_ids: frozenset[int] = frozenset()

    def ways(self, offering: OfferingFacts, revision: str, host: HostFacts | None) -> tuple[Way, ...]:
        """Every way in which the offering is lost to one who has that revision served there; () where it stays."""
        return tuple(self._ways(offering, revision, host))

    def _ways(self, offering: OfferingFacts, revision: str, host: HostFacts | None) -> Iterator[Way]:
        if not self.vendors.keys().isdisjoint(offering.roots.names):
            yield Way.MADE
        if host is not None and not self.vendors.keys().isdisjoint(host.names):
            yield Way.SERVED
        elif offering.provider_id in self.vendors:
            # What somebody else serves was still fetched there.
            yield Way.PLACE
        if offering.host in self.hosts:
            yield Way.HOST
        if offering.model_id in self.models:
            yield Way.MODEL
        if offering.id in self.offering_ids:
            yield Way.OFFERING
        if self.license_classes:
            license_ = offering.license_at(revision)
            if (license_.license_class if license_ else UNKNOWN_LICENSE) in self.license_classes:
                yield Way.LICENSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """A dependency with what decides its fate, and the team that has to know of it."""

    dependency: DependencyFacts
    system: SystemFacts
    team: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is lost from which day on, seen today, under the policy of today.

    `known` keeps what was found out of one dependency and is so of others, too.
    """

    lost: Lost
    gone_on: date
    today: date
    policy: Policy
    known: Known = field(default_factory=Known, compare=False, repr=False)

    def is_lost(self, offering: OfferingFacts, revision: str, host: HostFacts | None) -> bool:
        """As `Lost.ways` says it; what many fall back to is asked about once."""
        return self.known.once(
            ("lost", revision), (offering, host), lambda: bool(self.lost.ways(offering, revision, host))
        )

    @property
    def notice(self) -> timedelta:
        """The time that is left; none for a day that has come."""
        return max(self.gone_on - self.today, timedelta())

    @property
    def notice_days(self) -> int:
        return self.notice.days
