"""`understudy check`: scan, compare with the manifest, ask the server once, print, end with the verdict's code."""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from understudy.api import ask
from understudy.baseline import NAME as BASELINE
from understudy.baseline import read_baseline
from understudy.compare import Comparison, compare, is_production
from understudy.errors import CouldNotCheckError, UsageError
from understudy.exit_codes import VERDICT_CODES, ExitCode
from understudy.finding_prints import with_fingerprints
from understudy.formats import FORMATS
from understudy.identity import authorised
from understudy.kept import NotTrustedError, SignedVerdict, Trust, find_trust, keep, recall
from understudy.manifest import read_manifest
from understudy.models import MAX_MODELS, Answer, CheckRequest, Finding, Level, Looked, Manifest, Report, Verdict
from understudy.scan.hits import Certainty, Scan
from understudy.scanning import looked_of, scan_folder
from understudy.server import find_server
from understudy.terminal import TOKEN_VARIABLE, neutralise, redact, wants_colour

DEFAULT_ENVIRONMENT = "production"
MANIFEST = "understudy.toml"
NONPRODUCTION = "nonproduction"
NOT_KNOWN = "the server answered, but lacks the fresh facts for a verdict"
_OF_LEVELS = ((Level.ERROR, Verdict.FAIL), (Level.WARNING, Verdict.WARN), (Level.NOTE, Verdict.PASS))
_WEIGHTS = (Verdict.PASS, Verdict.WARN, Verdict.UNKNOWN, Verdict.FAIL)


def run(options: argparse.Namespace) -> ExitCode:
    """Check one system and return the code of the verdict; no exception becomes a verdict."""
    manifest_path = options.manifest or (options.path or Path()) / MANIFEST
    manifest = read_manifest(manifest_path)
    question = _question(options, manifest, manifest_path)
    comparison, looked, is_complete = _compared(options, manifest, manifest_path, question.environment)
    question = replace(question, models=comparison.models, is_complete=is_complete)
    trust = find_trust(os.environ)
    server = find_server(
        options.url, os.environ, timeout_seconds=options.timeout, allow_plain_http=options.insecure_http
    )
    try:
        server = authorised(server, os.environ, system=question.system)
        # Whatever is shown from here on, an error of the last resort too, is cleaned of it.
        os.environ[TOKEN_VARIABLE] = server.token
        answer = ask(server, question)
    except CouldNotCheckError as error:
        report = _without_answer(question, comparison, looked, error, trust)
    else:
        if trust is not None:
            _keep(trust, question, answer, secret=server.token)
        report = _report(question, comparison, looked, answer, trust)
    _show(report, options, secret=server.token)
    return _code(report, options)


def _question(options: argparse.Namespace, manifest: Manifest, path: Path) -> CheckRequest:
    """The manifest's question, with what the command line says instead."""
    system = options.system or manifest.system
    if system is None:
        way_out = 'Add system = "product-search" at its top, or pass --system.'
        problem = f"{path}: system is missing. {way_out}"
        raise UsageError(problem)
    return CheckRequest(
        system=system,
        environment=options.environment or manifest.environment or DEFAULT_ENVIRONMENT,
        models=manifest.models,
        commit=options.commit or None,
        source_url=options.source_url or None,
    )


def _compared(
    options: argparse.Namespace, manifest: Manifest, manifest_path: Path, environment: str
) -> tuple[Comparison, Looked | None, bool]:
    """The manifest beside what the scan saw, and whether that is all there is; without a scan, the manifest alone."""
    if options.no_scan:
        return Comparison(manifest.models, ()), None, False
    folder = options.path or manifest_path.parent
    baseline = options.baseline or _found(manifest_path.parent / BASELINE)
    scan = scan_folder(folder, leave_out=[manifest_path, *([baseline] if baseline else [])])
    certainty = Certainty(options.certainty)
    sure = {id(use) for use in scan.at_least(certainty)}
    uses = [use for use in scan.uses if id(use) in sure or use.ignored is not None]
    comparison = compare(
        manifest.models,
        uses,
        environment=environment,
        baseline=read_baseline(baseline) if baseline else (),
        has_looked=scan.files > 0,
    )
    if len(comparison.models) > MAX_MODELS:
        problem = f"{len(comparison.models)} models; the server takes {MAX_MODELS} in one check. Check parts of the repository by path."
        raise UsageError(problem)
    is_whole = manifest.may_be_complete and manifest_path.resolve().is_relative_to(folder.resolve())
    return comparison, looked_of(scan, certainty) if scan.files else None, is_whole and _saw_all(scan, comparison)


