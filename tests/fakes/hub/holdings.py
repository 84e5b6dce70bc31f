"""What the fake Hub holds and how it changes: the part of it that knows nothing of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.fakes.hub.clock import Clock
from tests.fakes.hub.files import files_of
from tests.fakes.hub.log import WEIGHTS, Log, Request
from tests.fakes.hub.pages import API
from tests.fakes.hub.quota import Quota
from tests.fakes.hub.repositories import Row, Shelf, digest_of, from_metadata, generated, licensed, repository, stamp

TOKEN = "hf_fake"
PUBLIC = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, for which requests, and from when until when on the Hub's clock; None for no end."""

    mode: str
    on: str = ""
    namespace: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def concerns(self, path: str, author: str, now: datetime) -> bool:
        return (
            self.on in path
            and (not self.namespace or self.namespace == author)
            and (self.since is None or self.since <= now)
            and (self.until is None or now < self.until)
        )


class Holdings:
    """`repositories` may be changed between requests; `log` holds every request in order.

    `links_to` is the address in the links to next pages: the public Hub's, as a mirror that passes them on has them;
    "" for the fake's own.
    """

    def __init__(self, *names: str, quota: int | None = None, log: Path | None = None, links_to: str = PUBLIC) -> None:
        self.clock = Clock()
        self.quota = Quota(self.clock, quota)
        self.repositories = Shelf()
        self.renames: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.tokens = {TOKEN}
        self.links_to = links_to
        # A second is what it takes a slow real server; tests have less patience.
        self.seconds_per_byte = 0.05
        self.requests = Log(log)
        self._written: dict[str, dict[str, bytes]] = {}
        self._past: dict[tuple[str, str], tuple[Row, dict[str, bytes]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str, **fields: Any) -> None:
        """A repository appears. Under a name that was freed by a rename it ends the redirect, as on the Hub."""
        self.repositories[name] = repository(name, **fields)

    def change(self, name: str, **fields: Any) -> None:
        """Let the repository `name` be otherwise from now on, without a commit: gate, visibility, downloads."""
        self.repositories[name] = self.repositories[name] | fields

    def commit(self, name: str, **fields: Any) -> None:
        """As `change`, with a commit: the sha moves and the earlier revision can still be asked for."""
        row = self.repositories[name]
        self._past[name, row["sha"]] = (row, self.files(name))
        moved = {"sha": digest_of(f"{row['sha']} {fields}"), "lastModified": stamp(self.clock.now())}
        self.change(name, **moved | fields)

    def relicense(
        self, name: str, license_: str | Sequence[str] | None, *, moves_sha: bool = True, **card: Any
    ) -> None:
        """Card and tags name another license; `card` may add `license_name` and `license_link`."""
        change = self.commit if moves_sha else self.change
        change(name, **licensed(license_, **card))

    def write(self, name: str, path: str, text: str) -> None:
        """Commit a file."""
        content = text.encode()
        self.commit(name, written=f"{path} {digest_of(text)}")
        self._written.setdefault(name, {})[path] = content

    def rename(self, old: str, new: str) -> None:
        """As on the Hub: the same `_id` under another name, and the old one redirects."""
        self.repositories[new] = self.repositories.pop(old) | {"id": new, "author": new.partition("/")[0]}
        self._written[new] = self._written.pop(old, {})
        self.renames[old] = new

    def remove(self, name: str) -> None:
        del self.repositories[name]
        self._written.pop(name, None)

    def reregister(self, name: str, **fields: Any) -> None:
        """Somebody else takes the name, freed or not: another `_id`, another content."""
        self.repositories.pop(name, None)
        self._written.pop(name, None)
        other = digest_of(f"{name} of somebody else")
        self.add(name, **{"_id": other[:24], "sha": other, "createdAt": stamp(self.clock.now())} | fields)

    def fail(
        self,
        mode: str,
        *,
        on: str = "",
        namespace: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Requests whose address holds `on` go wrong, or all about a namespace; `mode` is a key of `FAULTS`.

        What was said last about a request counts.
        """
        self.faults.insert(0, Fault(mode, on, namespace, since, until))

    def recover(self) -> None:
        self.faults.clear()

    def fault_of(self, target: str, author: str) -> str | None:
        now = self.clock.now()
        return next((fault.mode for fault in self.faults if fault.concerns(target, author, now)), None)

    def seed(self, metadata: Path, *, limit: int | None = None) -> None:
        """Take real repositories from the model metadata of the `mteb` package."""
        self.repositories.update({row["id"]: row for row in from_metadata(metadata, limit=limit)})

    def generate(self, models: int, *, namespaces: int) -> None:
        self.repositories.update({row["id"]: row for row in generated(models, namespaces=namespaces)})

    def renamed(self, name: str) -> str | None:
        """Where `name` redirects to; None once somebody has taken the name again."""
        return None if self.repositories.find(name) else self.renames.get(name)

    def files(self, name: str) -> dict[str, bytes]:
        return files_of(self.repositories[name], self._written.get(name, {}))

    def at(self, name: str, revision: str) -> tuple[Row, dict[str, bytes]] | None:
        """The public repository `name` with its files at a branch or commit; None if it has no such revision."""
        row = self.repositories.find(name)
        if row is None:
            return None
        now = (row, self.files(row["id"]))
        return now if revision in {"main", row["sha"]} else self._past.get((row["id"], revision))

    @property
    def log(self) -> list[Request]:
        return self.requests.requests

    @property
    def early(self) -> list[Request]:
        """Requests of callers who had been told to wait and did not."""
        return self.requests.early

    @property
    def weights_asked(self) -> list[Request]:
        return [request for request in self.log if request.note == WEIGHTS]

    @property
    def asked(self) -> list[str]:
        """The ids that were asked for, in order."""
        return [request.path.removeprefix(f"{API}/") for request in self.log if request.path.startswith(f"{API}/")]
