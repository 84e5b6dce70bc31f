"""`understudy init`: writes a manifest of what a scan finds, for a person to complete."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from understudy.compare import plain
from understudy.errors import UsageError
from understudy.exit_codes import ExitCode
from understudy.scan.hits import Certainty, Use
from understudy.scanning import looked_of, scan_folder
from understudy.terminal import neutralise
from understudy.wording import counted

NAME = "understudy.toml"


def run(options: argparse.Namespace) -> ExitCode:
    """Write the manifest; one that is there already is kept, unless --force says otherwise."""
    folder = options.path or Path()
    target = options.manifest or folder / NAME
    if target.exists() and not options.force:
        message = f"{target}: is there already. Write over it with --force, or name another with --manifest."
        raise UsageError(message)
    scan = scan_folder(folder, leave_out=[target])
    certainty = Certainty(options.certainty)
    uses = scan.at_least(certainty)
    if not uses:
        looked = looked_of(scan, certainty)
        message = (
            f"no model was found in {counted(looked.files, 'file')} ({len(looked.unresolved)} unresolved), so there is nothing to declare. "
            "understudy scan -v lists what could not be resolved; write the manifest by hand."
        )
        raise UsageError(message)
    system = options.system or _slug(folder.resolve().name)
    target.write_text(render_manifest(system, uses), encoding="utf-8")
    found = counted(len({plain(use.hit.ref or "") for use in uses}), "model")
    sys.stdout.write(f"{neutralise(str(target))}: {found} for system {system}. Read it, add purposes, and commit it.\n")
    return ExitCode.PASSED


def render_manifest(system: str, uses: Sequence[Use]) -> str:
    """The text of a manifest: one entry for each model, with the first place where it is used in a comment."""
    groups: dict[str, list[Use]] = {}
    for use in uses:
        groups.setdefault(plain(use.hit.ref or ""), []).append(use)
    lines = [
        "# The AI models that this system uses. understudy check compares it with the code.",
        f"system = {_quoted(system)}",
    ]
    lines.append('environment = "production"')
    for group in groups.values():
        lines += ["", "[[models]]", f"ref = {_quoted(group[0].hit.ref or '')}"]
        revisions = {use.hit.revision for use in group if use.hit.can_pin}
        if len(revisions) == 1 and (revision := revisions.pop()):
            lines.append(f"revision = {_quoted(revision)}")
        lines.append('# purpose = "…"   # what for, as the register calls it')
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        lines.append(f"# {neutralise(group[0].path)}:{group[0].hit.line}{more}")
    return "\n".join(lines) + "\n"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "my-system"


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'