def _saw_all(scan: Scan, comparison: Comparison) -> bool:
    """Whether the models asked about are all that the files use: nothing was passed over, unread or not worked out."""
    is_silent = any(finding.suppression is not None for finding in comparison.findings)
    return scan.files > 0 and not (scan.unresolved or scan.skipped or is_silent)


def _found(path: Path) -> Path | None:
    return path if path.exists() else None


def _report(
    question: CheckRequest, comparison: Comparison, looked: Looked | None, answer: Answer, trust: Trust | None
) -> Report:
    """The server's findings and the client's; the worse verdict of the two."""
    report = _combined(question, comparison, looked, answer.verdict, answer)
    if answer.verdict is not Verdict.UNKNOWN:
        return report
    if not _closes(question.environment, answer):
        return _combined(question, comparison, looked, Verdict.WARN, answer, trouble=NOT_KNOWN)
    kept, why = _recalled(trust, question)
    if kept is None:
        return report
    return _combined(question, comparison, looked, kept.verdict, answer, trouble=f"{NOT_KNOWN}; {why}", is_kept=True)


def _closes(environment: str, answer: Answer) -> bool:
    """Whether what is not known stops: the register's word on the environment counts before its name."""
    if answer.environment_class is None:
        return is_production(environment)
    return answer.environment_class != NONPRODUCTION


def _without_answer(
    question: CheckRequest,
    comparison: Comparison,
    looked: Looked | None,
    error: CouldNotCheckError,
    trust: Trust | None,
) -> Report:
    """What is left where nobody answered: in production the last signed verdict, elsewhere a warning.

    Raises `error` where neither helps: a question that was refused is refused, whatever was said before.
    """
    if not error.is_passing:
        raise error
    if not is_production(question.environment):
        return _combined(question, comparison, looked, Verdict.WARN, None, trouble=str(error))
    kept, why = _recalled(trust, question)
    if kept is None:
        hint = " ".join(part for part in (error.hint, why) if part)
        raise CouldNotCheckError(str(error), hint=hint) from error
    return _combined(question, comparison, looked, kept.verdict, None, trouble=f"{error}; {why}", is_kept=True)


def _recalled(trust: Trust | None, question: CheckRequest) -> tuple[SignedVerdict | None, str]:
    """The kept verdict if it lets pass, and a clause on it; only what was green can stand in for an answer."""
    if trust is None:
        return None, ""
    try:
        kept = recall(trust, question, now=time.time())
    except NotTrustedError as error:
        return None, f"The last verdict {error}."
    if kept.verdict not in {Verdict.PASS, Verdict.WARN}:
        return None, f"The last signed verdict does not help: {kept}."
    return kept, f"going by the last signed verdict: {kept}"


def _keep(trust: Trust, question: CheckRequest, answer: Answer, *, secret: str) -> None:
    trouble = keep(trust, question, answer, now=time.time())
    if trouble:
        text = f"this answer cannot stand in for a later one: {trouble}"
        sys.stderr.write(f"understudy: {neutralise(redact(text, secret))}\n")


def _combined(
    question: CheckRequest,
    comparison: Comparison,
    looked: Looked | None,
    known: Verdict,
    answer: Answer | None,
    *,
    trouble: str | None = None,
    is_kept: bool = False,
) -> Report:
    findings = with_fingerprints((*(answer.findings if answer else ()), *comparison.findings))
    return Report(
        system=question.system,
        environment=question.environment,
        verdict=max(known, _verdict_of(comparison.findings), key=_WEIGHTS.index),
        models=question.models,
        findings=findings,
        answer=answer,
        looked=looked,
        trouble=trouble,
        is_kept=is_kept,
    )


def _verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    levels = {finding.level for finding in findings}
    return next((verdict for level, verdict in _OF_LEVELS if level in levels), Verdict.PASS)


def _show(report: Report, options: argparse.Namespace, *, secret: str) -> None:
    if report.trouble is not None:
        sys.stderr.write(f"understudy: could not check: {neutralise(redact(report.trouble, secret))}\n")
    in_colour = options.format == "text" and wants_colour(sys.stdout)
    text = FORMATS[options.format](report, in_colour=in_colour, verbose=options.verbose)
    sys.stdout.write(redact(text, secret))


def _code(report: Report, options: argparse.Namespace) -> ExitCode:
    """The exit code, as strict as was asked for. What could not be checked stays so, whatever was asked for."""
    if report.verdict is Verdict.UNKNOWN:
        raise CouldNotCheckError(NOT_KNOWN)
    if options.warn_only:
        return ExitCode.PASSED
    if options.fail_on == "warning" and report.verdict is Verdict.WARN and (report.is_kept or not report.trouble):
        return ExitCode.FAILED
    return VERDICT_CODES[report.verdict]
