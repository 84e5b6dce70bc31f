"""`understudy explain UD403`: what a rule means and the shortest way to green, without a network."""

import argparse
import sys

from understudy.errors import UsageError
from understudy.exit_codes import ExitCode
from understudy.rules import rule_texts


def run(options: argparse.Namespace) -> ExitCode:
    """Print one page, or the list of rules."""
    texts = rule_texts()
    if options.rule is None:
        sys.stdout.write("".join(f"{text.code}  {text.title}\n" for text in texts.values()))
        return ExitCode.PASSED
    text = texts.get(options.rule.upper())
    if text is None:
        message = f"{options.rule}: there is no such rule. understudy explain lists them all."
        raise UsageError(message)
    sys.stdout.write(text.page)
    return ExitCode.PASSED
