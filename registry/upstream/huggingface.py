"""The Hugging Face Hub, asked through its own client: a namespace by its listing, or one repository after the other.

A document is a JSON array: one answer of `GET /api/models/{id}` per repository that may have changed, with `asked`
where the answer goes by another id, `licenseFile` where it has one, and `listed` where it is a row of a listing; or
`{"id", "problem", "detail"}` where there was none. Only metadata and license texts are asked for, never weights.
"""

from collections.abc import Sequence

from django.conf import settings

from registry.upstream import hub_plan, hub_records
from registry.upstream.base import Parsed, Part, PartAnswer, UpstreamError
from registry.upstream.hub_client import metered
from registry.upstream.hub_model import Problem, ask
from registry.upstream.hub_part import read_part
from registry.upstream.hub_records import HOST


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

    def parse(self, raw: bytes) -> Parsed:
        return hub_records.parse(raw)

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return (host_id,) if host == HOST else ()

    def page_of(self, external_id: str) -> str:
        return f"{settings.HF_ENDPOINT}/{external_id}"
