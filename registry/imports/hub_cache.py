"""A cache folder of huggingface_hub -> the models in it, with the revisions that lie there. Reads names, never weights."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from huggingface_hub import CachedRepoInfo, CachedRevisionInfo, CacheNotFound, scan_cache_dir

from registry.imports.faults import Fault, Refused
from registry.imports.files import Document
from registry.imports.found import Found

_BRANCHES = ("main", "master")


def read_hub_cache(folder: Path) -> Document:
    """The models of the folder; what cannot be read is told, data sets and spaces are passed over. Raises `Refused`."""
    try:
        cache = scan_cache_dir(folder)
    except (CacheNotFound, ValueError) as error:
        raise Refused([Fault(str(folder), "", "is no cache folder of huggingface_hub")]) from error
    models = sorted((repo for repo in cache.repos if repo.repo_type == "model"), key=lambda repo: repo.repo_id)
    left_out = [Fault("", "", " ".join(str(warning).split())) for warning in cache.warnings]
    if not models:
        raise Refused([Fault(str(folder), "", "holds no model"), *left_out])
    return Document(found=[_found(repo) for repo in models], left_out=left_out)


def _found(repo: CachedRepoInfo) -> Found:
    newest = _in_use(repo.revisions)
    return Found(
        place=repo.repo_path.name,
        ref=f"pkg:huggingface/{repo.repo_id}",
        name=repo.repo_id.rpartition("/")[2],
        revision=newest.commit_hash if newest else "",
        note=_note(repo.revisions),
    )


def _in_use(revisions: Iterable[CachedRevisionInfo]) -> CachedRevisionInfo | None:
    """The revision that a branch points at, else the one that was fetched last; None for a folder without any."""
    ordered = sorted(revisions, key=lambda one: (bool(one.refs.intersection(_BRANCHES)), one.last_modified))
    return ordered[-1] if ordered else None


def _note(revisions: Iterable[CachedRevisionInfo]) -> str:
    ordered = sorted(revisions, key=lambda one: one.last_modified, reverse=True)
    return "revisions found: " + (", ".join(_told(one) for one in ordered) or "none")


def _told(revision: CachedRevisionInfo) -> str:
    fetched = datetime.fromtimestamp(revision.last_modified, tz=UTC).date()
    refs = f", {'/'.join(sorted(revision.refs))}" if revision.refs else ""
    return f"{revision.commit_hash} ({fetched}{refs})"
