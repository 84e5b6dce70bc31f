"""Candidates with what was decided here, what upstream lists beside the register, and the way into it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance import candidates
from governance.candidates import Filters, rank
from governance.enroll import enroll
from governance.models import AuditEntry, Block
from governance.refused import Refused
from registry.criteria import Criterion
from registry.models import AIModel, Dependency, HubNamespace, Listing, Observation, Offering, PollRun, User, Vendor
from registry.suggest import Candidate
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.conftest import client_of as api_of
from tests.governance.gate_world import drill, green

pytestmark = pytest.mark.django_db


@pytest.fixture
def search() -> Dependency:
    gte = f.model("gte", developer=f.vendor("alibaba", name="Alibaba"))
    return f.dependency(offering=f.offering("Alibaba-NLP/gte", model=gte))


def offered(slug: str, **fields: Any) -> Offering:
    return f.offering(f"{slug}/{slug}", model=f.model(slug), **fields)


def slugs(dependency: Dependency, **filters: bool) -> list[str]:
    return [one.offering.model.slug for one in rank(dependency, now=NOW, filters=Filters(**filters))]


def says(candidate: Candidate, criterion: Criterion) -> str:
    return next(reason.text for reason in candidate.reasons if reason.criterion == criterion)


def listed(external_id: str, *, host: str = "huggingface", **stated: Any) -> Listing:
    """A row of a source that nobody has mapped."""
    source = f.source("hub", name="The Hub")
    run = PollRun.objects.get_or_create(source=source, slot=NOW, defaults={"started_at": NOW, "lease_until": NOW})[0]
    PollRun.objects.filter(pk=run.pk).update(completed_at=NOW)
    row = f.listing(external_id, source_=source)
    said = {"host": host, "host_id": external_id, "task": "feature-extraction"} | stated
    row.current = Observation.objects.create(listing=row, run=run, facts=said, observed_at=NOW, last_confirmed_at=NOW)
    row.save()
    return row


def test_what_is_approved_here_comes_first_among_the_independent_and_says_of_what(search: Dependency) -> None:
    offered("a-first-by-name")
    other = green()
    approved = Offering.objects.get(alternatives__plan_revision__plan__dependency=other)
    AIModel.objects.filter(pk=approved.model_id).update(slug="z-last-by-name")

    ranked = rank(search, now=NOW)

    assert ranked[0].offering == approved
    assert says(ranked[0], Criterion.APPROVAL) == (
        f"Approved here as a way out of {other.offering.model} in {other.system}."
    )


def test_kin_is_not_put_before_other_vendors_for_being_approved_somewhere(search: Dependency) -> None:
    other = green()
    approved = Offering.objects.get(alternatives__plan_revision__plan__dependency=other)
    f.derived(approved.model, search.offering.model)
    offered("independent")

    ranked = rank(search, now=NOW)

    assert ranked[-1].offering == approved
    assert not ranked[-1].is_independent


def test_a_switch_that_was_measured_here_is_told(search: Dependency) -> None:
    other = green()
    alternative = other.fallback_plan.current_revision.alternatives.get()  # type: ignore[union-attr]  # it is green
    drill(alternative, switch_time=timedelta(hours=3))

    ranked = rank(search, now=NOW)

    assert says(ranked[0], Criterion.SWITCH) == "A drill here switched to it in 3 hours."
    assert says(ranked[-1], Criterion.SWITCH).endswith("policy reckons with 90 days.")


def test_what_is_blocked_is_left_out_with_all_that_was_made_from_it_or_by_its_vendor(search: Dependency) -> None:
    blocked, base, child, of_vendor, fine = (offered(slug) for slug in ("one", "base", "child", "theirs", "fine"))
    f.derived(child.model, base.model)
    person = f.user()
    for about in ({"offering": blocked}, {"model": base.model}, {"vendor": of_vendor.model.developer}):
        Block.objects.create(**about, reason="Leaks.", blocked_by=person, blocked_at=NOW)

    assert slugs(search) == [fine.model.slug]

    Block.objects.update(until=TODAY - timedelta(days=1))
    assert set(slugs(search)) == {"one", "base", "child", "theirs", "fine"}


def test_filters_leave_out_what_is_not_independent_and_what_is_not_allowed(search: Dependency) -> None:
    f.derived(offered("kin").model, search.offering.model)
    offered("forbidden", license_=f.license_("CC-BY-NC-4.0", "non-commercial"))
    offered("fine")

    assert set(slugs(search)) == {"kin", "forbidden", "fine"}
    assert slugs(search, is_independent_only=True) == ["fine", "forbidden"]
    assert slugs(search, is_allowed_only=True) == ["fine", "kin"]
    assert slugs(search, is_independent_only=True, is_allowed_only=True) == ["fine"]


def test_the_api_tells_the_criteria_in_their_order_and_takes_the_same_filters(search: Dependency) -> None:
    f.derived(offered("kin").model, search.offering.model)
    listed("acme/new")
    client = api_of(f.user(role="viewer"))
    address = f"/api/v1/dependencies/{search.pk}/suggestions/"

    every, independent = client.get(address).json(), client.get(address, {"independent": "true"}).json()

    assert every["criteria"] == [one.value for one in Criterion]
    assert [row["model"] for row in every["results"]] == ["kin"]
    assert [row["ref"] for row in every["listed_upstream"]] == ["acme/new"]
    assert (independent["results"], independent["listed_upstream"]) == ([], [])
    assert client.get(address, {"independent": "perhaps"}).status_code == 400


def test_what_upstream_lists_for_the_task_is_no_part_of_the_register_and_judged_by_the_same_criteria(
    search: Dependency,
) -> None:
    f.license_("Apache-2.0")
    listed("acme/embed", license=["apache-2.0"], embedding_dimension=768)
    listed("acme/chat", task="text-generation")
    listed("acme/gone", is_retired=True)
    listed("alibaba-nlp/gte")  # registered, although this row is not mapped to it

    (one,) = candidates.unregistered(search, now=NOW)

    assert (one.name, one.host) == ("embed", "huggingface")
    assert says(one.candidate, Criterion.INDEPENDENCE) == (
        "Not shown independent: the lineage of acme/embed is not known."
    )
    assert says(one.candidate, Criterion.LICENSE) == "License Apache-2.0 (open), allowed here."
    assert one.candidate.offering.pk is None


def test_an_unregistered_model_of_the_same_vendor_or_made_from_the_model_in_use_is_seen_through(
    search: Dependency,
) -> None:
    HubNamespace.objects.create(vendor=Vendor.objects.get(slug="alibaba"), name="Alibaba-NLP")
    listed("Alibaba-NLP/gte-2")
    listed("snow/arctic", base_models=[["Alibaba-NLP/gte", "finetune"]])

    found = {one.name: says(one.candidate, Criterion.INDEPENDENCE) for one in candidates.unregistered(search, now=NOW)}

    assert found == {
        "gte-2": "Not independent: Alibaba stands behind both.",
        "arctic": "Not independent: Alibaba stands behind both, it is made from gte.",
    }


@pytest.fixture
def reviewer() -> User:
    return f.user("rita", role="reviewer")


def test_a_row_enters_the_register_as_proposed_with_what_its_source_says(search: Dependency, reviewer: User) -> None:
    row = listed("acme/embed", embedding_dimension=768, base_models=[["Alibaba-NLP/gte", "quantized"]])

    offering = enroll(row, developer=f.vendor("acme"), owner=f.team(), person=reviewer, now=NOW)

    offering.model.refresh_from_db()
    assert (offering.model.state, offering.model.embedding_dimension) == ("proposed", 768)
    assert offering.model.lineage_status == "partial"
    assert [edge.base for edge in offering.model.base_edges.all()] == [search.offering.model]
    assert Listing.objects.get(pk=row.pk).offering == offering
    assert candidates.unregistered(search, now=NOW) == []
    assert AuditEntry.objects.get(tag="governance:listing:enrolled").actor == reviewer


def test_only_stewards_take_rows_in_and_a_place_that_is_registered_is_not_taken_twice(reviewer: User) -> None:
    f.offering("Alibaba-NLP/gte")
    row, twin = listed("acme/embed"), listed("alibaba-nlp/GTE")
    given: dict[str, Any] = {"developer": f.vendor("acme"), "owner": f.team(), "now": NOW}
    for person, one, code in ((f.user(role="owner"), row, "not_allowed"), (reviewer, twin, "invalid")):
        with pytest.raises(Refused) as refused:
            enroll(one, person=person, **given)
        assert refused.value.code == code
    enroll(row, person=reviewer, **given)
    with pytest.raises(Refused, match="stands for an offering already"):
        enroll(row, person=reviewer, **given)
    assert AIModel.objects.filter(name="embed").count() == 1


def test_the_plan_page_leads_a_reviewer_from_a_row_to_the_form_that_takes_it_in(
    search: Dependency, reviewer: User
) -> None:
    vendor = f.vendor("acme")
    row = listed("acme/embed")
    client = Client()
    client.force_login(reviewer)
    plan, form = reverse("pages:plan", args=[search.pk]), reverse("pages:enroll", args=[row.pk])

    assert form in client.get(plan).content.decode()
    assert client.get(form).context["form"].initial["developer"] == vendor
    done = client.post(form, {"developer": vendor.pk, "owner": f.team().pk})

    assert done.headers["Location"] == reverse("pages:model", args=["embed"])
    client.force_login(f.user(role="owner"))
    assert client.get(form).status_code == 403


def test_the_pages_narrow_the_candidates_by_the_address(search: Dependency) -> None:
    f.derived(offered("kin").model, search.offering.model)
    offered("fine")
    client = Client()
    client.force_login(f.user(role="viewer"))
    for address in (reverse("pages:plan", args=[search.pk]), reverse("pages:model", args=["gte"])):
        every, narrowed = client.get(address), client.get(f"{address}?independent=1")
        assert "Not independent" in every.content.decode()
        assert "Not independent" not in narrowed.content.decode()
        assert "other vendors behind it, approved here as a way out" in narrowed.content.decode()
