"""The Hugging Face Hub, asked through its own client: a namespace by its listing, or one repository after the other.

A document is a JSON array: one answer of `GET /api/models/{id}` per repository that may have changed, with `asked`
where the answer goes by another id, `licenseFile` where it has one, and `listed` where it is a row of a listing; or
`{"id", "problem", "detail"}` where there was none. Only metadata and license texts are asked for, never weights.
"""

import json
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from registry.records import JSON
from registry.upstream import hub_plan, hub_records
from registry.upstream.base import Document, Known, Parsed, Part, PartAnswer, UpstreamError
from registry.upstream.hub_answers import Questions, as_json
from registry.upstream.hub_client import MODELS, metered
from registry.upstream.hub_model import Problem, ask
from registry.upstream.hub_part import read_part
from registry.upstream.hub_records import HOST

# Half of what a task may run. Who was not reached comes first in the next round.
ROUND = timedelta(minutes=5)


class HuggingFace:
    slug = HOST
    is_complete = False
    absence_means_gone = True
    watched_host = HOST

    def part_of(self, external_id: str) -> str:
        """The namespace, however it is spelt; "" for ids of the Hub's first days, such as `gpt2`, that have none."""
        namespace, slash, _ = external_id.partition("/")
        return namespace.casefold() if slash else ""

    def plan(self, parts: Sequence[Part]) -> str:
        return hub_plan.summed_up(parts)

    def read(self, part: Part) -> PartAnswer:
        with metered() as meter:
            return read_part(part, meter)

    def is_alive(self) -> bool:
        try:
            found = ask(settings.HF_CANARY)
        except UpstreamError:
            return False
        return not isinstance(found, Problem) and bool(getattr(found, "_id", None))

    def fetch(self, known: Known) -> Document | None:
        """One answer per watched id. After a 429 nobody else is asked; without a single answer the round failed."""
        questions, ends_at = Questions(), time.monotonic() + ROUND.total_seconds()
        answers: list[JSON] = []
        for asked in known.watched:
            if questions.end is None and time.monotonic() > ends_at:
                questions.end = UpstreamError("The Hub is too slow for all that is watched.", retryable=True)
            found = questions.ask(asked)
            answers.append(_problem(asked, found) if isinstance(found, Problem) else as_json(asked, found))
        if answers and all(answer.get("problem") in {"unknown", "hidden"} for answer in answers):
            detail = f"The Hub answered for none of {len(answers)} models: {answers[0]['detail']}"
            raise questions.end or UpstreamError(detail, retryable=True)
        raw = json.dumps(answers, sort_keys=True, separators=(",", ":")).encode()
        return Document(raw, f"{settings.HF_ENDPOINT}{MODELS}")

    def parse(self, raw: bytes) -> Parsed:
        return hub_records.parse(raw)

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return (host_id,) if host == HOST else ()

    def page_of(self, external_id: str) -> str:
        return f"{settings.HF_ENDPOINT}/{external_id}"


def _problem(asked: str, problem: Problem) -> JSON:
    return {"id": asked, "problem": problem.kind, "detail": problem.detail}
