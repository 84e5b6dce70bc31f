"""Decisions. A file per aggregate; import the names from here."""

from governance.models.attestations import Attestation
from governance.models.audit import AuditEntry
from governance.models.checks import Check, Finding, Level
from governance.models.notices import Channel, Delivery, IncidentTold, Notice, NoticeItem, Ticket
from governance.models.policy import Policy
from governance.models.proposals import Adoption, Approval, Basis, Block, Decision, Proposal, Waiver
from governance.models.triage import Action, Concern, Evaluation, Impact, Triage, TriageFailure

__all__ = [
    "Action",
    "Adoption",
    "Approval",
    "Attestation",
    "AuditEntry",
    "Basis",
    "Block",
    "Channel",
    "Check",
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
]
