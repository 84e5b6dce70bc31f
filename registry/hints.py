"""Hints of the Hub that something may have changed. A hint is no fact: it says which namespace to read next, no more.

A replayed message could only cost a request, and the Hub itself replays on demand. So it is known by the digest of its
body and refused; but the Hub dates no message, and a change of the settings (gating among them) is written in the same
bytes each time. Only a message that names a commit is unique for good.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from registry.models import Hint, Offering, Section, Source
from registry.refs import HUB
from registry.upstream import UpstreamError
from registry.upstream.reading import BadField, external_id, one_object, read_json

REMEMBERED = timedelta(days=30)
# Two settings changed in a row give one read; the same setting changed back an hour later gives another.
SAME_WORDS = timedelta(minutes=10)
# A release is a dozen pushes: what comes within this is read together.
GATHERING = timedelta(minutes=1)
_MAIN = "refs/heads/main"
_WHAT_CHANGED = "repo"


class Malformed(ValueError):
    """The body is no message of a Hub webhook; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a webhook says happened: to which repositories, or why that is none of our business."""

    digest: str
    names: tuple[str, ...]
    names_commit: bool = False
    ignored: str = ""

    @property
    def namespaces(self) -> frozenset[str]:
        return frozenset(name.split("/")[0].casefold() for name in self.names if "/" in name)


def read(body: bytes) -> Message:
    """The message in a body of a webhook of version 3; raises `Malformed`. Pure."""
    try:
        message = one_object(read_json(body))
        event, repo = one_object(message.get("event")), one_object(message.get("repo"))
        names = (external_id(repo.get("name")), *_moved_to(message))
    except (UpstreamError, BadField) as error:
        raise Malformed(f"This is no message of a Hub webhook: {error}") from error
    return Message(
        digest=hashlib.sha256(body).hexdigest(),
        names=names,
        names_commit=bool(message.get("updatedRefs")),
        ignored=_why_ignored(event, repo, message),
    )


def _moved_to(message: Mapping[str, Any]) -> tuple[str, ...]:
    moved = message.get("movedTo")
    return () if moved is None else (external_id(one_object(moved).get("name")),)


def _why_ignored(event: Mapping[str, Any], repo: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    if repo.get("type") != "model":
        return "only models are watched"
    # Scopes become narrower over time: `repo.config.dois` is to be read as `repo.config`.
    if str(event.get("scope")).split(".")[0] != _WHAT_CHANGED:
        return "discussions change no model"
    refs = message.get("updatedRefs")
    if isinstance(refs, list) and refs and not any(isinstance(ref, dict) and ref.get("ref") == _MAIN for ref in refs):
        return "the main branch did not move"
    return ""


@transaction.atomic
def take(message: Message, *, now: datetime) -> str:
    """Have what is watched in the message's namespaces read soon; returns why nothing is done, "" where it is."""
    if message.ignored:
        return message.ignored
    watched = _watched(message.namespaces)
    if not watched:
        return "nothing is watched there"
    if not _is_new(message, now=now):
        return "seen before"
    read_soon(watched, now=now)
    return ""


def _watched(namespaces: Collection[str]) -> set[str]:
    """Those of the namespaces (case-folded) in which the register watches a repository."""
    at_hub = Offering.objects.filter(host=HUB)
    return {name for name in namespaces if at_hub.filter(external_key__startswith=f"{name}/").exists()}


def _is_new(message: Message, *, now: datetime) -> bool:
    Hint.objects.filter(received_at__lt=now - REMEMBERED).delete()
    source = Source.objects.get(slug=HUB)
    fields = {"source": source, "subject": message.names[0], "received_at": now}
    hint, is_new = Hint.objects.get_or_create(digest=message.digest, defaults=fields)
    if is_new or message.names_commit:
        return is_new
    # Of two that bring the same message at once, one moves it.
    stale = Hint.objects.filter(pk=hint.pk, received_at__lte=now - SAME_WORDS)
    return stale.update(received_at=now) == 1


def read_soon(namespaces: Collection[str], *, now: datetime) -> None:
    """Mark the namespaces (case-folded) to be read next, and bring the Hub's next poll forward to gather them."""
    for name in namespaces:
        Section.objects.filter(source__slug=HUB, name__iexact=name).update(hinted_at=now)
    soon = now + GATHERING
    # A source that asked for a pause gets it: after a failure the moment stays where the failure put it.
    is_well = Q(last_error_at=None) | Q(last_success_at__gte=F("last_error_at"))
    Source.objects.filter(is_well, slug=HUB, next_due_at__gt=soon).update(next_due_at=soon)
