"""JUnit XML, for CI servers that show test results: one test a model, its errors as failures."""

from xml.etree import ElementTree as ET

from understudy.models import Finding, Level, Report


def render(report: Report, *, in_colour: bool = False, verbose: bool = False) -> str:  # noqa: ARG001  (one shape for all)
    """One suite. A finding that does not fail the build is told in the output of its test."""
    refs = dict.fromkeys([*(model.ref for model in report.models), *(finding.ref for finding in report.findings)])
    suite = ET.Element("testsuite", name=_xml(f"understudy {report.system} {report.environment}"))
    failures = 0
    for ref in refs:
        case = ET.SubElement(suite, "testcase", classname=_xml(f"understudy.{report.system}"), name=_xml(ref))
        own = [finding for finding in report.findings if finding.ref == ref]
        for finding in own:
            if finding.level is Level.ERROR:
                failures += 1
                failure = ET.SubElement(case, "failure", type=_xml(finding.rule), message=_xml(finding.message))
                failure.text = _xml(_details(finding))
        quiet = [
            f"{one.level} {one.rule}: {one.message}\n{_details(one)}" for one in own if one.level is not Level.ERROR
        ]
        if quiet:
            ET.SubElement(case, "system-out").text = _xml("\n".join(quiet))
    if report.trouble is not None:
        case = ET.SubElement(suite, "testcase", classname="understudy", name="the check itself")
        ET.SubElement(case, "error", type="could-not-check", message=_xml(report.trouble))
    suite.attrib |= {
        "tests": str(len(suite)),
        "failures": str(failures),
        "errors": str(int(report.trouble is not None)),
    }
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _details(finding: Finding) -> str:
    lines = [f"at: {place}" for place in finding.locations]
    lines += [f"fix: {finding.fix}"] if finding.fix else []
    lines += [f"help: {finding.help_url}"] if finding.help_url else []
    return "\n".join(lines)


def _xml(text: str) -> str:
    """`text` with what XML 1.0 has no room for made visible."""
    return "".join(
        char if _is_allowed(char) else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


def _is_allowed(char: str) -> bool:
    return char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
