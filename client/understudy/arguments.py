"""What can be said on the command line. Nothing is imported for it that a command alone needs."""

import argparse
import math
from pathlib import Path
from typing import NoReturn, TypeAlias

from understudy import __version__
from understudy.terminal import TOKEN_VARIABLE

URL_VARIABLE = "UNDERSTUDY_URL"
DEFAULT_TIMEOUT_SECONDS = 10.0
MAX_TIMEOUT_SECONDS = 3600.0
CHECK_FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")
CERTAINTIES = ("certain", "likely", "guess")

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  (it has no other name)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` in its result names the module to run."""
    parser = argparse.ArgumentParser(
        prog="understudy",
        description="Finds the AI models that code names, and asks an Understudy server whether they may ship.",
        epilog="Exit codes: 0 pass or warn, 1 fail, 2 wrong usage, 3 could not check.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    _add_check(commands)
    _add_scan(commands)
    _add_init(commands)
    _add_explain(commands)
    return parser


def _command(commands: Commands, name: str, text: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=text, description=text, allow_abbrev=False)


def _add_path(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "path", nargs="?", type=Path, metavar="PATH", help=f"folder or file to scan; default: {default}"
    )


def _add_certainty(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--certainty",
        choices=CERTAINTIES,
        default="likely",
        help="how sure a mention has to be to count; default: %(default)s",
    )


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="list what could not be resolved or read, too")


def _add_scan(commands: Commands) -> None:
    parser = _command(commands, "scan", "list the models that files name; asks no server")
    _add_path(parser, "the working directory")
    _add_certainty(parser)
    _add_verbose(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    parser.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="write what was found to FILE, to be accepted by check"
    )


def _add_init(commands: Commands) -> None:
    parser = _command(commands, "init", "write understudy.toml from a scan")
    _add_path(parser, "the working directory")
    _add_certainty(parser)
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="default: PATH/understudy.toml")
    parser.add_argument("--system", type=_filled, help="slug; default: from the name of the folder")
    parser.add_argument("--force", action="store_true", help="write over a manifest that is there")


def _add_explain(commands: Commands) -> None:
    parser = _command(commands, "explain", "what a rule means, and the shortest way to green")
    parser.add_argument("rule", nargs="?", metavar="RULE", help="as in UD403; without it, the list of rules")


def _add_check(commands: Commands) -> None:
    parser = _command(commands, "check", "scan, compare with the manifest, and ask for a verdict")
    _add_path(parser, "the folder of the manifest")
    add = parser.add_argument
    add("--manifest", type=Path, metavar="FILE", help="default: PATH/understudy.toml")
    add("--url", help=f"address of the server; default: {URL_VARIABLE}")
    add("--system", type=_filled, help="slug; default: the manifest's")
    add("--environment", type=_filled, help="slug; default: the manifest's, or production")
    add("--format", choices=CHECK_FORMATS, default="text", help="default: %(default)s")
    _add_certainty(parser)
    _add_verbose(parser)
    add("--no-scan", action="store_true", help="ask about the manifest alone")
    add("--baseline", type=Path, metavar="FILE", help="default: understudy-baseline.json beside the manifest, if there")
    strictness = parser.add_mutually_exclusive_group()
    strictness.add_argument("--warn-only", action="store_true", help="a verdict never fails the build (1 becomes 0)")
    strictness.add_argument(
        "--fail-on", choices=("error", "warning"), default="error", help="the lightest that fails; default: %(default)s"
    )
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
