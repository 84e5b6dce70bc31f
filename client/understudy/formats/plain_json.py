"""The server's answer with all its fields, and beside its findings those of the scan."""

import json

from understudy.models import Finding, Report


def render(report: Report, *, in_colour: bool = False, verbose: bool = False) -> str:  # noqa: ARG001  (one shape for all)
    """One object. Fields of the server that this client does not know are handed on as they came."""
    document: dict[str, object] = json.loads(report.answer.body) if report.answer else {"url": None}
    sent = document.get("findings")
    own = report.findings[len(sent) :] if isinstance(sent, list) else report.findings
    document["findings"] = [*(sent if isinstance(sent, list) else []), *(_entry(finding) for finding in own)]
    document["verdict"] = report.verdict.value
    if report.trouble is not None:
        document["could_not_check"] = report.trouble
    if report.looked is not None:
        document["scan"] = {
            "files": report.looked.files,
            "mentions": report.looked.mentions,
            "models": report.looked.models,
            "unresolved": list(report.looked.unresolved),
            "skipped": list(report.looked.skipped),
        }
    return json.dumps(document) + "\n"


def _entry(finding: Finding) -> dict[str, object]:
    """A finding of the scan in the shape of the server's."""
    suppression = finding.suppression
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "ref": finding.ref,
        "message": finding.message,
        "fix": finding.fix,
        "help_url": finding.help_url,
        "waiver": None,
        "locations": [{"path": one.path, "line": one.line, "column": one.column} for one in finding.locations],
        "suppression": {"kind": suppression.kind, "reason": suppression.reason} if suppression else None,
        "fingerprint": finding.fingerprint,
    }
