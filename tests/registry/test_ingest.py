"""What a poll leaves behind: what counts, what is held back, and what a bad document cannot do."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.ingest import looks_broken, poll
from registry.models import Change, Listing, Observation, Offering, PollRun, Rejected, Revision, Section, Source
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed
from tests.registry.payloads import path_of

LATER = NOW + timedelta(hours=6)
pytestmark = pytest.mark.django_db


def kinds() -> list[tuple[str, str]]:
    """What was told about listings, but that they are listed."""
    rows = Change.objects.in_force().exclude(kind="listed").exclude(listing=None).order_by("pk")
    return list(rows.values_list("kind", "listing__external_id"))


def source(slug: str = "litellm") -> Source:
    return Source.objects.get(slug=slug)


def facts(external_id: str) -> dict[str, Any]:
    listing = Listing.objects.select_related("current").get(external_id=external_id)
    assert listing.current is not None
    stated: dict[str, Any] = listing.current.facts
    return stated


def test_the_first_document_is_a_baseline_and_raises_nothing_but_listed(tmp_path: Path) -> None:
    run = feed(tmp_path, {"a": chat(deprecation_date="2027-01-01"), "b": chat()})

    assert (run.outcome, run.is_baseline) == (PollRun.Outcome.CHANGED, True)
    assert (run.record_count, run.listed_count, run.change_count) == (2, 2, 0)
    assert set(Change.objects.values_list("kind", "severity")) == {("listed", "info")}


def test_the_second_document_raises_what_changed_with_its_evidence(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat(), "b": chat(), "c": chat()})
    document = {"a": chat(deprecation_date="2027-01-01"), "b": chat(), "d": chat(deprecation_date="2027-01-01")}
    run = feed(tmp_path, document, now=LATER)

    assert kinds() == [("retirement_announced", "a")]
    change = Change.objects.get(kind="retirement_announced")
    assert (change.effective_on, change.detected_at, change.run) == (date(2027, 1, 1), LATER, run)
    assert (change.evidence_url, change.evidence_sha256) == ("file:document.json", run.content_sha256)
    assert (run.listed_count, run.change_count, run.missing_count, run.is_baseline) == (1, 1, 1, False)


def test_an_absent_row_is_missing_and_nothing_was_removed(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat(), "b": chat()})
    feed(tmp_path, {"a": chat()}, now=LATER)
    assert Listing.objects.get(external_id="b").missing_since == LATER
    assert kinds() == []

    feed(tmp_path, {"a": chat(mode="responses")}, now=LATER + timedelta(hours=6))
    assert Listing.objects.get(external_id="b").missing_since == LATER


def test_a_row_that_comes_back_is_missing_no_more(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat(), "b": chat()})
    feed(tmp_path, {"a": chat()}, now=LATER)
    feed(tmp_path, {"a": chat(), "b": chat()}, now=LATER + timedelta(hours=6))
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_an_observation_is_kept_as_it_was_while_its_section_is_confirmed(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat(), "b": chat()})
    feed(tmp_path, {"a": chat(max_input_tokens=1), "b": chat()}, now=LATER)

    assert list(
        Observation.objects.filter(listing__external_id="b").values_list("observed_at", "last_confirmed_at")
    ) == [(NOW, NOW)]
    assert Section.objects.get().confirmed_at == LATER, "one row confirms all that did not change"
    old, new = Observation.objects.filter(listing__external_id="a").order_by("observed_at")
    assert (old.facts["context_length"], old.last_confirmed_at) == (128_000, NOW)
    assert (new.facts["context_length"], new.last_confirmed_at) == (1, LATER)
    assert facts("a") == new.facts


def test_an_identical_document_moves_only_what_is_known_of_the_source(tmp_path: Path) -> None:
    offering = f.offering("a", host="openai", kind=Offering.Kind.SERVICE, facts_as_of=None)
    feed(tmp_path, {"a": chat(), "b": chat()})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = feed(tmp_path, {"a": chat(), "b": chat()}, now=LATER)

    assert run.outcome == PollRun.Outcome.UNCHANGED
    assert Observation.objects.count() == 2
    assert source().last_success_at == LATER
    assert Offering.objects.with_as_of().get(pk=offering.pk).as_of == LATER
    assert len(queries) < 25, "the number of queries does not depend on the number of rows"


def test_a_document_of_before_is_refused(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat()}, as_of=NOW)
    run = feed(tmp_path, {"b": chat()}, as_of=NOW - timedelta(days=1), now=LATER)

    assert run.outcome == PollRun.Outcome.REFUSED
    assert "turn time back" in run.error
    assert not Listing.objects.filter(external_id="b").exists()


def test_a_document_of_the_same_day_is_taken(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat()}, as_of=NOW - timedelta(days=1))
    assert feed(tmp_path, {"a": chat(mode="x")}, as_of=NOW - timedelta(days=1)).outcome == PollRun.Outcome.CHANGED


def test_a_document_from_the_future_is_refused(tmp_path: Path) -> None:
    run = feed(tmp_path, {"a": chat()}, as_of=NOW + timedelta(days=2))
    assert (run.outcome, "yet to come" in run.error) == (PollRun.Outcome.REFUSED, True)


def test_a_document_that_lost_most_of_its_rows_is_refused_with_the_way_out(tmp_path: Path) -> None:
    whole = {f"m{number}": chat() for number in range(100)}
    feed(tmp_path, whole)
    rest = {name: chat(deprecation_date="2027-01-01") for name in list(whole)[:40]}
    run = feed(tmp_path, rest, now=LATER)

    assert run.outcome == PollRun.Outcome.REFUSED
    assert "looks broken: of 100 known rows it has 40" in run.error
    assert "--accept-shrink" in run.error
    assert kinds() == []
    assert not Listing.objects.exclude(missing_since=None).exists()

    assert feed(tmp_path, whole | {"m1": chat(mode="x")}, now=LATER).outcome == PollRun.Outcome.CHANGED
    assert feed(tmp_path, rest, now=LATER, accept_shrink=True).missing_count == 60


@pytest.mark.parametrize(
    ("before", "after", "is_broken"),
    [(1326, 1263, False), (100, 50, False), (100, 49, True), (6, 3, False), (6, 2, True), (0, 0, False)],
)
def test_what_looks_broken(before: int, after: int, *, is_broken: bool) -> None:
    assert looks_broken(before, after) is is_broken


def test_rows_that_are_exchanged_for_others_are_a_shrink_too(tmp_path: Path) -> None:
    feed(tmp_path, {f"m{number}": chat() for number in range(50)})
    assert feed(tmp_path, {f"n{number}": chat() for number in range(50)}, now=LATER).outcome == PollRun.Outcome.REFUSED


@pytest.mark.parametrize("name", ["web-page.html", "truncated.json", "list.json"])
def test_a_document_that_cannot_be_read_fails_and_changes_nothing(name: str, tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat()})
    run = poll("litellm", now=LATER, document=path_of(f"litellm/{name}"))
    assert run.outcome == PollRun.Outcome.FAILED
    assert (Listing.objects.count(), Observation.objects.count(), kinds()) == (1, 1, [])


def test_a_document_without_a_single_record_is_refused(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat()})
    assert feed(tmp_path, {}, now=LATER).outcome == PollRun.Outcome.REFUSED
    assert feed(tmp_path, {"a": 1}, now=LATER).error == "The document holds no record that can be read (1 rejected)."


def test_a_bad_record_is_set_aside_with_its_reason_and_its_neighbours_stay(tmp_path: Path) -> None:
    many = {f"m{number}": chat() for number in range(400)}
    run = feed(tmp_path, many | {"bad": chat(max_input_tokens="many")})

    assert (run.record_count, run.rejected_count) == (400, 1)
    (reject,) = Rejected.objects.all()
    assert (reject.external_id, reject.reason) == ("bad", "“max_input_tokens” is many, not a number")
    assert "many" in reject.excerpt


def test_a_record_that_turns_bad_is_not_missing_and_keeps_what_was_known(tmp_path: Path) -> None:
    feed(tmp_path, {"a": chat(deprecation_date="2027-01-01"), "b": chat()})
    run = feed(tmp_path, {"a": chat(deprecation_date="0000-01-01"), "b": chat()}, now=LATER)

    assert (run.rejected_count, run.missing_count) == (1, 0)
    assert facts("a")["retires_on"] == "2027-01-01"
    assert Listing.objects.get(external_id="a").section is None, "its section's answer did not confirm it"


def test_every_kind_of_poison_at_once_leaves_the_good_rows() -> None:
    run = poll("litellm", now=NOW, document=path_of("litellm/nul-and-surrogates.json"))
    assert (run.record_count, run.rejected_count) == (1, 5)
    assert list(Listing.objects.values_list("external_id", flat=True)) == ["acme-chat-6"]


def test_the_effective_values_reach_the_offering_and_blank_capabilities_its_model(tmp_path: Path) -> None:
    model = f.model(task="", context_length=None, embedding_dimension=512)
    offering = f.offering("a", host="openai", kind=Offering.Kind.SERVICE, model=model, status="unknown")
    feed(tmp_path, {"a": chat(deprecation_date="2027-01-01", output_vector_size=1536)})

    offering.refresh_from_db()
    model.refresh_from_db()
    assert (offering.retires_on, offering.status) == (date(2027, 1, 1), Offering.Status.DEPRECATED)
    assert (offering.input_price, offering.output_price) == (Decimal("2.5"), Decimal(10))
    assert (model.task, model.context_length) == ("text-generation", 128_000)
    assert model.embedding_dimension == 512, "what a person wrote stays"


def test_a_withdrawn_retirement_is_taken_back_and_what_a_person_wrote_is_not(tmp_path: Path) -> None:
    announced = f.offering("a", host="openai", kind=Offering.Kind.SERVICE)
    by_hand = f.offering("b", host="openai", kind=Offering.Kind.SERVICE, retires_on=date(2028, 1, 1))
    feed(tmp_path, {"a": chat(deprecation_date="2027-01-01"), "b": chat()})
    feed(tmp_path, {"a": chat(), "b": chat(mode="responses")}, now=LATER)

    announced.refresh_from_db()
    by_hand.refresh_from_db()
    assert (announced.retires_on, announced.status) == (None, Offering.Status.AVAILABLE)
    assert by_hand.retires_on == date(2028, 1, 1)
    assert kinds() == [("retirement_withdrawn", "a"), ("capability_changed", "b")]


def hub_row(name: str, **fields: Any) -> dict[str, Any]:
    row = {"_id": "1", "id": name, "sha": "a" * 40, "gated": False, "disabled": False, "cardData": {"license": "mit"}}
    return row | fields


def test_license_facts_belong_to_a_revision(tmp_path: Path) -> None:
    offering = f.offering("acme/e5", upstream_id="1")
    feed(tmp_path, [hub_row("acme/e5")], to="huggingface")
    moved = hub_row("acme/e5", sha="b" * 40, cardData={"license": "other", "license_name": "acme-research"})
    feed(tmp_path, [moved], to="huggingface", now=LATER)
    feed(tmp_path, [moved], to="huggingface", now=LATER + timedelta(hours=6))

    rows = Revision.objects.filter(offering=offering).order_by("revision")
    assert [(row.revision[0], row.license_as_given) for row in rows] == [("a", "mit"), ("b", "other, acme-research")]
    offering.refresh_from_db()
    assert offering.head_revision == "b" * 40
    assert kinds() == [("revision_moved", "acme/e5"), ("license_changed", "acme/e5")]


def test_a_license_that_is_only_written_otherwise_is_no_change(tmp_path: Path) -> None:
    f.offering("acme/e5")
    feed(tmp_path, [hub_row("acme/e5", cardData={"license": "other", "license_name": "openmdw-1.1"})], to="huggingface")
    feed(tmp_path, [hub_row("acme/e5", cardData={"license": "openmdw-1.1"})], to="huggingface", now=LATER)
    assert kinds() == []


def test_one_fact_of_a_disabled_repository_leaves_the_others_standing(tmp_path: Path) -> None:
    offering = f.offering("acme/e5")
    feed(tmp_path, [hub_row("acme/e5")], to="huggingface")
    feed(tmp_path, [{"id": "acme/e5", "problem": "disabled", "detail": ""}], to="huggingface", now=LATER)

    offering.refresh_from_db()
    assert (offering.status, offering.head_revision) == (Offering.Status.DISABLED, "a" * 40)
    assert facts("acme/e5")["license"] == ["mit"]
    assert kinds() == [("disabled", "acme/e5")]


def test_a_model_that_was_not_answered_is_neither_confirmed_nor_missing(tmp_path: Path) -> None:
    feed(tmp_path, [hub_row("acme/e5"), hub_row("acme/bge")], to="huggingface")
    unknown = {"id": "acme/e5", "problem": "unknown", "detail": "the Hub answered 503"}
    run = feed(tmp_path, [unknown, hub_row("acme/bge")], to="huggingface", now=LATER)

    assert run.outcome == PollRun.Outcome.UNCHANGED
    assert run.error == "1 of 2 were not answered; acme/e5: the Hub answered 503."
    confirmed = dict(Listing.objects.values_list("external_id", "section__confirmed_at"))
    assert confirmed == {"acme/e5": None, "acme/bge": LATER}
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_a_model_that_is_not_found_is_missing_and_not_removed(tmp_path: Path) -> None:
    feed(tmp_path, [hub_row("acme/e5"), hub_row("acme/bge")], to="huggingface")
    gone = {"id": "acme/e5", "problem": "not_found", "detail": ""}
    feed(tmp_path, [gone, hub_row("acme/bge")], to="huggingface", now=LATER)
    assert Listing.objects.get(external_id="acme/e5").missing_since == LATER
    assert kinds() == []


def test_a_document_with_gaps_is_looked_at_again_though_it_comes_back_the_same(tmp_path: Path) -> None:
    document = [hub_row("acme/bge"), {"id": "acme/e5", "problem": "unknown", "detail": ""}]
    feed(tmp_path, document, to="huggingface")
    again = feed(tmp_path, document, to="huggingface", now=LATER)
    assert (again.record_count, again.error) == (1, "1 of 2 were not answered; acme/e5: unknown.")


def test_the_same_name_with_another_identity_is_critical(tmp_path: Path) -> None:
    offering = f.offering("acme/e5", upstream_id="1")
    feed(tmp_path, [hub_row("acme/e5")], to="huggingface")
    feed(tmp_path, [hub_row("acme/e5", _id="2")], to="huggingface", now=LATER)

    change = Change.objects.get(kind="reregistered")
    assert (change.severity, change.before, change.after) == ("critical", "1", "2")
    offering.refresh_from_db()
    assert offering.upstream_id == "2"


def test_what_another_release_has_written_otherwise_has_not_changed(tmp_path: Path) -> None:
    document = {"gpt-4o": chat(), "o3": chat()}
    feed(tmp_path, document)
    stored = Observation.objects.get(listing__external_id="gpt-4o")
    Observation.objects.filter(pk=stored.pk).update(facts=stored.facts | {"input_price": "2.50", "of_later": [1]})

    run = feed(tmp_path, json.dumps(document, indent=1).encode(), now=NOW + timedelta(hours=6))
    assert (run.outcome, run.change_count, Observation.objects.count()) == ("unchanged", 0, 2)
