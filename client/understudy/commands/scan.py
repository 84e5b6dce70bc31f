"""`understudy scan`: what models the files of a folder name. Asks nobody."""

import argparse
import json
import sys
from pathlib import Path

from understudy.baseline import render_baseline
from understudy.exit_codes import ExitCode
from understudy.models import Location
from understudy.scan.hits import Certainty, Scan, Use
from understudy.scanning import looked_of, scan_folder
from understudy.terminal import neutralise
from understudy.wording import counted, looked_at


def run(options: argparse.Namespace) -> ExitCode:
    """Print what was found. 0 whatever that is: nothing is judged here."""
    scan = scan_folder(options.path or Path())
    certainty = Certainty(options.certainty)
    if options.write_baseline is not None:
        options.write_baseline.write_text(render_baseline(scan.at_least(certainty)), encoding="utf-8")
        written = counted(len(scan.at_least(certainty)), "mention")
        sys.stdout.write(f"{neutralise(str(options.write_baseline))}: {written}, accepted from now on\n")
        return ExitCode.PASSED
    sys.stdout.write(_as_json(scan, certainty) if options.format == "json" else _as_text(scan, certainty, options))
    return ExitCode.PASSED


def _as_text(scan: Scan, certainty: Certainty, options: argparse.Namespace) -> str:
    looked = looked_of(scan, certainty)
    lines = [_line(use) for use in scan.at_least(certainty)]
    more = len(scan.at_least(Certainty.GUESS)) - len(lines)
    if options.verbose:
        lines += [f"unresolved {text}" for text in looked.unresolved]
        lines += [f"not read {text}" for text in looked.skipped]
    hidden = [f"--certainty guess shows {counted(more, 'more mention')} that may be none"] if more else []
    if (looked.unresolved or looked.skipped) and not options.verbose:
        hidden.append("-v lists what was not resolved or read")
    aside = f" ({'; '.join(hidden)})" if hidden else ""
    lines.append(f"{looked_at(looked)}{aside}")
    return "".join(f"{neutralise(line)}\n" for line in lines)


def _line(use: Use) -> str:
    hit = use.hit
    place = f"{use.path}:{hit.line}:{hit.column}"
    pin = "" if not hit.can_pin else f", pinned to {hit.revision}" if hit.revision else ", not pinned"
    return f"{place}: {hit.ref} ({hit.certainty}, {hit.how}{pin})"


def _as_json(scan: Scan, certainty: Certainty) -> str:
    document = {
        "uses": [_entry(use) for use in scan.at_least(certainty)],
        "unresolved": [_entry(use) for use in scan.unresolved],
        "ignored": [_entry(use) | {"reason": use.ignored} for use in scan.uses if use.ignored is not None],
        "skipped": [{"path": one.path, "reason": one.reason} for one in scan.skipped],
        "files": scan.files,
    }
    return json.dumps(document, indent=2) + "\n"


def _entry(use: Use) -> dict[str, object]:
    hit = use.hit
    place = Location(use.path, hit.line, hit.column)
    return {
        "ref": hit.ref,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "how": hit.how,
        "certainty": hit.certainty.value,
        "wording": hit.wording,
        "revision": hit.revision,
        "can_pin": hit.can_pin,
        "variable": hit.variable,
        "fingerprint": use.fingerprint,
    }
