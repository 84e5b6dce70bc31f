"""The answer as text for a person who reads a CI log."""

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.models import Finding, Level, Looked, Report, Verdict
from understudy.terminal import neutralise
from understudy.wording import counted, looked_at

RED, YELLOW, GREEN, BOLD = "31", "33", "32", "1"
VERDICT_COLOURS = {
    Verdict.PASS: GREEN,
    Verdict.WARN: YELLOW,
    Verdict.FAIL: RED,
    Verdict.UNKNOWN: RED,
}
LEVEL_COLOURS = {Level.ERROR: RED, Level.WARNING: YELLOW, Level.NOTE: BOLD}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report, `colour` an SGR code or None. Its text may be hostile."""

    text: str
    colour: str | None = None

    def render(self, *, in_colour: bool) -> str:
        """The line as it may be shown; colours are added after everything else was neutralised."""
        text = neutralise(self.text)
        return f"\x1b[{self.colour}m{text}\x1b[0m" if in_colour and self.colour else text


def render(report: Report, *, in_colour: bool = False, verbose: bool = False) -> str:
    """The verdict first, findings by weight, the address of the check last."""
    lines = report_lines(report, verbose=verbose)
    return "".join(f"{line.render(in_colour=in_colour)}\n" for line in lines)


def report_lines(report: Report, *, verbose: bool) -> Iterator[Line]:
    """The report line by line.

    Each line begins with a word of ours: CI runners take one that begins with `::` as a command.
    """
    verdict = f"{report.verdict.upper()}: {report.system} in {report.environment}"
    yield Line(verdict, VERDICT_COLOURS[report.verdict])
    yield Line(_basis(report))
    if report.looked is not None:
        yield from _looked_lines(report.looked, verbose=verbose)
    for level in Level:
        findings = report.at(level)
        if findings:
            yield Line("")
            yield Line(counted(len(findings), level), LEVEL_COLOURS[level])
        for finding in findings:
            yield from _finding_lines(finding)
    yield Line("")
    if report.answer and report.answer.page_url and report.verdict is not Verdict.PASS:
        yield Line(f"why: {report.answer.page_url}")
    yield Line(f"check: {report.answer.url}" if report.answer else f"not checked: {report.trouble}")


def _basis(report: Report) -> str:
    """On what the verdict rests, and, where there are no findings, that there are none."""
    parts = [counted(len(report.models), "model"), counted(len(report.findings), "finding")]
    if report.answer and report.answer.policy_version:
        parts.append(f"policy {report.answer.policy_version}")
    if report.answer and report.answer.facts_as_of:
        parts.append(f"facts as of {report.answer.facts_as_of}")
    return ", ".join(parts)


def _looked_lines(looked: Looked, *, verbose: bool) -> Iterator[Line]:
    """What was looked at; in few words what could not be, in all words if that is asked for."""
    text = looked_at(looked)
    is_hiding = (looked.unresolved or looked.skipped) and not verbose
    yield Line(f"{text} (-v lists them)" if is_hiding else text)
    if verbose:
        yield from (Line(f"  unresolved: {one}") for one in looked.unresolved)
        yield from (Line(f"  not read: {one}") for one in looked.skipped)


def _finding_lines(finding: Finding) -> Iterator[Line]:
    yield Line(f"  {finding.level} {finding.rule} {finding.ref}: {finding.message}")
    for place in finding.locations:
        yield Line(f"    at: {place}")
    if finding.suppression is not None:
        yield Line(f"    {finding.suppression.kind}: {finding.suppression.reason}")
    if finding.waived_until is not None:
        yield Line(f"    waived until: {finding.waived_until}")
    if finding.fix is not None:
        yield Line(f"    fix: {finding.fix}")
    if finding.help_url is not None:
        yield Line(f"    help: {finding.help_url}")
