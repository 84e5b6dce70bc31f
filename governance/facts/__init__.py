"""Loads what the rules look at: a constant number of queries, however many refs are asked about.

The values themselves are `governance.rules.facts`; this package is the only place that fills them from rows.
"""

from governance.facts.dependencies import load_dependencies
from governance.facts.offerings import load_offerings, outline_offerings
from governance.facts.staleness import load_staleness
from governance.facts.systems import load_systems_of
from governance.facts.uses import Asked, Judged, load, load_declared, load_system
from governance.rules.facts import (
    ActionFacts,
    AdoptionFacts,
    AlternativeFacts,
    ApprovalFacts,
    BlockFacts,
    DependencyFacts,
    LicenseFacts,
    OfferingFacts,
    PlanFacts,
    RootFacts,
    StaleFacts,
    SystemFacts,
    Use,
    WaiverFacts,
)

__all__ = [
    "ActionFacts",
    "AdoptionFacts",
    "AlternativeFacts",
    "ApprovalFacts",
    "Asked",
    "BlockFacts",
    "DependencyFacts",
    "Judged",
    "LicenseFacts",
    "OfferingFacts",
    "PlanFacts",
    "RootFacts",
    "StaleFacts",
    "SystemFacts",
    "Use",
    "WaiverFacts",
    "load",
    "load_declared",
    "load_dependencies",
    "load_offerings",
    "load_staleness",
    "load_system",
    "load_systems_of",
    "outline_offerings",
]
