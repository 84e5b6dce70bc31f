"""Decisions. A file per aggregate; import the names from here."""

from governance.models.audit import AuditEntry
from governance.models.checks import Check, Finding, Level
from governance.models.notices import Channel, Delivery, IncidentTold, Notice, NoticeItem, Ticket
from governance.models.policy import Policy
from governance.models.proposals import Adoption, Approval, Basis, Block, Decision, Proposal, Waiver
from governance.models.triage import Action, Concern, Evaluation, Impact, Triage, TriageFailure
from governance.models.whatif import Concentration, WhatIfReport

__all__ = [
    "Action",
    "Adoption",
    "Approval",
    "AuditEntry",
    "Basis",
    "Block",
    "Channel",
    "Check",
    "Concentration",
    "Concern",
    "Decision",
    "Delivery",
    "Evaluation",
    "Finding",
    "Impact",
    "IncidentTold",
    "Level",
    "Notice",
    "NoticeItem",
    "Policy",
    "Proposal",
    "Ticket",
    "Triage",
    "TriageFailure",
    "Waiver",
    "WhatIfReport",
]
