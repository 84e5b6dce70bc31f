"""GitLab's code quality report (https://docs.gitlab.com/ci/testing/code_quality/)."""

import json

from understudy.models import NOWHERE, Finding, Level, Location, Report
from understudy.scan.fingerprints import fingerprint

SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def render(report: Report, *, in_colour: bool = False, verbose: bool = False) -> str:  # noqa: ARG001  (one shape for all)
    """A list with an entry for each place of each finding; a finding without a place is put at the manifest."""
    entries = [
        _entry(finding, place, number)
        for finding in report.findings
        for number, place in enumerate(finding.locations or (NOWHERE,))
    ]
    if report.trouble is not None:
        entries.append(_trouble(report.trouble))
    return json.dumps(entries, indent=2) + "\n"


def _entry(finding: Finding, place: Location, number: int) -> dict[str, object]:
    way_out = f" {finding.fix}" if finding.fix else ""
    return {
        "description": f"{finding.rule} {finding.ref}: {finding.message}{way_out}",
        "check_name": finding.rule,
        "fingerprint": fingerprint(finding.fingerprint, finding.rule, finding.ref, place.path, str(number)),
        "severity": SEVERITIES[finding.level],
        "location": {"path": place.path, "lines": {"begin": place.line or 1}},
    }


def _trouble(trouble: str) -> dict[str, object]:
    return {
        "description": f"could not check: {trouble}",
        "check_name": "could-not-check",
        "fingerprint": fingerprint("could-not-check"),
        "severity": "critical",
        "location": {"path": NOWHERE.path, "lines": {"begin": NOWHERE.line}},
    }
