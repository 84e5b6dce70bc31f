"""The command line. A run ends with one of four exit codes; 0 needs a verdict that allows it."""

import argparse
import contextlib
import io
import math
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

from understudy import __version__
from understudy.api import ask
from understudy.errors import CouldNotCheckError, UsageError
from understudy.manifest import read_manifest
from understudy.models import Answer, CheckRequest, Verdict
from understudy.report import render_report
from understudy.server import TOKEN_VARIABLE, URL_VARIABLE, find_server
from understudy.terminal import neutralise, redact, wants_colour

DEFAULT_ENVIRONMENT = "production"
DEFAULT_TIMEOUT_SECONDS = 30.0
MAX_TIMEOUT_SECONDS = 3600.0


class ExitCode(IntEnum):
    """What a pipeline can rely on."""

    PASSED = 0
    FAILED = 1
    WRONG_USAGE = 2
    COULD_NOT_CHECK = 3


VERDICT_CODES = {
    Verdict.PASS: ExitCode.PASSED,
    Verdict.WARN: ExitCode.PASSED,
    Verdict.FAIL: ExitCode.FAILED,
    Verdict.UNKNOWN: ExitCode.COULD_NOT_CHECK,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong arguments leave through argparse with 2."""
    # A character the log's encoding lacks must not turn a verdict into an error.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return _guarded(lambda: check(_build_parser().parse_args(argv)))


def check(options: argparse.Namespace) -> ExitCode:
    """Ask the server about the manifest's models, print its answer, return the verdict's code."""
    question = _build_question(options)
    server = find_server(
        options.url,
        os.environ,
        timeout_seconds=options.timeout,
        allow_plain_http=options.insecure_http,
    )
    answer = ask(server, question)
    if options.format == "json":
        _show_json(answer, secret=server.token)
    else:
        _show_text(answer, question, secret=server.token)
    if answer.verdict is Verdict.UNKNOWN:
        problem = "the server answered, but lacks the fresh facts for a verdict"
        raise CouldNotCheckError(problem)
    return VERDICT_CODES[answer.verdict]


def _build_question(options: argparse.Namespace) -> CheckRequest:
    """The manifest's question, with what the command line says instead."""
    manifest = read_manifest(options.manifest)
    system = options.system or manifest.system
    if system is None:
        way_out = 'Add system = "product-search" at its top, or pass --system.'
        problem = f"{options.manifest}: system is missing. {way_out}"
        raise UsageError(problem)
    return CheckRequest(
        system=system,
        environment=options.environment or manifest.environment or DEFAULT_ENVIRONMENT,
        models=manifest.models,
        commit=options.commit or None,
        source_url=options.source_url or None,
    )


def _show_text(answer: Answer, question: CheckRequest, *, secret: str) -> None:
    text = render_report(answer, question, in_colour=wants_colour(sys.stdout))
    sys.stdout.write(redact(text, secret))


def _show_json(answer: Answer, *, secret: str) -> None:
    """The server's bytes as they came. Latin-1 maps each byte to one character and back."""
    text = redact(answer.body.decode("latin-1"), secret)
    sys.stdout.buffer.write(text.encode("latin-1").rstrip(b"\n") + b"\n")


def _guarded(run: Callable[[], ExitCode]) -> ExitCode:
    """The code of `run`. An exception is no verdict: Python's own code for one, 1, says fail."""
    try:
        code = run()
        sys.stdout.flush()
    except UsageError as error:
        return _complain(ExitCode.WRONG_USAGE, str(error))
    except CouldNotCheckError as error:
        return _complain(ExitCode.COULD_NOT_CHECK, f"could not check: {error}", error.hint)
    except KeyboardInterrupt:
        return _complain(ExitCode.COULD_NOT_CHECK, "could not check: interrupted")
    except Exception as error:  # noqa: BLE001  (the last guard before the exit code)
        _give_up_stdout()
        reason = f"could not check: {type(error).__name__}: {error}"
        return _complain(ExitCode.COULD_NOT_CHECK, reason)
    return code


def _complain(code: ExitCode, problem: str, hint: str = "") -> ExitCode:
    """Say on stderr what is wrong and what to do, and return `code`."""
    secret = os.environ.get(TOKEN_VARIABLE, "").strip()
    lines = [neutralise(redact(line, secret)) for line in (problem, hint) if line]
    # A closed or full stderr must not change the code either.
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write("".join(f"understudy: {line}\n" for line in lines))
    return code


def _give_up_stdout() -> None:
    """Let nothing more be written there: the flush at exit would fail again and change the code."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="understudy",
        description="Asks an Understudy server whether a system may ship with the models it names.",
        epilog="Exit codes: 0 pass or warn, 1 fail, 2 wrong usage, 3 could not check.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_check(commands)
    return parser


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "ask for a verdict on the models in the manifest"
    parser = commands.add_parser("check", help=text, description=text, allow_abbrev=False)
    add = parser.add_argument
    add("--manifest", type=Path, default=Path("understudy.toml"), help="default: %(default)s")
    add("--url", help=f"address of the server; default: {URL_VARIABLE}")
    add("--system", type=_filled, help="slug; default: the manifest's")
    add(
        "--environment",
        type=_filled,
        help=f"slug; default: the manifest's, or {DEFAULT_ENVIRONMENT}",
    )
    add("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    add("--commit", metavar="SHA", help="the commit that is checked, kept with the answer")
    add("--source-url", metavar="URL", help="a link to the pipeline run, kept with the answer")
    add(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_SECONDS,
        metavar="SECONDS",
        help="for the whole call, retries included; default: %(default)g",
    )
    add("--insecure-http", action="store_true", help="send the token over plain http all the same")
    add("--token", action=_RefuseToken, help=argparse.SUPPRESS)


class _RefuseToken(argparse.Action):
    """Answers an obvious guess without repeating what was given."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        """Leave with the usage exit code."""
        reason = "an argument would show in process lists and CI logs"
        parser.error(f"the token is read from {TOKEN_VARIABLE}: {reason}")


def _filled(text: str) -> str:
    """An argument that an unset CI variable would leave empty, and so change what is asked."""
    if not text.strip():
        problem = "is empty"
        raise argparse.ArgumentTypeError(problem)
    return text.strip()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_TIMEOUT_SECONDS:
        message = f"must be a number of seconds above 0 and up to {MAX_TIMEOUT_SECONDS:g}"
        raise argparse.ArgumentTypeError(message)
    return seconds
