"""The fake Hub's answers, where nothing goes wrong: lists, metadata, files."""

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

from tests.fakes.hub import faults
from tests.fakes.hub.answers import Answers
from tests.fakes.hub.files import Files, blob_id, described, may_be_asked_for
from tests.fakes.hub.log import WEIGHTS
from tests.fakes.hub.pages import API, Listing, expanded, link, shown
from tests.fakes.hub.repositories import Row

_ID = r"(?P<name>[^/]+(?:/[^/]+)?)"
_MODEL = re.compile(rf"{API}/{_ID}(?:/(?P<verb>revision|paths-info)/(?P<revision>[^/]+))?")
_FILE = re.compile(rf"/{_ID}/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_CACHED_FILE = re.compile(rf"/api/resolve-cache/models/{_ID}/(?P<revision>[0-9a-f]{{40}})/(?P<path>.+)")
_NO_REVISION = {"X-Error-Code": "RevisionNotFound"}
_NO_FILE = {"X-Error-Code": "EntryNotFound"}
_GATED = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to this model is restricted."}


class Handler(Answers):
    """Each request: counted, spoiled if a fault concerns it, refused where its caller is, else answered."""

    def respond(self, body: bytes) -> None:
        self.begin()
        self._body = body
        mode = self.hub.fault_of(self.path, self.author)
        if mode is not None:
            faults.FAULTS[mode](self)
        elif self.hub.quota.is_exceeded(self.caller):
            self._refuse_more()
        elif self.token and not self.has_token:
            faults.bad_token(self)
        else:
            self.proceed()

    def proceed(self) -> None:
        if self.place == API:
            self._list()
        elif self.place == "/api/whoami-v2":
            self._who()
        elif match := _CACHED_FILE.fullmatch(self.place):
            self._send_file(**match.groupdict())
        elif match := _FILE.fullmatch(self.place):
            self._resolve(**match.groupdict())
        elif match := _MODEL.fullmatch(self.place):
            self._model(**match.groupdict())
        else:
            self.answer(404, {"error": "Sorry, we can't find the page you are looking for."})

    def _refuse_more(self) -> None:
        wait = self.hub.quota.block(self.caller)
        self.answer(429, {"error": f"We had to rate limit you, retry after {wait} seconds."})

    def _who(self) -> None:
        if self.has_token:
            self.answer(200, {"type": "user", "name": "understudy"})
        else:
            self.missing()

    def _list(self) -> None:
        asked = Listing.of(self.query)
        rows, cursor = asked.cut(self.hub.repositories.listed(asked.author, asked.sorted_by))
        place = self.hub.links_to or f"http://{self.headers['Host']}"
        headers = {"Link": link(self.query, cursor, place=place)} if cursor else {}
        self.answer(200, [shown(row, asked.expand) for row in rows], headers)

    def _model(self, name: str, verb: str | None, revision: str | None) -> None:
        found = self._found(name, revision or "main")
        if found is None:
            return
        row, files = found
        if verb == "paths-info":
            self.answer(200, [described(path, files[path]) for path in self._paths() if path in files])
        elif row["disabled"]:
            faults.disabled(self)
        else:
            more = {"modelId": row["id"], "siblings": [{"rfilename": path} for path in files]}
            expand = expanded(self.query)
            self.answer(200, shown(row | more if expand else row, expand))

    def _found(self, name: str, revision: str) -> tuple[Row, Files] | None:
        """The repository, or None where the answer has been given: it moved, is missing, has no such revision."""
        new, found = self.hub.renamed(name), self.hub.at(name, revision)
        if new is not None:
            self.answer(307, {}, {"Location": self.path.replace(name, new, 1)})
        elif self.hub.repositories.find(name) is None:
            self.missing()
        elif found is None:
            self.answer(404, {"error": f"Invalid rev id: {revision}"}, _NO_REVISION)
        return None if new is not None else found

    def _paths(self) -> list[str]:
        """As the client sends them, in a form; or in JSON."""
        if self.headers.get("Content-Type", "").startswith("application/json"):
            return list(json.loads(self._body)["paths"])
        return parse_qs(self._body.decode()).get("paths", [])

    def _resolve(self, name: str, revision: str, path: str) -> None:
        """A redirect, relative, to where files are kept by commit: so the real resolver answers for small files."""
        file = self._file(name, revision, path)
        if file is not None:
            row, content = file
            etag = blob_id(content)
            kept = f"/api/resolve-cache/models/{row['id']}/{row['sha']}/{quote(path)}"
            location = f"{kept}?{quote(urlsplit(self.path).path, safe='')}=&etag=%22{etag}%22"
            headers = {"Location": location, "X-Repo-Commit": row["sha"], "X-Linked-ETag": f'"{etag}"'}
            self.answer_raw(307, f"Temporary Redirect. Redirecting to {location}".encode(), headers)

    def _send_file(self, name: str, revision: str, path: str) -> None:
        file = self._file(name, revision, path)
        if file is not None:
            row, content = file
            headers = {"ETag": f'"{blob_id(content)}"', "X-Repo-Commit": row["sha"]}
            self.answer_raw(200, content, headers | {"Content-Type": "text/plain; charset=utf-8"})

    def _file(self, name: str, revision: str, path: str) -> tuple[Row, bytes] | None:
        """A text that may be read, or None where the answer has been given."""
        if not may_be_asked_for(path):
            self.note = WEIGHTS
            self.answer(403, {"error": "No weights here."})
            return None
        found = self._found(name, revision)
        if found is None:
            return None
        row, files = found
        if row["gated"]:
            self.answer(403 if self.has_token else 401, {"error": _GATED["X-Error-Message"]}, _GATED)
        elif path not in files:
            self.answer(404, {"error": "Entry not found"}, _NO_FILE)
        return (row, files[path]) if path in files and not row["gated"] else None
