"""The command line. A run ends with one of four exit codes; 0 needs a verdict that allows it."""

import contextlib
import io
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module

from understudy.arguments import build_parser
from understudy.errors import CouldNotCheckError, UsageError
from understudy.exit_codes import ExitCode
from understudy.terminal import TOKEN_VARIABLE, neutralise, redact


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong arguments leave through argparse with 2."""
    # A character the log's encoding lacks must not turn a verdict into an error.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return _guarded(lambda: _run(build_parser().parse_args(argv)))


def exit_with_code() -> None:
    """The entry of the zipapp, which looks at no return value."""
    sys.exit(main())


def _run(options: Namespace) -> ExitCode:
    """Import the module of the command that was asked for, and run it."""
    code: ExitCode = import_module(f"understudy.commands.{options.command}").run(options)
    return code


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
    lines = [neutralise(redact(line, secret)) for line in (*problem.split("\n"), hint) if line]
    # A closed or full stderr must not change the code either.
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write("".join(f"understudy: {line}\n" for line in lines))
    return code


def _give_up_stdout() -> None:
    """Let nothing more be written there: the flush at exit would fail again and change the code."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
