"""From findings to the one word that decides."""

from collections.abc import Collection

from governance.rules.catalogue import ERROR, WARNING
from governance.rules.findings import Finding

PASS, WARN, FAIL, UNKNOWN = "pass", "warn", "fail", "unknown"


def verdict_of(findings: Collection[Finding]) -> str:
    """The heaviest finding decides: fail on an error, warn on a warning, else pass.

    Between fail and warn stands unknown: a rule that would stop the build lacks a fact.
    """
    levels = {finding.level for finding in findings}
    if ERROR in levels:
        return FAIL
    if any(finding.is_unknown for finding in findings):
        return UNKNOWN
    return WARN if WARNING in levels else PASS
