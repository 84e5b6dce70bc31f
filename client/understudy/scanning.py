"""From the folder that was asked about to the uses in it, with paths as the repository writes them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from understudy.errors import UsageError
from understudy.models import Looked
from understudy.scan.hits import Certainty, Scan, Use
from understudy.scan.run import scan_path


def scan_folder(path: Path, *, leave_out: Iterable[Path] = ()) -> Scan:
    """The scan of `path`; paths in it are relative to the working directory. An ignore without a reason is refused."""
    if not path.exists():
        message = f"{path}: there is no such file or folder. Name one that is there."
        raise UsageError(message)
    prefix = _prefix(path)
    scan = scan_path(path, leave_out=frozenset(_below(path, other) for other in leave_out))
    if scan.bad_ignores:
        raise UsageError("\n".join(f"{prefix}{problem}" for problem in scan.bad_ignores))
    return replace(
        scan,
        uses=tuple(_moved(use, prefix) for use in scan.uses),
        unresolved=tuple(_moved(use, prefix) for use in scan.unresolved),
        skipped=tuple(replace(one, path=f"{prefix}{one.path}") for one in scan.skipped),
    )


def looked_of(scan: Scan, certainty: Certainty) -> Looked:
    """What to tell of a scan beside its findings."""
    uses = scan.at_least(certainty)
    return Looked(
        files=scan.files,
        mentions=len(uses),
        models=len({(use.hit.ref or "").casefold() for use in uses}),
        unresolved=tuple(f"{use.path}:{use.hit.line}: {use.hit.how}: {use.hit.wording}" for use in scan.unresolved),
        skipped=tuple(f"{one.path}: {one.reason}" for one in scan.skipped),
    )


def _prefix(path: Path) -> str:
    """What goes before a path below `path`: empty for the working directory and for what lies outside of it."""
    folder = path.parent if path.is_file() else path
    try:
        below = folder.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return ""
    return "" if below == "." else f"{below}/"


def _below(folder: Path, other: Path) -> str:
    try:
        return other.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return ""


def _moved(use: Use, prefix: str) -> Use:
    return replace(use, path=f"{prefix}{use.path}")
