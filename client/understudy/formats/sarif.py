"""SARIF 2.1.0 (OASIS), for code scanning of GitHub, Azure DevOps, GitLab and editors."""

import json
from urllib.parse import quote, urlsplit

from understudy import __version__
from understudy.models import NOWHERE, Finding, Location, Report, Verdict
from understudy.rules import RuleText, rule_texts

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "understudyFinding/v1"
UNKNOWN_RULE = "A rule of the server that this client does not know."


def render(report: Report, *, in_colour: bool = False, verbose: bool = False) -> str:  # noqa: ARG001  (one shape for all)
    """One run, with each rule that was found and its help."""
    codes = sorted({finding.rule for finding in report.findings})
    run: dict[str, object] = {
        "tool": {
            "driver": {
                "name": "understudy",
                "semanticVersion": __version__,
                **_information(report),
                "rules": [_rule(code, report) for code in codes],
            }
        },
        "automationDetails": {"id": f"understudy/{report.system}/{report.environment}/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.rule)) for finding in report.findings],
        "properties": {"verdict": report.verdict.value, "check": report.answer.url if report.answer else None},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _invocation(report: Report) -> dict[str, object]:
    """Whether the question was answered; what could not be read is a notification, not a result."""
    notes = (
        []
        if report.trouble is None
        else [{"level": "error", "message": {"text": f"could not check: {report.trouble}"}}]
    )
    skipped = report.looked.skipped if report.looked else ()
    notes += [{"level": "note", "message": {"text": f"not read: {one}"}} for one in skipped]
    answered = report.answer is not None and report.verdict is not Verdict.UNKNOWN
    return {"executionSuccessful": answered, "toolExecutionNotifications": notes}


def _rule(code: str, report: Report) -> dict[str, object]:
    text = rule_texts().get(code) or RuleText(code, UNKNOWN_RULE, UNKNOWN_RULE)
    rule: dict[str, object] = {
        "id": code,
        "shortDescription": {"text": text.title},
        "fullDescription": {"text": text.summary or text.title},
        "help": {"text": text.page, "markdown": text.page},
    }
    address = next((one.help_url for one in report.findings if one.rule == code and one.help_url), None)
    if address is not None and _is_address(address):
        rule["helpUri"] = address
    return rule


def _information(report: Report) -> dict[str, str]:
    """The server that answered, for whoever wants to know more of it."""
    if report.answer is None or not _is_address(report.answer.url):
        return {}
    parts = urlsplit(report.answer.url)
    return {"informationUri": f"{parts.scheme}://{parts.netloc}/"}


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://")) and text.isascii() and text.isprintable() and " " not in text


def _result(finding: Finding, index: int) -> dict[str, object]:
    way_out = f" {finding.fix}" if finding.fix else ""
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.level.value,
        "message": {"text": f"{finding.message}{way_out}"},
        # Code scanning shows nothing that has no place.
        "locations": [_location(place) for place in finding.locations[:1] or (NOWHERE,)],
        "properties": {"ref": finding.ref, "message": finding.message, "fix": finding.fix},
    }
    if len(finding.locations) > 1:
        result["relatedLocations"] = [
            {"id": number, **_location(place)} for number, place in enumerate(finding.locations[1:], 1)
        ]
    if finding.fingerprint:
        result["partialFingerprints"] = {FINGERPRINT: finding.fingerprint}
    if suppressions := _suppressions(finding):
        result["suppressions"] = suppressions
    return result


def _suppressions(finding: Finding) -> list[dict[str, object]]:
    """A waiver in force, an ignore in the source, or the baseline."""
    if finding.suppression is not None:
        kind = "inSource" if finding.suppression.kind == "ignored" else "external"
        return [{"kind": kind, "status": "accepted", "justification": finding.suppression.reason}]
    if finding.waived_until is not None:
        return [{"kind": "external", "status": "accepted", "justification": f"waived until {finding.waived_until}"}]
    return []


def _location(place: Location) -> dict[str, object]:
    # A lone surrogate in a file's name has no place in an address.
    artifact = {"uri": quote(place.path.encode("utf-8", "surrogateescape")), "uriBaseId": "SRCROOT"}
    physical: dict[str, object] = {"artifactLocation": artifact}
    if place.line is not None and place.line > 0:
        physical["region"] = {"startLine": place.line, **({"startColumn": place.column} if place.column else {})}
    return {"physicalLocation": physical}
