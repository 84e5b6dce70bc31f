"""The few facts that show whether anything about a repository moved, from wherever they come. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from huggingface_hub import ModelInfo

from registry.records import JSON, Gating, ListingRecord
from registry.upstream.base import Kept
from registry.upstream.hub_records import GATED


@dataclass(frozen=True, slots=True)
class State:
    """What the Hub shows of a repository, in a list as well as alone. `id` as the Hub spells it."""

    id: str
    key: str | None
    sha: str | None
    gated: Any
    is_disabled: Any

    @classmethod
    def of(cls, info: ModelInfo) -> "State":
        return cls(info.id, getattr(info, "_id", None), info.sha, info.gated, info.disabled)

    @property
    def gating(self) -> Gating | None:
        return GATED.get(self.gated) if isinstance(self.gated, bool | str) else None

    def as_answer(self, asked: str) -> JSON:
        """As a row of a list, which hides the rest."""
        stated = {"id": self.id, "_id": self.key, "sha": self.sha, "gated": self.gated, "disabled": self.is_disabled}
        known = {name: value for name, value in stated.items() if value is not None} | {"listed": True}
        return known if self.id == asked else known | {"asked": asked}

    def line(self, asked: str) -> tuple[object, ...]:
        """What stands for the repository in the digest of its namespace."""
        return (asked, self.id.casefold(), self.key, self.sha, self.gating, self.is_disabled)


def is_as_known(kept: Kept, state: State) -> bool:
    """Whether there is nothing new, so that nothing needs to be read."""
    return (
        has_known_content(kept, state)
        and kept.before is not None
        and (kept.before.gating, kept.before.is_disabled) == (state.gating, state.is_disabled)
    )


def has_known_content(kept: Kept, state: State) -> bool:
    """Whether card and files are those that are known: the same repository at the same revision under the same name."""
    before = kept.before
    if before is None or kept.is_held or before.sha is None or not _is_readable(state):
        return False
    is_same = (before.upstream_id, before.sha) == (state.key, state.sha)
    return is_same and _name_of(before).casefold() == state.id.casefold()


def is_known_refusal(kept: Kept, problem: str) -> bool:
    """Whether a refusal only says what is known: that a repository is disabled, or behind a gate."""
    before = kept.before
    if before is None or kept.is_held:
        return False
    if problem == "disabled":
        return before.is_disabled is True
    return problem == "gated" and before.gating in {"auto", "manual"}


def digest_of(lines: Iterable[tuple[object, ...]]) -> str:
    """The same for the same lines, in whatever order they come."""
    return hashlib.sha256("\n".join(sorted(map(repr, lines))).encode()).hexdigest()


def _is_readable(state: State) -> bool:
    return state.gating is not None and isinstance(state.is_disabled, bool)


def _name_of(record: ListingRecord) -> str:
    return record.renamed_to or record.external_id
