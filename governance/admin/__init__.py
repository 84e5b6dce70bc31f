"""The web admin of the decisions. A file per aggregate, as in `governance.models`; `pages/` holds the pages of our own."""

from governance.admin import attestations, audit, checks, gateways, notices, policy, proposals, triage, whatif

__all__ = ["attestations", "audit", "checks", "gateways", "notices", "policy", "proposals", "triage", "whatif"]
