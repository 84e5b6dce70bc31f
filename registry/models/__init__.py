"""Facts. A file per aggregate; import the names from here."""

from registry.models.catalog import AIModel, Alias, LineageEdge, ModelAncestor, Offering, Revision
from registry.models.fallback import Alternative, Drill, FallbackPlan, PlanRevision
from registry.models.licenses import License, LicenseClass, LicenseName
from registry.models.people import Member, Team, User
from registry.models.upstream import (
    Change,
    ChangeKind,
    Listing,
    Method,
    Observation,
    PollRun,
    Rejected,
    Severity,
    Source,
)
from registry.models.usage import Dependency, Distribution, Environment, System
from registry.models.vendors import HubNamespace, Vendor, VendorAlias, VendorAncestor

__all__ = [
    "AIModel",
    "Alias",
    "Alternative",
    "Change",
    "ChangeKind",
    "Dependency",
    "Distribution",
    "Drill",
    "Environment",
    "FallbackPlan",
    "HubNamespace",
    "License",
    "LicenseClass",
    "LicenseName",
    "LineageEdge",
    "Listing",
    "Member",
    "Method",
    "ModelAncestor",
    "Observation",
    "Offering",
    "PlanRevision",
    "PollRun",
    "Rejected",
    "Revision",
    "Severity",
    "Source",
    "System",
    "Team",
    "User",
    "Vendor",
    "VendorAlias",
    "VendorAncestor",
]
