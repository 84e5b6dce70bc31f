"""The license file of a repository at one revision: which one it is, and what it says."""

import hashlib
from collections.abc import Sequence

from django.conf import settings
from huggingface_hub import ModelInfo, get_session, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # only its stubs do not say so

from registry.records import JSON, ListingRecord
from registry.upstream import hub_client
from registry.upstream.base import UpstreamError
from registry.upstream.hub_client import MAX_TEXT, is_license_text
from registry.upstream.hub_model import UNREADABLE, problem_of

# In this order. A PDF is told apart by its blob id and never read.
FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENSE.pdf")


def license_file(info: ModelInfo, before: ListingRecord | None) -> JSON | None:
    """The license file at the revision of `info`; None if it has none, or shows none to us.

    With its text only where the file is another than the one known. Raises `UpstreamError` for no answer.
    """
    if not isinstance(info.sha, str):
        return None
    file = next(iter(_described(info.id, info.sha, _names(info))), None)
    if file is None:
        return None
    found: JSON = {"path": file.path, "oid": file.blob_id}
    if before is not None and before.license_file == file.blob_id:
        return found | ({"sha256": before.license_text} if before.license_text else {})
    said = _text(info.id, info.sha, file)
    return found if said is None else found | {"text": said}


def _names(info: ModelInfo) -> Sequence[str]:
    """Where a license may be: first in the file of the repository that its card links to."""
    link = getattr(info.card_data, "license_link", None)
    named = [link] if isinstance(link, str) and is_license_text(link) else []
    return list(dict.fromkeys([*named, *FILES]))


def _described(repository: str, revision: str, names: Sequence[str]) -> Sequence[RepoFile]:
    try:
        found = hub_client.api().get_paths_info(repository, list(names), revision=revision)
    except HfHubHTTPError as error:
        problem = problem_of(error)
        if problem.kind == "gated":
            return []
        raise UpstreamError(f"its files are not described: {problem.detail}", retryable=True) from error
    except UNREADABLE as error:
        reason = f"the description of its files cannot be read ({type(error).__name__})"
        raise UpstreamError(reason, retryable=True) from error
    by_name = {file.path: file for file in found if isinstance(file, RepoFile)}
    return [by_name[name] for name in names if name in by_name]


def _text(repository: str, revision: str, file: RepoFile) -> str | None:
    """None where there is no text to be had: too long, kept as a large file, no text, elsewhere, or behind a gate."""
    if file.lfs is not None or file.size > MAX_TEXT or not is_license_text(file.path):
        return None
    url = hf_hub_url(repository, file.path, revision=revision, endpoint=settings.HF_ENDPOINT)
    try:
        response = get_session().get(url, headers=build_hf_headers(token=settings.HF_TOKEN or False))
    except UpstreamError as error:
        if error.retryable:
            raise
        return None
    return _decoded(response.content, file.blob_id) if response.is_success else None


def _decoded(content: bytes, blob_id: str) -> str | None:
    """Raises `UpstreamError` for anything but the file that was described: half of it, or a page to sign in."""
    if _blob_id(content) != blob_id:
        raise UpstreamError("the Hub sent another license text than it described", retryable=True)
    try:
        said = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in said else said


def _blob_id(content: bytes) -> str:
    """What Git calls a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
