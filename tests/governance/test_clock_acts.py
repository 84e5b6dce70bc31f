"""What the clock does leaves a line too: corrections that end, breakers that follow the policy, dry runs that are forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.celery import app
from governance import breaker, corrections, forget, policies, tasks, trials
from governance.models import AuditEntry, DryRun, Proposal
from registry.absence import MAX_GONE, is_mass
from registry.models import Correction, Source
from registry.models.upstream import BREAKER_AT_MOST
from tests import factories as f
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def lines(tag: str) -> list[AuditEntry]:
    """Those of the action, whatever door they came through."""
    return list(AuditEntry.objects.filter(tag__endswith=tag).order_by("sequence"))


def corrected(**fields: Any) -> Correction:
    said: dict[str, Any] = {
        "fact": "license",
        "value": "MIT",
        "reason": "The vendor says so.",
        "evidence_url": "https://vendor.example/",
        "ends_on": TODAY + 3 * DAY,
        "by": f.user(role="admin"),
        "now": NOW,
    }
    return corrections.correct(fields.pop("offering", None) or f.offering(), **(said | fields))


def test_a_correction_that_ends_by_its_day_leaves_a_line_of_nobody() -> None:
    made = corrected()
    assert corrections.end_passed(now=NOW + 3 * DAY) == 0
    assert corrections.end_passed(now=NOW + 4 * DAY) == 1

    (line,) = lines("correction:ended")
    assert (line.actor, line.subject) == (None, f"registry.correction:{made.pk}")
    assert line.before["fact"] == "license"
    made.refresh_from_db()
    assert made.lifted_at is not None


def test_so_does_one_that_gives_way_to_the_next() -> None:
    offering = f.offering()
    corrected(offering=offering)
    corrected(offering=offering, now=NOW + 5 * DAY, ends_on=TODAY + 9 * DAY)
    assert [line.tag.split(":", 1)[1] for line in AuditEntry.objects.order_by("sequence")] == [
        "correction:made",
        "correction:ended",
        "correction:made",
    ]


@pytest.mark.parametrize("task", [tasks.end_corrections, tasks.set_breakers, tasks.forget_trials])
def test_beat_asks_for_it(task: Any) -> None:
    task()
    assert task.name in {one["task"] for one in app.conf.beat_schedule.values()}


# --- the breaker ------------------------------------------------------------------------------------


def shares() -> set[float]:
    return set(Source.objects.values_list("breaker_share", flat=True))


def test_a_stricter_breaker_takes_force_with_its_policy_and_the_register_goes_by_it() -> None:
    f.source("litellm")
    author = f.user(role="reviewer")
    policies.change(author=author, text="breaker_max_share = 0.02\n", reason="Fewer.", now=timezone.now())

    assert shares() == {0.02}
    assert len(lines("source:breaker_set")) == Source.objects.count()
    share = Source.objects.get(slug="litellm").breaker_share
    assert (is_mass(30, 1000, share=share), is_mass(30, 1000)) == (True, False)


def test_one_that_begins_later_sets_it_on_its_day_and_a_new_source_follows() -> None:
    now, author = timezone.now(), f.user(role="reviewer")
    when = now + 2 * DAY
    policies.change(author=author, text="breaker_max_share = 0.02\n", reason="Fewer.", now=now, in_force_from=when)
    assert shares() == {MAX_GONE}
    assert breaker.set_breakers(now=when) == Source.objects.count()
    Source.objects.create(slug="new", name="New", method="curated_feed")
    assert breaker.set_breakers(now=when) == 1
    assert breaker.set_breakers(now=when) == 0
    assert shares() == {0.02}


def test_what_a_row_may_hold_is_what_counts_where_nobody_says_otherwise() -> None:
    assert BREAKER_AT_MOST == MAX_GONE


def test_a_breaker_that_trips_later_is_a_loosening_and_above_a_twentieth_nothing_is() -> None:
    now = timezone.now()
    policies.change(author=f.user(role="reviewer"), text="breaker_max_share = 0.02\n", reason="Fewer.", now=now)
    outcome = policies.change(author=f.user(role="reviewer"), text="# none\n", reason="More.", now=now + DAY)
    assert [str(one) for one in outcome.loosened] == ["breaker_max_share: 0.02 becomes 0.05"]
    assert shares() == {0.02}
    with pytest.raises(IntegrityError), transaction.atomic():
        Source.objects.update(breaker_share=0.06)


# --- dry runs -----------------------------------------------------------------------------------------


def test_who_tried_what_is_audited_and_a_trial_ends_but_for_one_that_people_are_to_decide_on() -> None:
    now, person = timezone.now(), f.user(role="reviewer")
    old, asked = (trials.ask(by=person, text=text, now=now - 91 * DAY) for text in ("# old\n", "drill_days = 365\n"))
    new = trials.ask(by=person, text="# new\n", now=now)
    assert [(line.actor, line.after["text"]) for line in lines("dryrun:asked")][:1] == [(person, "# old\n")]
    waiting = policies.change(author=person, text=asked.text, reason="Enough.", now=now).proposal
    assert waiting is not None

    assert forget.forget_trials(now=now) == 1
    assert set(DryRun.objects.all()) == {asked, new}
    (line,) = lines("dryrun:forgotten")
    assert line.subject == f"governance.dryrun:{old.pk}"

    Proposal.objects.filter(pk=waiting.pk).update(state="withdrawn", closed_at=now)
    assert forget.forget_trials(now=now) == 1
