"""Read one namespace of the Hub: by its listing, or repository by repository."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from django.conf import settings

from registry.releases import by_quarter
from registry.upstream.base import Document, Kept, Part, PartAnswer, UpstreamError
from registry.upstream.hub_answers import Answer, Questions, answer_from
from registry.upstream.hub_client import MODELS, Meter
from registry.upstream.hub_listing import Listed, NotListed, list_all, spelt
from registry.upstream.hub_plan import is_listed
from registry.upstream.hub_records import parse
from registry.upstream.hub_state import State, digest_of

# So many that a listing leaves out are each asked for themselves; of more, so many are asked first.
FEW = 3
_BY_LISTING = "a complete listing of the namespace leaves it out"


def read_part(part: Part, meter: Meter) -> PartAnswer:
    """Raises `UpstreamError` where the Hub said nothing about any of its repositories."""
    listed = list_all(part, meter) if is_listed(part) else None
    questions = Questions()
    if isinstance(listed, Listed):
        answers = _by_listing(part, listed, questions)
    else:
        answers = [questions.answer(kept) for kept in part.watched]
    _refuse_silence(answers, questions)
    return _part_answer(part, listed, answers, meter, cut_by=questions.end)


def _by_listing(part: Part, listed: Listed, questions: Questions) -> list[Answer]:
    rows = {kept.external_id: row for kept in part.watched if (row := _row_of(kept, listed))}
    absent = [kept for kept in part.watched if kept.external_id not in rows]
    if not absent and _is_as_last_time(part, rows):
        return [Answer(asked, row.line(asked)) for asked, row in rows.items()]
    present = [kept for kept in part.watched if kept.external_id in rows]
    found = [answer_from(rows[kept.external_id], kept, questions) for kept in present]
    return found + _about_absent(absent, len(part.watched), questions)


def _row_of(kept: Kept, listed: Listed) -> State | None:
    """By its name; of a rename within the namespace that is known, by its `_id`."""
    row = listed.by_name.get(kept.external_id.casefold())
    if row is not None or kept.before is None or not kept.before.renamed_to:
        return row
    moved = listed.by_key.get(kept.before.upstream_id or "")
    return moved if moved and moved.id.casefold() == kept.before.renamed_to.casefold() else None


def _is_as_last_time(part: Part, rows: Mapping[str, State]) -> bool:
    """Whether the section as a whole is what it was, and all of that is known."""
    is_known = all(kept.before is not None and not kept.is_held for kept in part.watched)
    return is_known and part.content_sha256 == digest_of(row.line(asked) for asked, row in rows.items())


def _about_absent(absent: Sequence[Kept], watched: int, questions: Questions) -> list[Answer]:
    """Of many that are absent at once, a few are asked for; the others follow them if all of those are missing.

    A namespace that moved as a whole, or a listing that is broken, leaves out repositories that answer.
    """
    few = len(absent) <= max(FEW, watched / 2)
    first = absent if few else absent[:FEW]
    asked = [_if_absent(questions.answer(kept)) for kept in first]
    rest = absent[len(first) :]
    if all(answer.is_missing for answer in asked):
        return asked + [Answer.missing(kept.external_id, _BY_LISTING) for kept in rest]
    return asked + [_if_absent(questions.answer(kept)) for kept in rest]


def _if_absent(answer: Answer) -> Answer:
    """Where the listing leaves it out as well, nothing can be hidden behind a refusal but what is gone or private."""
    return Answer.missing(answer.asked, f"{_BY_LISTING}, and it is not shown") if answer.is_missing else answer


def _refuse_silence(answers: Sequence[Answer], questions: Questions) -> None:
    """Raise unless something was said about at least one repository: a complete outage says nothing about any."""
    unknown = [answer for answer in answers if answer.line is None]
    if not answers or len(unknown) < len(answers):
        return
    detail = unknown[0].said["detail"] if unknown[0].said else ""
    raise questions.end or UpstreamError(
        f"The Hub answered for none of {len(answers)} repositories: {detail}.", retryable=True
    )


def _part_answer(
    part: Part,
    listed: Listed | NotListed | None,
    answers: Sequence[Answer],
    meter: Meter,
    *,
    cut_by: UpstreamError | None,
) -> PartAnswer:
    said = [answer.said for answer in answers if answer.said is not None]
    raw = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    parsed = parse(raw)
    lines = [answer.line for answer in answers if answer.line is not None]
    is_whole = len(lines) == len(answers) and not parsed.rejects and not any(kept.is_held for kept in part.watched)
    complete = listed if isinstance(listed, Listed) else None
    return PartAnswer(
        document=Document(raw, _url_of(part, is_listing=complete is not None)),
        parsed=parsed,
        unchanged=frozenset(answer.asked for answer in answers if answer.said is None),
        content_sha256=digest_of(lines) if is_whole else "",
        row_count=complete.row_count if complete else len(lines),
        page_count=_page_count(part, listed),
        request_count=meter.requests,
        releases=by_quarter(complete.releases) if complete else None,
        note=_note(part, listed),
        cut_by=cut_by,
    )


def _page_count(part: Part, listed: Listed | NotListed | None) -> int:
    return listed.page_count or part.page_count if listed else part.page_count


def _url_of(part: Part, *, is_listing: bool) -> str:
    base = f"{settings.HF_ENDPOINT}{MODELS}"
    if is_listing:
        return f"{base}?author={quote(spelt(part))}"
    return f"{base}/{part.watched[0].external_id}" if len(part.watched) == 1 else base


def _note(part: Part, listed: Listed | NotListed | None) -> str:
    if isinstance(listed, Listed) or not part.name:
        return ""
    reason = listed.reason if listed else f"its listing has {part.page_count} pages or more"
    number = len(part.watched)
    return f"{part.name}: {number} {'repository' if number == 1 else 'repositories'} one by one, for {reason}"
