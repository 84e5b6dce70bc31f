"""What a change means for a dependency: the table of telling, revisions, copies, plans, prices, deadlines."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from governance.deadlines import REACTION_DAYS, Clock, due_on
from governance.headlines import News, headline, one_line
from governance.impact import Assessment, Reach, assess
from governance.models import Concern, Impact
from governance.raising import Standing, revise
from governance.retries import FACTOR, FIRST, JITTER, LONGEST, wait_after
from governance.standing import State, kinds_that_stand, still_asks
from governance.treatments import TREATMENTS, Response
from registry.models import ChangeKind, Severity, System
from tests.factories import TODAY, day

CLOCK = Clock(today=TODAY, lead_days={"critical": 60, "important": 45, "normal": 30, "experimental": 14})
HEAD, OLDER = "a" * 40, "b" * 40
REACH = Reach(
    dependency_id=1,
    path=Impact.Path.DIRECT,
    system="Product search",
    purpose="embedding",
    environment="Production",
    criticality="critical",
    pinned_revision=HEAD,
    head_revision=HEAD,
)


def news(kind: ChangeKind, **fields: Any) -> News:
    return News(**({"kind": kind, "subject": "acme/e5 (huggingface)", "severity": Severity.WARNING} | fields))


def meaning(kind: ChangeKind, reach: Reach = REACH, **fields: Any) -> Assessment:
    return assess(news(kind, **fields), reach, CLOCK)


@pytest.mark.parametrize(
    ("kind", "direct", "alternative", "lineage"),
    [
        (ChangeKind.LISTED, Response.NOTHING, Response.NOTHING, Response.NOTHING),
        (ChangeKind.REMOVED, Response.ACT, Response.ACT, Response.TELL),
        (ChangeKind.RESTORED, Response.TELL, Response.TELL, Response.NOTE),
        (ChangeKind.RENAMED, Response.ACT, Response.TELL, Response.NOTE),
        (ChangeKind.REREGISTERED, Response.ACT, Response.ACT, Response.TELL),
        (ChangeKind.GATED, Response.ACT, Response.ACT, Response.TELL),
        (ChangeKind.LICENSE_CHANGED, Response.ACT, Response.ACT, Response.TELL),
        (ChangeKind.REVISION_MOVED, Response.TELL, Response.NOTE, Response.NOTHING),
        (ChangeKind.DEPRECATED, Response.ACT, Response.TELL, Response.TELL),
        (ChangeKind.RETIREMENT_ANNOUNCED, Response.ACT, Response.ACT, Response.TELL),
        (ChangeKind.RETIREMENT_WITHDRAWN, Response.TELL, Response.TELL, Response.NOTE),
        (ChangeKind.SUCCESSOR_NAMED, Response.TELL, Response.NOTE, Response.NOTHING),
        (ChangeKind.VENDOR_SIGNAL, Response.ACT, Response.TELL, Response.ACT),
    ],
)
def test_each_kind_asks_for_what_its_way_of_reaching_deserves(
    kind: ChangeKind, direct: Response, alternative: Response, lineage: Response
) -> None:
    paths = (Impact.Path.DIRECT, Impact.Path.ALTERNATIVE, Impact.Path.LINEAGE)
    assert [meaning(kind, replace(REACH, path=path)).response for path in paths] == [direct, alternative, lineage]


@pytest.mark.parametrize("kind", list(ChangeKind))
@pytest.mark.parametrize("path", list(Impact.Path))
def test_every_kind_has_a_meaning_by_every_way_and_a_need_exactly_when_somebody_must_act(
    kind: ChangeKind, path: str
) -> None:
    assessment = meaning(kind, replace(REACH, path=path, through="acme/base (huggingface)"))
    assert (assessment.need is not None) == (assessment.response is Response.ACT)
    assert "Product search" in assessment.explanation


@pytest.mark.parametrize("kind", [kind for kind, treatment in TREATMENTS.items() if treatment.direct is Response.ACT])
def test_what_must_be_done_is_said_in_words_with_system_and_day(kind: ChangeKind) -> None:
    price = {"input_price": "1"}, {"input_price": "2"}
    need = meaning(kind, before=price[0], after=price[1], summary="goes quiet").need
    assert need is not None
    assert need.title.startswith("Product search: ")
    assert need.what_to_do.endswith(".")
    assert "{" not in need.what_to_do
    assert need.due_on >= TODAY


@pytest.mark.parametrize("kind", [ChangeKind.LICENSE_CHANGED, ChangeKind.REVISION_MOVED])
def test_a_system_pinned_to_another_revision_is_left_alone_and_told_why_when_it_asks(kind: ChangeKind) -> None:
    assessment = meaning(kind, replace(REACH, pinned_revision=OLDER))
    assert assessment.response is Response.NOTE
    assert "stays on revision bbbbbbbbbb" in assessment.explanation


@pytest.mark.parametrize("pinned", ["", HEAD, HEAD[:10]])
def test_a_system_on_the_changed_revision_or_unpinned_has_to_act_on_its_license(pinned: str) -> None:
    assert meaning(ChangeKind.LICENSE_CHANGED, replace(REACH, pinned_revision=pinned)).response is Response.ACT


def test_gating_reaches_a_pinned_system_too_because_fetching_needs_access() -> None:
    assert meaning(ChangeKind.GATED, replace(REACH, pinned_revision=OLDER)).response is Response.ACT


def test_a_verified_copy_leaves_more_time_and_is_never_urgent() -> None:
    bare = meaning(ChangeKind.REMOVED, severity=Severity.CRITICAL).need
    held = meaning(ChangeKind.REMOVED, replace(REACH, has_verified_copy=True), severity=Severity.CRITICAL).need
    assert bare is not None
    assert held is not None
    assert bare.is_urgent
    assert not held.is_urgent
    assert held.due_on > bare.due_on
    assert "Our verified copy keeps it running." in held.what_to_do


def test_a_plan_that_holds_turns_a_vendor_signal_into_mere_knowledge() -> None:
    held = replace(REACH, path=Impact.Path.VENDOR, has_holding_plan=True, fallback="approved alternative 1. b/y")
    assessment = meaning(ChangeKind.VENDOR_SIGNAL, held, summary="shifts to revenue")
    assert assessment.response is Response.TELL
    assert "approved alternative 1. b/y" in assessment.explanation


@pytest.mark.parametrize(
    ("before", "after", "response"),
    [
        ({"input_price": "1.00"}, {"input_price": "1.25"}, Response.ACT),
        ({"input_price": "1.00"}, {"input_price": "1.10"}, Response.TELL),
        ({"input_price": "1.00"}, {"input_price": "0.50"}, Response.NOTE),
        ({"input_price": 1, "output_price": 2}, {"input_price": 0.5, "output_price": 4}, Response.ACT),
        ({"input_price": "0"}, {"input_price": "1.00"}, Response.ACT),
        ({"input_price": None}, {"input_price": "1.00"}, Response.NOTE),
        ("1", "2", Response.TELL),
    ],
)
def test_a_price_asks_for_action_only_where_it_rises_by_a_quarter(
    before: object, after: object, response: Response
) -> None:
    assert meaning(ChangeKind.PRICE_CHANGED, before=before, after=after).response is response


def test_what_is_marked_as_mere_information_never_becomes_an_action() -> None:
    assert meaning(ChangeKind.GATED, severity=Severity.INFO).response is Response.TELL


def test_trouble_of_an_alternative_is_a_concern_about_independence_and_names_the_plan() -> None:
    spare = replace(REACH, path=Impact.Path.ALTERNATIVE, through="b/y (huggingface)")
    need = meaning(ChangeKind.REMOVED, spare).need
    assert need is not None
    assert need.concern == Concern.INDEPENDENCE
    assert need.title.startswith("Product search: fallback for embedding: ")


def test_an_alternative_that_lost_its_approval_asks_for_action_whatever_the_kind() -> None:
    lost = replace(REACH, path=Impact.Path.ALTERNATIVE, through="b/y", lost_approval="its license was MIT and is other")
    assessment = meaning(ChangeKind.LICENSE_TEXT_CHANGED, lost)
    assert assessment.response is Response.ACT
    assert "Its approval has ended: its license was MIT and is other." in assessment.explanation


def test_the_deadline_lies_the_lead_time_before_the_effective_day() -> None:
    assert due_on(CLOCK, severity="warning", criticality="critical", effective_on=day("2026-09-30")) == day(
        "2026-08-01"
    )


def test_a_late_announcement_still_leaves_time_to_react_but_not_beyond_the_day_itself() -> None:
    late = due_on(CLOCK, severity="warning", criticality="critical", effective_on=TODAY + timedelta(days=30))
    too_late = due_on(CLOCK, severity="warning", criticality="critical", effective_on=TODAY + timedelta(days=5))
    assert late == TODAY + timedelta(days=14)
    assert too_late == TODAY + timedelta(days=5)


def test_no_deadline_lies_in_the_past_and_more_criticality_never_leaves_more_time() -> None:
    days = [None, *(TODAY + timedelta(days=offset) for offset in (-400, -1, 0, 1, 29, 61, 400))]
    for severity, effective_on, relaxed in product(REACTION_DAYS, days, (False, True)):
        found = [
            due_on(CLOCK, severity=severity, criticality=level, effective_on=effective_on, is_relaxed=relaxed)
            for level in System.Criticality.values
        ]
        assert min(found) >= TODAY
        assert found == sorted(found)


def test_a_deprecation_of_last_year_leaves_the_time_to_react_all_the_same() -> None:
    need = meaning(ChangeKind.DEPRECATED, effective_on=TODAY - timedelta(days=300)).need
    assert need is not None
    assert need.due_on == TODAY + timedelta(days=14)


def test_sources_that_disagree_leave_the_deadline_to_the_effective_day() -> None:
    reach = replace(REACH, retires_on=day("2026-12-31"))
    need = meaning(ChangeKind.RETIREMENT_ANNOUNCED, reach, effective_on=day("2026-09-30")).need
    assert need is not None
    assert need.due_on == day("2026-11-01")
    assert "before 2026-12-31" in need.what_to_do


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("retirement_announced", {"effective_on": day("2026-09-30")}, "acme/e5 retires on 2026-09-30"),
        ("license_changed", {"before": {"license": "mit"}, "after": {"license": "other"}}, "The license of acme/e5 changed: mit → other"),
        ("revision_moved", {"before": HEAD, "after": OLDER}, "acme/e5 has a new revision: aaaaaaaaaa → bbbbbbbbbb"),
        ("retirement_moved", {"before": "2026-09-30", "after": "2026-12-31"}, "The retirement of acme/e5 moved: 2026-09-30 → 2026-12-31"),
        ("successor_named", {"after": ["acme/e6", "acme/e7"]}, "A successor of acme/e5 was named: acme/e6, acme/e7"),
        ("price_changed", {"before": {"input_price": 1, "output_price": 3}, "after": {"input_price": 2, "output_price": 3}}, "The price of acme/e5 changed: 1 → 2"),
        ("vendor_signal", {"summary": "shifts from open models to revenue"}, "acme/e5: shifts from open models to revenue"),
        ("deprecated", {}, "acme/e5 is deprecated"),
    ],
)  # fmt: skip
def test_a_headline_says_what_changed_from_what_to_what(kind: str, fields: dict[str, Any], sentence: str) -> None:
    assert headline(News(kind=kind, subject="acme/e5", **fields)) == sentence


def test_upstream_text_cannot_break_a_line() -> None:
    assert one_line("a\r\nBcc: x@y.example\x1b[2J\u2028b") == "a Bcc: x@y.example [2J b"


STANDING = Standing("old title", "old text", TODAY + timedelta(days=10), "acknowledged")


def need_by(days: int, *, is_urgent: bool = False) -> Any:
    need = meaning(ChangeKind.GATED).need
    assert need is not None
    return replace(need, due_on=TODAY + timedelta(days=days), is_urgent=is_urgent)


def test_a_worse_change_brings_its_text_and_deadline_and_asks_again() -> None:
    revised = revise(STANDING, need_by(5), moves_deadline=False)
    assert (revised.due_on, revised.state) == (TODAY + timedelta(days=5), "open")
    assert revised.title != "old title"


def test_a_weaker_change_leaves_deadline_text_and_acknowledgement_alone() -> None:
    assert revise(STANDING, need_by(20), moves_deadline=False) == STANDING


def test_a_moved_day_takes_the_deadline_with_it_without_asking_again() -> None:
    revised = revise(STANDING, need_by(20), moves_deadline=True)
    assert (revised.due_on, revised.state) == (TODAY + timedelta(days=20), "acknowledged")


def test_an_urgent_change_wakes_a_snoozed_action_even_without_an_earlier_day() -> None:
    assert revise(STANDING, need_by(30, is_urgent=True), moves_deadline=False).state == "open"


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        (State("available", "open", None), []),
        (State("deprecated", "open", None), ["deprecated"]),
        (State("deprecated", "open", TODAY), ["retirement_announced"]),
        (State("retired", "open", TODAY), ["retired"]),
        (State("removed", "manual", None), ["removed", "gated"]),
        (State("unknown", "unknown", None), []),
    ],
)
def test_the_present_state_stands_for_the_changes_that_led_to_it(state: State, kinds: list[str]) -> None:
    assert kinds_that_stand(state) == kinds


def test_a_withdrawn_retirement_does_not_settle_a_deprecation() -> None:
    assert still_asks(State("deprecated", "open", None), Concern.RETIREMENT)
    assert not still_asks(State("available", "auto", None), Concern.RETIREMENT)


class Dice:
    """Dice that always fall on one end."""

    def __init__(self, end: int) -> None:
        self.end = end

    def uniform(self, *bounds: float) -> float:
        return bounds[self.end]


def test_pauses_grow_threefold_to_a_day_and_ten_attempts_span_a_weekend() -> None:
    longest = [wait_after(attempt, dice=Dice(1)) for attempt in range(1, 200)]  # type: ignore[arg-type]
    shortest = [wait_after(attempt, dice=Dice(0)) for attempt in range(1, 10)]  # type: ignore[arg-type]
    assert longest[0] == FIRST * (1 + JITTER)
    assert longest[1] == longest[0] * FACTOR
    assert max(longest) == LONGEST * (1 + JITTER)
    assert sum(shortest, timedelta()) > timedelta(days=2)
