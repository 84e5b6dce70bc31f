"""Policies beside each other: what a new text would loosen, and what a decider sees of it."""

from datetime import datetime
from difflib import unified_diff
from typing import Any

from governance.models import Policy as Stored
from governance.models import Proposal
from governance.rules.loosened import Loosening, loosened
from governance.rules.policy import Policy, from_document
from governance.rules.policy_text import as_text, read
from governance.terms import terms_in_force

_NUMBERS = (
    "waiver_max_days",
    "waiver_warning_days",
    "adoption_days",
    "approval_days",
    "drill_days",
    "decision_days",
    "cached_verdict_hours",
    "concentration_max_share",
    "concentration_min_dependencies",
    "breaker_max_share",
)


def loosening(policy: Policy, from_when: datetime) -> tuple[Loosening, ...]:
    """What `policy` would loosen from that moment on: against the version in force then, and those due later.

    A newer version stands above an older one for ever, so a stricter one that is still to come would never take force.
    """
    later = Stored.objects.filter(in_force_from__gt=from_when).order_by("in_force_from")
    moments = (from_when, *later.values_list("in_force_from", flat=True))
    return tuple(dict.fromkeys(one for moment in moments for one in loosened(terms_in_force(moment), policy)))


def text_of(stored: Stored | None) -> str:
    """The policy as TOML: as it was written, made of the document where it was stored without, or the built-in one."""
    if stored is None:
        return BUILT_IN
    return stored.text or as_text(stored.document)


def policy_state(proposal: Proposal) -> dict[str, Any]:
    """The change against what stood when it was proposed and what came since: a newer version changes the state."""
    from_when = proposal.in_force_from or proposal.created_at
    _, policy = read(proposal.policy_text)
    newest = Stored.objects.order_by("-version").first()
    return {
        "in_force_from": proposal.in_force_from,
        "compared_with": newest.version if newest else 0,
        "loosens": [{"field": one.field, "change": one.change} for one in loosening(policy, from_when)],
        "diff": diff(text_of(newest), proposal.policy_text),
        "text": proposal.policy_text,
    }


def diff(before: str, after: str) -> list[str]:
    """The lines that differ with some around them, as a unified diff without its head."""
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))]


def _built_in() -> str:
    """The built-in numbers as comments: a text that changes nothing and shows what can be written."""
    default = from_document(0, {})
    lines = [f"# {name} = {getattr(default, name)}" for name in _NUMBERS]
    lines += ["", "# [lead_days]", *(f"# {name} = {days}" for name, days in default.lead_days.items())]
    lines += ["", "# [allowed_license_classes]"]
    for name, classes in default.allowed_license_classes.items():
        listed = ", ".join(f'"{one}"' for one in sorted(classes))
        lines.append(f"# {name} = [{listed}]")
    head = ["# The built-in policy. What is not written stays as it is; docs/reference/policy.md lists all of it.", ""]
    return "\n".join([*head, *lines, ""])


BUILT_IN = _built_in()
