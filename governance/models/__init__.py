"""Decisions. A file per aggregate; import the names from here."""

from governance.models.access import Pace, Pipeline, SpentIdentity, Token
from governance.models.attestations import Attestation
from governance.models.audit import AuditEntry
from governance.models.checks import Check, Finding, Forewarning, Grounds, IdempotencyKey, Level, Outlook
from governance.models.deliberation import Comment, Delegation, Reminder
from governance.models.gateways import Drift, Gateway, GatewayReport
from governance.models.glass import BreakGlass
from governance.models.notices import Channel, Delivery, IncidentTold, Notice, NoticeItem, Ticket
from governance.models.policy import DryRun, DryRunPart, Policy
from governance.models.proposals import Adoption, Approval, Basis, Block, Decision, Proposal, Waiver
from governance.models.triage import Action, Concern, Evaluation, Impact, Triage, TriageFailure
from governance.models.whatif import Concentration, WhatIfReport

__all__ = [
    "Action",
    "Adoption",
    "Approval",
    "Attestation",
    "AuditEntry",
    "Basis",
    "Block",
    "BreakGlass",
    "Channel",
    "Check",
    "Comment",
    "Concentration",
    "Concern",
    "Decision",
    "Delegation",
    "Delivery",
    "Drift",
    "DryRun",
    "DryRunPart",
    "Evaluation",
    "Finding",
    "Forewarning",
    "Gateway",
    "GatewayReport",
    "Grounds",
    "IdempotencyKey",
    "Impact",
    "IncidentTold",
    "Level",
    "Notice",
    "NoticeItem",
    "Outlook",
    "Pace",
    "Pipeline",
    "Policy",
    "Proposal",
    "Reminder",
    "SpentIdentity",
    "Ticket",
    "Token",
    "Triage",
    "TriageFailure",
    "Waiver",
    "WhatIfReport",
]
