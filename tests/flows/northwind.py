"""Northwind Retail with the Hub that its models lie on, and what the story asks of both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from tests.fakes.hub import TOKEN, Hub, licensed, repository
from tests.flows.platform import Api, Platform, running

GATED = "Alibaba-NLP/gte-large-en-v1.5"
RELICENSED = "Alibaba-NLP/gte-reranker-modernbert-base"
RENAMED = "Alibaba-NLP/gte-multilingual-base"
NEW_NAME = "Qwen/gte-multilingual-base"

# The gate's answer for a system as it would be so many days from now, on the rows as they are.
_LATER = """
import json, sys
from datetime import timedelta
import django
django.setup()
from django.utils import timezone
from governance.check import preview
answer = preview(sys.argv[1], "production", now=timezone.now() + timedelta(days=int(sys.argv[2])))
print(json.dumps({"verdict": answer.verdict, "levels": {one.rule: one.level for one in answer.findings}}))
"""


@dataclass(frozen=True, slots=True)
class Northwind:
    """The platform, its Hub, and a reviewer's view of it. `known` are the changes from before the story."""

    platform: Platform
    hub: Hub
    ravi: Api
    known: frozenset[int]

    def poll(self) -> str:
        return self.platform.manage("poll", "huggingface")

    def tell(self) -> None:
        """Triage what has changed, and send what is to be said."""
        self.platform.manage("triage")
        self.platform.manage("deliver", "--now")

    def changes(self) -> list[dict[str, Any]]:
        """All that was told since the story began, but that something is listed."""
        rows = self.ravi.get("changes/", page_size=200)["results"]
        return [row for row in rows if row["id"] not in self.known and row["kind"] != "listed"]

    def of_the_hub(self) -> list[tuple[str, str]]:
        """Kind and repository of what the Hub has told since the story began."""
        listings = {row["id"]: row["external_id"] for row in self.ravi.get("listings/", page_size=200)["results"]}
        return sorted((row["kind"], listings[row["listing"]]) for row in self.changes() if row["listing"])

    def touched(self, kind: str) -> set[str]:
        """The systems that a change of this kind, since the story began, has reached."""
        of_kind = {row["id"] for row in self.changes() if row["kind"] == kind}
        systems = {row["id"]: row["system"] for row in self.ravi.get("dependencies/", page_size=200)["results"]}
        impacts = self.ravi.get("impacts/", page_size=200)["results"]
        return {systems[row["dependency"]] for row in impacts if row["change"]["id"] in of_kind}

    def ended(self) -> dict[str, set[str]]:
        """By `adoptions` and `approvals`, the repositories of what is no longer in force."""
        refs = {row["id"]: row["external_id"] for row in self.ravi.get("offerings/", page_size=200)["results"]}
        behind = {
            way["id"]: refs.get(way["offering"], "")
            for plan in self.ravi.get("fallback-plans/", page_size=200)["results"]
            for revision in plan["revisions"]
            for way in revision["alternatives"]
        }
        adoptions = self.ravi.get("adoptions/", page_size=200)["results"]
        approvals = self.ravi.get("approvals/", page_size=200)["results"]
        return {
            "adoptions": {refs[row["offering"]] for row in adoptions if row["ended_at"]},
            "approvals": {behind[row["alternative"]] for row in approvals if row["ended_at"]},
        }

    def verdict(self, system: str, ref: str, purpose: str) -> Any:
        pinned = dependency_of(self.ravi, system)["pinned_revision"]
        model = {"ref": ref, "revision": pinned, "purpose": purpose}
        return self.ravi.post("checks/", {"system": system, "environment": "production", "models": [model]})

    def gate_in(self, days: int, system: str) -> Any:
        """Verdict and levels by rule, as the gate says in so many days if nobody does anything until then."""
        done = self.platform.python("-c", _LATER, system, str(days))
        return json.loads(done.splitlines()[-1])

    def mails(self) -> list[Any]:
        parser = BytesParser(policy=policy.default)
        # Django's file backend parts messages by a line of dashes.
        return [parser.parsebytes(path.read_bytes()) for path in sorted((self.platform.var / "mail").iterdir())]

    def ticket(self, system: str, concern: str) -> str:
        """The text of the ticket that is about this."""
        row = self.ravi.only("tickets/", dependency=dependency_of(self.ravi, system)["id"], concern=concern)
        return Path(self.platform.var / "tickets" / f"{row['external_key']}.md").read_text(encoding="utf-8")


@contextmanager
def northwind(folder: Path) -> Iterator[Northwind]:
    """The demo, whose Hub holds what the register knows, read and told before the story begins.

    One repository already names its license `other`, so that what it says by that can change behind the word.
    """
    with Hub(quota=1_000_000) as hub, running(folder, HF_ENDPOINT=hub.url, HF_TOKEN=TOKEN) as platform:
        ravi = platform.api("ravi")
        for row in ravi.get("listings/", source="huggingface", page_size=200)["results"]:
            hub.repositories[row["external_id"]] = _held(row["external_id"], row["facts"])
        relicense(hub, sha="a" * 40, name="gte-community-license")
        for _ in range(2):
            platform.manage("poll", "huggingface")
        known = frozenset(row["id"] for row in ravi.get("changes/", page_size=200)["results"])
        begun = Northwind(platform, hub, ravi, known)
        begun.tell()
        yield begun


def _held(name: str, facts: Any) -> dict[str, Any]:
    """The repository as the demo knows it."""
    card = licensed(facts.get("license"), bases=[base for base, _ in facts.get("base_models", ())])
    gate = {"open": False}.get(facts["gating"], facts["gating"])
    return repository(name, sha=facts["sha"], gated=gate, pipeline_tag=facts.get("task"), **card)


def relicense(hub: Hub, *, sha: str, name: str) -> None:
    """The word stays `other`; what it stands for is another license, and another revision."""
    bases = hub.repositories[RELICENSED]["cardData"]["base_model"]
    card = licensed("other", bases=bases, license_name=name, license_link="LICENSE")
    hub.change(RELICENSED, sha=sha, **card)


def dependency_of(api: Api, system: str) -> Any:
    return api.only("dependencies/", system=system, environment="production")


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
