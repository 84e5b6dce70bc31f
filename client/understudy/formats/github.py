"""Annotations of GitHub Actions, and its summary of the step.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import os
from pathlib import Path

from understudy.formats import text
from understudy.models import Finding, Level, Report
from understudy.terminal import neutralise
from understudy.wording import counted

COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
MARKS = {"pass": "✅", "warn": "⚠️", "fail": "❌", "unknown": "❔"}


def render(report: Report, *, in_colour: bool = False, verbose: bool = False) -> str:  # noqa: ARG001  (one shape for all)
    """An annotation for each place of each finding, then the text for the log. The summary goes to GitHub's file."""
    if path := os.environ.get(SUMMARY_VARIABLE):
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as summary:
            summary.write(render_summary(report))
    lines = [line for finding in report.findings for line in _annotations(finding)]
    if report.trouble is not None:
        lines.append(f"::warning title=understudy::{_message(f'could not check: {report.trouble}')}")
    return "".join(f"{line}\n" for line in lines) + text.render(report, verbose=verbose)


def render_summary(report: Report) -> str:
    """The report in Markdown."""
    lines = [f"## {MARKS[report.verdict]} Understudy: {_cell(report.system)} in {_cell(report.environment)}", ""]
    if report.trouble is not None:
        lines += [f"**Could not check:** {_cell(report.trouble)}", ""]
    if report.findings:
        lines += ["| | rule | model | finding | shortest fix |", "|---|---|---|---|---|"]
        lines += [_row(finding) for finding in report.findings]
    else:
        lines.append(f"{counted(len(report.models), 'model')}, no findings.")
    if report.answer is not None:
        lines += ["", f"This answer: {_cell(report.answer.url)}"]
    return "\n".join(lines) + "\n\n"


def _row(finding: Finding) -> str:
    places = ", ".join(str(place) for place in finding.locations[:3])
    cells = [
        finding.level,
        finding.rule,
        finding.ref,
        f"{finding.message} ({places})" if places else finding.message,
        finding.fix or "",
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: str) -> str:
    """Text that is no Markdown, HTML or end of a cell."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#!&@" else char for char in neutralise(value))


def _annotations(finding: Finding) -> list[str]:
    title = _property(f"{finding.rule} {finding.ref}")
    way_out = f"\n{finding.fix}" if finding.fix else ""
    message = _message(f"{finding.message}{way_out}")
    command = COMMANDS[finding.level]
    if not finding.locations:
        return [f"::{command} title={title}::{message}"]
    lines = []
    for place in finding.locations:
        where = f"file={_property(place.path)}" + (f",line={place.line}" if place.line else "")
        where += f",col={place.column}" if place.column else ""
        lines.append(f"::{command} {where},title={title}::{message}")
    return lines


def _message(message: str) -> str:
    """Escaped as GitHub's own toolkit does; line breaks of ours survive, controls of others do not."""
    shown = "\n".join(neutralise(line) for line in message.split("\n"))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _message(neutralise(value)).replace(":", "%3A").replace(",", "%2C")
