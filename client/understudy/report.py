"""The answer as text for a person who reads a CI log."""

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.models import Answer, CheckRequest, Finding, Level, Verdict
from understudy.terminal import neutralise

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


def render_report(answer: Answer, question: CheckRequest, *, in_colour: bool) -> str:
    """The verdict first, findings by weight, the address of the check last."""
    lines = report_lines(answer, question)
    return "".join(f"{line.render(in_colour=in_colour)}\n" for line in lines)


def report_lines(answer: Answer, question: CheckRequest) -> Iterator[Line]:
    """The report line by line.

    Each line begins with a word of ours: CI runners take one that begins with `::` as a command.
    """
    verdict = f"{answer.verdict.upper()}: {question.system} in {question.environment}"
    yield Line(verdict, VERDICT_COLOURS[answer.verdict])
    yield Line(_basis(answer, question))
    for level in Level:
        findings = answer.at(level)
        if findings:
            yield Line("")
            yield Line(_counted(len(findings), level), LEVEL_COLOURS[level])
        for finding in findings:
            yield from _finding_lines(finding)
    yield Line("")
    yield Line(f"check: {answer.url}")


def _basis(answer: Answer, question: CheckRequest) -> str:
    """On what the verdict rests, and, where there are no findings, that there are none."""
    parts = [_counted(len(question.models), "model"), _counted(len(answer.findings), "finding")]
    if answer.policy_version:
        parts.append(f"policy {answer.policy_version}")
    if answer.facts_as_of:
        parts.append(f"facts as of {answer.facts_as_of}")
    return ", ".join(parts)


def _finding_lines(finding: Finding) -> Iterator[Line]:
    yield Line(f"  {finding.level} {finding.rule} {finding.ref}: {finding.message}")
    for place in finding.locations:
        yield Line(f"    at: {place}")
    if finding.waived_until is not None:
        yield Line(f"    waived until: {finding.waived_until}")
    if finding.fix is not None:
        yield Line(f"    fix: {finding.fix}")
    if finding.help_url is not None:
        yield Line(f"    help: {finding.help_url}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
