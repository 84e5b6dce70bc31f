"""Facts. A file per aggregate; import the names from here."""

from registry.models.boms import BomComponent
from registry.models.catalog import AIModel, Alias, LineageEdge, ModelAncestor, Offering, Revision
from registry.models.changes import Change, ChangeKind, ProposedSignal, Severity
from registry.models.fallback import Alternative, Drill, FallbackPlan, PlanRevision
from registry.models.licenses import License, LicenseClass, LicenseName
from registry.models.observed import Correction, HeldFact, LicenseText, Listing, Observation
from registry.models.people import Member, Team, User
from registry.models.upstream import Hint, Incident, Method, PollRun, Rejected, RequestBudget, Section, Source
from registry.models.usage import Dependency, Distribution, Environment, System
from registry.models.vendors import HubNamespace, Vendor, VendorAlias, VendorAncestor

__all__ = [
    "AIModel",
    "Alias",
    "Alternative",
    "BomComponent",
    "Change",
    "ChangeKind",
    "Correction",
    "Dependency",
    "Distribution",
    "Drill",
    "Environment",
    "FallbackPlan",
    "HeldFact",
    "Hint",
    "HubNamespace",
    "Incident",
    "License",
    "LicenseClass",
    "LicenseName",
    "LicenseText",
    "LineageEdge",
    "Listing",
    "Member",
    "Method",
    "ModelAncestor",
    "Observation",
    "Offering",
    "PlanRevision",
    "PollRun",
    "ProposedSignal",
    "Rejected",
    "RequestBudget",
    "Revision",
    "Section",
    "Severity",
    "Source",
    "System",
    "Team",
    "User",
    "Vendor",
    "VendorAlias",
    "VendorAncestor",
]
